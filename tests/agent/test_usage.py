"""What contracts used: shares of time, counters, gaps, hand-overs and consents."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gpusla.catalogue.readings import GPU, Consent
from gpusla.identity import GpuUuid
from gpusla.readings import Absence, Absent, GpuReadings, Pass, Present, Reading
from gpusla_agent.sampler import CAPACITY, Holder, Quantity, Usage, UsageKey
from gpusla_agent.sampler.usage import KEPT_MS, MEASURED, SHOWN_MS
from tests.core.health.gpus import UUID, absent, gpu

CURSOR = Holder("cursor-2026", "cursor")
HOUSE = Holder("house-lab", "house")
UNSUPPORTED = Absent(Absence.UNSUPPORTED)
STALE = Absent(Absence.STALE)


def at(second: float, **numbers: float | Reading) -> Pass:
    """Return a pass at some second."""
    readings: dict[str, Reading] = {
        name: value if isinstance(value, Present | Absent) else Present(value)
        for name, value in {"energy_joules": UNSUPPORTED, **numbers}.items()
    }
    return Pass(int(second * 1_000), {UUID: timed(gpu(**readings), second)})


def timed(seen: GpuReadings, second: float) -> GpuReadings:
    """Return the GPU as seen at some second."""
    return replace(seen, at_mono_ms=int(second * 1_000))


def used(usage: Usage, holder: Holder = CURSOR) -> dict[str, float]:
    """Return what a holder used, as far as it is known."""
    sums = usage.sums.get(UsageKey(UUID, 0, holder))
    return {quantity.value: total for quantity, total in sums.totals.items()} if sums else {}


def after(*passes: Pass) -> dict[str, float]:
    """Return what one holder used in these passes."""
    usage = Usage(valid_ms=2_500)
    for seen in passes:
        usage.add(seen, {UUID: CURSOR})
    return used(usage)


def nvlink(second: float, sent: float, received: float, read_second: float | None = None) -> Pass:
    """Return a pass with the counters of NVLink bytes, which may have been read before it."""
    seen = at(second, nvlink_tx_bytes=sent, nvlink_rx_bytes=received)
    if read_second is not None:
        read_at = {"nvlink_bytes": int(read_second * 1_000)}
        seen.gpus[UUID] = replace(seen.gpus[UUID], read_at_mono_ms=read_at)
    return seen


def cycles(second: float, elapsed: float, tensor: float) -> Pass:
    """Return a pass with counters of cycles and a share that says something else."""
    return at(
        second, sm_cycles_elapsed=elapsed, tensor_cycles_active=tensor, tensor_active_ratio=1.0
    )


CASES = [
    (
        "a share counts for the time since the pass before",
        [at(0, utilization_ratio=1.0), at(1, utilization_ratio=0.5), at(3, utilization_ratio=1.0)],
        {"busy_seconds": 2.5},
    ),
    (
        "a share does not count for time that nobody saw",
        [
            at(0, utilization_ratio=1.0),
            at(10, utilization_ratio=1.0),
            at(11, utilization_ratio=1.0),
        ],
        {"busy_seconds": 1.0},
    ),
    (
        "a counter loses nothing in a gap",
        [at(0, energy_joules=0), at(10, energy_joules=9_000), at(11, energy_joules=9_800)],
        {"energy_joules": 9_800},
    ),
    (
        "a counter that began anew takes nothing back",
        [at(0, energy_joules=5_000), at(1, energy_joules=20), at(2, energy_joules=70)],
        {"energy_joules": 50},
    ),
    (
        "a counter that is stale goes on where it was",
        [at(0, energy_joules=100), at(1, energy_joules=STALE), at(2, energy_joules=300)],
        {"energy_joules": 200},
    ),
    ("what cannot be read is absent and not zero", [at(0), at(1)], {}),
    (
        "bytes of both directions are added",
        [nvlink(0, 10, 20), nvlink(1, 110, 25)],
        {"nvlink_bytes": 105},
    ),
    (
        "a slow counter that was not read again adds nothing",
        [nvlink(0, 10, 10, 0), nvlink(1, 10, 10, 0), nvlink(10, 60, 60, 10)],
        {"nvlink_bytes": 100},
    ),
    (
        "rates count where the driver has no counter",
        [at(0, **dict.fromkeys(MEASURED[Quantity.NVLINK_BYTES].rates, 50.0)) for _ in range(1)]
        + [at(2, **dict.fromkeys(MEASURED[Quantity.NVLINK_BYTES].rates, 50.0))],
        {"nvlink_bytes": 200},
    ),
    (
        "cycles say exactly which share of the time was active, over a gap as well",
        [cycles(0, 1_000, 0), cycles(20, 5_000, 1_000)],
        {"tensor_seconds": 5.0},
    ),
    (
        "more active cycles than cycles are all of the time",
        [cycles(0, 0, 0), cycles(2, 10, 50)],
        {"tensor_seconds": 2.0},
    ),
    (
        "the share counts where there are no cycles",
        [at(0, tensor_active_ratio=0.5), at(2, tensor_active_ratio=0.5)],
        {"tensor_seconds": 1.0},
    ),
]


@pytest.mark.parametrize(("words", "passes", "expected"), CASES, ids=[case[0] for case in CASES])
def test_usage(words: str, passes: list[Pass], expected: dict[str, float]) -> None:
    """Each case is one rule."""
    assert after(*passes) == expected, words


def test_a_gpu_that_does_not_answer_uses_nothing_until_it_does() -> None:
    """Then its counters say what happened meanwhile, and its share what the time was like."""
    silent = Pass(1_000, {UUID: timed(absent(Absence.UNOBSERVABLE), 1)})
    first, last = (
        at(0, utilization_ratio=1.0, energy_joules=0),
        at(2, utilization_ratio=1.0, energy_joules=300),
    )
    assert after(first, silent, last) == {"busy_seconds": 2.0, "energy_joules": 300}


def test_a_hand_over_splits_at_the_pass_that_sees_it() -> None:
    """The time before that pass belongs to who holds the GPU then, and so does its energy."""
    usage = Usage(valid_ms=2_500)
    for second, holder in ((0, CURSOR), (1, CURSOR), (2, HOUSE), (3, HOUSE)):
        usage.add(at(second, utilization_ratio=1.0, energy_joules=second * 100), {UUID: holder})
    assert used(usage, CURSOR) == {"busy_seconds": 1, "energy_joules": 100}
    assert used(usage, HOUSE) == {"busy_seconds": 2, "energy_joules": 200}


def test_a_slow_counter_shows_no_contract_what_another_one_did() -> None:
    """What it counted across the hand-over belongs to nobody in particular."""
    usage = Usage(valid_ms=2_500)
    for second, holder, sent, read in (
        (0, CURSOR, 0, 0),
        (9, CURSOR, 0, 0),
        (10, HOUSE, 1_000, 10),
        (20, HOUSE, 1_007, 20),
    ):
        usage.add(nvlink(second, sent, 0, read), {UUID: holder})
    assert used(usage, CURSOR) == {"nvlink_bytes": 0}
    assert used(usage, HOUSE) == {"nvlink_bytes": 7}


def test_a_counter_does_not_tell_of_the_time_in_which_it_was_not_agreed() -> None:
    """Neither the sums from before nor what happened meanwhile is there afterwards."""
    usage = Usage(valid_ms=2_500)
    everything = {UUID: frozenset(Consent)}
    usage.add(nvlink(0, 0, 0), {UUID: CURSOR}, everything)
    usage.add(nvlink(1, 500, 0), {UUID: CURSOR}, everything)
    usage.add(at(2, energy_joules=5), {UUID: CURSOR}, {UUID: CAPACITY})
    assert used(usage) == {"energy_joules": 0}
    usage.add(nvlink(3, 9_000, 0), {UUID: CURSOR}, everything)
    usage.add(nvlink(4, 9_001, 0), {UUID: CURSOR}, everything)
    assert used(usage)["nvlink_bytes"] == 1


def test_who_held_a_gpu_before_is_shown_for_an_hour_and_goes_on_where_it_was() -> None:
    """So that Prometheus gets the last value, and a node does not collect series for ever."""
    usage = Usage(valid_ms=2_500)
    for second, holder in ((0, CURSOR), (1, CURSOR), (2, HOUSE)):
        usage.add(at(second, utilization_ratio=1.0), {UUID: holder})
    assert [key.holder for key, _ in usage.shown()] == [CURSOR, HOUSE]

    later = 2 + SHOWN_MS / 1_000
    usage.add(at(later, utilization_ratio=1.0), {UUID: HOUSE})
    assert [key.holder for key, _ in usage.shown()] == [HOUSE]

    usage.add(at(later + 1, utilization_ratio=1.0), {UUID: CURSOR})
    assert used(usage, CURSOR) == {"busy_seconds": 2.0}


def test_sums_of_a_gpu_that_is_gone_are_forgotten_in_the_end() -> None:
    """Parts are replaced, and contracts end."""
    usage = Usage(valid_ms=2_500)
    usage.add(at(0, energy_joules=1), {UUID: CURSOR})
    usage.add(Pass(KEPT_MS + 1, {}), {})
    assert not usage.sums
    assert not usage.last


@given(
    st.lists(
        st.tuples(
            st.integers(1, 5_000),
            st.sampled_from([CURSOR, HOUSE, Holder()]),
            st.sampled_from([None, 0.0, 1.0, 2.0**40, 3.5]),
            st.floats(0, 1),
        ),
        max_size=20,
    )
)
def test_no_sum_ever_goes_down_and_no_time_is_busy_twice(
    steps: list[tuple[int, Holder, float | None, float]],
) -> None:
    """Whatever is read, in whichever order, by whomever the GPU is held."""
    usage, now_ms = Usage(valid_ms=2_500), 0
    before: dict[tuple[UsageKey, Quantity], float] = {}
    for step_ms, holder, counted, share in steps:
        now_ms += step_ms
        number = STALE if counted is None else Present(counted)
        numbers = {name: number for name, row in GPU.items() if row.is_counter}
        usage.add(at(now_ms / 1_000, utilization_ratio=share, **numbers), {UUID: holder})
        totals = {(k, q): v for k, sums in usage.sums.items() for q, v in sums.totals.items()}
        assert all(totals[one] >= value for one, value in before.items())
        before = totals
    for seconds in (Quantity.BUSY_SECONDS, Quantity.TENSOR_SECONDS):
        assert sum(v for (_, q), v in before.items() if q is seconds) <= now_ms / 1_000 + 1e-6


def test_a_gpu_that_was_replaced_begins_anew() -> None:
    """Its counters are its own."""
    usage = Usage(valid_ms=2_500)
    usage.add(at(0, energy_joules=5_000), {UUID: CURSOR})
    other = GpuUuid("GPU-other")
    one = at(1, energy_joules=6_000).gpus[UUID]
    one = replace(one, identity=replace(one.identity, uuid=other))
    usage.add(Pass(1_000, {other: one}), {other: CURSOR})
    assert usage.sums[UsageKey(other, 0, CURSOR)].totals == {Quantity.ENERGY_JOULES: 0.0}
