"""The term, when a version takes effect, and how the contract may be ended."""

from datetime import date, timedelta

from gpusla.catalogue.codes import CONTRACT_TERM
from gpusla.contracts.calendar import add_months
from gpusla.contracts.checks.places import check_inside_term, check_once, refuse
from gpusla.contracts.schema import ContractForm
from gpusla.documents import Document

_YEARS_MAX = 100
_TERMINATION = ("term", "termination")


def check_term(document: Document, form: ContractForm) -> None:
    """Raise ContractError for dates that cannot be."""
    term = form.term
    if term.end < term.start:
        raise refuse(
            document,
            ("term", "end"),
            CONTRACT_TERM,
            f"{term.end} is before the start, {term.start}",
        )
    if term.end.year - term.start.year > _YEARS_MAX:
        raise refuse(
            document,
            ("term", "end"),
            CONTRACT_TERM,
            f"{term.end} is more than {_YEARS_MAX} years after the start, {term.start}",
            "Correct the year.",
        )
    _check_termination(document, form)
    check_inside_term(document, form, ("metadata", "effective_from"), form.metadata.effective_from)


def _check_termination(document: Document, form: ContractForm) -> None:
    given = form.term.termination
    if given is None:
        return
    check_once(document, (*_TERMINATION, "by"), given.by)
    days = (form.term.end - form.term.start).days + 1
    if given.notice_days >= days:
        raise refuse(
            document,
            (*_TERMINATION, "notice_days"),
            CONTRACT_TERM,
            f"a notice of {given.notice_days} days is no shorter than the term, {days} days",
            "Write a shorter notice, or leave `termination` out if nobody may end the term.",
        )
    if _initial_end(form) > form.term.end:
        raise refuse(
            document,
            (*_TERMINATION, "initial_period_months"),
            CONTRACT_TERM,
            f"an initial period of {given.initial_period_months} months is no shorter than the "
            f"term, {form.term.start} to {form.term.end}",
            "Write a shorter one, or leave `termination` out if nobody may end the term.",
        )
    if given.not_before is not None:
        check_inside_term(document, form, (*_TERMINATION, "not_before"), given.not_before)
    _check_that_notice_is_in_time(document, form)


def _check_that_notice_is_in_time(document: Document, form: ContractForm) -> None:
    given = form.term.termination
    assert given is not None
    initial_end = _initial_end(form)
    first = form.term.start if given.notice_during_initial else initial_end
    first = max(first, given.not_before or first)
    end = max(first + timedelta(days=given.notice_days), initial_end)
    if end > form.term.end:
        raise refuse(
            document,
            _TERMINATION,
            CONTRACT_TERM,
            f"notice can be given from {first} at the earliest and would end the contract on "
            f"{end}, after the term",
            "Let notice be given earlier, or leave `termination` out if nobody may end the term.",
        )


def _initial_end(form: ContractForm) -> date:
    """Return the first day after the initial period."""
    assert form.term.termination is not None
    return add_months(form.term.start, form.term.termination.initial_period_months)
