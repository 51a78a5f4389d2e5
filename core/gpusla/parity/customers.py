"""Who is compared with whom; the house and affiliates are customers like any other."""

from collections.abc import Iterable
from dataclasses import dataclass

from gpusla.contracts.model import ParityTerms
from gpusla.identity import ContractId, TenantId
from gpusla.parity.terms import Terms
from gpusla.parity.terms import terms_of as read_terms
from gpusla.sla.evaluation import Evaluation

HOUSE, AFFILIATES, ALL_EXTERNAL = "house", "affiliates", "all_external"


@dataclass(frozen=True, slots=True)
class Customer:
    """One contract, as parity sees it.  parity: what it was promised about others, if anything."""

    contract: ContractId
    tenant: TenantId
    is_house: bool
    is_affiliate: bool
    parity: ParityTerms | None
    terms: Terms

    @property
    def group(self) -> str:
        """Which of the groups that contracts compare with it belongs to."""
        if self.is_house:
            return HOUSE
        return AFFILIATES if self.is_affiliate else ALL_EXTERNAL


def customer_of(evaluation: Evaluation) -> Customer:
    """Return the customer behind an evaluation, at the price of its period."""
    contract = evaluation.contract
    committed_ms = evaluation.account.committed_period_gpu_ms
    return Customer(
        contract.id,
        contract.tenant,
        contract.house,
        contract.affiliate,
        contract.parity,
        read_terms(contract, evaluation.fee_minor_units, committed_ms),
    )


def compared_with(
    customer: Customer, promised: ParityTerms, everybody: Iterable[Customer]
) -> tuple[Customer, ...]:
    """Return whom a contract compares itself with; never another contract of the same tenant."""
    return tuple(
        other
        for other in everybody
        if other.tenant != customer.tenant and other.group in promised.compare_with
    )
