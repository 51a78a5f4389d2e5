"""What one slot counts for over time, by value, and why it does not count in full."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from gpusla.catalogue.reasons import (
    BURNING_IN,
    CARRIED_LAST,
    SETTLING,
    SKU_NOT_ACCEPTED,
    WEIGHTED,
    State,
)
from gpusla.contracts.promises import UnknownPolicy
from gpusla.identity import Slot
from gpusla.instants import Interval
from gpusla.journal.model import Condition, Finding
from gpusla.sla.evaluation import Cause
from gpusla.sla.explaining.layers import Track, cut
from gpusla.sla.explaining.terms import Terms
from gpusla.sla.facts import Holding
from gpusla.timeline.build import UNOBSERVED
from gpusla.timeline.model import StateSpan


@dataclass(frozen=True, slots=True)
class Count:
    """What a slot counts for in a unit: in the count or not, and then its level, out of scale."""

    is_counted: bool
    level: int


@dataclass(frozen=True, slots=True)
class Piece:
    """
    A stretch of a slot's held time over which nothing changes.

    full: its weight, out of scale.  count, raw: with exclusions, and without them.
    cause: why it does not count as one GPU; None if it does, or is out of the count.
    weight_cause: the part of cause that is about its weight alone.
    """

    slot: Slot
    start_ms: int
    end_ms: int
    full: int
    count: Count
    raw: Count
    cause: Cause | None
    weight_cause: Cause | None


@dataclass(frozen=True, slots=True)
class Known:
    """
    What is known of a slot: what was seen, when it was held, when it was excused.

    Each in time order and without overlaps; what spans leave out was not observed.
    """

    spans: Sequence[StateSpan]
    holdings: Sequence[Holding]
    excused: Sequence[Interval]


def pieces(terms: Terms, slot: Slot, reach: Interval, known: Known) -> Iterator[Piece]:
    """Yield a slot's held time inside reach, in order."""
    observed = _observed(slot, known.spans, reach)
    tracks = (
        [(span.start_ms, span.end_ms, span) for span in observed],
        _carried(observed, terms.unknown.carry_last_ms),
        _settling(observed, terms.acceptance.settle_ms),
        _burning_in(known.holdings, terms.acceptance.burn_in_ms),
        [
            (part.start_ms, part.end_ms, True)
            for part in known.excused
            if part.start_ms < part.end_ms
        ],
    )
    for holding in known.holdings:
        window = Interval(
            max(reach.start_ms, holding.interval.start_ms),
            min(reach.end_ms, holding.interval.end_ms),
        )
        weight = terms.weight(holding.sku)
        for start_ms, end_ms, found in cut(window, tracks):
            yield _piece(terms, weight, start_ms, end_ms, _Instant(*found))


def is_plain(terms: Terms, known: Known, reach: Interval) -> bool:
    """
    Return whether a slot counts in full, for one GPU, whenever it is held inside reach.

    So it is with nearly every slot, and is seen at a glance; the pass follows what changes.
    """
    burn_in_ms = terms.acceptance.burn_in_ms
    if known.excused or (
        burn_in_ms
        and any(one.interval.start_ms + burn_in_ms > reach.start_ms for one in known.holdings)
    ):
        return False
    weights = {terms.weight(holding.sku) * terms.degraded_scale for holding in known.holdings}
    return weights <= {terms.scale} and _is_ok_throughout(known.spans, reach)


def _is_ok_throughout(spans: Sequence[StateSpan], reach: Interval) -> bool:
    reached_ms = reach.start_ms
    for span in spans:
        if span.start_ms > reached_ms or span.condition.state is not State.OK:
            return False
        reached_ms = span.end_ms
    return reached_ms >= reach.end_ms


@dataclass(frozen=True, slots=True)
class _Instant:
    """What holds of a slot over a piece; carried: the condition that it counts as."""

    span: StateSpan
    carried: Condition | None
    is_settling: bool | None
    is_burning_in: bool | None
    is_excused: bool | None


def _piece(terms: Terms, weight: int, start_ms: int, end_ms: int, seen: _Instant) -> Piece:
    full = weight * terms.degraded_scale
    level = _level(terms, seen.carried or seen.span.condition)
    is_nothing = bool(seen.is_settling or seen.is_burning_in or not full)
    # What counts for nothing whatever it was is in the count, also where nobody knows what it was.
    raw = Count(
        level is not None or is_nothing, 0 if level is None or is_nothing else level * weight
    )
    count = raw
    if seen.is_excused:
        count = Count(not terms.is_excused_out, full)
    weight_cause = _weight_cause(terms, full, seen.span)
    cause = weight_cause
    if full and not seen.is_excused:
        cause = _cause(terms, level, seen, weight_cause)
    if not count.is_counted:
        cause = weight_cause = None
    return Piece(seen.span.slot, start_ms, end_ms, full, count, raw, cause, weight_cause)


def _level(terms: Terms, condition: Condition) -> int | None:
    """Return what counts of a GPU in this condition, in degraded_scale; None: not in the count."""
    match condition.state:
        case State.OK:
            return terms.degraded_scale
        case State.DOWN:
            return 0
        case State.DEGRADED:
            return terms.degraded_level(_reasons(condition))
        case State.UNKNOWN if terms.unknown.policy is UnknownPolicy.EXCLUDE:
            return None
        case State.UNKNOWN:
            is_tenant = terms.unknown.policy is UnknownPolicy.TENANT_BEARS
            return terms.degraded_scale if is_tenant else 0


def _weight_cause(terms: Terms, full: int, span: StateSpan) -> Cause | None:
    if full == terms.scale:
        return None
    judgement = WEIGHTED if full else SKU_NOT_ACCEPTED
    return Cause(span.slot, span.condition.state, (Finding(judgement.name),), None)


def _cause(
    terms: Terms, level: int | None, seen: _Instant, weight_cause: Cause | None
) -> Cause | None:
    """Return everything that takes something from an accepted slot that is not excused."""
    span = seen.span
    is_short = level is not None and level < terms.degraded_scale
    findings = span.condition.findings if is_short else ()
    if is_short and seen.carried is not None:
        findings += (Finding(CARRIED_LAST.name, _last_seen(seen.carried)),)
    if seen.is_settling:
        findings += (Finding(SETTLING.name),)
    if seen.is_burning_in:
        findings += (Finding(BURNING_IN.name),)
    if weight_cause is not None:
        findings += weight_cause.findings
    if not findings and not is_short:
        return None
    return Cause(
        span.slot,
        span.condition.state,
        tuple(sorted(findings)),
        span.evidence if is_short else None,
    )


def _last_seen(condition: Condition) -> str:
    return f"last seen {condition.state.value}: {', '.join(_reasons(condition))}"


def _reasons(condition: Condition) -> tuple[str, ...]:
    return tuple(finding.reason for finding in condition.findings)


def _observed(slot: Slot, spans: Sequence[StateSpan], reach: Interval) -> list[StateSpan]:
    """Return the spans that touch reach, and unknown time wherever there is none."""
    found: list[StateSpan] = []
    reached_ms = reach.start_ms
    for span in spans:
        if span.end_ms <= reach.start_ms or reach.end_ms <= span.start_ms:
            continue
        if reached_ms < span.start_ms:
            found.append(StateSpan(slot, reached_ms, span.start_ms, UNOBSERVED))
        found.append(span)
        reached_ms = span.end_ms
    if reached_ms < reach.end_ms:
        found.append(StateSpan(slot, reached_ms, reach.end_ms, UNOBSERVED))
    return found


def _carried(observed: Sequence[StateSpan], carry_last_ms: int) -> Track:
    """Return where unknown time counts as what was seen directly before it."""
    carried: list[tuple[int, int, Condition]] = []
    last: StateSpan | None = None
    since_ms = 0
    for span in observed:
        if span.condition.state is not State.UNKNOWN:
            last, since_ms = span, span.end_ms
            continue
        end_ms = min(span.end_ms, since_ms + carry_last_ms)
        if last is not None and span.start_ms < end_ms:
            carried.append((span.start_ms, end_ms, last.condition))
    return carried


def _settling(observed: Sequence[StateSpan], settle_ms: int) -> Track:
    """Return the time after each end of a down stretch."""
    settling: list[tuple[int, int, bool]] = []
    for span, after in pairwise(observed):
        if span.condition.state is State.DOWN is not after.condition.state and settle_ms:
            if settling and settling[-1][1] > span.end_ms:
                settling[-1] = (settling[-1][0], span.end_ms, True)
            settling.append((span.end_ms, span.end_ms + settle_ms, True))
    return settling


def _burning_in(holdings: Sequence[Holding], burn_in_ms: int) -> Track:
    """Return the time after each start of an unbroken holding, whatever its kinds of GPU."""
    burning: list[tuple[int, int, bool]] = []
    reached_ms: int | None = None
    for holding in holdings:
        start_ms = holding.interval.start_ms
        if start_ms != reached_ms and burn_in_ms:
            if burning and burning[-1][1] > start_ms:
                burning[-1] = (burning[-1][0], start_ms, True)
            burning.append((start_ms, start_ms + burn_in_ms, True))
        reached_ms = holding.interval.end_ms
    return burning
