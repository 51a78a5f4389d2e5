"""Utilisation: the share of the driver's sampling window in which a kernel ran; percent there."""

from gpusla_agent.probes.probe import Number, Part, Probe

PROBE = Probe(
    "utilization",
    (
        Part(
            "utilization",
            (
                Number("utilization_ratio", "utilization_percent", per=100),
                Number("memory_utilization_ratio", "memory_utilization_percent", per=100),
            ),
        ),
    ),
)
