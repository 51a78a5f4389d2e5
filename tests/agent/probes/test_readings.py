"""Every reading of the catalogue: from what the driver says to base units."""

from typing import Any

import pytest

from gpusla.catalogue.readings import GPU
from gpusla.readings import Absence, Absent, NvLink, Present, Process, Reading
from gpusla_agent.probes import NUMBERS, PROBING
from gpusla_agent.probes.plausible import bounds
from gpusla_agent.sources.families import FAMILIES, FAMILY
from tests.agent.probes.said import IDENTITY, VALUES, raw

READ: dict[str, Any] = {
    "recovery_action": 0,
    "power_watts": 900.5,
    "power_instant_watts": 910.001,
    "power_limit_watts": 1_400,
    "power_limit_requested_watts": 1_390,
    "power_limit_default_watts": 1_400,
    "power_limit_min_watts": 200,
    "power_limit_max_watts": 1_400,
    "module_power_watts": 2_100.25,
    "module_power_limit_watts": 2_900,
    "energy_joules": 123_456.789,
    "temperature_celsius": 71,
    "temperature_margin_celsius": 16,
    "memory_temperature_celsius": 60,
    "temperature_slowdown_margin_celsius": -2,
    "temperature_shutdown_margin_celsius": -5,
    "sm_clock_hertz": 1_920_000_000,
    "sm_clock_max_hertz": 2_070_000_000,
    "memory_clock_hertz": 3_996_000_000,
    "memory_clock_max_hertz": 3_996_000_000,
    "clock_event_reasons": 4,
    "sw_power_cap_seconds": 1.5,
    "sync_boost_seconds": 0,
    "sw_thermal_slowdown_seconds": 0.25,
    "hw_thermal_slowdown_seconds": 1e-9,
    "hw_power_brake_seconds": 2,
    "power_smoothing_seconds": Absence.NO_PERMISSION,
    "memory_total_bytes": 298_013_687_808,
    "memory_reserved_bytes": 993_001_472,
    "memory_used_bytes": 200_000_000_000,
    "memory_free_bytes": 97_020_686_336,
    "utilization_ratio": 0.97,
    "memory_utilization_ratio": 0.41,
    "graphics_active_ratio": 0.965,
    "sm_active_ratio": 0.9025,
    "sm_occupancy_ratio": 0.5,
    "integer_active_ratio": 0.125,
    "tensor_active_ratio": 0.625,
    "dram_active_ratio": 0.25,
    "fp64_active_ratio": 0,
    "fp32_active_ratio": 0.0625,
    "fp16_active_ratio": 0.03125,
    "pcie_tx_bytes_per_second": 2_097_152,
    "pcie_rx_bytes_per_second": 3_145_728,
    "nvlink_tx_bytes_per_second": 4_194_304,
    "nvlink_rx_bytes_per_second": 5_242_880,
    "sm_cycles_elapsed": 9_000,
    "sm_cycles_active": 8_000,
    "tensor_cycles_active": 5_000,
    "ecc_mode": 1,
    "ecc_corrected_volatile": 11,
    "ecc_uncorrected_volatile": 1,
    "ecc_corrected_aggregate": 12,
    "ecc_uncorrected_aggregate": 2,
    "sram_threshold_exceeded": Absence.NO_PERMISSION,
    "unrepairable_memory": 0,
    "channel_repair_pending": 0,
    "tpc_repair_pending": 0,
    "rows_remapped_corrected": 4,
    "rows_remapped_uncorrected": 5,
    "remap_pending": 0,
    "remap_failed": 0,
    "remap_banks_max": 5_950,
    "remap_banks_high": 1,
    "remap_banks_partial": 1,
    "remap_banks_low": 0,
    "remap_banks_none": 0,
    "nvlink_links": 18,
    "nvlink_links_active": 18,
    "nvlink_speed_min_bytes_per_second": 53_125_000_000,
    "nvlink_tx_bytes": 18_000,
    "nvlink_rx_bytes": 36_000,
    "nvlink_packet_errors": 18 * 21,
    "nvlink_symbol_errors": 180,
    "nvlink_effective_errors": 162,
    "nvlink_recoveries": 126,
    "nvlink_recoveries_failed": 144,
    "nvlink_effective_ber_max_ratio": 5e-15,
    "nvlink_symbol_ber_max_ratio": 3e-8,
    "c2c_links": 14,
    "c2c_links_active": 14,
    "c2c_errors": 1,
    "c2c_replays": 2,
    "pcie_generation": 6,
    "pcie_generation_max": 6,
    "pcie_width": 16,
    "pcie_width_max": 16,
    "pcie_replays": 3,
    "pcie_correctable_errors": 5,
    "pcie_nonfatal_errors": 6,
    "pcie_fatal_errors": 7,
    "pcie_tx_bytes": 70_000,
    "pcie_rx_bytes": 80_000,
    "mig_mode": 1,
    "mig_instances": 2,
    "processes": 2,
    "confidential_computing_ready": Absence.UNSUPPORTED,
}


def told(reading: Reading | Present[Any]) -> Any:
    """Return a reading's value, or why it has none."""
    return reading.absence if isinstance(reading, Absent) else reading.value


@pytest.mark.parametrize("name", GPU)
def test_every_row_of_the_catalogue_is_read_in_base_units(name: str) -> None:
    """From a sample of a working GB300 in which everything was asked for."""
    found = PROBING.interpret(raw(), None).readings
    assert told(found.numbers[name]) == READ[name]


def test_nothing_else_is_read_than_what_the_catalogue_has() -> None:
    """A reading without a row would have no meaning, no unit and no consent."""
    found = PROBING.interpret(raw(), None).readings
    assert set(found.numbers) == set(GPU) == set(READ)
    assert found.rejected == ()


def test_every_reading_is_made_by_the_one_probe_that_the_catalogue_names() -> None:
    """Each once, and by a probe of that name."""
    made = [(name, probe.name) for probe in NUMBERS for name in probe.readings]
    assert sorted(made) == sorted((row.name, row.probe) for row in GPU.values())


def test_every_probe_needs_one_consent() -> None:
    """It runs or it does not; and it asks for no family that needs more than itself."""
    for probe in NUMBERS:
        consents = {GPU[name].consent for name in probe.readings}
        families = {FAMILY[part.family].consent for part in probe.parts}
        assert len(consents) == 1
        assert families <= consents | {"capacity"}


def test_a_probe_reads_only_what_its_family_holds() -> None:
    """A name that the worker never sends would be absent for ever."""
    for probe in NUMBERS:
        for part in probe.parts:
            assert {number.raw for number in part.numbers} <= set(FAMILY[part.family].values)


def test_the_sample_of_these_tests_is_complete() -> None:
    """Every value of every family, and no other."""
    assert set(VALUES) == {name for family in FAMILIES for name in family.values}


@pytest.mark.parametrize("name", GPU)
def test_every_reading_has_bounds(name: str) -> None:
    """And what a healthy GPU says is within them."""
    low, high = bounds(name)
    assert low < high
    if not isinstance(READ[name], Absence):
        assert low <= READ[name] <= high


def test_the_lists_are_read() -> None:
    """Links by number, processes without names, instances with what is known of them."""
    found = PROBING.interpret(raw(), None).readings
    assert told(found.links) == tuple(NvLink(n, True, 53_125_000_000) for n in range(18))  # noqa: FBT003
    assert told(found.processes) == (Process(4_242, 190_000_000_000), Process(4_243, None))
    first, second = told(found.instances)
    assert (first.uuid, first.gpu_instance, first.compute_instance) == ("MIG-1", 1, 0)
    assert (first.memory_total_bytes, second.memory_total_bytes) == (40_000_000_000, None)
    assert told(found.fabric).mask == 0x1AA


CODES = [
    (3, Absence.UNSUPPORTED),
    (4, Absence.NO_PERMISSION),
    (10, Absence.UNOBSERVABLE),
    (13, Absence.UNSUPPORTED),
    (15, Absence.LOST),
    (16, Absence.RESET_REQUIRED),
    (25, Absence.UNSUPPORTED),
    (999, Absence.ERROR),
]


@pytest.mark.parametrize(("code", "absence"), CODES)
def test_a_code_becomes_the_reason_of_every_reading_that_rests_on_it(
    code: int, absence: Absence
) -> None:
    """Whatever the shape of the value that did not come; and nothing becomes zero."""
    refused: dict[str, Any] = dict.fromkeys(VALUES, (code, None))
    found = PROBING.interpret(raw(**refused), None).readings
    assert set(found.numbers) == set(GPU)
    assert {told(one) for one in found.numbers.values()} == {absence}
    lists = (found.fabric, found.links, found.processes, found.instances)
    assert {told(one) for one in lists} == {absence}


@pytest.mark.parametrize(("code", "absence"), CODES)
def test_a_probe_says_whether_its_reading_failed(code: int, absence: Absence) -> None:
    """What a driver does not have is no failure; other probes are not touched."""
    success = PROBING.interpret(raw(power_milliwatts=(code, None)), None).success
    assert success["power"] == (absence is Absence.UNSUPPORTED)
    assert success["temperature"]


def test_what_drivers_keep_for_root_is_no_failure() -> None:
    """The agent is not root, and a probe that always fails says nothing."""
    success = PROBING.interpret(raw(), None).success
    assert (success["ecc"], success["clocks"]) == (True, True)
    assert not PROBING.interpret(raw(ecc_mode=(4, None)), None).success["ecc"]


def test_a_value_that_the_worker_did_not_send_is_not_supported() -> None:
    """A worker of another version may know fewer."""
    sample = raw()
    values = {name: told for name, told in sample.values.items() if name != "temperature"}
    sample = type(sample)(IDENTITY, 1, values, {}, None, sample.families, sample.allowed)
    found = PROBING.interpret(sample, None).readings.numbers["temperature_celsius"]
    assert found == Absent(Absence.UNSUPPORTED, "the worker did not ask")


def test_a_probe_takes_as_long_as_the_families_it_rests_on() -> None:
    """The durations of the three that power smoothing, limits, fields and clocks come from."""
    seconds = PROBING.interpret(raw(), None).seconds
    assert seconds["clocks"] == pytest.approx(0.004)
    assert seconds["recovery_action"] == pytest.approx(0.001)
