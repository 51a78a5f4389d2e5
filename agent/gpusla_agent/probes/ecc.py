"""Memory errors that were corrected or not, and what the memory's own repair says of it."""

from gpusla_agent.probes.probe import Number, Part, Probe


def _same(*names: str) -> tuple[Number, ...]:
    return tuple(Number(name, name) for name in names)


PROBE = Probe(
    "ecc",
    (
        Part("health_fields", _same("ecc_corrected_volatile", "ecc_uncorrected_volatile")),
        Part(
            "slow_fields", _same("ecc_mode", "ecc_corrected_aggregate", "ecc_uncorrected_aggregate")
        ),
        Part(
            "repair",
            _same(
                "sram_threshold_exceeded",
                "unrepairable_memory",
                "channel_repair_pending",
                "tpc_repair_pending",
            ),
        ),
    ),
)
