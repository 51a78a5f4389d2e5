"""
Judges contracts: the open month to date, and closed months until they are settled.

The cost follows what changed: what goes into a judgement is summed up first, and where the sum is
the one that was judged last the outcome stands.
"""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

import gpusla
from gpusla.clock import Clock
from gpusla.contracts.calendar import start_of_day_ms
from gpusla.contracts.model import ContractVersion
from gpusla.identity import ContractId, NodeName
from gpusla.instants import Interval
from gpusla.ledger.entries import Status
from gpusla.sla.digest import canonical, plain
from gpusla.sla.evaluation import Evaluation
from gpusla.sla.periods import Period, period_at, segments
from gpusla_collector.ports import OPERATOR, Cursor, Judged, Lease, SpanSummary, Store
from gpusla_collector.usecases.case import Case
from gpusla_collector.usecases.horizon import horizon_ms
from gpusla_collector.usecases.ongoing import Ongoing, ongoing
from gpusla_collector.usecases.world import RECORDS, World


@dataclass(frozen=True, slots=True)
class Judgement:
    """
    An evaluation and its stored form.

    is_open: the period's end is not reached yet.  ongoing: what goes wrong where it is judged to.
    keys: of the segments that the billing period is cut into; empty where nobody asked.
    """

    evaluation: Evaluation
    judged: Judged
    is_open: bool
    ongoing: tuple[Ongoing, ...] = ()
    keys: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Rules:
    """
    What the operator sets about judging.

    lag_ms: how long a record may take from an agent to here.  metered_from_ms: months that begin
    before are never judged, because no agent ran; None for no such limit.
    """

    lag_ms: int
    metered_from_ms: int | None = None


@dataclass(slots=True)
class Judge:
    """What judging needs, and the last outcome of each period so that none is computed twice."""

    store: Store
    clock: Clock
    rules: Rules
    _last: dict[tuple[ContractId, str], Judgement] = field(default_factory=dict)
    _reached: dict[ContractId, tuple[int, int]] = field(default_factory=dict)

    def judge_contract(
        self,
        lease: Lease,
        world: World,
        contract: ContractId,
        cursors: Mapping[NodeName, Cursor],
        asked_ms: int,
    ) -> tuple[Judgement, ...]:
        """
        Judge every period of a contract that can still change, oldest first.

        asked_ms: when all agents were last asked; what was not asked for yet is not missing.
        """
        nodes = serving(world, contract, asked_ms)
        horizon = horizon_ms(nodes, cursors, asked_ms, self.rules.lag_ms)
        until_ms = min(max(horizon, self._reached_ms(lease, world, contract, asked_ms)), asked_ms)
        self._reached[contract] = lease.epoch, until_ms
        posted = posted_periods(self.store, contract)
        return tuple(
            self.judge(lease, world, version, period, until_ms)
            for version, period in periods_to_judge(world, contract, until_ms, self.rules)
            if period.key not in posted
        )

    def judge(
        self,
        lease: Lease,
        world: World,
        contract: ContractVersion,
        period: Period,
        until_ms: int,
    ) -> Judgement:
        """Judge one period up to an instant, unless nothing changed since it was judged last."""
        case = Case(world, contract, period, until_ms)
        summary = self.store.summary(case.slots, case.reach)
        granted = self._granted(case)
        fingerprint = _fingerprint(case, summary, granted)
        last = self._last.get((contract.id, period.key))
        if last is not None and last.judged.fingerprint == fingerprint:
            return last
        account = self.store.account(case.slots, case.reach)
        facts = case.facts(account.spans, granted)
        evaluation = case.judged(facts)
        judgement = replace(
            judgement_of(
                evaluation, fingerprint, case.inputs(account, granted), self.clock.wall_ms()
            ),
            ongoing=ongoing(evaluation, facts),
            keys=frozenset(part.key for _, part in segments(case.versions, period)),
        )
        self.store.keep(lease, judgement.judged)
        self._last[contract.id, period.key] = judgement
        return judgement

    def _reached_ms(self, lease: Lease, world: World, contract: ContractId, asked_ms: int) -> int:
        """
        Return how far a contract was judged before; it is not judged less far while clocks go on.

        Nodes that were silent and come back have old records to give.  To judge by the oldest of
        them once more would void, and give again, what was booked for the time since.
        """
        epoch, reached_ms = self._reached.get(contract, (None, 0))
        if epoch == lease.epoch:
            return reached_ms
        return self._judged_until_ms(world, contract, asked_ms)

    def _judged_until_ms(self, world: World, contract: ContractId, asked_ms: int) -> int:
        """Return how far those who led before judged a contract; 0 if nobody did."""
        periods = list(periods_to_judge(world, contract, asked_ms, self.rules))
        for _, period in reversed(periods):
            judged = self.store.judged(OPERATOR, contract, period.key)
            if judged is not None:
                return judged.until_ms
        return 0

    def _granted(self, case: Case) -> Mapping[str, int]:
        """Return by objective what was posted for earlier windows that overlap this period's."""
        if not any(case.overlapping.values()):
            return {}
        entries = self.store.entries(OPERATOR, case.contract.id)
        return {
            objective: sum(
                entry.amount_minor_units
                for entry in entries
                if entry.status is Status.POSTED
                and entry.clause == objective
                and entry.period in periods
            )
            for objective, periods in case.overlapping.items()
        }


def judgement_of(
    evaluation: Evaluation, fingerprint: str, inputs: str, judged_ms: int
) -> Judgement:
    """Return an evaluation with the form that it is stored in."""
    content = canonical(plain(evaluation))
    judged = Judged(
        evaluation.contract.id,
        evaluation.contract.tenant,
        evaluation.period.key,
        evaluation.until_ms,
        fingerprint,
        hashlib.sha256(content).hexdigest(),
        content.decode("ascii"),
        inputs,
        judged_ms,
    )
    return Judgement(evaluation, judged, not evaluation.is_complete)


def periods_to_judge(
    world: World, contract: ContractId, until_ms: int, rules: Rules
) -> Iterator[tuple[ContractVersion, Period]]:
    """
    Yield the periods of a contract, or their segments, that began by until_ms, oldest first.

    Periods before the first slot was assigned to the contract, or before the meter ran, have no
    account to judge.  Source: docs/decisions/0053-which-months-are-judged.md.
    """
    first_ms = world.first_assigned_ms(contract)
    if first_ms is None:
        return
    versions = world.versions[contract]
    first = versions[0]
    at_ms = max(first_ms, start_of_day_ms(first.term.start, first.term.timezone))
    while at_ms < until_ms:
        whole = period_at(first, at_ms)
        for version, period in segments(versions, whole):
            if period.interval.start_ms < until_ms and _is_metered(period, rules):
                yield version, period
        at_ms = max(whole.interval.end_ms, at_ms + 1)


def serving(world: World, contract: ContractId, now_ms: int) -> frozenset[NodeName]:
    """Return the nodes whose slots serve a contract now; not those whose names have ended."""
    held = world.assignments.held(contract, Interval(now_ms - 1, now_ms))
    there = {record.node for record in world.inventory.nodes(now_ms)}
    return frozenset(
        node for slot in held for node in world.nodes_of.get(slot, ()) if node in there
    )


def posted_periods(store: Store, contract: ContractId) -> frozenset[str]:
    """Return the periods of a contract whose credit is posted; they are judged no more."""
    entries = store.entries(OPERATOR, contract)
    return frozenset(entry.period for entry in entries if entry.status is Status.POSTED)


def _is_metered(period: Period, rules: Rules) -> bool:
    return rules.metered_from_ms is None or rules.metered_from_ms <= period.interval.start_ms


def _fingerprint(case: Case, summary: SpanSummary, granted: Mapping[str, int]) -> str:
    parts = [
        gpusla.__version__,
        case.contract.digest,
        *sorted(version.digest for version in case.versions),
        *(case.world.digest(kind) for kind in RECORDS),
        *(case.period.key, case.until_ms, case.reach.start_ms, case.reach.end_ms),
        *(summary.count, summary.last_id, summary.covered_ms),
        dict(granted),
    ]
    return hashlib.sha256(canonical(parts)).hexdigest()
