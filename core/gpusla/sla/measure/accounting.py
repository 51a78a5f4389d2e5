"""Where a contract's GPU-time went: docs/concepts/sla-engine.md, section 13."""

from fractions import Fraction

import numpy as np

from gpusla.catalogue.reasons import State
from gpusla.contracts.model import ContractVersion
from gpusla.contracts.promises import (
    Comparison,
    Degraded,
    Denominator,
    Granularity,
    Kind,
    MinOutage,
    Objective,
    RunCount,
    Scope,
    Unknown,
    UnknownPolicy,
    ValueRounding,
    Window,
    WindowKind,
)
from gpusla.contracts.remedies import NoCredit
from gpusla.sla.evaluation import Account, Bounds
from gpusla.sla.measure.capacity import Sums, judge
from gpusla.sla.measure.case import Case
from gpusla.sla.measure.results import in_window
from gpusla.sla.measure.seen import rows_where
from gpusla.sla.measure.slots import Layers
from gpusla.sla.measure.tables import Bound

PLAIN = Objective(
    id="account",
    kind=Kind.CAPACITY,
    target=Fraction(1),
    comparison=Comparison.BELOW,
    window=Window(WindowKind.BILLING_PERIOD, 0, grants_again=False),
    scope=Scope.CONTRACT,
    min_outage=MinOutage(0, RunCount.WHOLE_RUN, splits=False),
    granularity=Granularity.EXACT,
    denominator=Denominator.FULL_WINDOW,
    value_rounding=ValueRounding.NONE,
    value_decimals=0,
    unknown=Unknown(UnknownPolicy.PROVIDER_BEARS, 0),
    degraded=Degraded(Fraction(1), {}),
    clock_error_ms=0,
    requests=None,
    performance=None,
    replacement=None,
    credit=NoCredit(),
)
"""The terms of the account of a contract that promises no capacity."""


def account_terms(contract: ContractVersion) -> Objective:
    """Return the objective that says how time counts in the account: the first of capacity."""
    return next((one for one in contract.objectives if one.kind is Kind.CAPACITY), PLAIN)


def account_of(case: Case, sums: Sums) -> Account:
    """Return where the contract's GPU-time went; case: of the account's terms, over a segment."""
    balances = {bound: one.balance for bound, one in sums.bounds.items()}
    value = balances[Bound.VALUE]
    delivered = {
        bound: one.committed_ms - Fraction(one.lost, one.scale) for bound, one in balances.items()
    }
    lost = Fraction(value.lost, value.scale)
    held_ms = int(sums.held.sum())
    return Account(
        committed_gpu_ms=case.committed.gpu_ms(case.judged),
        committed_period_gpu_ms=case.committed.gpu_ms(case.window),
        delivered_gpu_ms=Bounds(
            delivered[Bound.LOW], delivered[Bound.VALUE], delivered[Bound.HIGH]
        ),
        lost_gpu_ms=lost,
        held_gpu_ms=held_ms,
        states_gpu_ms=_by_state(case, held_ms),
        excluded_gpu_ms=_lost_without_exclusions(case, sums.raw_value, lost) - lost,
        committed_gpus_now=_committed_now(case),
        delivered_gpus_now=Fraction(value.delivered_now, value.scale),
    )


def _lost_without_exclusions(case: Case, raw: Layers, lost: Fraction) -> Fraction:
    if not len(case.excused):
        return lost
    balance = judge(case, Bound.VALUE, raw, with_exclusions=False).balance
    return Fraction(balance.lost, balance.scale)


def _committed_now(case: Case) -> int:
    if case.judged.duration_ms == 0:
        return 0
    return int(case.committed.at(np.array([case.judged.end_ms - 1], dtype=np.int64))[0])


def _by_state(case: Case, held_ms: int) -> dict[State, int]:
    """Return held time by the state that was observed; all that is not in a row was ok."""
    rows, states = case.ground.rows, dict.fromkeys(State, 0)
    conditions, condition_of = rows.pairs.conditions, rows.pairs.condition
    for state in {one.state for one in conditions} - {State.OK}:
        is_state = np.array([one.state is state for one in conditions], dtype=np.bool_)
        time = rows_where(rows, is_state[condition_of][rows.pair])
        part = case.held.inside(time.start, time.end, case.line.lanes_of(time.start))
        ends = part.lane, part.start, part.end
        start_ms, end_ms, _ = in_window(case.line, case.judged, *ends)
        states[state] = int((end_ms - start_ms).sum())
    states[State.OK] = held_ms - sum(states.values())
    return states
