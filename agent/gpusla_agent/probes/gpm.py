"""
What parts of the GPU did between two passes, by the GPU's own performance monitors.

Percent of the driver are ratios of ours, and MiB a second are bytes a second.  The cycle counters
count since boot, where the driver has them: their mean over any window is exact.
"""

from gpusla_agent.probes.probe import Number, Part, Probe

_MEBI = 1_048_576

RATIOS = {
    "graphics_active_ratio": "graphics",
    "sm_active_ratio": "sm",
    "sm_occupancy_ratio": "sm_occupancy",
    "integer_active_ratio": "integer",
    "tensor_active_ratio": "tensor",
    "dram_active_ratio": "dram",
    "fp64_active_ratio": "fp64",
    "fp32_active_ratio": "fp32",
    "fp16_active_ratio": "fp16",
}
_RATES = ("pcie_tx", "pcie_rx", "nvlink_tx", "nvlink_rx")
_COUNTERS = ("sm_cycles_elapsed", "sm_cycles_active", "tensor_cycles_active")

PROBE = Probe(
    "gpm",
    (
        Part(
            "gpm",
            (
                *(Number(name, f"gpm_{raw}_percent", per=100) for name, raw in RATIOS.items()),
                *(
                    Number(
                        f"{name}_bytes_per_second",
                        f"gpm_{name}_mebibytes_per_second",
                        times=_MEBI,
                    )
                    for name in _RATES
                ),
                *(Number(name, f"gpm_{name}") for name in _COUNTERS),
            ),
        ),
    ),
)
