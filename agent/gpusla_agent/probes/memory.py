"""
Memory: what the GPU has, and what of it is in use.

Two probes in one file, as one call of the driver gives both; they are apart because what a GPU has
is always told and what is in use only where it was agreed.
"""

from gpusla_agent.probes.probe import Number, Part, Probe

PROBE = Probe(
    "memory",
    (
        Part(
            "memory",
            (
                Number("memory_total_bytes", "memory_total_bytes"),
                Number("memory_reserved_bytes", "memory_reserved_bytes"),
            ),
        ),
    ),
)
USE = Probe(
    "memory_use",
    (
        Part(
            "memory_use",
            (
                Number("memory_used_bytes", "memory_used_bytes"),
                Number("memory_free_bytes", "memory_free_bytes"),
            ),
        ),
    ),
)
