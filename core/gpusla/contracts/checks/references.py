"""Fields that are assumed, cited or disputed: each is there, and none is both sure and unsure."""

import re
from collections.abc import Iterator

from gpusla.catalogue.codes import CONTRACT_SEMANTICS, DUPLICATE_ID, UNKNOWN_REFERENCE
from gpusla.contracts.checks.places import Path, check_once, refuse
from gpusla.contracts.schema import ContractForm
from gpusla.documents import Document
from gpusla.documents.validate import field_name
from gpusla.errors import ContractError, GpuslaError

_PART = re.compile(r"\.?([A-Za-z_][A-Za-z0-9_]*)|\[(0|[1-9][0-9]{0,5})\]", re.ASCII)


def check_references(document: Document, form: ContractForm) -> None:
    """Raise ContractError for a path that names no field, or contradicts another."""
    _check_citations(document, form)
    for number, one in enumerate(form.disagreements):
        _check_disagreement(document, form, number)
        if not _exists(document, one.field):
            raise _unknown(document, ("disagreements", number, "field"), one.field)
    check_once(document, ("assumed",), form.assumed)
    for number, field in enumerate(form.assumed):
        if not _exists(document, field):
            raise _unknown(document, ("assumed", number), field)


def _check_citations(document: Document, form: ContractForm) -> None:
    for number, paper in enumerate(form.documents):
        for field in paper.cites:
            path: Path = ("documents", number, "cites", field)
            if not _exists(document, field):
                raise ContractError(
                    UNKNOWN_REFERENCE,
                    f"{field_name(path[:-1])}: {field!r} is no field of this file",
                    fix="Write it like capacity.ramp or slos[0].target.",
                    position=document.key_position(path),
                )
            if field in form.assumed:
                raise ContractError(
                    CONTRACT_SEMANTICS,
                    f"{field_name(path[:-1])}: {field!r} stands in {paper.id!r}, and under "
                    "`assumed` too",
                    fix="Remove one of the two.",
                    position=document.key_position(path),
                )


def _check_disagreement(document: Document, form: ContractForm, number: int) -> None:
    given = form.disagreements[number]
    if given.field in [earlier.field for earlier in form.disagreements[:number]]:
        raise refuse(
            document,
            ("disagreements", number, "field"),
            DUPLICATE_ID,
            f"{given.field!r} stands here twice",
            "Name all its sources in one place.",
        )
    if len({said.value for said in given.values}) == 1:
        raise refuse(
            document,
            ("disagreements", number, "values"),
            CONTRACT_SEMANTICS,
            "all sources say the same",
            "Remove the disagreement, or write what each of them says.",
        )


def _unknown(document: Document, path: Path, field: str) -> GpuslaError:
    return refuse(
        document,
        path,
        UNKNOWN_REFERENCE,
        f"{field!r} is no field of this file",
        "Write it like capacity.ramp or slos[0].target.",
    )


def _exists(document: Document, written: str) -> bool:
    """Whether a path is written as paths are, and leads somewhere."""
    path = tuple(_parts(written))
    if not path or field_name(path) != written:
        return False
    value = document.data
    for part in path:
        if isinstance(value, dict) and part in value:
            value = value[str(part)]
        elif isinstance(value, list) and isinstance(part, int) and part < len(value):
            value = value[part]
        else:
            return False
    return True


def _parts(written: str) -> Iterator[str | int]:
    for name, index in _PART.findall(written):
        yield name or int(index)
