"""Memory: what the GPU has and what of it is in use."""

from gpusla.readings import Reading
from gpusla_agent.probes.probe import Probe, number
from gpusla_agent.sources.raw import RawGpu


def _read(raw: RawGpu) -> dict[str, Reading]:
    names = ("memory_total_bytes", "memory_used_bytes")
    return {name: number(raw, name) for name in names}


PROBE = Probe("memory", "memory", _read)
