"""
The collector's own page of metrics: figures of the last judgements, for looking at.

Amounts of money are decimals here and exact integers everywhere else; nothing is booked from a
page.  What is not known is absent, never zero.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from fractions import Fraction

from prometheus_client.core import Metric
from prometheus_client.registry import Collector

import gpusla
from gpusla.catalogue import metrics as rows
from gpusla.catalogue.reasons import State
from gpusla.clock import Clock
from gpusla.identity import NodeName
from gpusla.sla.evaluation import Bounds, Evaluation
from gpusla_collector.ports import Cursor
from gpusla_collector.usecases.claims import ClaimStatus
from gpusla_collector.usecases.standing import Standing
from gpusla_collector.web.families import (
    Samples,
    each_bound,
    family,
    one_each,
    units_of,
    who,
    whole_units,
)
from gpusla_collector.web.foreseen import foreseen

HOUR_MS = 3_600_000
SLOW_FETCH_LAGS = 4
"""A fetch that takes longer than so many times the lag shows as unknown racks."""


class StandingCollector(Collector):
    """Shows the newest standing on one registry; lag_ms: how old a node's state may be."""

    def __init__(self, read: Callable[[], Standing], clock: Clock, lag_ms: int) -> None:
        self._read = read
        self._clock = clock
        self._lag_ms = lag_ms

    def collect(self) -> Iterator[Metric]:
        """Yield all families."""
        standing = self._read()
        yield family(rows.COLLECTOR_INFO, [((gpusla.__version__,), 1)])
        yield from _pipeline(standing, self._clock.wall_ms())
        if standing.is_leader:
            as_of_ms = _as_of(standing, self._clock.wall_ms(), self._lag_ms)
            yield family(rows.DOMAIN_GPUS, _domains(standing, as_of_ms, self._lag_ms))
            yield from _contracts(standing, self._clock.wall_ms())
            yield from _ledger(standing)

    def describe(self) -> Iterator[Metric]:
        """Yield nothing: registering must not read figures that are not there yet."""
        yield from ()


def _pipeline(standing: Standing, now_ms: int) -> Iterator[Metric]:
    yield family(
        rows.COLLECTOR_EVIDENCE_UNTIL,
        [
            ((node,), cursor.evidence_until_ms / 1000)
            for node, cursor in _fetched_from(standing, now_ms)
            if cursor.evidence_until_ms
        ],
    )
    yield family(rows.COLLECTOR_RECORDS, [((), standing.records)])
    yield family(rows.COLLECTOR_FETCH_FAILURES, list(standing.fetch_failures.items()))
    yield family(rows.COLLECTOR_JOB_FAILURES, list(standing.job_failures.items()))
    if standing.world is not None:
        nodes = standing.world.inventory.nodes(now_ms)
        yield family(rows.COLLECTOR_NODES_EXPECTED, [((), len(nodes))])
    if standing.reconciled_ms is not None:
        yield family(rows.COLLECTOR_RECONCILED, [((), standing.reconciled_ms / 1000)])
        yield family(
            rows.COLLECTOR_RECONCILIATION,
            [((d.contract,), d.difference_ms / 1000) for d in standing.differences],
        )


def _fetched_from(standing: Standing, now_ms: int) -> Iterator[tuple[NodeName, Cursor]]:
    """
    Yield the nodes that are fetched from, of which something is here.

    A node whose record ended is asked no more; its age would be an alert that nobody can end.
    """
    if standing.world is None:
        yield from standing.cursors.items()
        return
    for node in standing.world.inventory.nodes(now_ms):
        cursor = standing.cursors.get(node.node)
        if cursor is not None:
            yield node.node, cursor


def _ledger(standing: Standing) -> Iterator[Metric]:
    audited, waiting = standing.audited, standing.waiting.items()
    if audited is not None:
        yield family(rows.LEDGER_UNBALANCED, [((), len(audited.unbalanced))])
        yield family(rows.LEDGER_CHECKED, [((), audited.at_ms / 1000)])
    yield family(rows.OUTBOX_UNDELIVERED, [((name,), one.count) for name, one in waiting])
    yield family(
        rows.OUTBOX_OLDEST,
        [((name,), one.oldest_ms / 1000) for name, one in waiting if one.oldest_ms is not None],
    )


def _as_of(standing: Standing, now_ms: int, lag_ms: int) -> int:
    """
    Return the instant that the racks are shown at: when all agents were last asked.

    A fetch that takes a little longer is not silence of the agents; one that hangs is no figure.
    """
    asked_ms = standing.asked_ms
    if asked_ms is None or now_ms - asked_ms > SLOW_FETCH_LAGS * lag_ms:
        return now_ms
    return asked_ms


def _domains(standing: Standing, now_ms: int, lag_ms: int) -> Samples:
    """Count the GPUs of each rack by state; a slot that nobody speaks for is unknown."""
    if standing.world is None:
        return
    seen = {}
    for cursor in standing.cursors.values():
        last = cursor.carry.last
        if last is not None and now_ms - last.at_ms <= lag_ms:
            seen.update(last.conditions)
    counts: Counter[tuple[str, State]] = Counter()
    for node in standing.world.inventory.nodes(now_ms):
        for slot in node.slots:
            counts[slot.domain, seen[slot].state if slot in seen else State.UNKNOWN] += 1
    for domain in sorted({domain for domain, _ in counts}):
        for state in State:
            yield (domain, state.value), counts[domain, state]


def _contracts(standing: Standing, now_ms: int) -> Iterator[Metric]:
    judged = list(standing.judgements.values())
    evaluations = [judgement.evaluation for judgement, _ in judged]
    yield family(rows.CONTRACT_INFO, _infos(standing, evaluations, now_ms))
    yield family(
        rows.COLLECTOR_LAST_JUDGEMENT,
        [((judgement.judged.contract,), at_ms / 1000) for judgement, at_ms in judged],
    )
    yield family(
        rows.COLLECTOR_JUDGED_UNTIL,
        [
            ((judgement.judged.contract,), judgement.judged.until_ms / 1000)
            for judgement, _ in judged
            if judgement.is_open
        ],
    )
    for row, samples in _FIGURES.items():
        yield family(row, [found for e in evaluations for found in samples(e)])
    yield from _incidents(standing)
    yield family(rows.CONTRACT_EVIDENCE_NODES, _signing(standing))
    yield from _claims(standing)
    yield from foreseen(
        (evaluation, standing.prospects[evaluation.contract.id])
        for evaluation in evaluations
        if evaluation.contract.id in standing.prospects
    )
    yield family(
        rows.LEDGER_ENTRIES,
        [((contract, status), number) for (contract, status), number in standing.entries.items()],
    )


def _signing(standing: Standing) -> Samples:
    """Count each contract's nodes by what stands behind their newest records."""
    world = standing.world
    for contract, counts in standing.signing.items():
        versions = () if world is None else world.versions.get(contract, ())
        for signing, nodes in counts.items() if versions else ():
            yield (contract, versions[-1].tenant, signing.value), nodes


def _claims(standing: Standing) -> Iterator[Metric]:
    """Yield what can still be claimed, of contracts that are over too."""
    still = [
        one
        for claims in standing.claims.values()
        for one in claims
        if one.status is ClaimStatus.OPEN
    ]
    yield family(
        rows.CONTRACT_CLAIM_DEADLINE,
        [((one.contract, one.tenant, one.period), one.deadline_ms / 1000) for one in still],
    )
    yield family(
        rows.CONTRACT_CLAIMABLE,
        [
            (
                (one.contract, one.tenant, one.currency, one.period),
                units_of(one.currency, one.worth_minor_units),
            )
            for one in still
        ],
    )


def _incidents(standing: Standing) -> Iterator[Metric]:
    """Yield what goes on, cause by cause; where nothing does there is no sample."""
    found = [
        (judgement.evaluation, (*who(judgement.evaluation), one.place, one.reason), one)
        for judgement, _ in standing.judgements.values()
        for one in judgement.ongoing
    ]
    yield family(rows.INCIDENT_GPUS, [(labels, one.gpus) for _, labels, one in found])
    yield family(rows.INCIDENT_START, [(labels, one.start_ms / 1000) for _, labels, one in found])
    yield family(
        rows.INCIDENT_LOST,
        [
            ((*labels, of.contract.fees.currency), whole_units(of.contract, one.minor_units))
            for of, labels, one in found
        ],
    )


def _infos(standing: Standing, evaluations: Iterable[Evaluation], now_ms: int) -> Samples:
    """Show every contract that is served now, judged or not, so that a missing figure shows."""
    shown = {evaluation.contract.id: evaluation.contract for evaluation in evaluations}
    if standing.world is not None:
        shown |= {c.id: c for c in standing.world.served(now_ms) if c.id not in shown}
    for contract in shown.values():
        house, currency = ("true" if contract.house else "false"), contract.fees.currency
        yield (contract.id, contract.tenant, str(contract.version), currency, house), 1


def _bounds(
    figure: Callable[[Evaluation], Bounds[Fraction]], scale: int = 1
) -> Callable[[Evaluation], Samples]:
    def samples(evaluation: Evaluation) -> Samples:
        for name, value in each_bound(figure(evaluation), scale):
            yield (*who(evaluation), name), value

    return samples


def _states(evaluation: Evaluation) -> Samples:
    for state, gpu_ms in evaluation.account.states_gpu_ms.items():
        yield (*who(evaluation), state.value), gpu_ms / 1000


def _credit(evaluation: Evaluation) -> Samples:
    fees, bounds = evaluation.contract.fees, evaluation.credit_minor_units
    if evaluation.is_shadow:
        return
    for name in ("low", "value", "high"):
        amount = whole_units(evaluation.contract, getattr(bounds, name))
        yield (*who(evaluation), fees.currency, name), amount


def _at_stake(evaluation: Evaluation) -> Samples:
    """The month's fee, or its shadow price, for one hour of what is committed and not delivered."""
    account, fees = evaluation.account, evaluation.contract.fees
    if not account.committed_gpus_now:
        return
    short = account.committed_gpus_now - account.delivered_gpus_now
    hours = Fraction(evaluation.period.interval.duration_ms, HOUR_MS)
    minor_units = evaluation.fee_minor_units / hours * short / account.committed_gpus_now
    yield (*who(evaluation), fees.currency), whole_units(evaluation.contract, minor_units)


def _next_tier(evaluation: Evaluation) -> Samples:
    if evaluation.next_tier is not None:
        yield who(evaluation), evaluation.next_tier.gpu_ms / 1000


def _objectives(evaluation: Evaluation) -> Samples:
    for outcome in evaluation.outcomes:
        for name, value in each_bound(outcome.value):
            yield (*who(evaluation), outcome.objective.id, name), value


def _targets(evaluation: Evaluation) -> Samples:
    for objective in evaluation.contract.objectives:
        yield (*who(evaluation), objective.id), float(objective.target)


def _target(evaluation: Evaluation) -> Samples:
    objective = evaluation.contract.capacity_objective
    if objective is not None:
        yield who(evaluation), float(objective.target)


def _availability(evaluation: Evaluation) -> Samples:
    """Delivered over committed GPU-time, whatever the contract's objectives are."""
    account = evaluation.account
    if not account.committed_gpu_ms:
        return
    for name in ("low", "value", "high"):
        delivered = getattr(account.delivered_gpu_ms, name)
        yield (*who(evaluation), name), float(delivered / account.committed_gpu_ms)


def _refused(evaluation: Evaluation) -> float:
    return len({refused.exclusion_id for refused in evaluation.refused})


_FIGURES: Mapping[rows.Metric, Callable[[Evaluation], Samples]] = {
    rows.CONTRACT_COMMITTED_GPUS: one_each(lambda e: e.account.committed_gpus_now),
    rows.CONTRACT_DELIVERED_GPUS: one_each(lambda e: float(e.account.delivered_gpus_now)),
    rows.CONTRACT_COMMITTED_SECONDS: one_each(lambda e: e.account.committed_gpu_ms / 1000),
    rows.CONTRACT_DELIVERED_SECONDS: _bounds(lambda e: e.account.delivered_gpu_ms, 1000),
    rows.CONTRACT_STATE_SECONDS: _states,
    rows.CONTRACT_AVAILABILITY: _availability,
    rows.CONTRACT_TARGET: _target,
    rows.OBJECTIVE_VALUE: _objectives,
    rows.OBJECTIVE_TARGET: _targets,
    rows.CONTRACT_CREDIT_ACCRUED: _credit,
    rows.CONTRACT_NEXT_TIER_SECONDS: _next_tier,
    rows.CONTRACT_AT_STAKE: _at_stake,
    rows.CONTRACT_REFUSED_EXCLUSIONS: one_each(_refused),
    rows.CONTRACT_PERIOD_START: one_each(lambda e: e.period.interval.start_ms / 1000),
    rows.CONTRACT_PERIOD_END: one_each(lambda e: e.period.interval.end_ms / 1000),
}
