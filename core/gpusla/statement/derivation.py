"""How each figure of an evaluation came about: the rule, the contract field, what it rests on."""

from collections.abc import Iterator
from fractions import Fraction

from gpusla.contracts.model import CapacityUnit, ContractVersion, Tier, UnknownPolicy
from gpusla.instants import format_instant
from gpusla.sla.digest import exact
from gpusla.sla.evaluation import Derivation, Evaluation
from gpusla.statement.numbers import money, shortest

_UNKNOWN = {
    UnknownPolicy.PROVIDER_BEARS: "time that nobody observed counts as not delivered",
    UnknownPolicy.TENANT_BEARS: "time that nobody observed counts as delivered",
}


def derive(evaluation: Evaluation) -> Derivation:
    """Return the credit with everything beneath it, down to each loss by its place in the list."""
    contract = evaluation.contract
    return Derivation(
        "credit",
        f"the tier's percentage of the base, rounded once ({contract.fees.rounding.value})",
        "slos[0].credit",
        money(contract, evaluation.credit_minor_units.value),
        (_base(evaluation), _tier(evaluation)),
    )


def _base(evaluation: Evaluation) -> Derivation:
    contract, period = evaluation.contract, evaluation.period
    if evaluation.is_shadow:
        rule = "the shadow price that stands in for a zero fee; nothing is owed"
        return Derivation("base", rule, "fees.shadow", money(contract, evaluation.base_minor_units))
    fee = contract.monthly_fee(period.first_day)
    number = contract.fees.recurring.index(fee) if fee else 0
    return Derivation(
        "base",
        f"the fee for {period.key}",
        f"fees.recurring[{number}].amount" if fee else "term",
        money(contract, evaluation.base_minor_units),
    )


def _tier(evaluation: Evaluation) -> Derivation:
    tier, tiers = evaluation.tier.value, evaluation.contract.objective.tiers
    path = "slos[0].credit.tiers" + (f"[{tiers.index(tier)}]" if tier else "")
    return Derivation(
        "tier",
        "the lowest tier that availability is below; exactly at a threshold is no breach",
        path,
        tier_words(tier),
        (_availability(evaluation),),
    )


def tier_words(tier: Tier | None) -> str:
    """Say what a tier gives."""
    if tier is None:
        return "none"
    return f"below {shortest(tier.below * 100)} %: {shortest(tier.percent)} %"


def _availability(evaluation: Evaluation) -> Derivation:
    return Derivation(
        "availability",
        "delivered over committed GPU-time, exact",
        "slos[0].target",
        _text(evaluation.availability.value),
        (_delivered(evaluation), _committed(evaluation)),
    )


def _committed(evaluation: Evaluation) -> Derivation:
    until = format_instant(evaluation.until_ms)
    return Derivation(
        "committed GPU-ms",
        f"GPUs promised at every instant from the period's start to {until}",
        "capacity.ramp",
        str(evaluation.committed_gpu_ms),
    )


def _delivered(evaluation: Evaluation) -> Derivation:
    contract = evaluation.contract
    bounds = evaluation.delivered_gpu_ms
    return Derivation(
        "delivered GPU-ms",
        f"{unit_words(contract)}; at no instant more than committed",
        "capacity",
        _text(bounds.value),
        (
            Derivation(
                "at worst",
                "every doubt against the provider: unknown time, edges, clock error",
                "slos[0].clock_error",
                _text(bounds.low),
            ),
            Derivation(
                "at best", "every doubt for the provider", "slos[0].clock_error", _text(bounds.high)
            ),
            Derivation(
                "excused GPU-ms",
                f"given back by exclusion records: {', '.join(evaluation.exclusions) or 'none'}",
                "exclusions",
                _text(evaluation.excluded_gpu_ms),
            ),
            Derivation(
                "lost GPU-ms",
                f"committed less delivered; {_UNKNOWN[contract.objective.unknown]}",
                "slos[0].unknown.policy",
                _text(evaluation.lost_gpu_ms),
                tuple(_losses(evaluation)),
            ),
        ),
    )


def unit_words(contract: ContractVersion) -> str:
    """Say how a contract counts capacity."""
    capacity = contract.capacity
    if capacity.unit is CapacityUnit.GPU:
        return "each GPU by itself"
    return (
        f"the healthy GPUs of each NVLink domain while at least {capacity.min_healthy_gpus} of "
        f"{capacity.gpus_per_unit} are healthy at the same time"
    )


def _losses(evaluation: Evaluation) -> Iterator[Derivation]:
    for number, loss in enumerate(evaluation.losses):
        interval = loss.interval
        yield Derivation(
            f"losses[{number}]",
            f"{loss.unit} from {format_instant(interval.start_ms)} to "
            f"{format_instant(interval.end_ms)}: {', '.join(loss.reasons)}",
            "",
            _text(loss.gpu_ms),
        )


def _text(value: Fraction | None) -> str:
    return "n/a" if value is None else str(exact(value))
