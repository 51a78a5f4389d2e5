"""The judgement of one contract version over one period."""

from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction

from gpusla.catalogue.reasons import State
from gpusla.contracts.calendar import start_of_day_ms
from gpusla.contracts.model import ContractVersion
from gpusla.identity import Slot
from gpusla.instants import Interval
from gpusla.sla.credits import credit, next_tier, tier_of
from gpusla.sla.evaluation import Bounds, Evaluation
from gpusla.sla.facts import Facts
from gpusla.sla.levels import Piece, pieces, scale_of
from gpusla.sla.periods import Period
from gpusla.sla.sweep import Swept, sweep
from gpusla.sla.tracks import Step
from gpusla.timeline.build import cover
from gpusla.timeline.intervals import clip
from gpusla.timeline.model import StateSpan


def evaluate(contract: ContractVersion, period: Period, until_ms: int, facts: Facts) -> Evaluation:
    """
    Judge a period from its start to until_ms, or to its end if that comes first.

    period: a whole month of the contract's zone.  An open period gives figures to date, and the
    credit that would be owed if it ended now.  Unknown time counts as the contract says; both
    bounds stand beside every figure.  Source: docs/decisions/0032 to 0036.
    """
    interval = period.interval
    window = Interval(interval.start_ms, max(interval.start_ms, min(until_ms, interval.end_ms)))
    cut = [piece for slot in sorted(facts.held) for piece in _pieces(contract, slot, window, facts)]
    commitment = tuple(_commitment(contract, period, window))
    scale = scale_of(contract.objective)
    swept = sweep(contract.capacity, scale, window, cut, commitment=commitment, facts=facts)
    return _outcome(contract, period, window, swept, cut)


def _pieces(
    contract: ContractVersion, slot: Slot, window: Interval, facts: Facts
) -> Iterator[Piece]:
    held = clip(facts.held[slot], window)
    return pieces(
        contract.objective,
        _covering(slot, facts, window),
        held,
        facts.excused.get(slot, ()),
        is_accepted=facts.skus.get(slot) in contract.capacity.accepted_skus,
    )


def _covering(slot: Slot, facts: Facts, window: Interval) -> tuple[StateSpan, ...]:
    """Return the slot's spans over window; what the timeline leaves out was not observed."""
    spans = facts.timeline.spans.get(slot, ())
    if spans and spans[0].start_ms <= window.start_ms and window.end_ms <= spans[-1].end_ms:
        return spans
    reach = Interval(
        min([window.start_ms, *(span.start_ms for span in spans)]),
        max([window.end_ms, *(span.end_ms for span in spans)]),
    )
    return cover(slot, spans, reach)


def _commitment(contract: ContractVersion, period: Period, window: Interval) -> Iterator[Step[int]]:
    """Yield how many GPUs are committed over window, step by step; none outside the term."""
    if contract.monthly_fee(period.first_day) is None:
        return
    ramp = contract.capacity.ramp
    starts = [start_of_day_ms(step.start, contract.term.timezone) for step in ramp]
    for step, start_ms, end_ms in zip(ramp, starts, [*starts[1:], window.end_ms], strict=True):
        first_ms, last_ms = max(start_ms, window.start_ms), min(end_ms, window.end_ms)
        if first_ms < last_ms:
            yield Step(first_ms, last_ms, step.gpus)


def _outcome(
    contract: ContractVersion, period: Period, window: Interval, swept: Swept, cut: Sequence[Piece]
) -> Evaluation:
    scale, objective = scale_of(contract.objective), contract.objective
    low, value, high = (Fraction(total, scale) for total in swept.delivered)
    committed_ms = swept.committed_gpu_ms
    promised_ms = _gpu_ms(_commitment(contract, period, period.interval))
    base, is_shadow = _base(contract, period)
    ratios = [
        Fraction(part) / committed_ms if committed_ms else None for part in (low, value, high)
    ]
    tiers = [tier_of(ratio, objective.tiers) for ratio in ratios]
    owed = [credit(base, tier, contract.fees.rounding) for tier in tiers]
    return Evaluation(
        contract=contract,
        period=period,
        until_ms=window.end_ms,
        committed_gpu_ms=committed_ms,
        committed_period_gpu_ms=promised_ms,
        delivered_gpu_ms=Bounds(low, value, high),
        lost_gpu_ms=committed_ms - value,
        held_gpu_ms=sum(piece.end_ms - piece.start_ms for piece in cut),
        states_gpu_ms=_states(cut),
        excluded_gpu_ms=Fraction(sum(_excused(piece, scale) for piece in cut), scale),
        exclusions=_records(cut, scale),
        availability=Bounds(*ratios),
        tier=Bounds(*tiers),
        base_minor_units=base,
        is_shadow=is_shadow,
        # The most that may have been delivered leaves the least to credit.
        credit_minor_units=Bounds(owed[2], owed[1], owed[0]),
        next_tier=next_tier(objective.tiers, promised_ms, committed_ms - value),
        committed_gpus_now=swept.committed_gpus_now,
        delivered_gpus_now=Fraction(swept.delivered_now, scale),
        losses=swept.losses,
    )


def _base(contract: ContractVersion, period: Period) -> tuple[int, bool]:
    """Return the month's fee; for a zero fee its shadow price, and that it is one."""
    fee = contract.monthly_fee(period.first_day)
    if fee is None:
        return 0, False
    if fee.minor_units:
        return fee.minor_units, False
    return contract.fees.shadow_minor_units, True


def _gpu_ms(commitment: Iterable[Step[int]]) -> int:
    return sum((step.end_ms - step.start_ms) * step.value for step in commitment)


def _states(cut: Iterable[Piece]) -> dict[State, int]:
    """Return held time by observed state; every state has its row."""
    totals = dict.fromkeys(State, 0)
    for piece in cut:
        totals[piece.span.condition.state] += piece.end_ms - piece.start_ms
    return totals


def _excused(piece: Piece, scale: int) -> int:
    """Return what an exclusion record gave back of a piece, in scaled GPU-milliseconds."""
    if not piece.excused_by:
        return 0
    return (scale - piece.seen.value) * (piece.end_ms - piece.start_ms) if piece.is_accepted else 0


def _records(cut: Iterable[Piece], scale: int) -> tuple[str, ...]:
    """Return the exclusion records that gave anything back, sorted."""
    found = {id_ for piece in cut if _excused(piece, scale) for id_ in piece.excused_by}
    return tuple(sorted(found))
