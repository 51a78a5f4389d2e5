"""
What a worker asks the driver for: families of calls, how often, and what it calls their values.

A family is read as a whole and its values share one time.  The names are those of a raw sample
(`gpusla_agent.sources.raw.RawGpu.values`); the unit stands in the name where NVML has one of its
own, and the probes turn it into base units.  Field ids: nvml.h of CUDA 13.5.
"""

from typing import NamedTuple

from gpusla.catalogue.consent import Consent


class Family(NamedTuple):
    """
    Calls that are made together.

    period_ms: how often at most; 0 is at every pass.  valid_ms: how long its values may be shown
    after they were read, beyond which they are stale.  values: names in a raw sample.
    """

    name: str
    period_ms: int
    consent: Consent
    values: tuple[str, ...]

    @property
    def valid_ms(self) -> int:
        """Three periods: two readings may be missed before a value is stale."""
        return 3 * self.period_ms


LINKS_MAX = 18

HEALTH_FIELDS: dict[str, int] = {
    "power_milliwatts": 185,
    "power_instant_milliwatts": 186,
    "power_limit_milliwatts": 190,
    "energy_millijoules": 83,
    "recovery_action": 230,
    "memory_temperature": 82,
    "sw_power_cap_ns": 74,
    "sync_boost_ns": 76,
    "sw_thermal_slowdown_ns": 269,
    "hw_thermal_slowdown_ns": 270,
    "hw_power_brake_ns": 271,
    "ecc_corrected_volatile": 3,
    "ecc_uncorrected_volatile": 4,
    "remap_pending": 144,
    "remap_failed": 145,
    "pcie_replays": 94,
}
"""One batch at every pass."""

SLOW_FIELDS: dict[str, int] = {
    "ecc_mode": 1,
    "ecc_corrected_aggregate": 5,
    "ecc_uncorrected_aggregate": 6,
    "rows_remapped_corrected": 142,
    "rows_remapped_uncorrected": 143,
    "power_limit_requested_milliwatts": 192,
    "power_limit_default_milliwatts": 189,
    "power_limit_min_milliwatts": 187,
    "power_limit_max_milliwatts": 188,
    "power_smoothing_limited_ns": 309,
    "c2c_links": 170,
    "c2c_interrupts": 231,
    "c2c_replays": 232,
    "c2c_replays_back_to_back": 233,
    "c2c_power_state": 234,
    "pcie_correctable_errors": 173,
    "pcie_naks_received": 174,
    "pcie_receiver_errors": 175,
    "pcie_bad_tlps": 176,
    "pcie_naks_sent": 177,
    "pcie_bad_dllps": 178,
    "pcie_nonfatal_errors": 179,
    "pcie_fatal_errors": 180,
    "pcie_unsupported_requests": 181,
    "pcie_lcrc_errors": 182,
    "pcie_lane_errors": 183,
}
"""One batch with scope 0; `module_power_milliwatts` is field 186 and
`module_power_limit_milliwatts` field 190 with scope 1, in the same batch; `c2c_links_active`
counts field 171 over the links."""

LINK_FIELDS: dict[str, int] = {"state": 165, "speed_megabytes_per_second": 164}
LINK_BYTES_FIELDS: dict[str, int] = {"tx_bytes": 202, "rx_bytes": 204}
LINK_ERROR_FIELDS: dict[str, int] = {
    "malformed_packets": 206,
    "buffer_overruns": 207,
    "rx_errors": 208,
    "rx_remote_errors": 209,
    "rx_general_errors": 210,
    "integrity_errors": 211,
    "tx_discards": 212,
    "recoveries_successful": 213,
    "recoveries_failed": 214,
    "recoveries": 215,
    "effective_errors": 219,
    "effective_ber": 220,
    "symbol_errors": 221,
    "symbol_ber": 222,
}
"""Per link, in the field's scope.  In a raw sample the three families of links have one value each,
`links`, `link_bytes` and `link_errors`: a list by link number of maps from these names to
[code, value], as short as the GPU has links."""

GPM_METRICS: dict[str, int] = {
    "graphics_percent": 1,
    "sm_percent": 2,
    "sm_occupancy_percent": 3,
    "integer_percent": 4,
    "tensor_percent": 5,
    "dram_percent": 10,
    "fp64_percent": 11,
    "fp32_percent": 12,
    "fp16_percent": 13,
    "pcie_tx_mebibytes_per_second": 20,
    "pcie_rx_mebibytes_per_second": 21,
    "nvlink_rx_mebibytes_per_second": 60,
    "nvlink_tx_mebibytes_per_second": 61,
}
"""In a raw sample with the prefix `gpm_`; over the time between two passes."""

GPM_COUNTERS: dict[str, int] = {
    "sm_cycles_elapsed": 248,
    "sm_cycles_active": 249,
    "tensor_cycles_active": 250,
}
"""Counters since boot, where the driver has them; prefix `gpm_`.  nvml.h gives them no unit beyond
their names: cycles, which only compare with each other."""

FAMILIES: tuple[Family, ...] = (
    Family("health_fields", 0, Consent.CAPACITY, tuple(HEALTH_FIELDS)),
    Family("temperature", 0, Consent.CAPACITY, ("temperature", "temperature_margin")),
    Family(
        "clocks",
        0,
        Consent.CAPACITY,
        ("sm_clock_megahertz", "memory_clock_megahertz", "clock_event_reasons"),
    ),
    Family("memory", 0, Consent.CAPACITY, ("memory_total_bytes", "memory_reserved_bytes")),
    Family("fabric", 0, Consent.CAPACITY, ("fabric",)),
    Family(
        "utilization",
        0,
        Consent.ACTIVITY,
        ("utilization_percent", "memory_utilization_percent"),
    ),
    Family("memory_use", 0, Consent.ACTIVITY, ("memory_used_bytes", "memory_free_bytes")),
    Family(
        "gpm",
        0,
        Consent.ACTIVITY,
        tuple(f"gpm_{name}" for name in (*GPM_METRICS, *GPM_COUNTERS)),
    ),
    Family("links", 10_000, Consent.CAPACITY, ("links",)),
    Family("link_bytes", 10_000, Consent.ACTIVITY, ("link_bytes",)),
    Family("link_errors", 15_000, Consent.CAPACITY, ("link_errors",)),
    Family(
        "slow_fields",
        10_000,
        Consent.CAPACITY,
        (
            *SLOW_FIELDS,
            "module_power_milliwatts",
            "module_power_limit_milliwatts",
            "c2c_links_active",
        ),
    ),
    Family(
        "pcie",
        10_000,
        Consent.CAPACITY,
        ("pcie_generation", "pcie_generation_max", "pcie_width", "pcie_width_max"),
    ),
    Family("pcie_bytes", 10_000, Consent.ACTIVITY, ("pcie_tx_bytes", "pcie_rx_bytes")),
    Family(
        "repair",
        60_000,
        Consent.CAPACITY,
        (
            "remap_banks",  # a list: banks with max, high, partial, low and no spare rows left
            "sram_threshold_exceeded",
            "unrepairable_memory",
            "channel_repair_pending",
            "tpc_repair_pending",
        ),
    ),
    Family(
        "limits",
        60_000,
        Consent.CAPACITY,
        (
            "sm_clock_max_megahertz",
            "memory_clock_max_megahertz",
            "temperature_slowdown_margin",
            "temperature_shutdown_margin",
            "mig_mode",
            "confidential_computing_ready",
        ),
    ),
    Family("instances", 60_000, Consent.CAPACITY, ("instances",)),
    Family("processes", 10_000, Consent.PROCESSES, ("processes",)),
)
"""`instances` is a list of [uuid, GPU instance id, compute instance id, total bytes or None];
`processes` a list of [pid, bytes or None].  Process names are read by the agent, not the worker,
and only with the consent `job_names`."""

FAMILY = {family.name: family for family in FAMILIES}
