"""
Xids between two passes: each told once, none lost without being counted.

Where a driver tells of one incident in both forms, as a classic event and as a GPU Operational
Event, the second of a pair is dropped.
"""

from collections import deque
from threading import Lock

KEPT_MAX = 4_096
"""Xids that are kept between two passes; a storm must not fill memory."""

PAIR_MS = 5_000
"""How far apart the two forms of one incident may come."""

NVML, OPERATIONAL_EVENT = "nvml", "operational_event"
"""Origins, as `gpusla.readings.EventOrigin` names them."""

Told = tuple[str, int, int, str]
"""UUID, Xid, wall time in milliseconds, origin."""


class Xids:
    """What happened since it was last asked; added to by one thread, taken by another."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._told: list[Told] = []
        self._lost = 0
        self._single: dict[tuple[str, int, str], deque[int]] = {}

    def add(self, told: Told, mono_ms: int, *, may_pair: bool) -> None:
        """
        Keep an Xid, unless its other form was kept already.

        mono_ms: when it was heard of, monotonic.  may_pair: whether both forms can come at all.
        """
        if may_pair and self._pairs(told, mono_ms):
            return
        with self._lock:
            if len(self._told) < KEPT_MAX:
                self._told.append(told)
            else:
                self._lost += 1

    def lose(self) -> None:
        """Count an Xid that cannot be told, because the driver did not say of which GPU."""
        with self._lock:
            self._lost += 1

    def take(self) -> tuple[list[Told], int]:
        """Return what was kept in the order of arrival, and how many did not fit; keep neither."""
        with self._lock:
            told, lost = self._told, self._lost
            self._told, self._lost = [], 0
        return told, lost

    def _pairs(self, told: Told, mono_ms: int) -> bool:
        uuid, xid, _, origin = told
        other = NVML if origin == OPERATIONAL_EVENT else OPERATIONAL_EVENT
        for key, times in list(self._single.items()):
            while times and mono_ms - times[0] > PAIR_MS:
                times.popleft()
            if not times:
                del self._single[key]
        waiting = self._single.get((uuid, xid, other))
        if waiting:
            waiting.popleft()
            return True
        self._single.setdefault((uuid, xid, origin), deque(maxlen=KEPT_MAX)).append(mono_ms)
        return False
