"""The processes on a GPU: who, and how much memory; names only where those were agreed too."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from gpusla.readings import Absent, GpuReadings, Present, Process
from gpusla_agent.probes.probe import MALFORMED, Found, Part, Probe, said
from gpusla_agent.probes.whole import is_bytes, is_whole

_NAME_MAX = 64


def listed(values: Mapping[str, Any]) -> Present[tuple[Process, ...]] | Absent:
    """Return the processes without their names; memory is None where the driver cannot tell."""
    found = said(values.get("processes"))
    if isinstance(found, Absent):
        return found
    if not isinstance(found, list):
        return MALFORMED
    read = tuple(map(_process, found))
    known = tuple(one for one in read if one is not None)
    return Present(known) if len(known) == len(read) else MALFORMED


def _process(told: Any) -> Process | None:
    match told:
        case [pid, used] if is_whole(pid):
            return Process(pid, used if is_bytes(used) else None)
        case _:
            return None


def with_names(gpu: GpuReadings, read_name: Callable[[int], str | None]) -> GpuReadings:
    """
    Return the readings with the processes' names.

    For a GPU whose contract agreed to `job_names`, and for no other.  read_name: from a process id
    to what /proc/PID/comm says, None for a process that is gone, whose name stays empty.
    """
    if isinstance(gpu.processes, Absent):
        return gpu
    named = tuple(
        replace(one, name=_printable(read_name(one.pid) or "")) for one in gpu.processes.value
    )
    return replace(gpu, processes=Present(named))


def _printable(name: str) -> str:
    """A program names itself, so its name is nothing to rely on."""
    return "".join(letter if letter.isprintable() else "?" for letter in name.strip())[:_NAME_MAX]


def _count(values: Mapping[str, Any]) -> Mapping[str, Found]:
    found = listed(values)
    return {"processes": found if isinstance(found, Absent) else len(found.value)}


PROBE = Probe("processes", (Part("processes", derived=("processes",), derive=_count),))
