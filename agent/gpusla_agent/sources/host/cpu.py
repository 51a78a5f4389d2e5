"""Processors of the node and how long they were busy."""

import os
import re
from collections.abc import Set as AbstractSet
from pathlib import Path

from gpusla.catalogue.readings import Consent
from gpusla.readings import Absence, Absent, Present, Reading
from gpusla_agent.sources.host.found import Found
from gpusla_agent.sources.host.tree import read_text

_TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")
_RANGE = re.compile(r"([0-9]{1,6})(?:-([0-9]{1,6}))?", re.ASCII)
_KINDS = 8
_IDLE, _WAITING = 3, 4
"""Columns of /proc/stat behind `cpu` (man 5 proc): user, nice, system, idle, iowait, irq, softirq,
steal; guest time stands in user already."""


def read_cpu(sys: Path, proc: Path, allowed: AbstractSet[Consent]) -> Found:
    """Return `cpus` and, where activity was agreed, `cpu_busy_seconds`."""
    numbers: dict[str, Reading] = {"cpus": _present(sys / "devices/system/cpu/present")}
    if Consent.ACTIVITY in allowed:
        numbers["cpu_busy_seconds"] = _busy(proc / "stat")
    return Found(numbers)


def _present(path: Path) -> Reading:
    text = read_text(path)
    if isinstance(text, Absent):
        return text
    try:
        return Present(sum(_width(part) for part in text.strip().split(",")))
    except ValueError:
        return Absent(Absence.ERROR, "cpu/present is no list of processors")


def _width(part: str) -> int:
    found = _RANGE.fullmatch(part)
    if found is None or int(found[2] or found[1]) < int(found[1]):
        raise ValueError(part)
    return int(found[2] or found[1]) - int(found[1]) + 1


def _busy(path: Path) -> Reading:
    text = read_text(path)
    if isinstance(text, Absent):
        return text
    words = text.partition("\n")[0].split()
    try:
        ticks = [int(word) for word in words[1 : 1 + _KINDS]]
    except ValueError:
        ticks = []
    if words[:1] != ["cpu"] or len(ticks) < _KINDS:
        return Absent(Absence.ERROR, "stat does not begin with the time of all processors")
    return Present((sum(ticks) - ticks[_IDLE] - ticks[_WAITING]) / _TICKS_PER_SECOND)
