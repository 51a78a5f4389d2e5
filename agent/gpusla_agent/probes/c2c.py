"""The links between GPU and CPU of a superchip."""

from gpusla_agent.probes.probe import Number, Part, Probe

PROBE = Probe(
    "c2c",
    (
        Part(
            "slow_fields",
            (
                Number("c2c_links", "c2c_links"),
                Number("c2c_links_active", "c2c_links_active"),
                Number("c2c_errors", "c2c_interrupts"),
                Number("c2c_replays", "c2c_replays"),
            ),
        ),
    ),
)
