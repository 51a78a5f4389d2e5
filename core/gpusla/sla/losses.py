"""Where committed time went: losses by unit, each over the longest time with the same causes."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from fractions import Fraction
from itertools import pairwise

from gpusla.contracts.calendar import start_of_day_ms
from gpusla.contracts.model import ContractVersion, OverDelivery
from gpusla.identity import Slot
from gpusla.instants import Interval
from gpusla.sla.evaluation import Loss
from gpusla.sla.explaining.pool import Change, Committed, Pool, UnitNow, Whole
from gpusla.sla.explaining.seen import SpansOf, reach_of, spans_of
from gpusla.sla.explaining.slots import Known, Piece, is_plain, pieces
from gpusla.sla.explaining.terms import Terms, terms_of
from gpusla.sla.explaining.units import UnitStep, steps, unit_of
from gpusla.sla.facts import Facts


def losses(
    contract: ContractVersion,
    window: Interval,
    until_ms: int,
    facts: Facts,
    excused: Mapping[Slot, tuple[Interval, ...]],
) -> tuple[Loss, ...]:
    """
    Return every loss of the window to date, by start and unit, on the terms of the account.

    excused: what counts as agreed by the contract's rules, normal.  Together they come to the
    account's lost_gpu_ms exactly.  The work follows what changed, not how many slots there are.
    """
    to_date = Interval(window.start_ms, max(window.start_ms, min(until_ms, window.end_ms)))
    terms = terms_of(contract)
    reach = reach_of(facts.timeline, to_date)
    fleet = _Fleet(terms, facts, excused, reach, spans_of(facts.timeline))
    pool = Pool(terms.scale)
    changes = _changes(to_date, _commitment(contract, to_date), fleet.units())
    for start_ms, end_ms in pairwise(sorted(changes)):
        pool.take(start_ms, changes[start_ms])
        pool.pass_time(end_ms - start_ms)
    pool.book.close(to_date.end_ms)
    return pool.book.losses(_factor(contract, pool))


def _factor(contract: ContractVersion, pool: Pool) -> Fraction:
    """Return which part of the losses is left after what was delivered too much elsewhere."""
    is_banked = contract.capacity.over_delivery is OverDelivery.BANKED_IN_WINDOW
    if not is_banked or not pool.lost:
        return Fraction(1)
    return Fraction(max(0, pool.lost - pool.over), pool.lost)


def _commitment(contract: ContractVersion, window: Interval) -> Iterator[tuple[int, int]]:
    """Yield the instants at which what is committed changes, inside window, and to how much."""
    zone, term = contract.term.timezone, contract.term
    ends_ms = start_of_day_ms(term.end + timedelta(days=1), zone)
    begins_ms = start_of_day_ms(term.start, zone)
    edges = [(start_of_day_ms(step.start, zone), step.gpus) for step in contract.capacity.ramp]
    in_force = [gpus for start_ms, gpus in edges if start_ms <= max(window.start_ms, begins_ms)]
    if begins_ms < window.end_ms and window.start_ms < ends_ms:
        yield max(window.start_ms, begins_ms), in_force[-1] if in_force else 0
        for start_ms, gpus in edges:
            if max(window.start_ms, begins_ms) < start_ms < min(window.end_ms, ends_ms):
                yield start_ms, gpus
    if window.start_ms < ends_ms < window.end_ms:
        yield ends_ms, 0


@dataclass(frozen=True, slots=True)
class _Fleet:
    """Everything that is asked about the contract's slots."""

    terms: Terms
    facts: Facts
    excused: Mapping[Slot, tuple[Interval, ...]]
    reach: Interval
    spans_of: SpansOf

    def units(self) -> Iterator[tuple[Interval, Whole] | tuple[str, list[UnitStep]]]:
        """
        Yield each unit with its steps over the reach.

        Units that miss nothing whenever they are held are yielded together, by when they are held.
        """
        members: dict[str, list[Slot]] = {}
        for slot in self.facts.held:
            members.setdefault(unit_of(self.terms.capacity, slot, self.facts), []).append(slot)
        whole: Counter[Interval] = Counter()
        for name, slots in members.items():
            held = self._whole(slots)
            if held is None:
                found = [piece for slot in sorted(slots) for piece in self._pieces(slot)]
                yield name, steps(self.terms, found)
            else:
                whole.update(dict.fromkeys(held, len(slots)))
        for interval, count in whole.items():
            yield interval, Whole(count)

    def _pieces(self, slot: Slot) -> Iterator[Piece]:
        known = Known(self.spans_of(slot), self.facts.held[slot], self.excused.get(slot, ()))
        return pieces(self.terms, slot, self.reach, known)

    def _whole(self, slots: Sequence[Slot]) -> tuple[Interval, ...] | None:
        """Return when a unit is held if it misses nothing then; None for a closer look."""
        if len(slots) < self.terms.capacity.min_healthy_gpus:
            return None
        held: tuple[Interval, ...] | None = None
        for slot in slots:
            known = Known(self.spans_of(slot), self.facts.held[slot], self.excused.get(slot, ()))
            intervals = tuple(holding.interval for holding in known.holdings)
            if held not in {None, intervals} or not is_plain(self.terms, known, self.reach):
                return None
            held = intervals
        return held


def _changes(
    window: Interval,
    commitment: Iterable[tuple[int, int]],
    units: Iterable[tuple[Interval, Whole] | tuple[str, list[UnitStep]]],
) -> dict[int, list[Change]]:
    """Return by instant what changes there, inside window; its two ends are always there."""
    changes: dict[int, list[Change]] = {window.start_ms: [], window.end_ms: []}
    for at_ms, gpus in commitment:
        changes.setdefault(at_ms, []).append(Committed(gpus))
    for unit in units:
        for at_ms, change in _of_whole(*unit) if isinstance(unit[1], Whole) else _of_unit(*unit):
            if at_ms < window.end_ms:
                changes.setdefault(max(at_ms, window.start_ms), []).append(change)
    return changes


def _of_whole(held: Interval, whole: Whole) -> Iterator[tuple[int, Change]]:
    yield held.start_ms, whole
    yield held.end_ms, Whole(-whole.slots)


def _of_unit(name: str, found: Sequence[UnitStep]) -> Iterator[tuple[int, Change]]:
    for number, step in enumerate(found):
        yield step.start_ms, UnitNow(name, step)
        is_last = number + 1 == len(found)
        if is_last or step.end_ms < found[number + 1].start_ms:
            yield step.end_ms, UnitNow(name, None)
