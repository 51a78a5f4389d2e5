"""
Probes: from the driver's words on one GPU to readings, one family a file.

A probe is a pure function of a raw sample.  `NUMBERS` names all that make numbers; `identity`,
`presence`, `fabric` and `xid` fill the other fields of a pass.  `PROBING` is all of them, as a
source takes them.
"""

from gpusla.readings import Absence, Fabric, GpuReadings, Present, Reading
from gpusla_agent.probes import (
    clocks,
    fabric,
    identity,
    memory,
    power,
    presence,
    recovery_action,
    temperature,
    utilization,
    xid,
)
from gpusla_agent.probes.probe import Probe
from gpusla_agent.sources.raw import Interpreted, Probing, RawGpu

NUMBERS: tuple[Probe, ...] = (
    power.PROBE,
    temperature.PROBE,
    clocks.PROBE,
    memory.PROBE,
    utilization.PROBE,
    recovery_action.PROBE,
)

_HARMLESS = {Absence.UNSUPPORTED}
"""What a driver does not have is no error of a probe."""


def interpret(raw: RawGpu, before: GpuReadings | None = None) -> Interpreted:  # noqa: ARG001
    """Return all readings of one GPU, and how each probe fared."""
    answered = presence.read(raw)
    numbers: dict[str, Reading] = {}
    success: dict[str, bool] = {"presence": answered is None}
    seconds: dict[str, float] = {"presence": 0.0}
    for probe in NUMBERS:
        found = {} if raw.silent else probe.read(raw)
        numbers.update(found)
        success[probe.name] = raw.silent is None and all(map(_is_fine, found.values()))
        seconds[probe.name] = raw.seconds.get(probe.family, 0.0)
    place = fabric.read(raw)
    success["fabric"] = _is_fine(place)
    seconds["fabric"] = raw.seconds.get("fabric", 0.0)
    readings = GpuReadings(raw.identity, raw.at_mono_ms, numbers, place, answered)
    return Interpreted(readings, success, seconds)


def _is_fine(reading: Reading | Present[Fabric]) -> bool:
    return isinstance(reading, Present) or reading.absence in _HARMLESS


PROBING = Probing(identity.read, interpret, xid.read)
