"""
The judgement written a second time, as plainly as can be: millisecond by millisecond, slot by slot.

It shares the data types with the engine and no line of its logic, and is only fit for periods of a
few milliseconds.  Where the two differ, one of them is wrong.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from gpusla.catalogue.reasons import State
from gpusla.contracts.model import ContractVersion, UnknownPolicy
from gpusla.identity import Slot
from gpusla.instants import Interval
from gpusla.inventory.model import Excused
from gpusla.journal.model import Condition
from gpusla.timeline.model import StateSpan

WORST_FIRST = [State.DOWN, State.UNKNOWN, State.DEGRADED, State.OK]


@dataclass(slots=True)
class Totals:
    """What a judgement comes to, in GPU-milliseconds."""

    committed: int
    low: Fraction
    value: Fraction
    high: Fraction
    states: dict[State, int]
    excluded: Fraction


@dataclass(slots=True)
class Instant:
    """One slot in one millisecond: its state, what counts of it, and how far its clock is off."""

    state: State
    low: Fraction
    value: Fraction
    high: Fraction
    error_ms: int | None


def totals(
    contract: ContractVersion,
    interval: Interval,
    spans: Sequence[StateSpan],
    held: dict[Slot, tuple[Interval, ...]],
    excused: dict[Slot, tuple[Excused, ...]],
) -> Totals:
    """Judge every millisecond of interval by itself, and add up."""
    rows = {
        slot: _with_clock(contract, _row(contract, interval, [s for s in spans if s.slot == slot]))
        for slot in held
    }
    gpus = contract.capacity.ramp[0].gpus
    sums = Totals(0, Fraction(0), Fraction(0), Fraction(0), dict.fromkeys(State, 0), Fraction(0))
    for place in range(interval.duration_ms):
        now = interval.start_ms + place
        counted: dict[str, list[tuple[Fraction, Fraction, Fraction]]] = {}
        for slot, row in rows.items():
            if not _within(now, held[slot]):
                continue
            instant = row[place]
            sums.states[instant.state] += 1
            amounts = (instant.low, instant.value, instant.high)
            if _within(now, [excuse.interval for excuse in excused.get(slot, ())]):
                sums.excluded += 1 - instant.value
                amounts = (Fraction(1), Fraction(1), Fraction(1))
            unit = str(slot) if contract.capacity.unit == "gpu" else f"{slot.site}/{slot.rack}"
            counted.setdefault(unit, []).append(amounts)
        sums.committed += gpus
        most = Fraction(gpus)
        sums.low += min(_delivered(contract, counted, 0), most)
        sums.value += min(_delivered(contract, counted, 1), most)
        sums.high += min(_delivered(contract, counted, 2), most)
    return sums


def _delivered(
    contract: ContractVersion,
    counted: dict[str, list[tuple[Fraction, Fraction, Fraction]]],
    bound: int,
) -> Fraction:
    total = Fraction(0)
    for amounts in counted.values():
        mine = [amount[bound] for amount in amounts]
        if len([amount for amount in mine if amount > 0]) >= contract.capacity.min_healthy_gpus:
            total += sum(mine)
    return total


def _row(
    contract: ContractVersion, interval: Interval, spans: Sequence[StateSpan]
) -> list[Instant | None]:
    row: list[Instant | None] = []
    for now in range(interval.start_ms, interval.end_ms):
        claims = [span for span in spans if span.start_ms <= now < span.end_ms]
        row.append(_instant(contract, claims) if claims else None)
    return row


def _instant(contract: ContractVersion, claims: Sequence[StateSpan]) -> Instant:
    """What counts is the worst state that anybody claims; all that was claimed is possible."""
    state = next(s for s in WORST_FIRST if any(c.condition.state is s for c in claims))
    reasons = {f for c in claims if c.condition.state is state for f in c.condition.findings}
    counted = Condition(state, tuple(sorted(reasons)))
    others = {c.condition for c in claims if c.condition.state is not state}
    others |= {c.other for c in claims if c.other is not None and c.other != counted}
    low, value, high = _amounts(contract, counted)
    if len(others) > 1:
        low, high = Fraction(0), Fraction(1)
    for other in others:
        low, high = min(low, _amounts(contract, other)[0]), max(high, _amounts(contract, other)[2])
    errors = [claim.error_ms for claim in claims]
    error = None if None in errors else max(e for e in errors if e is not None)
    return Instant(state, low, value, high, error)


def _amounts(
    contract: ContractVersion, condition: Condition
) -> tuple[Fraction, Fraction, Fraction]:
    zero, one = Fraction(0), Fraction(1)
    if condition.state is State.OK:
        return one, one, one
    if condition.state is State.DOWN:
        return zero, zero, zero
    if condition.state is State.UNKNOWN:
        is_ours = contract.objective.unknown is UnknownPolicy.PROVIDER_BEARS
        return zero, zero if is_ours else one, one
    table, default = contract.objective.degraded.by_reason, contract.objective.degraded.default
    part = default
    if condition.findings:
        part = min(table.get(finding.reason, default) for finding in condition.findings)
    return part, part, part


def _with_clock(contract: ContractVersion, row: Sequence[Instant | None]) -> list[Instant]:
    """Fill what nobody saw, then let every millisecond reach as far as its clock may be off."""
    seen = [instant or _unseen(contract, row, place) for place, instant in enumerate(row)]
    reach = [
        contract.objective.clock_error_ms if instant.error_ms is None else instant.error_ms
        for instant in seen
    ]
    widened: list[Instant] = []
    for place, instant in enumerate(seen):
        near = [other for at, other in enumerate(seen) if abs(at - place) <= reach[at]]
        low, high = min(other.low for other in near), max(other.high for other in near)
        widened.append(Instant(instant.state, low, instant.value, high, instant.error_ms))
    return widened


def _unseen(contract: ContractVersion, row: Sequence[Instant | None], place: int) -> Instant:
    before = next((i for i in reversed(row[:place]) if i is not None), None)
    after = next((i for i in row[place:] if i is not None), None)
    errors = [side.error_ms for side in (before, after) if side is not None]
    error: int | None = 0
    if errors:
        error = None if None in errors else max(e for e in errors if e is not None)
    return Instant(State.UNKNOWN, *_amounts(contract, Condition(State.UNKNOWN)), error)


def _within(now: int, intervals: Sequence[Interval]) -> bool:
    return any(interval.start_ms <= now < interval.end_ms for interval in intervals)
