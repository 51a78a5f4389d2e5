"""What lasts and what is counted: clocks and lanes under load, and rates of errors."""

import pytest

from gpusla.health import Memory, judge
from gpusla.health.profiles import PROFILES
from gpusla.readings import Absence, Absent, GpuReadings, Pass, Present, Reading
from tests.core.health.gpus import EXPECTED, SLOT, gpu, one_pass, verdict
from tests.core.health.test_conditions import full

LOW = Present(1_034_000_000)
IDLE: dict[str, Reading] = {"utilization_ratio": Present(0.0)}


def verdicts(*seen: tuple[int, GpuReadings], events: tuple[int, ...] = ()) -> list[str]:
    """Return state and reasons after passes at these seconds; events: Xids of the last pass."""
    memory = Memory()
    found = []
    for count, (second, one) in enumerate(seen, 1):
        xids = events if count == len(seen) else ()
        passed = one_pass(one, *xids, at_ms=second * 1_000)
        judged, memory = judge(EXPECTED, passed, Memory.from_json(memory.to_json()))
        found.append(verdict(judged.conditions[SLOT]))
    return found


def low(**numbers: Reading) -> GpuReadings:
    """Return a GPU that works with low clocks and names no cause."""
    return full(**{"sm_clock_hertz": LOW, "clock_event_reasons": Present(0), **numbers})


# --- clocks under their floor ---------------------------------------------------------------------


def test_low_clocks_under_load_count_after_thirty_seconds_and_for_thirty_more() -> None:
    """Clocks need time to rise, and flicker at their floor."""
    passes = [(0, low()), (29, low()), (30, low()), (40, low()), (41, full()), (69, full())]
    assert verdicts(*passes, (70, full())) == [
        *["ok"] * 2,
        *["degraded clocks_low"] * 4,
        "ok",
    ]


def test_low_clocks_that_rise_in_between_are_a_new_beginning() -> None:
    """Thirty seconds without a break."""
    assert verdicts((0, low()), (20, full()), (21, low()), (49, low())) == ["ok"] * 4


NO_FINDING: list[tuple[str, dict[str, Reading]]] = [
    ("no load", IDLE),
    ("some load", {"utilization_ratio": Present(0.89)}),
    ("activity not agreed", {"utilization_ratio": Absent(Absence.UNSUPPORTED)}),
    ("a software power cap", {"clock_event_reasons": Present(0x4)}),
    ("an idle GPU by its own word", {"clock_event_reasons": Present(0x1)}),
    ("a cause of the future", {"clock_event_reasons": Present(0x4000)}),
    ("at the floor", {"sm_clock_hertz": Present(1_035_000_000)}),
    ("no clock read", {"sm_clock_hertz": Absent(Absence.ERROR)}),
]


@pytest.mark.parametrize(
    "numbers", [case[1] for case in NO_FINDING], ids=[case[0] for case in NO_FINDING]
)
def test_low_clocks_are_no_fault_with(numbers: dict[str, Reading]) -> None:
    """Only a GPU that is known to work, and names no cause."""
    seen = low(**numbers)
    assert verdicts((0, seen), (60, seen), (120, seen)) == ["ok"] * 3


def test_multiprocessors_at_work_are_load_as_well() -> None:
    """The share of active multiprocessors tells of work where the driver's share does not."""
    seen = low(**IDLE, sm_active_ratio=Present(0.5))
    assert verdicts((0, seen), (30, seen)) == ["ok", "degraded clocks_low"]


def test_a_software_power_cap_at_the_full_limit_is_no_fault() -> None:
    """It is how a GPU works that is worked hard."""
    seen = full(clock_event_reasons=Present(0x4), power_watts=Present(1_399.0))
    assert verdicts((0, seen), (100, seen)) == ["ok", "ok"]


def test_every_floor_is_half_the_highest_clock() -> None:
    """1,035 MHz on a GB300."""
    floors = {sku: one.sm_clock_floor_hertz // 1_000_000 for sku, one in PROFILES.items()}
    assert floors == {"gb300": 1_035, "gb200": 1_031, "b200": 982, "h100": 990}


# --- PCIe generation ------------------------------------------------------------------------------


def test_a_low_generation_counts_only_under_load() -> None:
    """An idle GPU saves power by it."""
    old = {"pcie_generation": Present(4)}
    idle, busy = full(**old, **IDLE), full(**old)
    assert verdicts((0, idle), (60, idle), (61, busy), (91, busy), (92, idle), (121, idle)) == [
        *["ok"] * 3,
        *["degraded pcie_degraded"] * 2,
        "ok",
    ]


# --- counters -------------------------------------------------------------------------------------


def counted(name: str, count: float) -> GpuReadings:
    """Return a GPU with a counter at a value."""
    return full(**{name: Present(count)})


def test_a_storm_of_corrected_errors_ends_a_minute_after_it() -> None:
    """17,700 a second, as in DCGM issue 313."""
    storm = [(second, counted("ecc_corrected_volatile", 17_700 * second)) for second in range(4)]
    after = [(s, counted("ecc_corrected_volatile", 53_100)) for s in (4, 62, 63)]
    assert verdicts(*storm, *after) == [
        "ok",
        *["degraded corrected_error_storm"] * 5,
        "ok",
    ]


def test_a_hundred_corrected_errors_a_second_are_a_storm() -> None:
    """And a little fewer are not, however long; a window ends with the first sample after it."""
    for rate, expected in ((100, "degraded corrected_error_storm"), (98, "ok")):
        passes = [(s, counted("ecc_corrected_volatile", rate * s)) for s in range(301)]
        assert verdicts(*passes)[-1] == expected


def test_errors_in_a_gap_count_by_their_mean() -> None:
    """Nobody knows when in an hour they came."""
    few, many = counted("ecc_corrected_volatile", 10_000), counted("ecc_corrected_volatile", 9e6)
    assert verdicts((0, full()), (3_600, few)) == ["ok", "ok"]
    assert verdicts((0, full()), (3_600, many))[-1] == "degraded corrected_error_storm"


def test_a_counter_that_went_back_starts_anew() -> None:
    """The driver was loaded: its errors are those of the time before."""
    passes = [(s, counted("ecc_corrected_volatile", c)) for s, c in ((0, 0), (1, 9_000), (2, 5))]
    assert verdicts(*passes) == ["ok", "degraded corrected_error_storm", "ok"]


def test_a_storm_stands_while_its_counter_is_absent() -> None:
    """Not seeing errors is not seeing none."""
    storm = [(s, counted("ecc_corrected_volatile", 9_000 * s)) for s in (0, 1)]
    gone = full(ecc_corrected_volatile=Absent(Absence.STALE))
    calm = counted("ecc_corrected_volatile", 9_000)
    assert verdicts(*storm, (500, gone), (501, calm))[1:] == [
        *["degraded corrected_error_storm"] * 2,
        "ok",
    ]


SIGNS = [
    ("ecc_uncorrected_volatile", 1, "ok ecc_uncorrected"),
    ("nvlink_recoveries_failed", 1, "ok nvlink_recoveries"),
    ("nvlink_recoveries", 10, "ok nvlink_recoveries"),
    ("nvlink_recoveries", 9, "ok"),
]


@pytest.mark.parametrize(("name", "growth", "expected"), SIGNS)
def test_a_sign_takes_no_capacity_and_lasts_ten_minutes(
    name: str, growth: int, expected: str
) -> None:
    """The driver denies none; somebody should look all the same."""
    before, after = counted(name, 100), counted(name, 100 + growth)
    found = verdicts((0, before), (5, after), (604, after), (605, after))
    assert found == ["ok", expected, expected, "ok"]


@pytest.mark.parametrize("xid", [48, 63, 94, 95, 171])
def test_an_xid_explains_uncorrected_errors(xid: int) -> None:
    """Then it says what became of them."""
    before, after = (counted("ecc_uncorrected_volatile", count) for count in (0, 1))
    assert "ecc_uncorrected" not in verdicts((0, before), (1, after), events=(xid,))[-1]


def test_another_xid_does_not() -> None:
    """A page fault is a program's."""
    before, after = (counted("ecc_uncorrected_volatile", count) for count in (0, 1))
    assert "ecc_uncorrected" in verdicts((0, before), (1, after), events=(31,))[-1]


def test_evidence_does_not_move_with_the_readings() -> None:
    """One condition is one record of the journal, however the figures jitter."""
    memory, found = Memory(), set()
    for second in range(120):
        seen = low(
            sm_clock_hertz=Present(900_000_000 + second),
            ecc_corrected_volatile=Present(20_000 * second),
            nvlink_recoveries=Present(50 * second),
            ecc_uncorrected_volatile=Present(second),
        )
        judged, memory = judge(EXPECTED, one_pass(seen, at_ms=second * 1_000), memory)
        if second > 31:
            found.add(judged.conditions[SLOT])
    assert len(found) == 1


def test_what_is_remembered_is_not_another_node_s() -> None:
    """An empty inventory gives an empty verdict."""
    judged, memory = judge((), Pass(0, {gpu().identity.uuid: gpu()}), Memory())
    assert (judged.conditions, judged.actions, memory.slots) == ({}, {}, {})
