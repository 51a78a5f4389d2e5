"""
Worked examples: facts that can be, under this contract.

What they come to is judged by whoever loads a contract to use it (gpusla.sla.worked).
"""

from datetime import date, timedelta

from gpusla.catalogue.codes import CONTRACT_SEMANTICS, CONTRACT_TERM, UNKNOWN_REFERENCE
from gpusla.contracts.calendar import cycle_start, local_date, start_of_day_ms
from gpusla.contracts.checks.objectives import degrading_reasons, unknown_reason
from gpusla.contracts.checks.places import Path, minor_units, refuse
from gpusla.contracts.ramps import committed_on, steps_of
from gpusla.contracts.schema import ContractForm, ExampleForm, OutageForm
from gpusla.documents import Document

_DAY = timedelta(days=1)


def check_examples(document: Document, form: ContractForm) -> None:
    """Raise ContractError for an example that could not happen."""
    for number, example in enumerate(form.examples):
        path: Path = ("examples", number)
        minor_units(document, form, (*path, "credit"), example.credit)
        start, end = _period(form, example)
        first, last = _judged(form, start, end)
        if last < first:
            raise refuse(
                document,
                (*path, "period"),
                CONTRACT_TERM,
                f"no day of {example.period} is judged under this version, which holds from "
                f"{_effective(form)} to {form.term.end}",
                "Write a period of the term, not before effective_from.",
            )
        for place, outage in enumerate(example.outages):
            _check_state(document, form, (*path, "outages", place), outage)
            _check_time(document, form, (*path, "outages", place), outage, (start, first, last))


def _period(form: ContractForm, example: ExampleForm) -> tuple[date, date]:
    """Return the first day of a billing period and that of the next one."""
    year, month = int(example.period[:4]), int(example.period[5:])
    cycle_day = form.fees.cycle_day
    return cycle_start(year, month, cycle_day), cycle_start(year, month + 1, cycle_day)


def _effective(form: ContractForm) -> date:
    return max(form.term.start, form.metadata.effective_from)


def _judged(form: ContractForm, start: date, end: date) -> tuple[date, date]:
    """Return the first and the last day of the part that is judged under this version."""
    return max(start, _effective(form)), min(end - _DAY, form.term.end)


def _check_state(document: Document, form: ContractForm, path: Path, outage: OutageForm) -> None:
    if outage.state not in {"down", "unknown", *degrading_reasons()}:
        raise unknown_reason(document, (*path, "state"), outage.state)
    known = [rule.id for rule in form.exclusions]
    if outage.excluded_by and outage.excluded_by not in known:
        raise refuse(
            document,
            (*path, "excluded_by"),
            UNKNOWN_REFERENCE,
            f"{outage.excluded_by!r} is no exclusion of this contract",
            f"Write one of: {', '.join(known)}." if known else "Remove it.",
        )


def _check_time(
    document: Document,
    form: ContractForm,
    path: Path,
    outage: OutageForm,
    days: tuple[date, date, date],
) -> None:
    timezone = form.term.timezone
    start, first, last = days
    from_ms = start_of_day_ms(start, timezone) + outage.start_ms
    until_ms = from_ms + outage.duration_ms
    if from_ms < start_of_day_ms(first, timezone):
        raise refuse(
            document,
            (*path, "from"),
            CONTRACT_TERM,
            f"the outage begins before {first}, the first day that is judged",
            "Let it begin later.",
        )
    if until_ms > start_of_day_ms(last + _DAY, timezone):
        raise refuse(
            document,
            (*path, "for"),
            CONTRACT_TERM,
            f"the outage ends after {last}, the last day that is judged",
            "Let it end within the period.",
        )
    committed = committed_on(steps_of(form.capacity.ramp), local_date(from_ms, timezone))
    if outage.gpus > committed:
        raise refuse(
            document,
            (*path, "gpus"),
            CONTRACT_SEMANTICS,
            f"{outage.gpus} GPUs fail and {committed} are committed",
            f"Write at most {committed}.",
        )
