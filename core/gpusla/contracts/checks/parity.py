"""Parity: each comparison named once."""

from gpusla.catalogue.codes import CONTRACT_SEMANTICS
from gpusla.contracts.checks.places import Path, check_once, refuse
from gpusla.contracts.schema import ContractForm
from gpusla.documents import Document

_PATH: Path = ("parity",)


def check_parity(document: Document, form: ContractForm) -> None:
    """Raise ContractError for a comparison that is named twice, or is with oneself."""
    given = form.parity
    if given is None:
        return
    check_once(document, (*_PATH, "compare_with"), given.compare_with)
    check_once(document, (*_PATH, "dimensions"), given.dimensions)
    check_once(document, (*_PATH, "price_terms"), given.price_terms)
    if form.metadata.house and given.compare_with == ["house"]:
        raise refuse(
            document,
            (*_PATH, "compare_with"),
            CONTRACT_SEMANTICS,
            "the house would be compared with itself alone",
            "Name affiliates or all_external.",
        )
    if given.most_favoured and not given.price_terms:
        raise refuse(
            document,
            _PATH,
            CONTRACT_SEMANTICS,
            "nothing says by which terms the tenant may not be worse off than others",
            "Add `price_terms`.",
        )
