"""All units together at each instant: which part of what they miss is lost."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TypeAlias

from gpusla.catalogue.reasons import NOT_ASSIGNED
from gpusla.sla.explaining.book import LossBook, Share
from gpusla.sla.explaining.units import NO_CAUSES, Causes, UnitStep

UNASSIGNED = "unassigned"
"""What stands for a unit where GPUs are committed and no slot was assigned for them."""

NOTHING_ASSIGNED = Causes((NOT_ASSIGNED.name,), ())


@dataclass(frozen=True, slots=True)
class Committed:
    """So many GPUs are committed from here on."""

    gpus: int


@dataclass(frozen=True, slots=True)
class Whole:
    """So many more slots, or fewer, are held from here on that count in full while they are."""

    slots: int


@dataclass(frozen=True, slots=True)
class UnitNow:
    """What a unit is from here on; None if none of its slots is held."""

    unit: str
    step: UnitStep | None


Change: TypeAlias = Committed | Whole | UnitNow


@dataclass(slots=True)
class Pool:
    """
    Sums over all units at the instant of the pass, and the losses as they run.

    held, out: slots in the count, and not.  missing: of all units, out of scale.  lost, over:
    scaled GPU-milliseconds that were delivered too little, and too much, so far.
    share: one, unless slots beyond the commitment stand in for missing ones: then each unit bears
    its share of what is still lost.
    """

    scale: int
    ramp: int = 0
    held: int = 0
    out: int = 0
    missing: int = 0
    lost: int = 0
    over: int = 0
    share: Share = field(default_factory=Share)
    book: LossBook = field(init=False)
    units: dict[str, UnitStep] = field(default_factory=dict)
    losing: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        """Open the book, which follows the share of this pool."""
        self.book = LossBook(self.scale, self.share)

    def take(self, at_ms: int, changes: Iterable[Change]) -> None:
        """Let units and the commitment be what they are from here on."""
        touched: set[str] = set()
        for change in changes:
            match change:
                case Committed():
                    self.ramp = change.gpus
                case Whole():
                    self.held += change.slots
                case UnitNow():
                    self._replace(change.unit, change.step)
                    touched.add(change.unit)
        self._run(at_ms, touched)

    def pass_time(self, duration_ms: int) -> None:
        """Let so much time pass without a change."""
        balance = self._committed * self.scale - self._delivered
        self.lost += max(0, balance) * duration_ms
        self.over += max(0, -balance) * duration_ms
        self.share.advance(duration_ms)

    @property
    def _committed(self) -> int:
        return max(0, self.ramp - self.out)

    @property
    def _delivered(self) -> int:
        return self.held * self.scale - self.missing

    def _run(self, at_ms: int, touched: set[str]) -> None:
        """Let losses begin, go on or end as the sums of this instant say."""
        was, self.share.now = self.share.now, self._share()
        # Where spares begin or cease to stand in for everything, all losses end or begin.
        changed = touched if bool(was) is bool(self.share.now) else touched | self.losing
        for name in sorted(changed):
            step = self.units.get(name)
            if step is None or not self.share.now:
                self.book.run(name, at_ms, 0, NO_CAUSES)
            else:
                self.book.run(name, at_ms, step.missing, step.causes)
        unassigned = max(0, self._committed - self.held) * self.scale
        self.book.run(UNASSIGNED, at_ms, unassigned, NOTHING_ASSIGNED)

    def _share(self) -> int | Fraction:
        if self.held <= self._committed or not self.missing:
            return 1
        lost = max(0, self._committed * self.scale - self._delivered)
        share = Fraction(lost, self.missing)
        return share if share.denominator > 1 else share.numerator

    def _replace(self, name: str, step: UnitStep | None) -> None:
        """Take out what the unit was before, and put in what it is now."""
        before = self.units.pop(name, None)
        if before is not None:
            self._count(before, -1)
            self.losing.discard(name)
        if step is not None:
            self._count(step, 1)
            self.units[name] = step
            if step.missing:
                self.losing.add(name)

    def _count(self, step: UnitStep, sign: int) -> None:
        self.held += sign * step.held
        self.out += sign * step.out
        self.missing += sign * step.missing
