"""The judgement of one contract version over one billing period, or its segment of one."""

from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction

from gpusla.contracts.calendar import local_date
from gpusla.contracts.model import ContractVersion
from gpusla.contracts.promises import Kind, Objective
from gpusla.contracts.remedies import ClaimAnchor, ClaimMode, Step
from gpusla.instants import Interval
from gpusla.sla.claims import deadline_ms
from gpusla.sla.combine import Ground, lines_of, owed, settle
from gpusla.sla.credits import is_per_unit, judge
from gpusla.sla.evaluation import (
    ClaimStanding,
    Evaluation,
    Loss,
    NextTier,
    Outcome,
    RefusedExclusion,
    Settlement,
)
from gpusla.sla.events import events
from gpusla.sla.exclusions import Allowed, allowed
from gpusla.sla.explaining.seen import reach_of
from gpusla.sla.facts import Facts
from gpusla.sla.fees import fee_due, full_fee
from gpusla.sla.losses import losses
from gpusla.sla.measure import Gauge, prepare
from gpusla.sla.measure.committed import commitment
from gpusla.sla.periods import Period, period_at, term_of, version_on, windows
from gpusla.sla.prices import Prices
from gpusla.sla.values import next_tier
from gpusla.timeline.intervals import clip

NOT_TIME = (Kind.REQUEST_RATIO, Kind.REPLACEMENT_TIME)
"""Kinds whose total is no time, so that nothing can be said about time that may still be lost."""


def evaluate(
    contract: ContractVersion,
    period: Period,
    until_ms: int,
    facts: Facts,
    *,
    versions: Sequence[ContractVersion] = (),
    explain: bool = True,
) -> Evaluation:
    """
    Judge a segment from its start to until_ms, or to its end if that comes first.

    period: the segment that contract is in force in.  versions: all of the contract, for windows
    that are longer than the segment; if there is no other, contract alone.  An open period gives
    figures to date, and the credit that would be owed if it ended now.  explain: whether losses and
    events are told one by one, which takes longer than the figures.
    Source: docs/concepts/sla-engine.md.
    """
    return _Case(contract, period, until_ms, facts, versions or (contract,)).judged(explain=explain)


class _Case:
    """What is judged, and what all its objectives have in common."""

    def __init__(
        self,
        contract: ContractVersion,
        period: Period,
        until_ms: int,
        facts: Facts,
        versions: Sequence[ContractVersion],
    ) -> None:
        self.contract, self.period, self.facts = contract, period, facts
        self.versions = versions
        span = period.interval
        self.until_ms = max(span.start_ms, min(until_ms, span.end_ms))
        self.promises = tuple(self._due())
        self.window = Interval(
            min([span.start_ms, *(window.start_ms for _, window in self.promises)]), self.until_ms
        )
        self.prepared = prepare(facts)
        self.allowed = self._allowed()
        self.gauge = Gauge(contract, self.prepared, self.allowed.excused)
        self.fee = fee_due(contract, period)

    def judged(self, *, explain: bool) -> Evaluation:
        """Return the whole judgement."""
        judged = tuple(self._judged(objective, window) for objective, window in self.promises)
        outcomes = tuple(outcome for outcome, _ in judged)
        settlement = self._settled(judged)
        account = self.gauge.account(self.period.interval, self.until_ms)
        found = self._losses() if explain else ()
        assert not explain or sum(loss.gpu_ms for loss in found) == account.lost_gpu_ms
        claim = self._claim(settlement, outcomes)
        credit = owed(self.contract, settlement, claim)
        return Evaluation(
            contract=self.contract,
            period=self.period,
            until_ms=self.until_ms,
            account=account,
            fee_minor_units=self.fee.minor_units,
            is_shadow=self.fee.is_shadow,
            outcomes=outcomes,
            settlement=settlement,
            exclusions=self._counted(),
            refused=tuple(self._refused()),
            credit_minor_units=credit,
            lines=lines_of(self.contract, outcomes, credit.value),
            claim=claim,
            next_tier=_next_tier(outcomes),
            losses=found,
            events=tuple(events(self.contract, outcomes, self.facts)) if explain else (),
        )

    def _due(self) -> Iterator[tuple[Objective, Interval]]:
        """Yield the objectives whose window ends here, with the whole of it."""
        for objective in self.contract.objectives:
            window = windows(self.versions, self.period, objective)
            if window is not None:
                yield objective, window

    def _judged(self, objective: Objective, window: Interval) -> tuple[Outcome, Prices]:
        found = self.gauge.measure(objective, window, self.until_ms)
        price = self._prices(window)
        granted = self.facts.granted_minor_units.get(objective.id, 0)
        return judge(objective, found, price, granted), price

    def _prices(self, window: Interval) -> Prices:
        is_segment = window == self.period.interval
        fee = self.fee if is_segment else fee_due(self.versions, window)
        to_date = Interval(window.start_ms, max(window.start_ms, self.until_ms))
        return Prices(
            window=window,
            until_ms=to_date.end_ms,
            window_fee=fee.minor_units,
            annual_twelfth=self._twelfth(window.start_ms),
            committed_gpu_ms=commitment(self.contract).gpu_ms(to_date),
            is_last=window.end_ms == term_of(self.contract).end_ms,
            timezone=self.contract.term.timezone,
        )

    def _twelfth(self, at_ms: int) -> Fraction:
        """Return the fee in force on the local day of an instant, for a whole billing period."""
        day = local_date(at_ms, self.contract.term.timezone)
        version = version_on(self.versions, day) or self.contract
        return full_fee(version, day).minor_units

    def _settled(self, judged: Sequence[tuple[Outcome, Prices]]) -> Settlement:
        twelfth = self._twelfth(self.period.interval.start_ms)
        return settle(Ground(self.contract, judged, self.fee.minor_units, twelfth))

    def _losses(self) -> tuple[Loss, ...]:
        interval = self.period.interval
        return losses(self.contract, interval, self.until_ms, self.facts, self.allowed.excused)

    def _allowed(self) -> Allowed:
        reach = self._reach()
        periods = tuple(_billing_periods(self.contract, reach))
        return allowed(self.contract, self.facts.exclusions, self.prepared.held, periods, reach)

    def _reach(self) -> Interval:
        """Return the time in which exclusions are asked about: all that a repair's clock ran."""
        reach = reach_of(self.facts.timeline, self.window)
        if not any(objective.replacement for objective in self.contract.objectives):
            return reach
        opened = (repair.opened_ms for repair in self.facts.repairs)
        return Interval(min([reach.start_ms, *opened]), reach.end_ms)

    def _counted(self) -> tuple[str, ...]:
        """Return the records that excuse any of the time that is judged."""
        return tuple(
            id_
            for id_, slots in self.allowed.by_record.items()
            if any(clip(time, self.window) for _, time in slots.groups)
        )

    def _refused(self) -> Iterator[RefusedExclusion]:
        for refused in self.allowed.refused:
            if clip((refused.interval,), self.window):
                yield refused

    def _claim(self, settlement: Settlement, outcomes: Sequence[Outcome]) -> ClaimStanding | None:
        if self.contract.claims.mode is not ClaimMode.ON_CLAIM:
            return None
        return ClaimStanding(
            deadline_ms(self.contract, self.period, self._first_incident_ms(outcomes)),
            self.facts.claimed_ms,
            settlement.rounded.value,
        )

    def _first_incident_ms(self, outcomes: Iterable[Outcome]) -> int | None:
        """Return when the first loss or outage of the segment began, where that matters."""
        if self.contract.claims.anchor is not ClaimAnchor.INCIDENT:
            return None
        down = [
            stretch
            for outcome in outcomes
            for unit in outcome.measure.units
            for stretch in clip(unit.down.value, Interval(self.window.start_ms, self.until_ms))
        ]
        starts = [loss.interval.start_ms for loss in self._losses()]
        return min([*starts, *(stretch.start_ms for stretch in down)], default=None)


def _billing_periods(contract: ContractVersion, reach: Interval) -> Iterator[Interval]:
    at_ms = reach.start_ms
    while at_ms < reach.end_ms:
        whole = period_at(contract, at_ms).interval
        yield whole
        at_ms = whole.end_ms


def _next_tier(outcomes: Iterable[Outcome]) -> NextTier | None:
    """Return the next tier of the first objective that has tiers for the whole contract's time."""
    for outcome in outcomes:
        objective, found = outcome.objective, outcome.measure
        credit = objective.credit
        is_of_time = objective.kind not in NOT_TIME and not is_per_unit(objective)
        if is_of_time and isinstance(credit, Step):
            return next_tier(objective, credit.tiers, found.total_whole_window, found.lost.value)
    return None
