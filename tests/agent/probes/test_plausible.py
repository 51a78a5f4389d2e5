"""What is not believed: each case with the reading that is missing for it, and why."""

from typing import Any

import pytest

from gpusla.readings import Absence, Absent, GpuReadings, Present
from gpusla_agent.probes import PROBING
from tests.agent.probes.said import FAST, LINK, VALUES, raw

START_MS = 1_000_000
CASES = [
    ("utilization_percent", 4_290_000_000, "utilization_ratio", "4290000000"),
    ("utilization_percent", 101, "utilization_ratio", "101"),
    ("memory_utilization_percent", -1, "memory_utilization_ratio", "-1"),
    ("gpm_tensor_percent", float("nan"), "tensor_active_ratio", "nan"),
    ("gpm_sm_percent", float("inf"), "sm_active_ratio", "inf"),
    ("gpm_dram_percent", 100.2, "dram_active_ratio", "100.2"),
    ("power_milliwatts", 4_294_967_295, "power_watts", "4294967295"),
    ("temperature", 4_000, "temperature_celsius", "4000"),
    ("temperature_margin", -400, "temperature_margin_celsius", "-400"),
    ("ecc_corrected_volatile", -1, "ecc_corrected_volatile", "-1"),
    ("ecc_corrected_volatile", 2**64 - 1, "ecc_corrected_volatile", "18446744073709551615"),
    ("ecc_corrected_volatile", 2**63 - 14, "ecc_corrected_volatile", "9223372036854775794"),
    ("ecc_corrected_volatile", 2**32 - 1, "ecc_corrected_volatile", "all bits are set"),
    ("clock_event_reasons", 2**32 - 1, "clock_event_reasons", "all bits are set"),
    ("memory_total_bytes", 0, "memory_total_bytes", "0"),
    ("memory_used_bytes", 2**49, "memory_used_bytes", "562949953421312 of 298013687808 bytes"),
    ("memory_free_bytes", 2**49, "memory_free_bytes", "562949953421312 of 298013687808 bytes"),
    ("pcie_width", 0, "pcie_width", "0"),
    ("pcie_width", 32, "pcie_width", "32"),
    ("pcie_generation", 0, "pcie_generation", "0"),
    ("remap_pending", 2, "remap_pending", "2"),
    ("pcie_replays", 10**400, "pcie_replays", "1" + 39 * "0"),
]


@pytest.mark.parametrize(("call", "value", "name", "words"), CASES)
def test_what_no_gpu_can_say_is_no_reading(call: str, value: Any, name: str, words: str) -> None:
    """It is absent, says what was said, and is named."""
    changed: dict[str, Any] = {call: (0, value)}
    found = PROBING.interpret(raw(**changed), None)
    assert found.readings.numbers[name] == Absent(Absence.ERROR, f"implausible: {words}")
    assert found.readings.rejected == (name,)


def test_a_number_too_long_to_be_written_is_quoted_without_it() -> None:
    """Python refuses to write integers of thousands of digits."""
    found = PROBING.interpret(raw(pcie_replays=(0, 10**5_000)), None).readings
    refused = Absent(Absence.ERROR, "implausible: a number of thousands of digits")
    assert found.numbers["pcie_replays"] == refused


def test_a_ratio_that_was_computed_may_be_a_rounding_above_one() -> None:
    """Then it is one."""
    found = PROBING.interpret(raw(gpm_sm_percent=(0, 100.000_001)), None).readings
    assert found.numbers["sm_active_ratio"] == Present(1.0)
    assert found.rejected == ()


def after(*samples: dict[str, Any], families: frozenset[str] = FAST) -> GpuReadings:
    """Return the readings after a first full pass and then these, one second apart."""
    found = PROBING.interpret(raw(at_ms=START_MS), None).readings
    for number, changed in enumerate(samples, start=1):
        sample = raw(families, at_ms=START_MS + 1_000 * number, **changed)
        found = PROBING.interpret(sample, found).readings
    return found


LESS: dict[str, Any] = {"ecc_corrected_volatile": (0, 10)}
FELL = Absent(Absence.ERROR, "implausible: fell from 11 to 10")


def test_a_counter_that_falls_is_not_believed() -> None:
    """Somebody's rate over it would be negative, or a false reset."""
    found = after(LESS)
    assert found.numbers["ecc_corrected_volatile"] == FELL
    assert found.rejected == ("ecc_corrected_volatile",)


def test_a_counter_that_recovers_is_believed_again() -> None:
    """One odd value in between does no harm."""
    found = after(LESS, {})
    assert found.numbers["ecc_corrected_volatile"] == Present(11)
    assert found.rejected == ()


def test_a_counter_that_stays_low_was_reset() -> None:
    """The second reading confirms the first, whoever reset it."""
    assert after(LESS, LESS).numbers["ecc_corrected_volatile"] == Present(10)


RELOADED: dict[str, Any] = {
    "energy_millijoules": (0, 250_000),
    "ecc_corrected_volatile": (0, 0),
    "sw_power_cap_ns": (0, 0),
}


def test_a_driver_that_was_loaded_anew_starts_its_counters_again() -> None:
    """Energy went back to what could be drawn since, so all volatile counters may."""
    found = after(RELOADED)
    assert found.numbers["energy_joules"] == Present(250)
    assert found.numbers["ecc_corrected_volatile"] == Present(0)
    assert found.rejected == ()


def test_counters_that_the_board_keeps_do_not_fall_with_the_driver() -> None:
    """Remapped rows do not grow together again."""
    fell = RELOADED | {"rows_remapped_corrected": (0, 0)}
    found = after(fell, families=FAST | {"slow_fields"})
    assert found.rejected == ("rows_remapped_corrected",)


def test_slow_counters_of_before_a_reload_are_not_held_against_the_new_ones() -> None:
    """They are stale at once, and what comes next is a beginning."""
    stale = Absent(Absence.STALE, "read before the driver was loaded anew")
    found = after(RELOADED)
    assert found.numbers["nvlink_recoveries"] == stale
    assert found.numbers["rows_remapped_corrected"] == Present(4)
    assert found.numbers["nvlink_links_active"] == Present(18)
    reset = {**VALUES["link_errors"][1][0], "recoveries_successful": (0, 0)}
    sample = raw(
        FAST | {"link_errors"},
        at_ms=START_MS + 2_000,
        link_errors=(0, [reset] * 18),
        energy_millijoules=(0, 350_000),
    )
    again = PROBING.interpret(sample, found).readings
    assert (again.numbers["nvlink_recoveries"], again.rejected) == (Present(0), ())


def test_energy_that_falls_to_more_than_could_be_drawn_is_an_odd_value() -> None:
    """Two seconds at ten kilowatts are 20,000 joules; 90,000 are no new beginning."""
    found = after({"energy_millijoules": (0, 90_000_000), "ecc_corrected_volatile": (0, 0)})
    assert found.rejected == ("ecc_corrected_volatile", "energy_joules")


LEAPT: dict[str, Any] = {"energy_millijoules": (0, 123_456_789 + 20_001_000)}


def test_energy_that_nobody_can_have_drawn_is_not_believed() -> None:
    """It would stay in what a contract used, and what comes after would look like a reload."""
    found = after(LEAPT)
    words = "implausible: rose from 123456.789 to 143457.789 in 1000 ms"
    assert found.numbers["energy_joules"] == Absent(Absence.ERROR, words)
    assert found.rejected == ("energy_joules",)
    again = after(LEAPT, {})
    assert (again.numbers["energy_joules"], again.rejected) == (Present(123_456.789), ())


def test_energy_that_leapt_and_stays_is_believed() -> None:
    """As with a counter that fell: the second reading confirms the first."""
    assert after(LEAPT, LEAPT).numbers["energy_joules"] == Present(143_457.789)


def test_bytes_that_may_wrap_may_fall() -> None:
    """The header says so of the PCIe byte counters."""
    found = after({"pcie_tx_bytes": (0, 1)}, families=FAST | {"pcie_bytes"})
    assert found.numbers["pcie_tx_bytes"] == Present(1)


BLIND: dict[str, Any] = {
    name: (0, 0.0) for name in VALUES if name.startswith("gpm_") and name.endswith("_percent")
}


def test_monitors_that_read_zero_on_a_busy_gpu_are_not_believed() -> None:
    """They stay at zero after an Xid 31, until the driver is loaded anew."""
    found = after(BLIND)
    zero = Absent(Absence.ERROR, "implausible: zero while utilization is 97%")
    assert found.numbers["graphics_active_ratio"] == zero
    assert found.numbers["tensor_active_ratio"] == zero
    assert len(found.rejected) == 9
    assert found.numbers["sm_cycles_active"] == Present(8_000)


def test_power_is_a_sign_of_work_too() -> None:
    """Where utilization cannot be had, or is as blind."""
    found = after(BLIND | {"utilization_percent": (3, None)})
    zero = Absent(Absence.ERROR, "implausible: zero while power is 900 watts")
    assert found.numbers["sm_active_ratio"] == zero


def test_an_idle_gpu_reads_zero() -> None:
    """Even if its limit was set so low that its idle power is most of it."""
    idle = {
        "utilization_percent": (0, 0),
        "power_milliwatts": (0, 180_000),
        "power_limit_milliwatts": (0, 200_000),
    }
    found = after(BLIND | idle)
    assert (found.numbers["graphics_active_ratio"], found.rejected) == (Present(0), ())


def test_a_link_that_the_gpu_does_not_have_is_no_link() -> None:
    """A constant says 36, the GPU has 18, and the driver answers "invalid argument" beyond."""
    beyond = dict.fromkeys(LINK, (2, None))
    found = PROBING.interpret(raw(links=(0, [LINK] * 18 + [beyond] * 18)), None).readings
    assert found.numbers["nvlink_links"] == Present(18)
    assert found.numbers["nvlink_links_active"] == Present(18)
    assert found.rejected == ()


def test_more_links_than_any_gpu_has_are_not_believed() -> None:
    """Nothing that was read of them is."""
    found = PROBING.interpret(raw(links=(0, [LINK] * 36)), None).readings
    names = ("nvlink_links", "nvlink_links_active", "nvlink_speed_min_bytes_per_second")
    assert found.rejected == names
    assert found.links == Absent(Absence.ERROR, "implausible: 36 NVLinks")
