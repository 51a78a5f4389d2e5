"""Claims: a deadline where one is needed, and one that can be kept."""

from gpusla.catalogue.codes import CONTRACT_SEMANTICS
from gpusla.contracts.checks.places import Path, refuse
from gpusla.contracts.schema import ContractForm
from gpusla.contracts.schema_remedies import DeadlineForm
from gpusla.documents import Document

_DEADLINE: Path = ("claims", "deadline")


def check_claims(document: Document, form: ContractForm) -> None:
    """Raise ContractError for a claim that nobody could make in time, or need not make."""
    claims = form.claims
    if claims.mode == "automatic":
        if claims.deadline is not None:
            raise refuse(
                document,
                _DEADLINE,
                CONTRACT_SEMANTICS,
                "a credit that comes by itself needs no claim, and has no deadline for one",
                "Remove it, or write `mode: on_claim`.",
            )
        return
    if claims.deadline is None:
        raise refuse(
            document,
            ("claims",),
            CONTRACT_SEMANTICS,
            "nothing says until when a credit may be claimed",
            "Add `deadline`.",
        )
    _check_deadline(document, claims.deadline)


def _check_deadline(document: Document, deadline: DeadlineForm) -> None:
    counts_cycles = deadline.anchor == "end_of_billing_cycle"
    if deadline.cycles and not counts_cycles:
        raise refuse(
            document,
            (*_DEADLINE, "cycles"),
            CONTRACT_SEMANTICS,
            f"with `anchor: {deadline.anchor}` no billing cycles are counted",
            "Remove it, or write `anchor: end_of_billing_cycle`.",
        )
    if counts_cycles and not deadline.cycles:
        raise refuse(
            document,
            _DEADLINE,
            CONTRACT_SEMANTICS,
            "nothing says after how many billing cycles the deadline is",
            "Add `cycles`, or write `anchor: end_of_period`.",
        )
    if deadline.business_days and not deadline.days:
        raise refuse(
            document,
            (*_DEADLINE, "business_days"),
            CONTRACT_SEMANTICS,
            "the deadline counts no days",
            "Remove it, or add `days`.",
        )
    if not (deadline.months or deadline.days or deadline.cycles):
        raise refuse(
            document,
            _DEADLINE,
            CONTRACT_SEMANTICS,
            "the deadline leaves no time to claim",
            "Add `months` or `days`.",
        )
