"""
What an Xid is among the others of its node: cause, consequence, or the end of a job.

Roles that depend on company: a 45 belongs to what it cleans up after; a sympathetic error is a
cause only if it stands alone; the same error of programs on most GPUs at once is a job that ended,
unless hardware failed with it.  Only what has been seen by then is known: roles are given when an
event arrives and do not change, so the first GPU of a job that ends over two passes may be graded
alone. Each node judges by itself; a fleet folds the after-effects of many nodes into one root.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from gpusla.catalogue.actions import Action
from gpusla.health.grade import RECOVERY_CHANGED, Effect, Grade
from gpusla.health.thresholds import MOST_RATIO, RECENT_MAX, WINDOW_MS
from gpusla.health.verdict import Role
from gpusla.identity import GpuUuid
from gpusla.readings import XidEvent

CLEANUP = 45
_CONTAINED = 94
_MEMORY_CAUSES = frozenset({48, *range(144, 151)})
_FOLLOWS: dict[int, frozenset[int]] = {
    94: _MEMORY_CAUSES | {171, 172},
    95: _MEMORY_CAUSES | {171, 172},
    171: frozenset({48}),
    172: frozenset({48}),
}
"""Which errors of the same GPU an error belongs to (column `investigatory` and meanings)."""


@dataclass(frozen=True, slots=True)
class Recent:
    """
    An event as company for others.

    is_hardware: it is evidence that a part failed.  is_sympathetic: it may follow from another one.
    seen_mono_ms: when the agent heard of it.
    """

    uuid: GpuUuid
    xid: int
    wall_ms: int
    is_hardware: bool
    is_sympathetic: bool
    seen_mono_ms: int


class Company:
    """
    The events of a node that may stand together.

    recent: remembered ones and those of this pass.  gpus: how many the node has.
    is_failing: a slot went down just now for another reason than an Xid.
    """

    def __init__(self, recent: Iterable[Recent], gpus: int, *, is_failing: bool) -> None:
        self._of_gpu: dict[GpuUuid, list[Recent]] = {}
        self._of_xid: dict[int, list[Recent]] = {}
        self._hardware: list[Recent] = []
        self._gpus = gpus
        self._is_failing = is_failing
        for one in recent:
            self._of_gpu.setdefault(one.uuid, []).append(one)
            self._of_xid.setdefault(one.xid, []).append(one)
            if one.is_hardware:
                self._hardware.append(one)

    def place(self, event: XidEvent, graded: Grade) -> Grade:
        """Return the grade that an event has in this company."""
        if event.xid == CLEANUP:
            folded = self._cleanup(event, graded)
        elif event.xid == RECOVERY_CHANGED:
            folded = self._verdict_on(event, graded)
        else:
            folded = self._follower(event, graded)
        if folded is not None:
            return folded
        if graded.role is Role.APPLICATION or event.xid == _CONTAINED:
            return self._program(event, graded)
        if graded.is_sympathetic and self._has_cause(event):
            words = f"{graded.evidence}; sympathetic, not alone"
            return replace(graded, role=Role.AFTER_EFFECT, evidence=words)
        return graded

    def _cleanup(self, event: XidEvent, graded: Grade) -> Grade | None:
        named = event.detail.caused_by if event.detail is not None else None
        if named is not None and named != CLEANUP:
            return _after(graded, f"driver: caused by Xid {named}", Action.NONE)
        causes = {
            (not one.is_hardware, one.xid)
            for one in self._beside(event)
            if one.xid not in {CLEANUP, RECOVERY_CHANGED}
        }
        if not causes:
            return None
        _, cause = min(causes)
        return _after(graded, f"catalogue: Xid 45 beside Xid {cause} of the same GPU", Action.NONE)

    def _verdict_on(self, event: XidEvent, graded: Grade) -> Grade | None:
        """Fold the driver's verdict into the error that it is about."""
        causes = sorted(one.xid for one in self._beside(event) if one.is_hardware)
        about = [xid for xid in causes if xid != RECOVERY_CHANGED]
        if not about or graded.role is Role.INFORMATION:
            return None
        words = f"{graded.evidence}; with Xid {about[0]}"
        return replace(graded, role=Role.AFTER_EFFECT, evidence=words)

    def _follower(self, event: XidEvent, graded: Grade) -> Grade | None:
        wanted = _FOLLOWS.get(event.xid, frozenset())
        causes = sorted(one.xid for one in self._beside(event) if one.xid in wanted)
        if not causes:
            return None
        words = f"{graded.evidence}; with Xid {causes[0]}"
        return replace(graded, role=Role.AFTER_EFFECT, evidence=words)

    def _program(self, event: XidEvent, graded: Grade) -> Grade:
        same = self._of_xid.get(event.xid, ())
        struck = {one.uuid for one in same if _is_near(one, event)}
        if len(struck) < 2 or len(struck) <= MOST_RATIO * self._gpus:  # noqa: PLR2004
            return graded
        words = f"on {len(struck)} of {self._gpus} GPUs at once"
        if self._has_hardware(event):
            words = f"{graded.evidence}; {words}, with a failure of hardware"
            return replace(graded, role=Role.AFTER_EFFECT, evidence=words)
        return replace(
            graded, role=Role.TEARDOWN, evidence=f"{graded.evidence}; {words}: the end of a job"
        )

    def _beside(self, event: XidEvent) -> Iterable[Recent]:
        return (one for one in self._of_gpu.get(event.uuid, ()) if _is_near(one, event))

    def _has_hardware(self, event: XidEvent) -> bool:
        return self._is_failing or any(_is_near(one, event) for one in self._hardware)

    def _has_cause(self, event: XidEvent) -> bool:
        """Two sympathetic errors do not explain one another."""
        causes = (one for one in self._hardware if not one.is_sympathetic)
        return self._is_failing or any(_is_near(one, event) for one in causes)


def recent_of(
    events: Sequence[tuple[XidEvent, Grade]], known: Iterable[Recent], at_mono_ms: int
) -> tuple[Recent, ...]:
    """
    Return known events and these, each error of a GPU once a second.

    Of too many the hardware's are kept before others, and the newest before the old.
    """
    found = {_key(one): one for one in known}
    for event, graded in events:
        one = Recent(
            event.uuid,
            event.xid,
            event.wall_ms,
            is_hardware(event, graded),
            graded.is_sympathetic,
            at_mono_ms,
        )
        found[_key(one)] = one
    if len(found) <= RECENT_MAX:
        return tuple(found.values())
    order = sorted(found.values(), key=lambda one: (one.is_hardware, one.wall_ms, one.xid))
    return tuple(order[-RECENT_MAX:])


def is_hardware(event: XidEvent, graded: Grade) -> bool:
    """Return whether an event is evidence that a part failed; a program's own error is none."""
    is_costly = graded.effect not in {Effect.NONE, Effect.UNCLASSIFIED}
    return graded.role is Role.ROOT and is_costly and event.xid != _CONTAINED


def _key(one: Recent) -> tuple[GpuUuid, int, int]:
    return one.uuid, one.xid, one.wall_ms // 1_000


def _is_near(one: Recent, event: XidEvent) -> bool:
    return abs(one.wall_ms - event.wall_ms) <= WINDOW_MS


def _after(graded: Grade, words: str, action: Action) -> Grade:
    return replace(graded, role=Role.AFTER_EFFECT, action=action, evidence=words)
