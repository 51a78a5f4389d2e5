"""
What one tenant is told: a word for each dimension, and the digest that binds it to its inputs.

With five customers a number about the others is as good as a name; so a verdict holds no numbers,
and nothing of anybody else.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from gpusla.catalogue.codes import NOTHING_TO_SHOW
from gpusla.contracts.model import ParityTerms
from gpusla.errors import InputError
from gpusla.identity import ContractId
from gpusla.parity.commitment import FORMAT, commitment
from gpusla.parity.customers import Customer, compared_with
from gpusla.parity.report import SPARE_ORDER, Comparison, ParityInputs, ParityReport, report

PRICE_TERMS = "price_terms"
"""Under which name a verdict speaks of a most favoured customer's terms, all together."""


class Standing(StrEnum):
    """
    How a contract stands beside those that it compares itself with.

    no_worse: nothing was found that chance would not explain.  worse: something was.
    not_comparable: nobody has anything to compare.  too_few_units: of a group that is to be
    compared nobody has enough units to tell a difference from chance.
    """

    NO_WORSE = "no_worse"
    WORSE = "worse"
    NOT_COMPARABLE = "not_comparable"
    TOO_FEW_UNITS = "too_few_units"


@dataclass(frozen=True, slots=True)
class Verdict:
    """
    A contract's standing over a period.

    findings: by dimension, in the contract's order; PRICE_TERMS last where it was promised to be
    the most favoured.  commitment: of the report's inputs, the same for every tenant.
    """

    format: str
    contract: ContractId
    period: str
    findings: tuple[tuple[str, Standing], ...]
    commitment: str


def verdict(found: ParityReport, contract: ContractId, salt: bytes) -> Verdict:
    """
    Return what a contract's tenant is told.

    Raises InputError (`nothing_to_show`) if nothing about others was promised to the contract.
    """
    customer = next((one for one in found.inputs.customers if one.contract == contract), None)
    if customer is None or customer.parity is None:
        raise InputError(
            NOTHING_TO_SHOW,
            f"contract {contract} has no `parity` part, so it is compared with nobody",
            fix="Ask for a contract whose file has one.",
        )
    promised = customer.parity
    others = compared_with(customer, promised, found.inputs.customers)
    findings = [
        (dimension, _standing(found, customer, promised, others, dimension))
        for dimension in promised.dimensions
    ]
    if promised.most_favoured:
        findings.append((PRICE_TERMS, _of_terms(found, contract)))
    digest = commitment(found.inputs, salt)
    return Verdict(FORMAT, contract, found.inputs.period, tuple(findings), digest)


def is_borne_out(told: Verdict, inputs: ParityInputs, salt: bytes) -> bool:
    """
    Return whether a verdict follows from inputs, and was bound to these and no others.

    For a third party that both sides trust: it sees the inputs and the salt, and the tenant learns
    no more than yes or no.
    """
    if commitment(inputs, salt) != told.commitment:
        return False
    return verdict(report(inputs), told.contract, salt) == told


def _standing(
    found: ParityReport,
    customer: Customer,
    promised: ParityTerms,
    others: Iterable[Customer],
    dimension: str,
) -> Standing:
    if dimension == SPARE_ORDER:
        return _of_order(found, customer, others)
    comparisons = [
        one
        for one in found.comparisons
        if one.contract == customer.contract and one.dimension == dimension
    ]
    if any(one.is_worse for one in comparisons):
        return Standing.WORSE
    if not comparisons:
        return Standing.NOT_COMPARABLE
    is_told = all(_is_told(comparisons, others, group) for group in promised.compare_with)
    return Standing.NO_WORSE if is_told else Standing.TOO_FEW_UNITS


def _is_told(comparisons: Iterable[Comparison], others: Iterable[Customer], group: str) -> bool:
    """Return whether somebody of a group was tested, if anybody of it can be compared at all."""
    members = {one.contract for one in others if one.group == group}
    of_group = [one for one in comparisons if one.other in members]
    return not of_group or any(one.test is not None for one in of_group)


def _of_order(found: ParityReport, customer: Customer, others: Iterable[Customer]) -> Standing:
    """Say whether anybody who is compared was given a GPU out of turn; nothing of nothing given."""
    contracts = {one.contract for one in others}
    if not any(given.contract in contracts for given in found.inputs.hand_overs):
        return Standing.NOT_COMPARABLE
    was_passed = any(
        jump.passed_over == customer.contract and jump.given_to in contracts
        for jump in found.queue_jumps
    )
    return Standing.WORSE if was_passed else Standing.NO_WORSE


def _of_terms(found: ParityReport, contract: ContractId) -> Standing:
    beside = [one.is_dominated for one in found.terms if one.contract == contract]
    if any(beside):
        return Standing.WORSE
    return Standing.NO_WORSE if False in beside else Standing.NOT_COMPARABLE
