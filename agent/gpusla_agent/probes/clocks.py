"""Clocks, and why they are not higher."""

from gpusla.readings import Reading
from gpusla_agent.probes.probe import Probe, number
from gpusla_agent.sources.raw import RawGpu

_MEGA = 1_000_000
_MEGAHERTZ_MAX = 20_000


def _read(raw: RawGpu) -> dict[str, Reading]:
    return {
        "sm_clock_hertz": _clock(raw, "sm_clock_megahertz"),
        "memory_clock_hertz": _clock(raw, "memory_clock_megahertz"),
        "clock_event_reasons": number(raw, "clock_event_reasons"),
    }


def _clock(raw: RawGpu, call: str) -> Reading:
    return number(raw, call, times=_MEGA, at_most=_MEGAHERTZ_MAX)


PROBE = Probe("clocks", "clocks", _read)
