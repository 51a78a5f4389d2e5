"""Two witnesses, one account: each Xid is counted once, whoever tells of it."""

from collections import Counter
from dataclasses import dataclass

from hypothesis import example, given
from hypothesis import strategies as st

from gpusla.identity import GpuUuid
from gpusla.readings import EventOrigin, Identity, XidDetail, XidEvent
from gpusla_agent.sources.events import CountedXid, EventMerger
from gpusla_agent.sources.kernel_log import KernelXid

GPU = GpuUuid("GPU-1")
OTHER = GpuUuid("GPU-2")
PLACES = {GPU: "0018:01:00", OTHER: "0019:01:00"}
GPUS = [
    Identity(GPU, 0, "GB300", pci_bus_id="00000018:01:00.0"),
    Identity(OTHER, 1, "GB300", pci_bus_id="00000019:01:00.0"),
]
DETAIL = XidDetail(text="what the kernel said")


def merger(*counted: CountedXid) -> EventMerger:
    """A merger that knows the GPUs, since a second before the first instant of a test."""
    one = EventMerger(9_000, counted)
    one.identify(GPUS)
    return one


def told(mono_ms: int, xid: int = 79, gpu: GpuUuid = GPU) -> XidEvent:
    """What the driver tells."""
    return XidEvent(gpu, xid, mono_ms)


def logged(
    mono_ms: int, xid: int = 79, gpu: GpuUuid = GPU, *, sequence: int = 1, is_past: bool = False
) -> KernelXid:
    """What the kernel's log says."""
    return KernelXid(PLACES[gpu], xid, DETAIL, sequence, mono_ms, mono_ms, is_past)


def test_the_logs_word_counts_and_the_drivers_does_not() -> None:
    """Both in one pass: one event, with what the log says beyond the number."""
    found = merger().merge([told(10_000)], [logged(9_900, sequence=7)], 10_000)
    assert [(e.origin, e.kernel_sequence, e.detail) for e in found] == [
        (EventOrigin.KERNEL_LOG, 7, DETAIL)
    ]


def test_the_driver_may_be_the_first_to_tell() -> None:
    """Its event waits for the log, and the log's counts."""
    one = merger()
    assert one.merge([told(10_000)], [], 10_000) == ()
    assert [e.origin for e in one.merge([], [logged(9_900)], 11_000)] == [EventOrigin.KERNEL_LOG]
    assert one.merge([], [], 20_000) == ()


def test_the_log_may_be_the_first_to_tell() -> None:
    """The driver's word for the same event comes passes later and is not counted."""
    one = merger()
    assert len(one.merge([], [logged(9_900)], 10_000)) == 1
    assert one.merge([told(13_000)], [], 13_000) == ()
    assert one.merge([], [], 30_000) == ()


def test_an_event_that_the_log_never_tells_of_counts_after_two_passes() -> None:
    """For instance because the log was overwritten."""
    one = merger()
    assert one.merge([told(10_000)], [], 10_000) == ()
    assert one.merge([], [], 12_000) == ()
    assert [e.origin for e in one.merge([], [], 13_000)] == [EventOrigin.NVML]


def test_what_the_log_would_have_told_of_by_now_is_forgotten() -> None:
    """A storm that only the driver tells of must not stay in memory for the agent's life."""
    one = merger()
    one.merge([told(10_000)] * 1_000, [], 10_000)
    assert len(one.merge([], [], 13_000)) == 1_000
    one.merge([], None, 80_000)
    assert one._alone, "a log that cannot be read may yet tell"
    one.merge([], [], 81_000)
    assert not one._alone


def test_a_record_that_comes_later_still_is_not_counted_again() -> None:
    """A reader that lags behind a storm finds the twin of what was counted."""
    one = merger()
    one.merge([told(10_000)], [], 10_000)
    assert len(one.merge([], [], 13_000)) == 1
    assert one.merge([], [logged(9_900)], 40_000) == ()
    assert len(one.merge([], [logged(39_900, sequence=2)], 41_000)) == 1


def test_a_reader_that_is_behind_is_waited_for() -> None:
    """The words are in the log, and a storm must not cost them; but nobody waits for ever."""
    one = merger()
    one.merge([told(10_000), told(10_000)], [], 10_000, is_behind=True)
    assert one.merge([], [], 18_000, is_behind=True) == ()
    assert [e.detail for e in one.merge([], [logged(9_900)], 19_000, is_behind=True)] == [DETAIL]
    assert len(one.merge([], [], 26_000, is_behind=True)) == 1


def test_without_a_log_the_driver_counts_at_once() -> None:
    """And what waited counts as soon as the log is gone."""
    one = merger()
    assert one.merge([told(10_000)], [], 10_000) == ()
    assert len(one.merge([told(11_000, 48)], None, 11_000)) == 2


def test_a_log_that_becomes_readable_counts_nothing_twice() -> None:
    """Its records of the time before are the twins of what was counted without it."""
    one = merger()
    assert len(one.merge([told(10_000), told(10_000)], None, 10_000)) == 2
    found = one.merge([], [logged(9_900), logged(9_950, sequence=2)], 60_000)
    assert found == ()


def test_what_the_journal_holds_without_a_record_is_not_counted_again() -> None:
    """A first start with the right to read the log, on a node that has run without for a month."""
    month_ms = 30 * 86_400_000
    one = merger(CountedXid(GPU, 79, month_ms))
    drifted = logged(month_ms - 120_000, is_past=True)
    assert one.merge([], [drifted], month_ms + 60_000) == ()
    assert len(one.merge([], [logged(month_ms + 60_000, sequence=2)], month_ms + 61_000)) == 1


def test_five_seconds_apart_are_two_events() -> None:
    """The same Xid of the same GPU, told by one witness each."""
    one = merger()
    assert len(one.merge([], [logged(9_900)], 10_000)) == 1
    one.merge([], [], 16_000)
    one.merge([told(17_000)], [], 17_000)
    assert len(one.merge([], [], 20_000)) == 1


def test_another_gpu_or_another_number_is_another_event() -> None:
    """Twins share both."""
    one = merger()
    assert len(one.merge([told(10_000, 48), told(10_000, 79, OTHER)], [logged(9_900)], 10_000)) == 1
    assert len(one.merge([], [], 13_000)) == 2


def test_a_slow_pass_does_not_tear_twins_apart() -> None:
    """Once a minute: the driver's event is anywhere in the minute, and the log knows when."""
    one = merger()
    one.merge([], [], 10_000)
    assert len(one.merge([told(70_000)], [logged(11_000)], 70_000)) == 1
    assert one.merge([], [], 130_000) == ()


def test_an_address_that_left_keeps_its_gpu() -> None:
    """A lost GPU is listed no more when its Xid 79 is read."""
    one = merger()
    one.identify(GPUS[1:])
    assert [e.uuid for e in one.merge([], [logged(9_900)], 10_000)] == [GPU]


def test_a_record_without_a_gpu_waits_for_one() -> None:
    """Until the driver has said who is where, nothing is lost and the order is kept."""
    one = EventMerger(9_000)
    assert one.merge([], [logged(9_000), logged(9_500, sequence=2, is_past=True)], 10_000) == ()
    assert one.unplaced == 2
    one.identify(GPUS)
    found = one.merge([], [logged(10_500, sequence=3)], 11_000)
    assert [(e.kernel_sequence, e.is_past) for e in found] == [(1, False), (2, True), (3, False)]
    assert one.unplaced == 2


# --- any sequence of events, against a count by hand -------------------------------------------


@dataclass(frozen=True, slots=True)
class Truth:
    """What happened: when, where, and after how long each witness is heard; None for never."""

    at_ms: int
    gpu: GpuUuid
    xid: int
    driver_ms: int | None
    log_ms: int | None


APART_MS = 20_000
BOTH = st.tuples(st.integers(0, 4_500), st.integers(0, 15_000))
LOG = st.tuples(st.none(), st.integers(0, 15_000))
DRIVER = st.tuples(st.integers(0, 4_500), st.none())


@st.composite
def truths(draw: st.DrawFn) -> list[Truth]:
    """
    Events in time order.

    What only the driver tells of stands apart from its like: nobody could say otherwise whether
    two witnesses that each tell of one event mean the same one.
    """
    at_ms, found = 20_000, list[Truth]()
    for _ in range(draw(st.integers(0, 30))):
        gpu, xid = draw(st.sampled_from([GPU, OTHER])), draw(st.sampled_from([79, 149]))
        kind = draw(st.sampled_from([BOTH, BOTH, LOG, DRIVER]))
        at_ms += draw(st.integers(0, 8_000)) + APART_MS * (kind is DRIVER)
        driver_ms, log_ms = draw(kind)
        found.append(Truth(at_ms, gpu, xid, driver_ms, log_ms))
        at_ms += APART_MS * (kind is DRIVER)
    return found


def play(events: list[Truth], steps_ms: list[int]) -> list[XidEvent]:
    """Let the witnesses tell as they do: the driver in any order, the log in its own."""
    one, found = merger(), list[XidEvent]()
    log, ready_ms = list[tuple[int, KernelXid]](), 0
    for sequence, event in enumerate(events):
        if event.log_ms is not None:
            ready_ms = max(ready_ms, event.at_ms + event.log_ms)
            record = logged(event.at_ms, event.xid, event.gpu, sequence=sequence)
            log.append((ready_ms, record))
    heard = [(e.at_ms + e.driver_ms, e) for e in events if e.driver_ms is not None]
    now_ms, turn = 10_000, 0
    end_ms = 100_000 + max((e.at_ms for e in events), default=0)
    while now_ms < end_ms:
        before_ms, now_ms = now_ms, now_ms + steps_ms[turn % len(steps_ms)]
        turn += 1
        driver = [told(now_ms, e.xid, e.gpu) for at, e in heard if before_ms < at <= now_ms]
        records = [record for at, record in log if before_ms < at <= now_ms]
        found += one.merge(driver, records, now_ms)
    return found


@given(truths(), st.lists(st.integers(100, 3_000), min_size=1, max_size=5))
@example([Truth(20_000, GPU, 79, 0, 15_000), Truth(20_001, GPU, 79, None, 0)], [1_000])
def test_every_event_is_counted_exactly_once(events: list[Truth], steps_ms: list[int]) -> None:
    """By GPU and number; and no record of the log counts twice."""
    found = play(events, steps_ms)
    expected = Counter((e.gpu, e.xid) for e in events)
    assert Counter((e.uuid, e.xid) for e in found) == expected
    sequences = [e.kernel_sequence for e in found if e.kernel_sequence is not None]
    assert len(sequences) == len(set(sequences))
