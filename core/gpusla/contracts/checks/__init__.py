"""What a contract's fields must be to one another; each check names the field that is wrong."""

from gpusla.contracts.checks.capacity import check_capacity
from gpusla.contracts.checks.chronic import check_chronic
from gpusla.contracts.checks.claims import check_claims
from gpusla.contracts.checks.combination import check_combination
from gpusla.contracts.checks.credits import check_credits
from gpusla.contracts.checks.examples import check_examples
from gpusla.contracts.checks.exclusions import check_exclusions
from gpusla.contracts.checks.fees import check_fees
from gpusla.contracts.checks.identifiers import check_identifiers
from gpusla.contracts.checks.kinds import check_kinds
from gpusla.contracts.checks.objectives import check_objectives
from gpusla.contracts.checks.parity import check_parity
from gpusla.contracts.checks.references import check_references
from gpusla.contracts.checks.signatures import check_signatures
from gpusla.contracts.checks.term import check_term
from gpusla.contracts.schema import ContractForm
from gpusla.documents import Document

_IN_ORDER = (
    check_term,
    check_fees,
    check_capacity,
    check_kinds,
    check_objectives,
    check_credits,
    check_combination,
    check_exclusions,
    check_claims,
    check_chronic,
    check_parity,
    check_examples,
    check_identifiers,
    check_references,
    check_signatures,
)


def check(document: Document, form: ContractForm) -> None:
    """
    Raise ContractError for the first contradiction, by subject in the order of the file.

    A later check relies on what the earlier ones let through.
    """
    for one in _IN_ORDER:
        one(document, form)
