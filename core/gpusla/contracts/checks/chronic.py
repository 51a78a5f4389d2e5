"""Chronic failure: an objective that exists, and a right that can open."""

from gpusla.catalogue.codes import CONTRACT_SEMANTICS, UNKNOWN_REFERENCE
from gpusla.contracts.calendar import month_count
from gpusla.contracts.checks.places import Path, refuse
from gpusla.contracts.schema import ContractForm
from gpusla.contracts.schema_promises import ObjectiveForm
from gpusla.contracts.schema_remedies import ChronicForm
from gpusla.documents import Document

_PATH: Path = ("chronic",)
_PERIODS_A_QUARTER = 3


def check_chronic(document: Document, form: ContractForm) -> None:
    """Raise ContractError for a right that could never open."""
    given = form.chronic
    if given is None:
        return
    slo = next((slo for slo in form.slos if slo.id == given.objective), None)
    if slo is None:
        known = ", ".join(slo.id for slo in form.slos)
        raise refuse(
            document,
            (*_PATH, "objective"),
            UNKNOWN_REFERENCE,
            f"{given.objective!r} is no objective of this contract",
            f"Write one of: {known}.",
        )
    _check_opening(document, form, given)
    _check_misses(document, given, slo)
    if given.floor is not None and given.floor > slo.target:
        raise refuse(
            document,
            (*_PATH, "floor"),
            CONTRACT_SEMANTICS,
            "a value below this floor can meet the target",
            "Write the target or less.",
        )


def _check_opening(document: Document, form: ContractForm, given: ChronicForm) -> None:
    if not given.misses and given.floor is None:
        raise refuse(
            document,
            _PATH,
            CONTRACT_SEMANTICS,
            "nothing opens the right",
            "Add `misses` with `within_periods`, or `floor`.",
        )
    if bool(given.misses) != bool(given.within_periods):
        has_misses = bool(given.misses)
        raise refuse(
            document,
            (*_PATH, "misses" if has_misses else "within_periods"),
            CONTRACT_SEMANTICS,
            "nothing says within how many periods" if has_misses else "no misses are counted",
            "Add `within_periods`." if has_misses else "Remove it, or add `misses`.",
        )
    periods = month_count(form.term.start, form.term.end)
    if given.within_periods > periods:
        raise refuse(
            document,
            (*_PATH, "within_periods"),
            CONTRACT_SEMANTICS,
            f"the term has no more than {periods} billing periods",
            f"Write at most {periods}.",
        )


def _check_misses(document: Document, given: ChronicForm, slo: ObjectiveForm) -> None:
    within = given.within_periods
    most = {
        "quarter": -(-within // _PERIODS_A_QUARTER),
        "term": min(within, 1),
    }.get(slo.window.type, within)
    if given.misses > most:
        raise refuse(
            document,
            (*_PATH, "misses"),
            CONTRACT_SEMANTICS,
            f"{slo.id!r} is judged {most} times in {within} billing periods",
            f"Write at most {most}, or more periods.",
        )
