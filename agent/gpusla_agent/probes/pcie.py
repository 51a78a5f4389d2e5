"""
The PCIe link: how wide and fast it is, its errors, and what went over it.

Three probes in one file, as they are about one link; they are apart because they are read at
different times, and bytes only where it was agreed.
"""

from gpusla_agent.probes.probe import Number, Part, Probe


def _same(*names: str) -> tuple[Number, ...]:
    return tuple(Number(name, name) for name in names)


PROBE = Probe(
    "pcie",
    (
        Part(
            "pcie",
            _same("pcie_generation", "pcie_generation_max", "pcie_width", "pcie_width_max"),
        ),
    ),
)
ERRORS = Probe(
    "pcie_errors",
    (
        Part("health_fields", _same("pcie_replays")),
        Part(
            "slow_fields",
            _same("pcie_correctable_errors", "pcie_nonfatal_errors", "pcie_fatal_errors"),
        ),
    ),
)
BYTES = Probe("pcie_bytes", (Part("pcie_bytes", _same("pcie_tx_bytes", "pcie_rx_bytes")),))
