"""
How much of one slot counts as delivered, at each instant, in each of the three bounds.

A level is an integer from 0 to `scale`, the smallest number in which every delivered fraction of
the contract is whole; so everything that follows is integer arithmetic.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

from gpusla.catalogue.reasons import State
from gpusla.contracts.model import Objective, UnknownPolicy
from gpusla.identity import Slot
from gpusla.instants import Interval
from gpusla.inventory.model import Excused
from gpusla.journal.model import Condition
from gpusla.sla.tracks import Step, merge, overlay
from gpusla.timeline.model import StateSpan


@dataclass(frozen=True, slots=True)
class Levels:
    """What counts of a slot, out of scale: at worst, by the contract, at best."""

    low: int
    value: int
    high: int


@dataclass(frozen=True, slots=True)
class Piece:
    """
    A stretch of a slot's held time over which nothing changes.

    excused_by: exclusion records in force.  seen: what would count without them.
    """

    slot: Slot
    start_ms: int
    end_ms: int
    levels: Levels
    seen: Levels
    span: StateSpan
    excused_by: tuple[str, ...]
    is_accepted: bool


def scale_of(objective: Objective) -> int:
    """Return the smallest number in which every delivered fraction is whole."""
    fractions = (objective.degraded.default, *objective.degraded.by_reason.values())
    scale = 1
    for fraction in fractions:
        # The smallest common multiple, without the module that works in floats.
        scale *= Fraction(fraction.denominator, scale).numerator
    return scale


def pieces(
    objective: Objective,
    spans: Sequence[StateSpan],
    held: Iterable[Interval],
    excused: Iterable[Excused],
    *,
    is_accepted: bool,
) -> Iterator[Piece]:
    """
    Yield one slot's held time in order, cut wherever what counts may change.

    spans: cover all of held without overlaps.  held: normal, inside the period to date.
    """
    scale = scale_of(objective)
    steps = [Step(span.start_ms, span.end_ms, span) for span in spans]
    low, high = _weigh(objective, scale, spans)
    records = merge((_record(excuse) for excuse in excused), lambda ids: tuple(sorted(set(ids))))
    for window in held:
        for cut in overlay(window, (steps, low, high, records)):
            span, least, most, excused_by = cut.value
            seen = Levels(least, _level(objective, scale, span.condition).value, most)
            levels = Levels(scale, scale, scale) if excused_by else seen
            if not is_accepted:
                levels = seen = Levels(0, 0, 0)
            yield Piece(
                span.slot,
                cut.start_ms,
                cut.end_ms,
                levels,
                seen,
                span,
                excused_by or (),
                is_accepted,
            )


def _record(excuse: Excused) -> Step[str]:
    return Step(excuse.interval.start_ms, excuse.interval.end_ms, excuse.exclusion_id)


def _weigh(
    objective: Objective, scale: int, spans: Sequence[StateSpan]
) -> tuple[tuple[Step[int], ...], tuple[Step[int], ...]]:
    """
    Return the least and the most that may count over time.

    A clock that may be off by so much may have put a change so much too early or too late; so what
    a span says reaches that far into its neighbours, for the worse in one and the better in the
    other.
    """
    low: list[Step[int]] = []
    high: list[Step[int]] = []
    for span in spans:
        error_ms = objective.clock_error_ms if span.error_ms is None else span.error_ms
        start_ms, end_ms = span.start_ms - error_ms, span.end_ms + error_ms
        claims = [span.condition] if span.other is None else [span.condition, span.other]
        levels = [_level(objective, scale, claim) for claim in claims]
        low.append(Step(start_ms, end_ms, min(level.low for level in levels)))
        high.append(Step(start_ms, end_ms, max(level.high for level in levels)))
    return merge(low, min), merge(high, max)


def _level(objective: Objective, scale: int, condition: Condition) -> Levels:
    match condition.state:
        case State.OK:
            return Levels(scale, scale, scale)
        case State.DOWN:
            return Levels(0, 0, 0)
        case State.DEGRADED:
            reasons = tuple(finding.reason for finding in condition.findings)
            level = int(objective.degraded.fraction(reasons) * scale)
            return Levels(level, level, level)
        case State.UNKNOWN:
            is_provider = objective.unknown is UnknownPolicy.PROVIDER_BEARS
            return Levels(0, 0 if is_provider else scale, scale)
