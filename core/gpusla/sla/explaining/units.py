"""What a unit's slots miss together over time, and through which of them."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from gpusla.catalogue.reasons import UNIT_BELOW_MINIMUM
from gpusla.contracts.model import Capacity, CapacityUnit, Partial
from gpusla.contracts.promises import MinOutage, RunCount
from gpusla.identity import Slot
from gpusla.instants import Interval
from gpusla.sla.evaluation import Cause
from gpusla.sla.explaining.layers import cut
from gpusla.sla.explaining.slots import Count, Piece
from gpusla.sla.explaining.terms import Terms
from gpusla.sla.facts import Facts
from gpusla.timeline.intervals import union

CLUSTER = "cluster"
"""The name of the one unit of a contract that is sold as a whole."""


@dataclass(frozen=True, slots=True)
class Causes:
    """
    Why a unit misses capacity: judgements on the unit, and its slots that do not count in full.

    Two of them are the same cause if the judgements, slots, states and reasons are the same; what
    the records say in words may vary within one loss.
    """

    judgements: tuple[str, ...]
    slots: tuple[Cause, ...]

    def signature(self) -> tuple[object, ...]:
        """Return what tells one cause from another."""
        return self.judgements, tuple(
            (cause.slot, cause.state, tuple(finding.reason for finding in cause.findings))
            for cause in self.slots
        )

    def reasons(self) -> tuple[str, ...]:
        """Return every judgement and reason, sorted; the state's name where a slot gives none."""
        found = set(self.judgements)
        for cause in self.slots:
            found |= {finding.reason for finding in cause.findings} or {cause.state.value}
        return tuple(sorted(found))


NO_CAUSES = Causes((), ())


@dataclass(frozen=True, slots=True)
class UnitStep:
    """
    A stretch over which nothing changes in a unit.

    held: slots in the count.  out: held slots that are not.  missing: held less what the unit
    contributes, out of scale.
    """

    start_ms: int
    end_ms: int
    held: int
    out: int
    missing: int
    causes: Causes


def unit_of(capacity: Capacity, slot: Slot, facts: Facts) -> str:
    """Return the name of the unit that a slot counts in."""
    match capacity.unit:
        case CapacityUnit.GPU:
            return str(slot)
        case CapacityUnit.NODE:
            return f"{slot.site}/{slot.rack}/{slot.tray}"
        case CapacityUnit.NVL72_DOMAIN:
            return str(facts.domain_of(slot))
        case CapacityUnit.CLUSTER:
            return CLUSTER


def steps(terms: Terms, pieces: Sequence[Piece]) -> list[UnitStep]:
    """Return a unit's time in steps; none while none of its slots is held.  pieces: any order."""
    found = list(_sweep(terms, pieces, is_raw=False))
    if not terms.min_outage.length_ms:
        return found
    judged = found if terms.min_outage.splits else list(_sweep(terms, pieces, is_raw=True))
    outages = union(Interval(step.start_ms, step.end_ms) for step in judged if step.missing)
    return list(_forgiving(found, list(_forgiven(terms.min_outage, outages))))


def _forgiven(rule: MinOutage, outages: Iterable[Interval]) -> Iterator[Interval]:
    """Yield the part of each outage that does not count."""
    for outage in outages:
        if outage.duration_ms < rule.length_ms:
            yield outage
        elif rule.count is RunCount.EXCESS_ONLY:
            yield Interval(outage.start_ms, outage.start_ms + rule.length_ms)


def _forgiving(found: Sequence[UnitStep], forgiven: Sequence[Interval]) -> Iterator[UnitStep]:
    track = [(part.start_ms, part.end_ms, True) for part in forgiven]
    for step in found:
        for start_ms, end_ms, (is_forgiven,) in cut(Interval(step.start_ms, step.end_ms), [track]):
            missing, causes = (0, NO_CAUSES) if is_forgiven else (step.missing, step.causes)
            yield UnitStep(start_ms, end_ms, step.held, step.out, missing, causes)


@dataclass(slots=True)
class _Tally:
    """A unit's slots at one instant of the sweep; the sums follow each change."""

    terms: Terms
    is_raw: bool
    held: int = 0
    out: int = 0
    healthy: int = 0
    total: int = 0
    full: int = 0
    causes: dict[Slot, Piece] = field(default_factory=dict)

    def take(self, piece: Piece, sign: int) -> None:
        """Count a piece from here on, or no more."""
        count = self._count(piece)
        if not count.is_counted:
            self.out += sign
            return
        self.held += sign
        self.healthy += sign * (count.level > 0)
        self.total += sign * count.level
        self.full += sign * piece.full
        if sign < 0:
            self.causes.pop(piece.slot, None)
        elif piece.cause is not None and not self.is_raw:
            self.causes[piece.slot] = piece

    def step(self, start_ms: int, end_ms: int) -> UnitStep:
        """Return what the unit is from here on."""
        contribution = self._contribution()
        missing = self.held * self.terms.scale - contribution
        causes = self._why(contribution) if missing and not self.is_raw else NO_CAUSES
        return UnitStep(start_ms, end_ms, self.held, self.out, missing, causes)

    def _count(self, piece: Piece) -> Count:
        return piece.raw if self.is_raw else piece.count

    @property
    def _is_enough(self) -> bool:
        # Slots that are out of the count are healthy as far as the minimum is concerned.
        return self.healthy + self.out >= self.terms.capacity.min_healthy_gpus

    def _contribution(self) -> int:
        partial = self.terms.capacity.partial
        if partial is not Partial.PER_GPU and not self._is_enough:
            return 0
        return self.full if partial is Partial.WHOLE_UNIT else self.total

    def _why(self, contribution: int) -> Causes:
        is_whole = self.terms.capacity.partial is Partial.WHOLE_UNIT
        if is_whole and self._is_enough:
            # What is not healthy costs nothing here; only weights do.
            found = [piece.weight_cause for piece in self.causes.values()]
        else:
            found = [piece.cause for piece in self.causes.values()]
        slots = sorted((one for one in found if one is not None), key=lambda cause: cause.slot)
        is_below = contribution < self.total
        return Causes((UNIT_BELOW_MINIMUM.name,) if is_below else (), tuple(slots))


def _sweep(terms: Terms, pieces: Iterable[Piece], *, is_raw: bool) -> Iterator[UnitStep]:
    """Yield what the unit is between any two changes of its slots."""
    changes: dict[int, list[tuple[int, Piece]]] = {}
    for piece in pieces:
        changes.setdefault(piece.start_ms, []).append((1, piece))
        changes.setdefault(piece.end_ms, []).append((-1, piece))
    tally = _Tally(terms, is_raw)
    for start_ms, end_ms in pairwise(sorted(changes)):
        # What ends goes first, so that a slot's old piece never takes its new one away.
        for sign, piece in sorted(changes[start_ms], key=lambda change: change[0]):
            tally.take(piece, sign)
        if tally.held or tally.out:
            yield tally.step(start_ms, end_ms)
