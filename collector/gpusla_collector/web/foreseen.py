"""The page's figures of what is still to come: budgets, tiers, credits, rights."""

from collections.abc import Callable, Iterable, Iterator, Mapping

from prometheus_client.core import Metric

from gpusla.catalogue import metrics as rows
from gpusla.contracts.rights import Right
from gpusla.forecast.outlook import Outlook
from gpusla.sla.chronic import ChronicState
from gpusla.sla.evaluation import Bounds, Evaluation
from gpusla_collector.usecases.prospect import Prospect
from gpusla_collector.web.families import Samples, each_bound, family, who, whole_units

_MINUTE_MS, _HOUR_MS = 60_000, 3_600_000


def foreseen(prospects: Iterable[tuple[Evaluation, Prospect]]) -> Iterator[Metric]:
    """Yield all families; what is not known has no sample."""
    prospects = tuple(prospects)
    for row, by_objective in _OBJECTIVES.items():
        samples = (
            ((*who(evaluation), outlook.objective, *labels), value)
            for evaluation, prospect in prospects
            for outlook in prospect.forecast.outlooks
            for labels, value in by_objective(evaluation, prospect, outlook)
        )
        yield family(row, samples)
    for row, by_contract in _CONTRACTS.items():
        samples = (
            ((*who(evaluation), *labels), value)
            for evaluation, prospect in prospects
            for labels, value in by_contract(evaluation, prospect)
        )
        yield family(row, samples)


def _window(_: Evaluation, __: Prospect, outlook: Outlook) -> Samples:
    yield (), outlook.window.duration_ms / 1000


def _allowed(_: Evaluation, __: Prospect, outlook: Outlook) -> Samples:
    for bound, seconds in each_bound(outlook.budget.allowed, 1000):
        yield (bound,), seconds


def _left(_: Evaluation, __: Prospect, outlook: Outlook) -> Samples:
    for bound, seconds in each_bound(outlook.budget.left, 1000):
        yield (bound,), seconds


def _burn_rates(_: Evaluation, prospect: Prospect, outlook: Outlook) -> Samples:
    for length_ms, rate in prospect.burn_rates[outlook.objective].items():
        yield (_length(length_ms),), float(rate)


def _length(length_ms: int) -> str:
    """Write a length as Prometheus does: in whole hours, or else minutes."""
    if length_ms % _HOUR_MS:
        return f"{length_ms // _MINUTE_MS}m"
    return f"{length_ms // _HOUR_MS}h"


def _certain(_: Evaluation, __: Prospect, outlook: Outlook) -> Samples:
    for bound, value in each_bound(outlook.target.is_certain):
        yield (bound,), value


def _breach_expected(_: Evaluation, __: Prospect, outlook: Outlook) -> Samples:
    crossed_ms = outlook.target.crossed_at_rate_ms.value
    if (
        outlook.rate is not None
        and crossed_ms is not None
        and outlook.target.left_ms.value is not None
    ):
        yield (), crossed_ms / 1000


def _tier_expected(_: Evaluation, __: Prospect, outlook: Outlook) -> Samples:
    if outlook.rate is not None and outlook.next_tier is not None:
        crossed_ms = outlook.next_tier.approach.crossed_at_rate_ms.value
        if crossed_ms is not None:
            yield (), crossed_ms / 1000


def _tier_rise(evaluation: Evaluation, _: Prospect, outlook: Outlook) -> Samples:
    if outlook.next_tier is not None and not evaluation.is_shadow:
        contract = evaluation.contract
        yield (contract.fees.currency,), whole_units(contract, outlook.next_tier.rise)


def _credits(evaluation: Evaluation, prospect: Prospect) -> Samples:
    """A rate that nobody knows for one objective is none of the contract's."""
    if evaluation.is_shadow:
        return
    contract, stakes = evaluation.contract, prospect.forecast.stakes
    cases: dict[str, Bounds[int]] = {"now": stakes.now, "nothing_more": stakes.if_nothing_more}
    if all(outlook.rate is not None for outlook in prospect.forecast.outlooks):
        cases["at_rate"] = stakes.at_rate
    cases["all_lost"] = stakes.if_all_lost
    for case, bounds in cases.items():
        for bound in ("low", "value", "high"):
            amount = whole_units(contract, getattr(bounds, bound))
            yield (contract.fees.currency, case, bound), amount


def _opens(evaluation: Evaluation, prospect: Prospect) -> Samples:
    for (name, party), right in _named(evaluation, prospect).items():
        yield (name, party), right.opens_ms / 1000


def _closes(evaluation: Evaluation, prospect: Prospect) -> Samples:
    for (name, party), right in _named(evaluation, prospect).items():
        if right.by:
            yield (name, party), right.closes_ms / 1000


def _named(evaluation: Evaluation, prospect: Prospect) -> Mapping[tuple[str, str], Right]:
    """Return rights by name and party; of several of one name the next to close, or the last."""
    found: dict[tuple[str, str], Right] = {}
    for right in sorted(prospect.rights, key=lambda one: one.closes_ms):
        key = right.name, _party(right)
        if key not in found or found[key].closes_ms <= evaluation.until_ms:
            found[key] = right
    return found


def _party(right: Right) -> str:
    if len(right.by) > 1:
        return "both"
    return right.by[0] if right.by else "none"


def _chronic(_: Evaluation, prospect: Prospect) -> Samples:
    if prospect.chronic is not None:
        states = {one.state for one in prospect.chronic}
        for state in (ChronicState.OPEN, ChronicState.EXERCISABLE):
            yield (state.value,), float(state in states)


_OBJECTIVES: Mapping[rows.Metric, Callable[[Evaluation, Prospect, Outlook], Samples]] = {
    rows.OBJECTIVE_WINDOW: _window,
    rows.OBJECTIVE_BUDGET_ALLOWED: _allowed,
    rows.OBJECTIVE_BUDGET_LEFT: _left,
    rows.OBJECTIVE_BURN_RATE: _burn_rates,
    rows.OBJECTIVE_BREACH_CERTAIN: _certain,
    rows.OBJECTIVE_BREACH_EXPECTED: _breach_expected,
    rows.OBJECTIVE_NEXT_TIER_EXPECTED: _tier_expected,
    rows.OBJECTIVE_NEXT_TIER_RISE: _tier_rise,
}

_CONTRACTS: Mapping[rows.Metric, Callable[[Evaluation, Prospect], Samples]] = {
    rows.CONTRACT_CREDIT_FORECAST: _credits,
    rows.CONTRACT_RIGHT_OPENS: _opens,
    rows.CONTRACT_RIGHT_CLOSES: _closes,
    rows.CONTRACT_CHRONIC_RIGHT: _chronic,
}
