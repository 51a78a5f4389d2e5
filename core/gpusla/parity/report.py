"""
The whole report on parity, with names, prices and counts: for an auditor, and for nobody else.

Each contract that was promised something about others is held against each of those, one by one, so
that one favoured customer is not lost among many.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction

from gpusla.contracts.model import ParityTerms
from gpusla.identity import ContractId
from gpusla.parity.commitment import FORMAT
from gpusla.parity.customers import Customer, compared_with
from gpusla.parity.pain import Pain, SharedIncident, pains
from gpusla.parity.permutation import DRAWS, PermutationTest, adjusted, permutation_test
from gpusla.parity.queue import HandOver, QueueJump, Shortfall, queue_jumps
from gpusla.parity.service import (
    SAMPLES,
    WHOLE_DAY,
    Sample,
    ServiceRatios,
    UnitService,
    counted,
    samples,
    service_ratios,
)
from gpusla.parity.terms import BETTER, Likeness, check_dimensions, dominates

SPARE_ORDER = "spare_order"


@dataclass(frozen=True, slots=True)
class Method:
    """
    How a difference is called: fixed before anybody looks.

    significance: of all comparisons of one contract together, the chance that any of them is
    called worse where chance alone is at work.  draws: of a permutation test.  peak_hours: of the
    local day, in which maintenance is compared.
    """

    significance: Fraction = Fraction(5, 100)
    draws: int = DRAWS
    likeness: Likeness = field(default_factory=Likeness)
    peak_hours: tuple[int, int] = WHOLE_DAY


@dataclass(frozen=True, slots=True)
class ParityInputs:
    """
    Everything a report is made from.

    period: key.  until_ms: what still waits is counted up to then.  Units may be of contracts that
    are no customers here; those are left alone.  left_out: contracts that were given GPUs in the
    period and are not looked at, because nothing else is known of them.
    """

    period: str
    until_ms: int
    customers: tuple[Customer, ...]
    hand_overs: tuple[HandOver, ...] = ()
    shortfalls: tuple[Shortfall, ...] = ()
    incidents: tuple[SharedIncident, ...] = ()
    units: tuple[UnitService, ...] = ()
    method: Method = field(default_factory=Method)
    left_out: tuple[ContractId, ...] = ()


@dataclass(frozen=True, slots=True)
class Comparison:
    """
    One contract's service beside another's, on one kind of GPU.

    units, other_units: that have the dimension.  test: None if they were too few to say anything.
    p: adjusted for all comparisons of the contract.
    """

    contract: ContractId
    other: ContractId
    sku: str
    dimension: str
    units: int
    other_units: int
    test: PermutationTest | None
    p: Fraction | None
    is_worse: bool


@dataclass(frozen=True, slots=True)
class TermsBeside:
    """Whether another contract's terms dominate one's own; None if they cannot be compared."""

    contract: ContractId
    other: ContractId
    is_dominated: bool | None


@dataclass(frozen=True, slots=True)
class ParityReport:
    """The findings, with all names; `inputs` are what they follow from."""

    inputs: ParityInputs
    queue_jumps: tuple[QueueJump, ...]
    pains: tuple[Pain, ...]
    ratios: tuple[ServiceRatios, ...]
    comparisons: tuple[Comparison, ...]
    terms: tuple[TermsBeside, ...]


def report(inputs: ParityInputs) -> ParityReport:
    """
    Look at everything once.

    Raises InputError (`contract_semantics`) if a contract names a dimension that does not exist.
    """
    promised = [(one, one.parity) for one in inputs.customers if one.parity is not None]
    for _, parity in promised:
        check_dimensions(parity.dimensions, (*SAMPLES, SPARE_ORDER), "parity dimension")
        check_dimensions(parity.price_terms, BETTER, "price term")
    house = [one.contract for one in inputs.customers if one.is_house]
    return ParityReport(
        inputs,
        queue_jumps(inputs.hand_overs, inputs.shortfalls, inputs.until_ms),
        pains(inputs.incidents, house),
        service_ratios(inputs.units),
        tuple(
            found
            for customer, parity in promised
            for found in _comparisons(inputs, customer, parity)
        ),
        tuple(found for customer, parity in promised for found in _terms(inputs, customer, parity)),
    )


def _comparisons(
    inputs: ParityInputs, customer: Customer, promised: ParityTerms
) -> Iterator[Comparison]:
    """Yield a contract's comparisons, with chances adjusted for how many of them there are."""
    plain = list(_unadjusted(inputs, customer, promised))
    chances = iter(adjusted([one.test.p for one in plain if one.test is not None]))
    for one in plain:
        if one.test is None:
            yield one
        else:
            p = next(chances)
            is_worse = p < inputs.method.significance and one.test.effect > 0
            yield replace(one, p=p, is_worse=is_worse)


def _unadjusted(
    inputs: ParityInputs, customer: Customer, promised: ParityTerms
) -> Iterator[Comparison]:
    for other in compared_with(customer, promised, inputs.customers):
        ours, theirs = _by_sku(inputs, customer), _by_sku(inputs, other)
        for sku in sorted(ours.keys() & theirs.keys()):
            for dimension in promised.dimensions:
                if dimension in SAMPLES:
                    mine = samples(dimension, ours[sku])
                    others = samples(dimension, theirs[sku])
                    names = (customer.contract, other.contract, sku, dimension)
                    test = _test(inputs, promised, names, mine, others)
                    yield Comparison(
                        *names, counted(mine), counted(others), test, None, is_worse=False
                    )


def _by_sku(inputs: ParityInputs, customer: Customer) -> dict[str, list[UnitService]]:
    found: dict[str, list[UnitService]] = {}
    for unit in inputs.units:
        if unit.contract == customer.contract:
            found.setdefault(unit.sku, []).append(unit)
    return found


def _test(
    inputs: ParityInputs,
    promised: ParityTerms,
    names: tuple[str, ...],
    mine: Sequence[Sample],
    others: Sequence[Sample],
) -> PermutationTest | None:
    """Test a pair, if both have units enough; the names alone, and the period, seed the draw."""
    if min(counted(mine), counted(others)) < max(1, promised.min_units):
        return None
    seed = "|".join((FORMAT, inputs.period, *names))
    return permutation_test(mine, others, seed, inputs.method.draws)


def _terms(
    inputs: ParityInputs, customer: Customer, promised: ParityTerms
) -> Iterator[TermsBeside]:
    likeness = inputs.method.likeness
    for other in compared_with(customer, promised, inputs.customers):
        is_alike = promised.price_terms and likeness.is_alike(customer.terms, other.terms)
        found = dominates(other.terms, customer.terms, promised.price_terms) if is_alike else None
        yield TermsBeside(customer.contract, other.contract, found)
