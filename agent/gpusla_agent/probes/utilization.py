"""Utilisation: the share of the driver's sampling window in which a kernel ran."""

from gpusla.readings import Reading
from gpusla_agent.probes.probe import Probe, number
from gpusla_agent.sources.raw import RawGpu

_PERCENT_MAX = 100
"""Drivers have reported 4.29e9 here."""


def _read(raw: RawGpu) -> dict[str, Reading]:
    busy = number(raw, "utilization_percent", times=0.01, at_most=_PERCENT_MAX)
    return {"utilization_ratio": busy}


PROBE = Probe("utilization", "utilization", _read)
