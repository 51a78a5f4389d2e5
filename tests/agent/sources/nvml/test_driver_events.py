"""What the driver tells by itself: Xids in both forms, storms, bindings, and none told twice."""

import os
import signal
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from gpusla.readings import EventOrigin
from gpusla_agent import standin
from gpusla_agent.sources.nvml_xids import KEPT_MAX, NVML, OPERATIONAL_EVENT, PAIR_MS, Xids
from tests.agent.sources.nvml.heard import Heard

RECOVERABLE = 30
OTHERS = ("recovery_action", "gpu_unavailable", "nonfatal_poison", "single_bit_ecc_storm")


@pytest.fixture
def newer(library: Path, control: standin.Control) -> Iterator[Heard]:
    """A source on a driver with GPU Operational Events."""
    control.set("operational_events", 1)
    running = Heard(library)
    running.sample()
    yield running
    running.source.close()


def told(heard: Heard, number: int) -> list[tuple[int, int, EventOrigin]]:
    """Sample until so many Xids arrived, and once more; place, Xid and origin of each."""
    places = {raw.identity.uuid: index for index, raw in heard.raw.items()}
    found: list[tuple[int, int, EventOrigin]] = []

    def is_all(_: object) -> bool:
        return len(found) >= number

    def take() -> None:
        found.extend((places[e.uuid], e.xid, e.origin) for e in heard.sample().events)

    while not is_all(None):
        take()
    take()
    return found


def test_an_xid_of_a_gpu_that_falls_off_the_bus_is_told(
    heard: Heard, control: standin.Control
) -> None:
    """The GPU no longer says who it is, which must not cost the event."""
    with control.batch():
        control.set("gpu", 2, "lost")
        control.event(2, "xid", 79)
    assert told(heard, 1) == [(2, 79, EventOrigin.NVML)]


def test_a_storm_is_told_as_far_as_it_fits_and_counted_beyond(
    heard: Heard, control: standin.Control
) -> None:
    """Ten thousand at once: what was told and what is counted as lost make ten thousand."""
    control.event(1, "xid", 31, 10_000)
    seen: Counter[int] = Counter()
    heard.until(
        lambda one: (seen.update(e.xid for e in one.events), total(heard, seen))[1] >= 10_000
    )
    assert seen[31] >= KEPT_MAX
    assert total(heard, seen) == 10_000
    assert heard.source.events_lost == 10_000 - seen[31]


def total(heard: Heard, seen: Counter[int]) -> int:
    """Return how many Xids are accounted for."""
    return seen.total() + heard.source.events_lost


@pytest.mark.parametrize("name", OTHERS)
def test_another_event_makes_the_slow_families_due(
    heard: Heard, control: standin.Control, name: str
) -> None:
    """It is no Xid, but what it changed should not wait its minute."""
    heard.sample()
    assert "repair" not in heard.raw[3].families
    control.event(3, name)
    heard.until(lambda _: "repair" in heard.raw[3].families)
    assert heard.source.other_events == 1
    assert "repair" not in heard.raw[0].families


def test_an_operational_event_that_names_an_xid_is_that_xid(
    newer: Heard, control: standin.Control
) -> None:
    """One without it is no Xid, but is counted."""
    control.event(1, "operational", 0, RECOVERABLE)
    control.event(1, "operational", 154, RECOVERABLE)
    assert told(newer, 1) == [(1, 154, EventOrigin.OPERATIONAL_EVENT)]
    assert newer.source.other_events == 1


def test_both_forms_of_one_incident_are_one_xid(newer: Heard, control: standin.Control) -> None:
    """Pair by pair: three incidents told twice are three, in whatever order."""
    with control.batch():
        control.event(0, "xid", 31)
        control.event(0, "operational", 31, RECOVERABLE)
        control.event(0, "operational", 31, RECOVERABLE)
        control.event(0, "xid", 31)
        control.event(0, "xid", 31)
        control.event(1, "xid", 31)
        control.event(0, "operational", 48, RECOVERABLE)
    found = Counter((index, xid) for index, xid, _ in told(newer, 5))
    assert found == {(0, 31): 3, (1, 31): 1, (0, 48): 1}


def test_a_driver_that_lets_go_of_a_gpu_is_asked_anew(
    heard: Heard, control: standin.Control
) -> None:
    """Once; nothing that was read before it is handed on."""
    heard.sample()
    assert heard.before[0] is not None
    control.event(0, "unbind")
    heard.until(lambda _: heard.source.restarts == 1)
    assert heard.before == dict.fromkeys(range(4))
    heard.sample()
    assert heard.before[0] is not None
    assert heard.source.restarts == 1


def test_a_worker_that_was_killed_takes_no_readings_with_it(heard: Heard) -> None:
    """The driver is the same, so what was read before still holds."""
    worker = heard.source._worker
    assert worker is not None
    os.kill(worker.pid, signal.SIGKILL)
    heard.until(lambda seen: heard.source.restarts == 1 and seen.source is None)
    assert heard.before[0] is not None


def test_a_gpu_that_was_lost_begins_anew(heard: Heard, control: standin.Control) -> None:
    """Its counters may have; the others' go on."""
    control.set("gpu", 1, "lost")
    heard.until(lambda _: heard.source.restarts > 0)
    control.clear("gpu", 1, "lost")
    restarts = heard.source.restarts
    heard.until(lambda _: heard.source.restarts > restarts and heard.before[1] is None)
    assert heard.before[0] is not None


def test_xids_are_told_once_while_a_worker_takes_over(
    heard: Heard, control: standin.Control
) -> None:
    """One is sent in every pass while workers change; predecessor and successor hear the same."""
    seen: Counter[int] = Counter()

    def hear(count: int) -> None:
        heard.until(lambda one: (seen.update(e.xid for e in one.events), len(seen) >= count)[1])

    control.set("gpu", 3, "lost")
    for xid in range(1, 121):
        control.event(0, "xid", xid)
        seen.update(event.xid for event in heard.sample().events)
        # The control file keeps the newest events only; a busy machine must not lose one there.
        if xid - len(seen) > standin.EVENTS_KEPT // 2:
            hear(xid - standin.EVENTS_KEPT // 2)
    hear(120)
    assert heard.source.restarts > 0
    assert {xid: number for xid, number in seen.items() if number != 1} == {}


def test_a_pair_counts_within_five_seconds_only() -> None:
    """Later it is another incident."""
    xids = Xids()
    xids.add(("GPU-1", 31, 0, NVML), 0, may_pair=True)
    xids.add(("GPU-1", 31, 0, OPERATIONAL_EVENT), PAIR_MS + 1, may_pair=True)
    xids.add(("GPU-1", 31, 0, NVML), PAIR_MS + 2, may_pair=True)
    assert [one[3] for one in xids.take()[0]] == [NVML, OPERATIONAL_EVENT]


def test_what_was_taken_is_not_kept() -> None:
    """Neither Xids nor the count of those that were lost."""
    xids = Xids()
    for number in range(KEPT_MAX + 2):
        xids.add(("GPU-1", number, 0, NVML), 0, may_pair=False)
    xids.lose()
    kept, lost = xids.take()
    assert (len(kept), lost) == (KEPT_MAX, 3)
    assert xids.take() == ([], 0)
