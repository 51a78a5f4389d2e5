"""Temperatures and margins to slowdown; a margin may be negative, and then it matters."""

from gpusla_agent.probes.probe import Number, Part, Probe

PROBE = Probe(
    "temperature",
    (
        Part(
            "temperature",
            (
                Number("temperature_celsius", "temperature"),
                Number("temperature_margin_celsius", "temperature_margin"),
            ),
        ),
        Part("health_fields", (Number("memory_temperature_celsius", "memory_temperature"),)),
        Part(
            "limits",
            (
                Number("temperature_slowdown_margin_celsius", "temperature_slowdown_margin"),
                Number("temperature_shutdown_margin_celsius", "temperature_shutdown_margin"),
            ),
        ),
    ),
)
