"""
Every reading by name: which probe makes it, in which unit, and what it says.

The names are the keys of `gpusla.readings.GpuReadings.numbers`, `HostReadings.numbers` and
`NetworkPort.numbers`.  Units are base units; a name without one is a code, a count or a flag.
`is_counter` readings never go down while the driver stays loaded; one that does is rejected.
"""

from dataclasses import dataclass
from enum import StrEnum


class Consent(StrEnum):
    """
    What a contract must have agreed to before a reading may be taken at all.

    capacity: always; it is what the contract is about.
    """

    CAPACITY = "capacity"
    ACTIVITY = "activity"
    PROCESSES = "processes"
    JOB_NAMES = "job_names"


@dataclass(frozen=True, slots=True)
class ReadingRow:
    """One reading; probe: the family of readings that it is made with."""

    name: str
    probe: str
    consent: Consent
    meaning: str
    is_counter: bool = False


def _rows(probe: str, consent: str, *rows: tuple[str, str] | tuple[str, str, bool]) -> list[ReadingRow]:
    return [ReadingRow(row[0], probe, Consent(consent), row[1], len(row) > 2) for row in rows]  # noqa: PLR2004


C = True

GPU: dict[str, ReadingRow] = {row.name: row for row in (
    *_rows("recovery_action", "capacity",
        ("recovery_action", "What the driver asks for before the GPU can be used; 0 is nothing."),
    ),
    *_rows("power", "capacity",
        ("power_watts", "Power draw of the GPU, one second mean."),
        ("power_instant_watts", "Power draw of the GPU at the instant."),
        ("power_limit_watts", "Power limit that the driver enforces."),
        ("power_limit_requested_watts", "Power limit that software asked for."),
        ("power_limit_default_watts", "Power limit after a reboot."),
        ("power_limit_min_watts", "Lowest power limit that can be set."),
        ("power_limit_max_watts", "Highest power limit that can be set."),
        ("module_power_watts", "Power draw of the superchip that the GPU is on; both its GPUs read the same."),
        ("module_power_limit_watts", "Power limit of the superchip."),
    ),
    *_rows("energy", "capacity",
        ("energy_joules", "Energy since the driver was loaded.", C),
    ),
    *_rows("temperature", "capacity",
        ("temperature_celsius", "Temperature of the GPU."),
        ("temperature_margin_celsius", "Distance to the temperature at which the GPU slows down."),
        ("memory_temperature_celsius", "Temperature of the memory."),
        ("temperature_slowdown_margin_celsius", "Margin at which the hardware slows down."),
        ("temperature_shutdown_margin_celsius", "Margin at which the hardware shuts down."),
    ),
    *_rows("clocks", "capacity",
        ("sm_clock_hertz", "Clock of the multiprocessors."),
        ("sm_clock_max_hertz", "Highest clock of the multiprocessors."),
        ("memory_clock_hertz", "Clock of the memory."),
        ("memory_clock_max_hertz", "Highest clock of the memory."),
        ("clock_event_reasons", "Bit mask of why clocks are not higher (nvml.h)."),
        ("sw_power_cap_seconds", "Time slowed by the software power limit.", C),
        ("sync_boost_seconds", "Time slowed to stay in step with other GPUs.", C),
        ("sw_thermal_slowdown_seconds", "Time slowed by software because of heat.", C),
        ("hw_thermal_slowdown_seconds", "Time slowed by hardware because of heat.", C),
        ("hw_power_brake_seconds", "Time slowed at an external power signal.", C),
        ("power_smoothing_seconds", "Time limited by power smoothing.", C),
    ),
    *_rows("memory", "capacity",
        ("memory_total_bytes", "Memory that the GPU has."),
        ("memory_reserved_bytes", "Memory that the driver keeps for itself."),
    ),
    *_rows("memory_use", "activity",
        ("memory_used_bytes", "Memory in use."),
        ("memory_free_bytes", "Memory not in use."),
    ),
    *_rows("utilization", "activity",
        ("utilization_ratio", "Share of the last sampling window in which a kernel ran."),
        ("memory_utilization_ratio", "Share of it in which memory was read or written."),
    ),
    *_rows("gpm", "activity",
        ("graphics_active_ratio", "Share of the time in which the graphics or compute engine was busy."),
        ("sm_active_ratio", "Share of cycles in which a multiprocessor had work, mean over all."),
        ("sm_occupancy_ratio", "Share of the warps that a multiprocessor could hold."),
        ("integer_active_ratio", "Share of cycles in which the integer pipe was active."),
        ("tensor_active_ratio", "Share of cycles in which any tensor pipe was active."),
        ("dram_active_ratio", "Share of cycles in which memory was transferring."),
        ("fp64_active_ratio", "Share of cycles in which the FP64 pipe was active."),
        ("fp32_active_ratio", "Share of cycles in which the FP32 pipe was active."),
        ("fp16_active_ratio", "Share of cycles in which the FP16 pipe was active."),
        ("pcie_tx_bytes_per_second", "PCIe bytes sent a second."),
        ("pcie_rx_bytes_per_second", "PCIe bytes received a second."),
        ("nvlink_tx_bytes_per_second", "NVLink bytes sent a second."),
        ("nvlink_rx_bytes_per_second", "NVLink bytes received a second."),
        ("sm_cycles_elapsed", "Cycles of the multiprocessors since boot.", C),
        ("sm_cycles_active", "Of these, cycles with work.", C),
        ("tensor_cycles_active", "Of these, cycles with an active tensor pipe.", C),
    ),
    *_rows("ecc", "capacity",
        ("ecc_mode", "1 if ECC is on."),
        ("ecc_corrected_volatile", "Corrected memory errors since the driver was loaded.", C),
        ("ecc_uncorrected_volatile", "Uncorrected memory errors since the driver was loaded.", C),
        ("ecc_corrected_aggregate", "Corrected memory errors of the GPU's life.", C),
        ("ecc_uncorrected_aggregate", "Uncorrected memory errors of the GPU's life.", C),
        ("sram_threshold_exceeded", "1 if uncorrected SRAM errors are over the driver's threshold."),
        ("unrepairable_memory", "1 if the memory cannot be repaired any more."),
        ("channel_repair_pending", "1 if a memory channel is repaired at the next reset."),
        ("tpc_repair_pending", "1 if a processing cluster is repaired at the next reset."),
    ),
    *_rows("row_remap", "capacity",
        ("rows_remapped_corrected", "Memory rows remapped after corrected errors.", C),
        ("rows_remapped_uncorrected", "Memory rows remapped after uncorrected errors.", C),
        ("remap_pending", "1 if a row is remapped at the next reset."),
        ("remap_failed", "1 if a row could not be remapped."),
        ("remap_banks_max", "Memory banks with all spare rows left."),
        ("remap_banks_high", "Memory banks with many spare rows left."),
        ("remap_banks_partial", "Memory banks with some spare rows left."),
        ("remap_banks_low", "Memory banks with few spare rows left."),
        ("remap_banks_none", "Memory banks without spare rows."),
    ),
    *_rows("nvlink", "capacity",
        ("nvlink_links", "NVLinks that the GPU has."),
        ("nvlink_links_active", "NVLinks that are active."),
        ("nvlink_speed_min_bytes_per_second", "Speed of the slowest active NVLink, each direction."),
    ),
    *_rows("nvlink_bytes", "activity",
        ("nvlink_tx_bytes", "Bytes sent over all NVLinks.", C),
        ("nvlink_rx_bytes", "Bytes received over all NVLinks.", C),
    ),
    *_rows("nvlink_errors", "capacity",
        ("nvlink_packet_errors", "Malformed, overrun, damaged and discarded packets of all NVLinks.", C),
        ("nvlink_symbol_errors", "Symbol errors of all NVLinks.", C),
        ("nvlink_effective_errors", "Errors that remained after correction, of all NVLinks.", C),
        ("nvlink_recoveries", "Link recoveries of all NVLinks that succeeded.", C),
        ("nvlink_recoveries_failed", "Link recoveries of all NVLinks that failed.", C),
        ("nvlink_effective_ber_max_ratio", "Worst bit error rate after correction among the NVLinks."),
        ("nvlink_symbol_ber_max_ratio", "Worst symbol error rate among the NVLinks."),
    ),
    *_rows("c2c", "capacity",
        ("c2c_links", "Links between GPU and CPU of the superchip."),
        ("c2c_links_active", "Of these, links that are up."),
        ("c2c_errors", "Interrupts of these links for errors.", C),
        ("c2c_replays", "Replays on these links.", C),
    ),
    *_rows("pcie", "capacity",
        ("pcie_generation", "PCIe generation of the link now."),
        ("pcie_generation_max", "PCIe generation that GPU and port can have."),
        ("pcie_width", "PCIe lanes of the link now."),
        ("pcie_width_max", "PCIe lanes that GPU and port can have."),
    ),
    *_rows("pcie_errors", "capacity",
        ("pcie_replays", "PCIe retries.", C),
        ("pcie_correctable_errors", "Correctable PCIe errors.", C),
        ("pcie_nonfatal_errors", "PCIe errors that were not fatal.", C),
        ("pcie_fatal_errors", "Fatal PCIe errors.", C),
    ),
    *_rows("pcie_bytes", "activity",
        ("pcie_tx_bytes", "PCIe bytes sent.", C),
        ("pcie_rx_bytes", "PCIe bytes received.", C),
    ),
    *_rows("mig", "capacity",
        ("mig_mode", "1 if the GPU is divided into MIG instances."),
        ("mig_instances", "MIG instances that exist."),
    ),
    *_rows("processes", "processes",
        ("processes", "Compute processes on the GPU."),
    ),
    *_rows("confidential_computing", "capacity",
        ("confidential_computing_ready", "0 if the GPUs refuse work until an operator lets them; absent where the mode is off."),
    ),
)}
"""By name; what a GPU says of itself."""

HOST: dict[str, ReadingRow] = {row.name: row for row in (
    *_rows("cpu", "capacity",
        ("cpus", "Processors of the node."),
    ),
    *_rows("cpu_use", "activity",
        ("cpu_busy_seconds", "Processor seconds not idle since boot, all processors.", C),
    ),
    *_rows("host_memory", "capacity",
        ("host_memory_total_bytes", "Memory of the node."),
    ),
    *_rows("host_memory_use", "activity",
        ("host_memory_available_bytes", "Memory of the node that programs could have."),
    ),
    *_rows("clock", "capacity",
        ("clock_synchronised", "1 if somebody keeps the node's clock right."),
        ("clock_offset_seconds", "What the kernel is still correcting the clock by."),
        ("clock_error_max_seconds", "How far the clock may be off."),
    ),
    *_rows("imex", "capacity",
        ("imex_state", "The IMEX domain: 0 down, 1 degraded, 2 up."),
        ("imex_nodes", "Nodes of the IMEX domain."),
        ("imex_nodes_ready", "Of these, nodes whose daemon is ready."),
    ),
)}
"""By name; what the node says of itself."""

PORT: dict[str, ReadingRow] = {row.name: row for row in (
    *_rows("network", "capacity",
        ("link_up", "1 if the port's link is active."),
        ("rate_bytes_per_second", "Rate of the port's link."),
        ("errors", "Symbol errors, link failures and receive errors of the port.", C),
        ("link_downs", "Times the port's link went down.", C),
    ),
    *_rows("network_bytes", "activity",
        ("tx_bytes", "Bytes sent.", C),
        ("rx_bytes", "Bytes received.", C),
    ),
)}
"""By name; what a port of a network adapter says of itself."""
