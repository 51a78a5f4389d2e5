"""What a tree of processes costs: CPU seconds and proportional set size, read from /proc."""

import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

_PROC = Path("/proc")
_TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")
_UTIME, _STIME, _CUTIME, _CSTIME, _PPID = 11, 12, 13, 14, 1


@dataclass(frozen=True, slots=True)
class Cost:
    """CPU seconds since the processes started, PSS in bytes, and how many processes there are."""

    cpu_seconds: float
    pss_bytes: int
    processes: int


def measure(root_pid: int) -> Cost:
    """
    Add up a process and all that descend from it.

    CPU of children that already ended and were waited for counts too (cutime, cstime).  Raises
    OSError if the process itself is gone.
    """
    found = [_own(root_pid)]
    for pid in _descendants(root_pid):
        with suppress(FileNotFoundError, ProcessLookupError):  # it ended, or ends just now
            found.append(_own(pid))
    cpu_seconds, pss_bytes = (sum(column) for column in zip(*found, strict=True))
    return Cost(cpu_seconds, round(pss_bytes), len(found))


def _own(pid: int) -> tuple[float, int]:
    return _cpu_seconds(pid), _pss_bytes(pid)


def _stat(pid: int) -> list[str]:
    return (_PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()


def _descendants(root_pid: int) -> Iterator[int]:
    parents: dict[int, list[int]] = {}
    for entry in _PROC.iterdir():
        if entry.name.isdigit():
            try:
                parents.setdefault(int(_stat(int(entry.name))[_PPID]), []).append(int(entry.name))
            except OSError:  # it ended between the listing and the reading
                continue
    waiting = list(parents.get(root_pid, ()))
    while waiting:
        pid = waiting.pop()
        yield pid
        waiting.extend(parents.get(pid, ()))


def _cpu_seconds(pid: int) -> float:
    fields = _stat(pid)
    ticks = sum(int(fields[index]) for index in (_UTIME, _STIME, _CUTIME, _CSTIME))
    return ticks / _TICKS_PER_SECOND


def _pss_bytes(pid: int) -> int:
    for line in (_PROC / str(pid) / "smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) * 1024
    return 0
