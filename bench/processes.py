"""What a tree of processes costs: CPU seconds and proportional set size, read from /proc."""

import os
from collections.abc import Iterator
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

    CPU of children that already ended and were waited for counts too (cutime, cstime).
    """
    pids = list(_tree(root_pid))
    return Cost(sum(map(_cpu_seconds, pids)), sum(map(_pss_bytes, pids)), len(pids))


def _stat(pid: int) -> list[str]:
    return (_PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()


def _tree(root_pid: int) -> Iterator[int]:
    parents: dict[int, list[int]] = {}
    for entry in _PROC.iterdir():
        if entry.name.isdigit():
            try:
                parents.setdefault(int(_stat(int(entry.name))[_PPID]), []).append(int(entry.name))
            except OSError:  # it ended between the listing and the reading
                continue
    waiting = [root_pid]
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
