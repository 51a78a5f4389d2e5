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
from gpusla.sla.levels import Piece
from gpusla.sla.losses import Causes, LossBook, causes_of, unassigned
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
    """One unit's slots as they are at the instant of the pass."""

    name: str
    min_healthy_gpus: int
    pieces: dict[Slot, Piece] = field(default_factory=dict)
    contribution: tuple[int, int, int] = (0, 0, 0)
    missing: int = 0
    causes: Causes | None = None

    def settle(self, scale: int) -> None:
        """Work out what the unit counts for after its slots have changed."""
        levels = [piece.levels for piece in self.pieces.values()]
        self.contribution = (
            self._count([level.low for level in levels]),
            self._count([level.value for level in levels]),
            self._count([level.high for level in levels]),
        )
        self.missing = len(levels) * scale - self.contribution[1]
        self.causes = None
        if self.missing:
            is_whole = sum(level.value for level in levels) == self.contribution[1]
            self.causes = causes_of(self.pieces.values(), scale, is_below_minimum=not is_whole)

    def _count(self, levels: Sequence[int]) -> int:
        healthy = sum(1 for level in levels if level)
        return sum(levels) if healthy >= self.min_healthy_gpus else 0


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
    instants = sorted(changes)
    units: dict[str, Unit] = {}
    swept, book, pool = Swept(), LossBook(scale), _Pool(scale)
    for start_ms, end_ms in pairwise(instants):
        touched = set()
        for change in changes[start_ms]:
            if isinstance(change, int):
                pool.committed = change
            else:
                touched.add(_apply(units, change, capacity, facts))
        for name in sorted(touched):
            pool.replace(units[name])
        _add(swept, book, pool, Interval(start_ms, end_ms))
    swept.losses = book.close()
    return swept


@dataclass(slots=True)
class _Pool:
    """Sums over all units at the instant of the pass."""

    scale: int
    committed: int = 0
    held: int = 0
    delivered: list[int] = field(default_factory=lambda: [0, 0, 0])
    missing: int = 0
    losing: dict[str, Unit] = field(default_factory=dict)
    sizes: dict[str, int] = field(default_factory=dict)

    def replace(self, unit: Unit) -> None:
        """Take out what the unit counted for before, and put in what it counts for now."""
        before, missing_before = unit.contribution, unit.missing
        unit.settle(self.scale)
        for bound in range(3):
            self.delivered[bound] += unit.contribution[bound] - before[bound]
        self.missing += unit.missing - missing_before
        self.held += len(unit.pieces) - self.sizes.get(unit.name, 0)
        self.sizes[unit.name] = len(unit.pieces)
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


def _apply(
    units: dict[str, Unit], change: tuple[Piece, bool], capacity: Capacity, facts: Facts
) -> str:
    """Put a slot's new piece into its unit, or take the slot out; return the unit's name."""
    piece, is_begin = change
    is_domain = capacity.unit is CapacityUnit.NVL72_DOMAIN
    name = str(facts.domain_of(piece.slot)) if is_domain else str(piece.slot)
    unit = units.setdefault(name, Unit(name, capacity.min_healthy_gpus))
    if is_begin:
        unit.pieces[piece.slot] = piece
    else:
        unit.pieces.pop(piece.slot, None)
    return name


def _add(swept: Swept, book: LossBook, pool: _Pool, interval: Interval) -> None:
    """Count one stretch of time over which nothing changes."""
    promised = pool.committed * pool.scale
    counted = [min(delivered, promised) for delivered in pool.delivered]
    swept.committed_gpu_ms += pool.committed * interval.duration_ms
    for bound in range(3):
        swept.delivered[bound] += counted[bound] * interval.duration_ms
    swept.committed_gpus_now, swept.delivered_now = pool.committed, counted[1]
    lost = promised - counted[1]
    # Slots beyond the commitment stand in for missing ones: each unit then bears its share of what
    # is still lost.
    share = Fraction(lost, pool.missing) if pool.held > pool.committed and lost else Fraction(1)
    shares: dict[str, tuple[Fraction, Causes]] = {}
    if lost:
        for name, unit in pool.losing.items():
            assert unit.causes is not None  # settle gives causes to every unit that misses some
            shares[name] = unit.missing * share, unit.causes
        if pool.held < pool.committed:
            empty = (pool.committed - pool.held) * pool.scale
            name, causes = unassigned()
            shares[name] = Fraction(empty), causes
    book.record(interval, shares)
