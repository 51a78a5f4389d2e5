"""
Whose terms are better: a lattice, in which only clear cases are called.

One contract's terms are no worse than another's if they are so in every listed dimension, once kind
of GPU, volume and length are alike; they dominate if in one of them they are better, too.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction

from gpusla.catalogue.codes import CONTRACT_SEMANTICS
from gpusla.contracts.calendar import month_count
from gpusla.contracts.model import ContractVersion
from gpusla.contracts.promises import Kind, Objective
from gpusla.contracts.remedies import (
    Base,
    Cap,
    ClaimAnchor,
    ClaimMode,
    Linear,
    LinearOf,
    NoCredit,
    Step,
)
from gpusla.errors import InputError
from gpusla.sla.values import compared, tier_of

HOUR_MS = 3_600_000

MORE_THAN_ANY = Fraction(10**30)
"""Stands for more than any contract says: no claim to be made, no maintenance that is excluded."""

REFERENCE_LOSSES = tuple(Fraction(n, 1000) for n in (1, 5, 10, 20, 50, 100, 250, 1000))
"""Parts of the commitment lost, at which credit rates are compared."""

Level = tuple[Fraction, ...] | None
"""What a contract says in a dimension, as figures to compare one by one; None: not comparable."""


class Better(StrEnum):
    """Which way is better for the tenant."""

    HIGHER = "higher"
    LOWER = "lower"


@dataclass(frozen=True, slots=True)
class Terms:
    """
    What a contract says, in dimensions that can be compared.

    sku: the kind that counts most of those accepted.  gpus: the most that are committed at a time.
    months: length of the term.  currency: prices in others do not compare.
    """

    sku: str
    gpus: int
    months: int
    currency: str
    levels: Mapping[str, Level]


@dataclass(frozen=True, slots=True)
class Likeness:
    """
    Which other contracts one may be held against: of the same kind of GPU, and not too much larger.

    Who takes more, or for longer, may have better terms for it.  The other one may be at most so
    many times as large, and as long.
    """

    volume_times_max: Fraction = Fraction(1)
    months_times_max: Fraction = Fraction(1)

    def is_alike(self, ours: Terms, theirs: Terms) -> bool:
        """Return whether their terms may be held against ours."""
        return (
            theirs.sku == ours.sku
            and theirs.gpus <= ours.gpus * self.volume_times_max
            and theirs.months <= ours.months * self.months_times_max
        )


def terms_of(contract: ContractVersion, fee_minor_units: Fraction, committed_gpu_ms: int) -> Terms:
    """
    Read a contract's terms.

    fee_minor_units: due for a period, the shadow price where there is no fee; committed_gpu_ms: of
    the same period.  The promise that is compared is the first of kind `capacity`.
    """
    promise = next((one for one in contract.objectives if one.kind is Kind.CAPACITY), None)
    price = fee_minor_units * HOUR_MS / committed_gpu_ms if committed_gpu_ms else None
    levels: dict[str, Level] = {
        "target": None if promise is None else (promise.target,),
        "credit_rate": None if promise is None else credit_rates(promise),
        "cap": _cap(contract.combination.caps, fee_minor_units),
        "effective_price_per_gpu_hour": None if price is None else (price,),
        "notice": (_notice_ms(contract),),
        "claim_deadline": (_claim_days(contract),),
        "spares": _spares(contract),
        "min_outage": None if promise is None else (Fraction(promise.min_outage.length_ms),),
    }
    heaviest = max(contract.capacity.accepted_skus, key=lambda accepted: accepted.weight)
    return Terms(
        heaviest.sku,
        _gpus(contract),
        month_count(contract.term.start, contract.term.end),
        contract.fees.currency,
        levels,
    )


BETTER: dict[str, Better] = {
    "target": Better.HIGHER,
    "credit_rate": Better.HIGHER,
    "cap": Better.HIGHER,
    "effective_price_per_gpu_hour": Better.LOWER,
    "notice": Better.HIGHER,
    "claim_deadline": Better.HIGHER,
    "spares": Better.HIGHER,
    "min_outage": Better.LOWER,
}
"""
Which way each dimension is better.

target: of availability.  credit_rate: parts of the fee at REFERENCE_LOSSES.  cap: the lowest, as a
part of the fee.  effective_price_per_gpu_hour: minor units per committed GPU-hour.  notice: the
shortest that maintenance must be announced before, in milliseconds.  claim_deadline: the fewest
days after a period's end.  spares: by committed GPU.  min_outage: forgiven, in milliseconds.
"""


def is_no_worse(ours: Terms, theirs: Terms, dimensions: Sequence[str]) -> bool | None:
    """Return whether ours are no worse in each of them; None if one cannot be compared."""
    found = [_compare(ours, theirs, dimension) for dimension in dimensions]
    if None in found:
        return None
    return all(found)


def dominates(theirs: Terms, ours: Terms, dimensions: Sequence[str]) -> bool | None:
    """Return whether theirs are no worse in each and better in one; None: not comparable."""
    forward = is_no_worse(theirs, ours, dimensions)
    backward = is_no_worse(ours, theirs, dimensions)
    if forward is None or backward is None:
        return None
    return forward and not backward


def check_dimensions(names: Iterable[str], known: Iterable[str], what: str) -> None:
    """Raise InputError (`contract_semantics`) for a name that nothing is known of."""
    allowed = sorted(known)
    for name in names:
        if name not in allowed:
            raise InputError(
                CONTRACT_SEMANTICS,
                f"{what} {name!r} cannot be compared: there is no such dimension",
                fix=f"Write one of {', '.join(allowed)}.",
            )


def credit_rates(promise: Objective) -> Level:
    """Return what part of the fee is given at each of REFERENCE_LOSSES; None of other credits."""
    credit = promise.credit
    match credit:
        case NoCredit():
            return (Fraction(0),) * len(REFERENCE_LOSSES)
        case Step(base=Base.PERIOD_FEE):
            return tuple(_stepped(promise, credit, lost) for lost in REFERENCE_LOSSES)
        case Linear(base=Base.PERIOD_FEE):
            spared = 1 - promise.target if credit.of is LinearOf.SHORTFALL_BELOW_TARGET else 0
            return tuple(
                credit.multiple * max(Fraction(0), lost - spared) for lost in REFERENCE_LOSSES
            )
        case _:
            return None


def _compare(ours: Terms, theirs: Terms, dimension: str) -> bool | None:
    mine, other = ours.levels[dimension], theirs.levels[dimension]
    is_price = dimension == "effective_price_per_gpu_hour"
    if mine is None or other is None or (is_price and ours.currency != theirs.currency):
        return None
    if BETTER[dimension] is Better.HIGHER:
        return all(a >= b for a, b in zip(mine, other, strict=True))
    return all(a <= b for a, b in zip(mine, other, strict=True))


def _stepped(promise: Objective, credit: Step, lost: Fraction) -> Fraction:
    tier = tier_of(promise, compared(promise, 1 - lost), credit.tiers)
    return tier.percent / 100 if tier else Fraction(0)


def _cap(caps: Iterable[Cap], fee_minor_units: Fraction) -> Level:
    """Return the lowest cap as a part of the fee; the fee itself is always one."""
    parts = [Fraction(1)]
    for cap in caps:
        if cap.amount_minor_units is not None:
            if not fee_minor_units:
                return None
            parts.append(cap.amount_minor_units / fee_minor_units)
        elif cap.of is not Base.PERIOD_FEE or cap.percent is None:
            return None
        else:
            parts.append(cap.percent / 100)
    return (min(parts),)


def _notice_ms(contract: ContractVersion) -> Fraction:
    rules = (rule for rule in contract.exclusion_rules if rule.kind == "maintenance")
    return min((Fraction(rule.notice_ms) for rule in rules), default=MORE_THAN_ANY)


def _claim_days(contract: ContractVersion) -> Fraction:
    """Return the fewest days; a month and a cycle have 28 at least, an incident is 31 days ago."""
    claims = contract.claims
    if claims.mode is ClaimMode.AUTOMATIC:
        return MORE_THAN_ANY
    days = 28 * (claims.deadline_months + claims.cycles) + claims.deadline_days
    return Fraction(max(0, days - 31) if claims.anchor is ClaimAnchor.INCIDENT else days)


def _gpus(contract: ContractVersion) -> int:
    return max((step.gpus for step in contract.capacity.ramp), default=0)


def _spares(contract: ContractVersion) -> Level:
    gpus = _gpus(contract)
    return (Fraction(contract.capacity.spare_gpus, gpus),) if gpus else None
