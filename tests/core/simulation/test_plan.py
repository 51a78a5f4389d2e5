"""A fate that is drawn from a seed repeats, keeps to its rates and falls on samples if asked."""

from itertools import pairwise

from gpusla.identity import Slot
from gpusla.instants import Interval
from gpusla.simulation.faults import HELD_KINDS, FaultKind
from gpusla.simulation.plan import DAY_MS, HOUR_MS, Rates, draw

SLOTS = [
    Slot("c2", f"r{rack:02}", f"t{tray:02}", f"m{module}")
    for rack in range(1, 4)
    for tray in range(1, 19)
    for module in range(1, 5)
]
YEAR = Interval(0, 365 * DAY_MS)


def test_the_same_seed_gives_the_same_fate_and_another_seed_another() -> None:
    """In whatever order the slots are named."""
    assert draw(7, SLOTS, YEAR) == draw(7, SLOTS[::-1], YEAR)
    assert draw(7, SLOTS, YEAR) != draw(8, SLOTS, YEAR)


def test_the_rates_come_out_over_many_years() -> None:
    """Within a quarter of what was asked, over ten seeds."""
    faults = [fault for seed in range(10) for fault in draw(seed, SLOTS, YEAR).faults]
    racks = [f for f in faults if f.kind is FaultKind.NVLINK_SWITCH]
    silences = [f for f in faults if f.kind is FaultKind.AGENT_SILENT]
    gpus = len(faults) - len(racks) - len(silences)
    assert 0.75 < gpus / (10 * 216 * 365 * 24 / 50_000) < 1.25
    assert 0.75 < len(racks) / (10 * 3 * 365 / 180) < 1.25
    # 54 nodes on their own, and three in ten failures of a GPU or of the 18 nodes of a rack
    expected = 10 * 54 * 365 / 20 + 0.3 * (gpus + 18 * len(racks))
    assert 0.9 < len(silences) / expected < 1.1


def test_half_of_all_repairs_take_six_hours() -> None:
    """The median of the log-normal distribution."""
    faults = [f for seed in range(10) for f in draw(seed, SLOTS, YEAR).faults]
    lengths = sorted(f.end_ms - f.start_ms for f in faults if len(f.slots) == 1)
    assert len(lengths) > 300
    assert 4.8 < lengths[len(lengths) // 2] / HOUR_MS < 7.2


def test_edges_fall_on_sampling_instants_if_asked() -> None:
    """Then observed time is exact."""
    for fault in draw(1, SLOTS, YEAR, align_ms=1000).faults:
        assert fault.start_ms % 1000 == fault.end_ms % 1000 == 0
        assert fault.end_ms - fault.start_ms >= (90_000 if fault.kind in HELD_KINDS else 60_000)
    assert any(f.start_ms % 1000 for f in draw(1, SLOTS, YEAR).faults)


def test_a_slot_that_is_broken_does_not_break_again() -> None:
    """Failures of one GPU never overlap."""
    faults = draw(3, SLOTS[:4], YEAR, Rates(gpu_failure_hours=100)).faults
    for slot in SLOTS[:4]:
        own = sorted((f.start_ms, f.end_ms) for f in faults if f.slots == (slot,))
        assert len(own) > 20
        assert all(first[1] < second[0] for first, second in pairwise(own))
