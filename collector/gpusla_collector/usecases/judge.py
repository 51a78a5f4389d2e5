"""
Judges contracts: the open month to date, and closed months until they are settled.

The cost follows what changed: what goes into a judgement is summed up first, and where the sum is
the one that was judged last the outcome stands.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

import gpusla
from gpusla.clock import Clock
from gpusla.contracts.calendar import local_date, start_of_day_ms
from gpusla.contracts.model import ContractVersion
from gpusla.identity import ContractId, NodeName, Slot
from gpusla.instants import Interval
from gpusla.ledger.entries import Status
from gpusla.sla.digest import canonical, plain
from gpusla.sla.evaluate import evaluate
from gpusla.sla.evaluation import Evaluation
from gpusla.sla.facts import Facts
from gpusla.sla.periods import Period, month_period, period_at
from gpusla.timeline.build import build
from gpusla.timeline.model import StateSpan
from gpusla_collector.ports import OPERATOR, Account, Cursor, Judged, Lease, SpanSummary, Store
from gpusla_collector.usecases.horizon import horizon_ms
from gpusla_collector.usecases.world import ASSIGNMENTS, EXCLUSIONS, INVENTORY, World


@dataclass(frozen=True, slots=True)
class Judgement:
    """An evaluation and its stored form; is_open: the period's end is not reached yet."""

    evaluation: Evaluation
    judged: Judged
    is_open: bool


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

    def judge_contract(
        self,
        lease: Lease,
        world: World,
        contract: ContractId,
        cursors: Mapping[NodeName, Cursor],
        asked_ms: int,
    ) -> tuple[Judgement, ...]:
        """
        Judge every month of a contract that can still change, oldest first.

        asked_ms: when all agents were last asked; what was not asked for yet is not missing.
        """
        nodes = serving(world, contract, asked_ms)
        until_ms = horizon_ms(nodes, cursors, asked_ms, self.rules.lag_ms)
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
        window = Interval(period.interval.start_ms, min(until_ms, period.interval.end_ms))
        held = world.assignments.held(contract.id, window)
        summary = self.store.summary(tuple(held), window)
        fingerprint = _fingerprint(world, contract, window, summary)
        last = self._last.get((contract.id, period.key))
        if last is not None and last.judged.fingerprint == fingerprint:
            return last
        account = self.store.account(tuple(held), window)
        evaluation = weigh(world, contract, period, window, account.spans)
        judgement = self._judgement(evaluation, fingerprint, inputs_of(world, held, account))
        self.store.keep(lease, judgement.judged)
        self._last[contract.id, period.key] = judgement
        return judgement

    def _judgement(self, evaluation: Evaluation, fingerprint: str, inputs: str) -> Judgement:
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
            self.clock.wall_ms(),
        )
        return Judgement(evaluation, judged, not evaluation.is_complete)


def weigh(
    world: World,
    contract: ContractVersion,
    period: Period,
    window: Interval,
    spans: Iterable[StateSpan],
) -> Evaluation:
    """
    Judge a period over window, which begins with it, from spans of any slots.  Pure.

    Spans of nodes that the inventory does not have the slot on are left out.
    """
    held = world.assignments.held(contract.id, window)
    facts = Facts(
        build(filter(world.may_speak, spans), held, window),
        held,
        {slot: world.sku_of[slot] for slot in held if slot in world.sku_of},
        world.exclusions.excused(contract.id, window),
    )
    return evaluate(contract, period, window.end_ms, facts)


def inputs_of(world: World, slots: Iterable[Slot], account: Account) -> str:
    """Name what went into a judgement: files by digest, journals by node, number and digest."""
    nodes = {node for slot in slots for node in world.nodes_of.get(slot, ())}
    heads = {
        node: [head.sequence, head.digest] for node, head in account.heads.items() if node in nodes
    }
    files = {kind: world.digest(kind) for kind in (INVENTORY, ASSIGNMENTS, EXCLUSIONS)}
    return canonical({"journals": heads, "files": files}).decode("ascii")


def periods_to_judge(
    world: World, contract: ContractId, until_ms: int, rules: Rules
) -> Iterator[tuple[ContractVersion, Period]]:
    """
    Yield the months of a contract that have begun by until_ms, oldest first.

    Months before the first slot was assigned to the contract, or before the meter ran, have no
    account to judge.  Source: docs/decisions/0053-which-months-are-judged.md.
    """
    first_ms = world.first_assigned_ms(contract)
    if first_ms is None:
        return
    first = world.versions[contract][0]
    at_ms = max(first_ms, start_of_day_ms(first.term.start, first.term.timezone))
    while at_ms < until_ms:
        period = period_at(first, at_ms)
        version = world.version(contract, period)
        if version is not None:
            period = month_period(version, period.first_day)
            if _is_due(version, period, rules):
                yield version, period
        at_ms = max(period.interval.end_ms, at_ms + 1)


def serving(world: World, contract: ContractId, now_ms: int) -> frozenset[NodeName]:
    """Return the nodes whose slots serve a contract now."""
    held = world.assignments.held(contract, Interval(now_ms - 1, now_ms))
    return frozenset(node for slot in held for node in world.nodes_of.get(slot, ()))


def posted_periods(store: Store, contract: ContractId) -> frozenset[str]:
    """Return the periods of a contract whose credit is posted; they are judged no more."""
    entries = store.entries(OPERATOR, contract)
    return frozenset(entry.period for entry in entries if entry.status is Status.POSTED)


def _is_due(contract: ContractVersion, period: Period, rules: Rules) -> bool:
    starts_ms = period.interval.start_ms
    is_metered = rules.metered_from_ms is None or rules.metered_from_ms <= starts_ms
    last_day = local_date(starts_ms, contract.term.timezone)
    return is_metered and contract.term.start <= last_day <= contract.term.end


def _fingerprint(
    world: World, contract: ContractVersion, window: Interval, summary: SpanSummary
) -> str:
    parts = [
        gpusla.__version__,
        contract.digest,
        *(world.digest(kind) for kind in (INVENTORY, ASSIGNMENTS, EXCLUSIONS)),
        *(window.start_ms, window.end_ms),
        *(summary.count, summary.last_id, summary.covered_ms),
    ]
    return hashlib.sha256(canonical(parts)).hexdigest()
