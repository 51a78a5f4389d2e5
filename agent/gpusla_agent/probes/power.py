"""Power and energy: milliwatts and millijoules of the driver, watts and joules of ours."""

from gpusla.readings import Reading
from gpusla_agent.probes.probe import Probe, number
from gpusla_agent.sources.raw import RawGpu

_MILLI = 0.001
_MILLIWATTS_MAX = 10_000_000
"""No GPU draws ten kilowatts; drivers have reported four billion."""


def _read(raw: RawGpu) -> dict[str, Reading]:
    limit = number(raw, "power_limit_milliwatts", times=_MILLI, at_most=_MILLIWATTS_MAX)
    return {
        "power_watts": number(raw, "power_milliwatts", times=_MILLI, at_most=_MILLIWATTS_MAX),
        "power_limit_watts": limit,
        "energy_joules": number(raw, "energy_millijoules", times=_MILLI),
    }


PROBE = Probe("power", "fields", _read)
