"""
When each family of calls is due, by the worker's own monotonic clock.

Everything is read once at the start.  From then on the slow families of all GPUs are spread over
their periods, so that they do not all fall on one pass: the second reading is late by up to one
period, which is less than the three for which a value may be shown.
"""

from collections.abc import Set as AbstractSet

from gpusla.catalogue.consent import Consent
from gpusla_agent.sources.families import FAMILIES

HURRY_MS = 5_000
"""At most this often events make the slow families due before their time: a storm must not."""

_SLOW = tuple(family for family in FAMILIES if family.period_ms)


class Schedule:
    """The times of all GPUs of a driver's list."""

    def __init__(self, gpus: int) -> None:
        self._gpus = gpus
        self._due_ms: dict[tuple[int, str], int] = {}
        self._hurried_ms: dict[int, int] = {}

    def take(self, index: int, allowed: AbstractSet[Consent], now_ms: int) -> tuple[str, ...]:
        """Return the names of the families to read now, which counts as reading them."""
        due: list[str] = []
        for family in FAMILIES:
            if family.consent not in allowed:
                continue
            if family.period_ms:
                key = index, family.name
                at_ms = self._due_ms.get(key)
                if at_ms is not None and now_ms < at_ms:
                    continue
                self._due_ms[key] = self._next(index, family.name, family.period_ms, at_ms, now_ms)
            due.append(family.name)
        return tuple(due)

    def hurry(self, index: int, now_ms: int) -> None:
        """Make all slow families of a GPU due: something happened to it."""
        if now_ms - self._hurried_ms.get(index, now_ms - HURRY_MS) < HURRY_MS:
            return
        self._hurried_ms[index] = now_ms
        for family in _SLOW:
            key = index, family.name
            if key in self._due_ms:
                self._due_ms[key] = min(now_ms, self._due_ms[key])

    def _next(self, index: int, name: str, period_ms: int, at_ms: int | None, now_ms: int) -> int:
        if at_ms is None:
            return now_ms + period_ms + self._phase_ms(index, name, period_ms)
        missed = max(0, now_ms - at_ms) // period_ms
        return at_ms + (missed + 1) * period_ms

    def _phase_ms(self, index: int, name: str, period_ms: int) -> int:
        place = next(at for at, family in enumerate(_SLOW) if family.name == name)
        return period_ms * (place * self._gpus + index) // (len(_SLOW) * self._gpus)
