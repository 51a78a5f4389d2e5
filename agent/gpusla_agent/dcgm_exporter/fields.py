"""
DCGM's fields: the id, what we call the reading, the unit, and every name it had on a page.

DCGM 4.6 renamed some 330 fields and DCGM 4.7 gave base units new fields of their own; an id keeps
its meaning, so a row is an id.  Sources: the field lists of DCGM 4.4 to 4.7 (dcgm_fields.h and
NVIDIA's field reference), and the base-unit test of go-dcgm.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from gpusla_agent.dcgm_exporter.units import (
    BYTES,
    BYTES_PER_SECOND,
    CELSIUS,
    CODE,
    COUNT,
    FLAG,
    HERTZ,
    JOULES,
    MARGIN_CELSIUS,
    MEBIBYTES,
    MEGAHERTZ,
    MEMORY_CELSIUS,
    MILLIJOULES,
    NANOSECONDS,
    PERCENT,
    RATIO,
    SECONDS,
    WATTS,
    Unit,
)

AMBIGUOUS = "DCGM_FI_DEV_GPU_UTIL_RATIO"
"""In DCGM 4.6 the new name of field 203, which is a percentage; from 4.7 on field 1613, a ratio."""

LAST_XID = frozenset({"DCGM_FI_DEV_XID_ERRORS", "DCGM_FI_DEV_XID_ERROR"})
"""Field 230: a gauge that keeps the last Xid for ever.  Neither a count nor an event."""


@dataclass(frozen=True, slots=True)
class Field:
    """
    One field of DCGM.

    id: DCGM's own.  reading: our name; where the catalogue of readings has it, the same.
    names: on a page, oldest first, without the prefix DCGM_FI_.
    since_4_9: in a unit that dcgm-exporter 4.9 brought in.
    """

    id: int
    reading: str
    unit: Unit
    names: tuple[str, ...]
    since_4_9: bool = False


def _field(id_: int, reading: str, unit: Unit, *names: str) -> Field:
    return Field(id_, reading, unit, names)


def _new(id_: int, reading: str, unit: Unit, name: str) -> Field:
    return Field(id_, reading, unit, (name,), since_4_9=True)


_NVLINK = "DEV_NVLINK"
_EVENT_NS = "DEV_CLOCKS_EVENT_REASON"

FIELDS: tuple[Field, ...] = (
    # A reading that has two fields is taken from the first of them that is on the page.
    _new(1603, "sm_clock_hertz", HERTZ, "DEV_SM_CLOCK_HERTZ"),
    _field(100, "sm_clock_hertz", MEGAHERTZ, "DEV_SM_CLOCK"),
    _new(1604, "memory_clock_hertz", HERTZ, "DEV_MEMORY_CLOCK_HERTZ"),
    _field(101, "memory_clock_hertz", MEGAHERTZ, "DEV_MEM_CLOCK"),
    _new(1608, "sm_clock_max_hertz", HERTZ, "DEV_SM_MAX_CLOCK_HERTZ"),
    _field(113, "sm_clock_max_hertz", MEGAHERTZ, "DEV_MAX_SM_CLOCK"),
    _new(1609, "memory_clock_max_hertz", HERTZ, "DEV_MEMORY_MAX_CLOCK_HERTZ"),
    _field(114, "memory_clock_max_hertz", MEGAHERTZ, "DEV_MAX_MEM_CLOCK"),
    _field(112, "clock_event_reasons", CODE,
           "DEV_CLOCK_THROTTLE_REASONS", "DEV_CLOCKS_EVENT_REASONS"),
    _field(1420, "sw_power_cap_seconds", NANOSECONDS, f"{_EVENT_NS}_SW_POWER_CAP_NS"),
    _new(1617, "sw_power_cap_seconds", SECONDS, "DEV_GPU_POWER_THROTTLE_SECONDS_TOTAL"),
    _field(1421, "sync_boost_seconds", NANOSECONDS, f"{_EVENT_NS}_SYNC_BOOST_NS"),
    _field(1422, "sw_thermal_slowdown_seconds", NANOSECONDS, f"{_EVENT_NS}_SW_THERM_SLOWDOWN_NS"),
    _field(1423, "hw_thermal_slowdown_seconds", NANOSECONDS, f"{_EVENT_NS}_HW_THERM_SLOWDOWN_NS"),
    _field(1424, "hw_power_brake_seconds", NANOSECONDS,
           f"{_EVENT_NS}_HW_POWER_BRAKE_SLOWDOWN_NS"),
    _field(140, "memory_temperature_celsius", MEMORY_CELSIUS,
           "DEV_MEMORY_TEMP", "DEV_MEMORY_TEMP_CELSIUS"),
    _field(150, "temperature_celsius", CELSIUS, "DEV_GPU_TEMP", "DEV_GPU_TEMP_CELSIUS"),
    _field(153, "temperature_margin_celsius", MARGIN_CELSIUS,
           "DEV_GPU_TEMP_LIMIT", "DEV_GPU_TEMP_MARGIN_CELSIUS"),
    _field(155, "power_watts", WATTS, "DEV_POWER_USAGE", "DEV_BOARD_POWER_WATTS"),
    _field(157, "power_instant_watts", WATTS,
           "DEV_POWER_USAGE_INSTANT", "DEV_BOARD_POWER_RAW_WATTS"),
    _field(160, "power_limit_requested_watts", WATTS,
           "DEV_POWER_MGMT_LIMIT", "DEV_BOARD_POWER_LIMIT_REQUESTED_WATTS"),
    _field(161, "power_limit_min_watts", WATTS,
           "DEV_POWER_MGMT_LIMIT_MIN", "DEV_BOARD_POWER_LIMIT_MIN_WATTS"),
    _field(162, "power_limit_max_watts", WATTS,
           "DEV_POWER_MGMT_LIMIT_MAX", "DEV_BOARD_POWER_LIMIT_MAX_WATTS"),
    _field(163, "power_limit_default_watts", WATTS,
           "DEV_POWER_MGMT_LIMIT_DEF", "DEV_BOARD_POWER_LIMIT_DEFAULT_WATTS"),
    _field(164, "power_limit_watts", WATTS,
           "DEV_ENFORCED_POWER_LIMIT", "DEV_BOARD_POWER_LIMIT_ENFORCED_WATTS"),
    # Millijoules first: the field in joules is whole, so it is a thousand times coarser.
    _field(156, "energy_joules", MILLIJOULES, "DEV_TOTAL_ENERGY_CONSUMPTION"),
    _new(1611, "energy_joules", JOULES, "DEV_GPU_ENERGY_JOULES_TOTAL"),
    _new(1625, "memory_total_bytes", BYTES, "DEV_FB_CAPACITY_BYTES"),
    _field(250, "memory_total_bytes", MEBIBYTES, "DEV_FB_TOTAL"),
    _new(1626, "memory_free_bytes", BYTES, "DEV_FB_FREE_BYTES"),
    _field(251, "memory_free_bytes", MEBIBYTES, "DEV_FB_FREE"),
    _new(1627, "memory_used_bytes", BYTES, "DEV_FB_USED_BYTES"),
    _field(252, "memory_used_bytes", MEBIBYTES, "DEV_FB_USED"),
    _new(1628, "memory_reserved_bytes", BYTES, "DEV_FB_RESERVED_BYTES"),
    _field(253, "memory_reserved_bytes", MEBIBYTES, "DEV_FB_RESERVED"),
    _field(254, "memory_used_ratio", RATIO, "DEV_FB_USED_PERCENT", "DEV_FB_USED_RATIO"),
    _field(203, "utilization_ratio", PERCENT, "DEV_GPU_UTIL"),
    _new(1613, "utilization_ratio", RATIO, "DEV_GPU_UTIL_RATIO"),
    _field(204, "memory_utilization_ratio", PERCENT, "DEV_MEM_COPY_UTIL"),
    _new(1614, "memory_utilization_ratio", RATIO, "DEV_MEMORY_UTIL_RATIO"),
    _field(206, "encoder_utilization_ratio", PERCENT, "DEV_ENC_UTIL"),
    _new(1615, "encoder_utilization_ratio", RATIO, "DEV_ENC_UTIL_RATIO"),
    _field(207, "decoder_utilization_ratio", PERCENT, "DEV_DEC_UTIL"),
    _new(1616, "decoder_utilization_ratio", RATIO, "DEV_DEC_UTIL_RATIO"),
    _field(1001, "graphics_active_ratio", RATIO,
           "PROF_GR_ENGINE_ACTIVE", "PROF_GR_ENGINE_UTIL_RATIO"),
    _field(1002, "sm_active_ratio", RATIO, "PROF_SM_ACTIVE", "PROF_SM_UTIL_RATIO"),
    _field(1003, "sm_occupancy_ratio", RATIO, "PROF_SM_OCCUPANCY", "PROF_SM_OCCUPANCY_RATIO"),
    _field(1004, "tensor_active_ratio", RATIO,
           "PROF_PIPE_TENSOR_ACTIVE", "PROF_TENSOR_UTIL_RATIO"),
    _field(1005, "dram_active_ratio", RATIO, "PROF_DRAM_ACTIVE", "PROF_DRAM_UTIL_RATIO"),
    _field(1006, "fp64_active_ratio", RATIO, "PROF_PIPE_FP64_ACTIVE", "PROF_FP64_UTIL_RATIO"),
    _field(1007, "fp32_active_ratio", RATIO, "PROF_PIPE_FP32_ACTIVE", "PROF_FP32_UTIL_RATIO"),
    _field(1008, "fp16_active_ratio", RATIO, "PROF_PIPE_FP16_ACTIVE", "PROF_FP16_UTIL_RATIO"),
    # Rates, although the names and the help of the page read like counters.
    _field(1009, "pcie_tx_bytes_per_second", BYTES_PER_SECOND, "PROF_PCIE_TX_BYTES"),
    _field(1010, "pcie_rx_bytes_per_second", BYTES_PER_SECOND, "PROF_PCIE_RX_BYTES"),
    _field(1011, "nvlink_tx_bytes_per_second", BYTES_PER_SECOND, "PROF_NVLINK_TX_BYTES"),
    _field(1012, "nvlink_rx_bytes_per_second", BYTES_PER_SECOND, "PROF_NVLINK_RX_BYTES"),
    _field(1084, "sm_cycles_elapsed", COUNT, "PROF_SM_CYCLES_ELAPSED_TOTAL"),
    _field(1085, "sm_cycles_active", COUNT, "PROF_SM_CYCLES_ACTIVE_TOTAL"),
    _field(1091, "pcie_tx_bytes", BYTES, "PROF_PCIE_TX_BYTES_TOTAL"),
    _field(1092, "pcie_rx_bytes", BYTES, "PROF_PCIE_RX_BYTES_TOTAL"),
    _field(300, "ecc_mode", FLAG, "DEV_ECC_CURRENT", "DEV_ECC_MODE"),
    _field(310, "ecc_corrected_volatile", COUNT, "DEV_ECC_SBE_VOL_TOTAL"),
    _field(311, "ecc_uncorrected_volatile", COUNT, "DEV_ECC_DBE_VOL_TOTAL"),
    _field(312, "ecc_corrected_aggregate", COUNT, "DEV_ECC_SBE_AGG_TOTAL"),
    _field(313, "ecc_uncorrected_aggregate", COUNT, "DEV_ECC_DBE_AGG_TOTAL"),
    _field(346, "sram_threshold_exceeded", FLAG, "DEV_THRESHOLD_SRM", "DEV_SRAM_EXCEEDED"),
    _field(1507, "unrepairable_memory", FLAG,
           "DEV_MEMORY_UNREPAIRABLE_FLAG", "DEV_MEMORY_UNREPAIRABLE"),
    _field(393, "rows_remapped_uncorrected", COUNT,
           "DEV_UNCORRECTABLE_REMAPPED_ROWS", "DEV_ROW_REMAP_UNCORRECTABLE_TOTAL"),
    _field(394, "rows_remapped_corrected", COUNT,
           "DEV_CORRECTABLE_REMAPPED_ROWS", "DEV_ROW_REMAP_CORRECTABLE_TOTAL"),
    _field(395, "remap_failed", FLAG, "DEV_ROW_REMAP_FAILURE", "DEV_ROW_REMAP_FAILED"),
    _field(396, "remap_pending", FLAG, "DEV_ROW_REMAP_PENDING"),
    _field(385, "remap_banks_max", COUNT,
           "DEV_BANKS_REMAP_ROWS_AVAIL_MAX", "DEV_BANK_REMAP_AVAIL_MAX"),
    _field(386, "remap_banks_high", COUNT,
           "DEV_BANKS_REMAP_ROWS_AVAIL_HIGH", "DEV_BANK_REMAP_AVAIL_HIGH"),
    _field(387, "remap_banks_partial", COUNT,
           "DEV_BANKS_REMAP_ROWS_AVAIL_PARTIAL", "DEV_BANK_REMAP_AVAIL_PARTIAL"),
    _field(388, "remap_banks_low", COUNT,
           "DEV_BANKS_REMAP_ROWS_AVAIL_LOW", "DEV_BANK_REMAP_AVAIL_LOW"),
    _field(389, "remap_banks_none", COUNT,
           "DEV_BANKS_REMAP_ROWS_AVAIL_NONE", "DEV_BANK_REMAP_AVAIL_NONE"),
    _field(202, "pcie_replays", COUNT, "DEV_PCIE_REPLAY_COUNTER", "DEV_PCIE_REPLAY_TOTAL"),
    _field(235, "pcie_generation_max", COUNT, "DEV_PCIE_MAX_LINK_GEN"),
    _field(236, "pcie_width_max", COUNT, "DEV_PCIE_MAX_LINK_WIDTH"),
    _field(237, "pcie_generation", COUNT, "DEV_PCIE_LINK_GEN"),
    _field(238, "pcie_width", COUNT, "DEV_PCIE_LINK_WIDTH"),
    _field(1501, "pcie_correctable_errors", COUNT,
           "DEV_PCIE_COUNT_CORRECTABLE_ERRORS", "DEV_PCIE_CORRECTABLE_ERROR_TOTAL"),
    _field(1201, "nvlink_tx_bytes", BYTES,
           f"{_NVLINK}_COUNT_TX_BYTES", f"{_NVLINK}_TX_BYTES_TOTAL"),
    _field(1203, "nvlink_rx_bytes", BYTES,
           f"{_NVLINK}_COUNT_RX_BYTES", f"{_NVLINK}_RX_BYTES_TOTAL"),
    _field(1211, "nvlink_recoveries", COUNT,
           f"{_NVLINK}_COUNT_LINK_RECOVERY_SUCCESSFUL_EVENTS",
           f"{_NVLINK}_RECOVERY_SUCCESSFUL_TOTAL"),
    _field(1212, "nvlink_recoveries_failed", COUNT,
           f"{_NVLINK}_COUNT_LINK_RECOVERY_FAILED_EVENTS", f"{_NVLINK}_RECOVERY_FAILED_TOTAL"),
    _field(1214, "nvlink_symbol_errors", COUNT,
           f"{_NVLINK}_COUNT_RX_SYMBOL_ERRORS", f"{_NVLINK}_RX_SYMBOL_ERROR_TOTAL"),
    _field(1219, "nvlink_effective_errors", COUNT,
           f"{_NVLINK}_COUNT_EFFECTIVE_ERRORS", f"{_NVLINK}_EFFECTIVE_ERROR_TOTAL"),
    _field(285, "c2c_links", COUNT, "DEV_C2C_LINK_COUNT", "DEV_C2C_LINK_QUANTITY"),
    _field(67, "mig_mode", FLAG, "DEV_MIG_MODE"),
    _field(1523, "recovery_action", CODE,
           "DEV_GET_GPU_RECOVERY_ACTION", "DEV_GPU_RECOVERY_ACTION"),
)  # fmt: skip

BY_NAME: Mapping[str, Field] = {
    f"DCGM_FI_{name}": field for field in FIELDS for name in field.names
}

OLD_UNITS = frozenset({MEGAHERTZ, MILLIJOULES, PERCENT, MEBIBYTES})
"""Units that dcgm-exporter 4.9 left behind."""

FIRST_OF_DCGM_4_7 = 1614
"""No DCGM before 4.7 has this field or a later one; where one is on the page, AMBIGUOUS is 1613."""

NOT_TAKEN: Mapping[str, str] = {
    f"DCGM_FI_{name}": why
    for why, names in {
        "printed with six decimals, a bit error rate reads 0": (
            "DEV_NVLINK_COUNT_EFFECTIVE_BER", "DEV_NVLINK_EFFECTIVE_BER_RAW",
            "DEV_NVLINK_COUNT_EFFECTIVE_BER_FLOAT", "DEV_NVLINK_EFFECTIVE_BER_RATIO",
            "DEV_NVLINK_COUNT_SYMBOL_BER", "DEV_NVLINK_SYMBOL_BER_RAW",
            "DEV_NVLINK_COUNT_SYMBOL_BER_FLOAT", "DEV_NVLINK_SYMBOL_BER_RATIO",
        ),
        "both directions in one, and told in MB/s, KB/s and as a counter": (
            "DEV_NVLINK_BANDWIDTH_TOTAL", "DEV_NVLINK_THROUGHPUT_TOTAL",
            "DEV_NVLINK_THROUGHPUT_BYTES_PER_SECOND",
        ),
        "microseconds to some versions and nanoseconds to others": (
            "DEV_POWER_VIOLATION", "DEV_THERMAL_VIOLATION", "DEV_SYNC_BOOST_VIOLATION",
            "DEV_BOARD_LIMIT_VIOLATION", "DEV_LOW_UTIL_VIOLATION", "DEV_RELIABILITY_VIOLATION",
        ),
        "says nothing of the GPU": ("DEV_VGPU_LICENSE_STATUS",),
    }.items()
    for name in names
} | dict.fromkeys(
    ("DCGM_EXP_XID_ERRORS_COUNT", "DCGM_EXP_XID_ERRORS_TOTAL"),
    "counts since the exporter started, or in a window of it",
)  # fmt: skip
"""Families that are known and left alone, and why."""
