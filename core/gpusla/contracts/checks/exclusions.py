"""Exclusion rules: limits that say whose they are, and that can be kept and broken."""

from gpusla.catalogue.codes import CONTRACT_SEMANTICS
from gpusla.contracts.checks.places import Path, refuse
from gpusla.contracts.schema import ContractForm
from gpusla.contracts.schema_remedies import ExclusionForm
from gpusla.documents import Document

_MS_AN_HOUR = 3_600_000
_PERIOD_MS_MAX = (31 * 24 + 1) * _MS_AN_HOUR
"""31 days, one of them with the hour that clocks go back."""


def check_exclusions(document: Document, form: ContractForm) -> None:
    """Raise ContractError for a rule that is ambiguous or limits nothing."""
    for number, rule in enumerate(form.exclusions):
        path: Path = ("exclusions", number)
        _check_hours(document, path, rule)
        _check_notice(document, form, path, rule)


def _check_hours(document: Document, path: Path, rule: ExclusionForm) -> None:
    if rule.hours_max and rule.hours_per is None:
        raise refuse(
            document,
            path,
            CONTRACT_SEMANTICS,
            "nothing says whose hours `hours_max` limits",
            "Add `hours_per`: slot for each slot's own, contract for the contract's clock.",
        )
    if rule.hours_per is not None and not rule.hours_max:
        raise refuse(
            document,
            (*path, "hours_per"),
            CONTRACT_SEMANTICS,
            "without `hours_max` there are no hours to limit",
            "Remove it, or add `hours_max`.",
        )
    if rule.hours_max >= _PERIOD_MS_MAX:
        raise refuse(
            document,
            (*path, "hours_max"),
            CONTRACT_SEMANTICS,
            "no billing period has more hours than this, so nothing is limited",
            "Write fewer hours, or remove it.",
        )


def _check_notice(document: Document, form: ContractForm, path: Path, rule: ExclusionForm) -> None:
    days = (form.term.end - form.term.start).days + 1
    if rule.notice >= days * 24 * _MS_AN_HOUR:
        raise refuse(
            document,
            (*path, "notice"),
            CONTRACT_SEMANTICS,
            f"a notice this long is no shorter than the term, {days} days",
            "Write a shorter notice.",
        )
