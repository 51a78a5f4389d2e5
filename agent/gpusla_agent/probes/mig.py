"""Whether a GPU is divided, and into which instances."""

from collections.abc import Mapping
from typing import Any

from gpusla.identity import GpuUuid
from gpusla.readings import Absent, MigInstance, Present
from gpusla_agent.probes.probe import MALFORMED, Found, Number, Part, Probe, said
from gpusla_agent.probes.whole import is_bytes, is_whole


def instances(values: Mapping[str, Any]) -> Present[tuple[MigInstance, ...]] | Absent:
    """Return the instances of a GPU, in the driver's order."""
    found = said(values.get("instances"))
    if isinstance(found, Absent):
        return found
    if not isinstance(found, list):
        return MALFORMED
    read = tuple(map(_instance, found))
    known = tuple(one for one in read if one is not None)
    return Present(known) if len(known) == len(read) else MALFORMED


def _instance(told: Any) -> MigInstance | None:
    match told:
        case [str(uuid), gpu, compute, total] if is_whole(gpu) and is_whole(compute):
            return MigInstance(GpuUuid(uuid), gpu, compute, total if is_bytes(total) else None)
        case _:
            return None


def _count(values: Mapping[str, Any]) -> Mapping[str, Found]:
    found = instances(values)
    return {"mig_instances": found if isinstance(found, Absent) else len(found.value)}


PROBE = Probe(
    "mig",
    (
        Part("limits", (Number("mig_mode", "mig_mode"),)),
        Part("instances", derived=("mig_instances",), derive=_count),
    ),
)
