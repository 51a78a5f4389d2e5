"""
What a line of the driver in the kernel's log says about an Xid.

Shapes, as seen in public threads (in our own words; NVSentinel 1748, gpud 1160 and 1174,
open-gpu-kernel-modules 1150 and 1355, TensorRT-LLM 4816):

    NVRM: Xid (PCI:<address>): <number>, <unit> <severity> XC0 i0 Link <link> (<up to six words>)
    NVRM: Xid (PCI:<address>): <number>, pid=<pid>, name=<program>, <text>

A line holds the name of a program, which leaves the node only where that was agreed: it is cut out
here, before anybody else sees the line.  Every pattern is tried at a fixed place or scans a bounded
text once, so the time is bounded whatever the line is.
"""

import re
from dataclasses import dataclass

from gpusla.readings import XidDetail

PREFIX = "NVRM: Xid"
"""How a record begins that tells of an Xid; text further inside could be anybody's."""

LINE_CHARACTERS_MAX = 1_024
"""What is looked at; the longest line known has 160."""

TEXT_CHARACTERS_MAX = 200

PROGRAM_CHARACTERS_MAX = 15
"""The kernel keeps no more of a program's name (TASK_COMM_LEN of 16 with the end's zero)."""

_NVLINK5 = range(144, 151)
_HEAD = re.compile(
    r"NVRM: Xid \((?:PCI:)?([0-9A-Fa-f]{4}|[0-9A-Fa-f]{8}):([0-9A-Fa-f]{2}):([0-9A-Fa-f]{2})"
    r"(?:\.[0-7])?(?: [^():]{0,32}(?::[^():]{0,16})?)?\): ([0-9]{1,5})(?:,|$)"
)
_ADDRESS = re.compile(r"([0-9A-Fa-f]{4,8}):([0-9A-Fa-f]{2}):([0-9A-Fa-f]{2})(?:\.[0-7])?", re.ASCII)
_UNPRINTABLE = re.compile(r"[^ -~]")
_PID = re.compile(r"\bpid=[^, ]{0,32},? ?")
_UNIT = re.compile(r"([A-Z][A-Z0-9_]{1,63}) (?i:non-?fatal|fatal)\b", re.ASCII)
_SEVERITY = re.compile(r"\b(non-?)?fatal\b", re.IGNORECASE | re.ASCII)
_LINK = re.compile(r"\blink (-?[0-9]{1,4})\b", re.IGNORECASE | re.ASCII)
_WORDS = re.compile(r"\((0x[0-9A-Fa-f]{1,8})(?: (0x[0-9A-Fa-f]{1,8}))?[ )]")
_CAUSE = re.compile(r"\bcaused by previous Xid ([0-9]{1,5})\b")
_ACTION = re.compile(
    r"\bchanged from 0x[0-9A-Fa-f]{1,8} \([^()]{0,64}\) to 0x([0-9A-Fa-f]{1,8})\b", re.ASCII
)


@dataclass(frozen=True, slots=True)
class XidLine:
    """One line: the GPU's address as `normal_address` writes it, the Xid and what else it says."""

    address: str
    xid: int
    detail: XidDetail


def parse_xid_line(line: str) -> XidLine | None:
    """Return what a line says about an Xid, None if it is not such a line."""
    line = line[:LINE_CHARACTERS_MAX]
    head = _HEAD.match(line)
    if head is None:
        return None
    domain, bus, device, number = head.groups()
    xid = int(number)
    text = _printable(_without_program(line[head.end() :].strip()))
    return XidLine(_address(domain, bus, device), xid, _detail(xid, text))


def normal_address(address: str) -> str | None:
    """
    Return a PCI address as domain:bus:device in lower case, None if it is not one.

    The driver writes the domain with four digits in the log and eight in NVML, and a function
    (`.0`) only in NVML; all of one GPU's addresses become the same text.
    """
    found = _ADDRESS.fullmatch(address)
    return None if found is None else _address(*found.groups())


def _address(domain: str, bus: str, device: str) -> str:
    return f"{int(domain, 16):04x}:{bus}:{device}".lower()


def _without_program(text: str) -> str:
    """
    Return the text without process ids and program names.

    A name may hold what ends it (`, `), so it is cut at the last such end that the longest name
    could have; rather a word too much than a part of a name.
    """
    text = _PID.sub("", text)
    while "name=" in text:
        before, _, rest = text.partition("name=")
        end = rest.rfind(", ", 0, PROGRAM_CHARACTERS_MAX + len(", "))
        text = before + (rest[end + len(", ") :] if end >= 0 else "")
    return text.strip(" ,")


def _printable(text: str) -> str:
    return _UNPRINTABLE.sub("?", text)


def _detail(xid: int, text: str) -> XidDetail:
    unit = _UNIT.match(text)
    severity = _SEVERITY.search(text)
    link = _LINK.search(text)
    words = _WORDS.search(text) if xid in _NVLINK5 else None
    cause, action = _CAUSE.search(text), _ACTION.search(text)
    return XidDetail(
        unit=unit[1] if unit else "",
        severity=("non-fatal" if severity[1] else "fatal") if severity else "",
        link=int(link[1]) if link and not link[1].startswith("-") else None,
        intrinfo=int(words[1], 16) if words else None,
        error_status=int(words[2], 16) if words and words[2] else None,
        caused_by=int(cause[1]) if cause else None,
        recovery_action=int(action[1], 16) if action else None,
        text=text[:TEXT_CHARACTERS_MAX].rstrip(),
    )
