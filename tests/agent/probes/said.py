"""What a healthy GB300's driver says, family by family, for tests that change a word of it."""

from typing import Any

from gpusla.catalogue.readings import Consent
from gpusla.identity import GpuUuid
from gpusla.readings import Identity
from gpusla_agent.sources.families import FAMILIES, FAMILY
from gpusla_agent.sources.raw import RawGpu

IDENTITY = Identity(GpuUuid("GPU-1"), 0, "NVIDIA GB300")
EVERYTHING = frozenset(Consent)
EVERY_FAMILY = frozenset(FAMILY)
FAST = frozenset(family.name for family in FAMILIES if not family.period_ms)

LINK = {"state": (0, 1), "speed_megabytes_per_second": (0, 53_125)}
LINK_BYTES = {"tx_bytes": (0, 1_000), "rx_bytes": (0, 2_000)}
LINK_ERRORS = {
    "malformed_packets": (0, 1),
    "buffer_overruns": (0, 2),
    "rx_errors": (0, 3),
    "rx_remote_errors": (0, 4),
    "rx_general_errors": (0, 5),
    "integrity_errors": (0, 100),
    "tx_discards": (0, 6),
    "recoveries_successful": (0, 7),
    "recoveries_failed": (0, 8),
    "recoveries": (0, 15),
    "effective_errors": (0, 9),
    "effective_ber": (0, 0x50F),
    "symbol_errors": (0, 10),
    "symbol_ber": (0, 0x308),
}

VALUES: dict[str, tuple[int, Any]] = {
    # health_fields
    "power_milliwatts": (0, 900_500),
    "power_instant_milliwatts": (0, 910_001),
    "power_limit_milliwatts": (0, 1_400_000),
    "energy_millijoules": (0, 123_456_789),
    "recovery_action": (0, 0),
    "memory_temperature": (0, 60),
    "sw_power_cap_ns": (0, 1_500_000_000),
    "sync_boost_ns": (0, 0),
    "sw_thermal_slowdown_ns": (0, 250_000_000),
    "hw_thermal_slowdown_ns": (0, 1),
    "hw_power_brake_ns": (0, 2_000_000_000),
    "ecc_corrected_volatile": (0, 11),
    "ecc_uncorrected_volatile": (0, 1),
    "remap_pending": (0, 0),
    "remap_failed": (0, 0),
    "pcie_replays": (0, 3),
    # temperature, clocks, memory, fabric
    "temperature": (0, 71),
    "temperature_margin": (0, 16),
    "sm_clock_megahertz": (0, 1_920),
    "memory_clock_megahertz": (0, 3_996),
    "clock_event_reasons": (0, 4),
    "memory_total_bytes": (0, 298_013_687_808),
    "memory_reserved_bytes": (0, 993_001_472),
    "fabric": (0, [3, 0, "ab" * 16, 32_766, 0x1AA, 1]),
    # utilization, memory_use, gpm
    "utilization_percent": (0, 97),
    "memory_utilization_percent": (0, 41),
    "memory_used_bytes": (0, 200_000_000_000),
    "memory_free_bytes": (0, 97_020_686_336),
    "gpm_graphics_percent": (0, 96.5),
    "gpm_sm_percent": (0, 90.25),
    "gpm_sm_occupancy_percent": (0, 50.0),
    "gpm_integer_percent": (0, 12.5),
    "gpm_tensor_percent": (0, 62.5),
    "gpm_dram_percent": (0, 25.0),
    "gpm_fp64_percent": (0, 0.0),
    "gpm_fp32_percent": (0, 6.25),
    "gpm_fp16_percent": (0, 3.125),
    "gpm_pcie_tx_mebibytes_per_second": (0, 2.0),
    "gpm_pcie_rx_mebibytes_per_second": (0, 3.0),
    "gpm_nvlink_rx_mebibytes_per_second": (0, 5.0),
    "gpm_nvlink_tx_mebibytes_per_second": (0, 4.0),
    "gpm_sm_cycles_elapsed": (0, 9_000),
    "gpm_sm_cycles_active": (0, 8_000),
    "gpm_tensor_cycles_active": (0, 5_000),
    # links, link_bytes, link_errors
    "links": (0, [LINK] * 18),
    "link_bytes": (0, [LINK_BYTES] * 18),
    "link_errors": (0, [LINK_ERRORS] * 18),
    # slow_fields
    "ecc_mode": (0, 1),
    "ecc_corrected_aggregate": (0, 12),
    "ecc_uncorrected_aggregate": (0, 2),
    "rows_remapped_corrected": (0, 4),
    "rows_remapped_uncorrected": (0, 5),
    "power_limit_requested_milliwatts": (0, 1_390_000),
    "power_limit_default_milliwatts": (0, 1_400_000),
    "power_limit_min_milliwatts": (0, 200_000),
    "power_limit_max_milliwatts": (0, 1_400_000),
    "module_power_milliwatts": (0, 2_100_250),
    "module_power_limit_milliwatts": (0, 2_900_000),
    "power_smoothing_limited_ns": (4, None),
    "c2c_links": (0, 14),
    "c2c_links_active": (0, 14),
    "c2c_interrupts": (0, 1),
    "c2c_replays": (0, 2),
    "c2c_replays_back_to_back": (0, 1),
    "c2c_power_state": (0, 0),
    "pcie_correctable_errors": (0, 5),
    "pcie_naks_received": (0, 1),
    "pcie_receiver_errors": (0, 1),
    "pcie_bad_tlps": (0, 1),
    "pcie_naks_sent": (0, 1),
    "pcie_bad_dllps": (0, 1),
    "pcie_nonfatal_errors": (0, 6),
    "pcie_fatal_errors": (0, 7),
    "pcie_unsupported_requests": (0, 1),
    "pcie_lcrc_errors": (0, 1),
    "pcie_lane_errors": (0, 1),
    # pcie, pcie_bytes
    "pcie_generation": (0, 6),
    "pcie_generation_max": (0, 6),
    "pcie_width": (0, 16),
    "pcie_width_max": (0, 16),
    "pcie_tx_bytes": (0, 70_000),
    "pcie_rx_bytes": (0, 80_000),
    # repair
    "remap_banks": (0, [5_950, 1, 1, 0, 0]),
    "sram_threshold_exceeded": (4, None),
    "unrepairable_memory": (0, 0),
    "channel_repair_pending": (0, 0),
    "tpc_repair_pending": (0, 0),
    # limits
    "sm_clock_max_megahertz": (0, 2_070),
    "memory_clock_max_megahertz": (0, 3_996),
    "temperature_slowdown_margin": (0, -2),
    "temperature_shutdown_margin": (0, -5),
    "mig_mode": (0, 1),
    "confidential_computing_ready": (3, None),
    # instances, processes
    "instances": (0, [["MIG-1", 1, 0, 40_000_000_000], ["MIG-2", 2, 0, None]]),
    "processes": (0, [[4_242, 190_000_000_000], [4_243, None]]),
}


def values_of(families: frozenset[str], **changed: Any) -> dict[str, Any]:
    """Return what is said in these families, with some words changed."""
    names = [name for family in sorted(families) for name in FAMILY[family].values]
    return {name: VALUES[name] for name in names} | changed


def raw(
    families: frozenset[str] = EVERY_FAMILY,
    *,
    at_ms: int = 1_000_000,
    allowed: frozenset[Consent] = EVERYTHING,
    **changed: Any,
) -> RawGpu:
    """Return a raw sample of these families, each of which took a millisecond."""
    return RawGpu(
        IDENTITY,
        at_ms,
        values_of(families, **changed),
        dict.fromkeys(families, 0.001),
        None,
        families,
        allowed,
    )
