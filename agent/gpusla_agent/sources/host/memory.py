"""Memory of the node."""

from collections.abc import Set as AbstractSet
from pathlib import Path

from gpusla.catalogue.readings import Consent
from gpusla.readings import Absence, Absent, Present, Reading
from gpusla_agent.sources.host.found import Found
from gpusla_agent.sources.host.tree import read_text

_KIBIBYTE = 1_024
_LINE_WORDS = 3
_DIGITS_MAX = 20


def read_memory(proc: Path, allowed: AbstractSet[Consent]) -> Found:
    """Return the total and, where activity was agreed, what programs could have."""
    text = read_text(proc / "meminfo")
    numbers: dict[str, Reading] = {"host_memory_total_bytes": _bytes(text, "MemTotal:")}
    if Consent.ACTIVITY in allowed:
        numbers["host_memory_available_bytes"] = _bytes(text, "MemAvailable:")
    return Found(numbers)


def _bytes(text: str | Absent, name: str) -> Reading:
    if isinstance(text, Absent):
        return text
    for line in text.splitlines():
        words = line.split()
        if words[:1] == [name] and len(words) == _LINE_WORDS and words[2] == "kB":
            if words[1].isdecimal() and len(words[1]) <= _DIGITS_MAX:
                return Present(int(words[1]) * _KIBIBYTE)
            break
    return Absent(Absence.ERROR, f"meminfo has no {name.rstrip(':')} in kB")
