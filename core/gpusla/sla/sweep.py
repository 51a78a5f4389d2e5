"""
One pass over time: what all slots of a contract deliver together, at every instant.

A unit such as an NVL72 rack counts only while enough of its GPUs are healthy at the same time, and
what is delivered beyond what is committed is not banked; both can be seen only instant by instant.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import pairwise

from gpusla.contracts.model import Capacity, CapacityUnit
from gpusla.identity import Slot
from gpusla.instants import Interval
from gpusla.sla.evaluation import Loss
from gpusla.sla.facts import Facts
from gpusla.sla.levels import Levels, Piece
from gpusla.sla.losses import NO_CAUSES, NOTHING_ASSIGNED, UNASSIGNED, Causes, LossBook, causes_of
from gpusla.sla.tracks import Step


@dataclass(slots=True)
class Swept:
    """Sums of the pass: scaled GPU-milliseconds, low, value and high; losses in time order."""

    committed_gpu_ms: int = 0
    delivered: list[int] = field(default_factory=lambda: [0, 0, 0])
    committed_gpus_now: int = 0
    delivered_now: int = 0
    losses: tuple[Loss, ...] = ()


@dataclass(slots=True)
class Unit:
    """
    One unit's slots as they are at the instant of the pass.

    healthy, total: how many slots count for anything and what they come to, in each bound.
    failing: slots that do not count in full, by `value`.
    """

    name: str
    min_healthy_gpus: int
    scale: int
    size: int = 0
    pieces: dict[Slot, Piece] = field(default_factory=dict)
    failing: dict[Slot, Piece] = field(default_factory=dict)
    healthy: list[int] = field(default_factory=lambda: [0, 0, 0])
    total: list[int] = field(default_factory=lambda: [0, 0, 0])
    contribution: tuple[int, ...] = (0, 0, 0)
    missing: int = 0
    causes: Causes = NO_CAUSES

    def put(self, slot: Slot, piece: Piece | None) -> None:
        """Let a slot be in this piece from here on; None if it is no longer held."""
        before = self.pieces.pop(slot, None)
        self.failing.pop(slot, None)
        if before is not None:
            self._count(before.levels, -1)
        if piece is not None:
            self._count(piece.levels, 1)
            self.pieces[slot] = piece
            if piece.levels.value < self.scale:
                self.failing[slot] = piece

    def settle(self) -> None:
        """Work out what the unit counts for after its slots have changed."""
        self.contribution = tuple(
            total if healthy >= self.min_healthy_gpus else 0
            for healthy, total in zip(self.healthy, self.total, strict=True)
        )
        self.missing = len(self.pieces) * self.scale - self.contribution[1]
        is_below_minimum = self.contribution[1] != self.total[1]
        self.causes = causes_of(self.failing.values(), is_below_minimum=is_below_minimum)

    def _count(self, levels: Levels, sign: int) -> None:
        for bound, level in enumerate((levels.low, levels.value, levels.high)):
            self.total[bound] += sign * level
            self.healthy[bound] += sign * (level > 0)


def sweep(
    capacity: Capacity,
    scale: int,
    window: Interval,
    pieces: Iterable[Piece],
    *,
    commitment: Sequence[Step[int]],
    facts: Facts,
) -> Swept:
    """
    Add up what is committed, delivered and lost over window.

    pieces: of all slots, inside window, in time order for each.  commitment: GPUs over time,
    sorted, without overlaps.
    """
    changes = _changes(window, commitment, pieces)
    units: dict[str, Unit] = {}
    swept, pool = Swept(), _Pool(scale, LossBook(scale))
    for start_ms, end_ms in pairwise(sorted(changes)):
        touched: dict[str, Unit] = {}
        for change in changes[start_ms]:
            if isinstance(change, int):
                pool.committed = change
            else:
                unit = _unit_of(units, change[0].slot, scale, capacity, facts)
                unit.put(change[0].slot, change[0] if change[1] else None)
                touched[unit.name] = unit
        pool.take_in(start_ms, touched.values())
        _add(swept, pool, end_ms - start_ms)
    swept.losses = pool.book.close(window.end_ms)
    return swept


@dataclass(slots=True)
class _Pool:
    """
    Sums over all units at the instant of the pass, and the losses as they run.

    share: which part of what a unit misses is lost.  One, unless slots beyond the commitment stand
    in for missing ones: then each unit bears its share of what is still lost.
    """

    scale: int
    book: LossBook
    committed: int = 0
    held: int = 0
    delivered: list[int] = field(default_factory=lambda: [0, 0, 0])
    missing: int = 0
    losing: dict[str, Unit] = field(default_factory=dict)
    share: int | Fraction = 1
    unassigned: int = 0

    def take_in(self, at_ms: int, touched: Iterable[Unit]) -> None:
        """Let units count for what they are from here on, and losses run accordingly."""
        changed = {unit.name: unit for unit in touched}
        for unit in changed.values():
            self._replace(unit)
        share = self._share()
        if share != self.share:
            self.share = share
            changed |= self.losing
        for name, unit in sorted(changed.items()):
            self.book.run(name, at_ms, unit.missing * share, unit.causes)
        unassigned = max(0, self.committed - self.held) * self.scale
        if unassigned != self.unassigned:
            self.unassigned = unassigned
            self.book.run(UNASSIGNED, at_ms, unassigned, NOTHING_ASSIGNED)

    def _share(self) -> int | Fraction:
        if self.held <= self.committed or not self.missing:
            return 1
        lost = max(0, self.committed * self.scale - self.delivered[1])
        return Fraction(lost, self.missing)

    def _replace(self, unit: Unit) -> None:
        """Take out what the unit counted for before, and put in what it counts for now."""
        before, missing_before = unit.contribution, unit.missing
        unit.settle()
        for bound in range(3):
            self.delivered[bound] += unit.contribution[bound] - before[bound]
        self.missing += unit.missing - missing_before
        self.held += len(unit.pieces) - unit.size
        unit.size = len(unit.pieces)
        self.losing.pop(unit.name, None)
        if unit.missing:
            self.losing[unit.name] = unit


_Change = int | tuple[Piece, bool]
"""The commitment from here on, or a piece that begins (True) or ends with none after it (False)."""


def _changes(
    window: Interval, commitment: Sequence[Step[int]], pieces: Iterable[Piece]
) -> dict[int, list[_Change]]:
    """Return by instant what changes there."""
    changes: dict[int, list[_Change]] = {window.start_ms: [], window.end_ms: []}
    for step in commitment:
        changes.setdefault(step.start_ms, []).append(step.value)
    last: dict[Slot, Piece] = {}
    for piece in pieces:
        before = last.get(piece.slot)
        if before is not None and before.end_ms < piece.start_ms:
            changes.setdefault(before.end_ms, []).append((before, False))
        changes.setdefault(piece.start_ms, []).append((piece, True))
        last[piece.slot] = piece
    for piece in last.values():
        changes.setdefault(piece.end_ms, []).append((piece, False))
    return changes


def _unit_of(
    units: dict[str, Unit], slot: Slot, scale: int, capacity: Capacity, facts: Facts
) -> Unit:
    """Return the unit that a slot counts in."""
    is_domain = capacity.unit is CapacityUnit.NVL72_DOMAIN
    name = str(facts.domain_of(slot)) if is_domain else str(slot)
    if name not in units:
        units[name] = Unit(name, capacity.min_healthy_gpus, scale)
    return units[name]


def _add(swept: Swept, pool: _Pool, duration_ms: int) -> None:
    """Count one stretch of time over which nothing changes."""
    promised = pool.committed * pool.scale
    counted = [min(delivered, promised) for delivered in pool.delivered]
    swept.committed_gpu_ms += pool.committed * duration_ms
    for bound in range(3):
        swept.delivered[bound] += counted[bound] * duration_ms
    swept.committed_gpus_now, swept.delivered_now = pool.committed, counted[1]
