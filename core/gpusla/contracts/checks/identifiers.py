"""Ids: one thing each, in all lists whose ids a statement may name as a clause."""

from gpusla.catalogue.codes import DUPLICATE_ID
from gpusla.contracts.checks.places import Path, refuse
from gpusla.contracts.schema import ContractForm
from gpusla.documents import Document


def check_identifiers(document: Document, form: ContractForm) -> None:
    """Raise ContractError for an id that two things carry."""
    named: list[tuple[Path, str]] = [
        *((("documents", n, "id"), paper.id) for n, paper in enumerate(form.documents)),
        *((("slos", n, "id"), slo.id) for n, slo in enumerate(form.slos)),
        *((("exclusions", n, "id"), rule.id) for n, rule in enumerate(form.exclusions)),
        *((("examples", n, "name"), example.name) for n, example in enumerate(form.examples)),
    ]
    seen: dict[str, Path] = {}
    for path, id_ in named:
        first = seen.setdefault(id_, path)
        if first is not path:
            raise refuse(
                document,
                path,
                DUPLICATE_ID,
                f"{id_!r} is the name of {first[0]}[{first[1]}] too",
            )
