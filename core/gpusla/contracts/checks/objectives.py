"""Objectives: windows, shortest outages, targets and reasons that can be."""

from difflib import get_close_matches

from gpusla.catalogue.codes import CONTRACT_SEMANTICS, UNKNOWN_REFERENCE
from gpusla.catalogue.reasons import REASONS, State
from gpusla.contracts.build_promises import DEFAULT
from gpusla.contracts.checks.places import Path, check_once, refuse
from gpusla.contracts.schema import ContractForm
from gpusla.contracts.schema_promises import (
    DegradedForm,
    HealthReasonsForm,
    ObjectiveForm,
    RequestsForm,
)
from gpusla.documents import Document
from gpusla.documents.validate import field_name
from gpusla.errors import ContractError, GpuslaError

_MS_A_DAY = 86_400_000
_DAYS_MAX = {"billing_period": 31, "quarter": 92}


def degrading_reasons() -> list[str]:
    """Return the names of the reasons that degrade a GPU."""
    return sorted(reason.name for reason in REASONS.values() if reason.state is State.DEGRADED)


def check_objectives(document: Document, form: ContractForm) -> None:
    """Raise ContractError for an objective that cannot be judged, met or missed."""
    for number, slo in enumerate(form.slos):
        path: Path = ("slos", number)
        _check_window(document, form, path, slo)
        _check_target(document, path, slo)
        _check_min_outage(document, form, path, slo)
        if slo.degraded is not None:
            _check_degraded(document, (*path, "degraded", "delivered_fraction"), slo.degraded)
        if isinstance(slo.performance, HealthReasonsForm):
            _check_failing_reasons(document, (*path, "performance"), slo.performance)
        if slo.requests is not None:
            _check_requests(document, form, (*path, "requests"), slo, slo.requests)


def _check_window(document: Document, form: ContractForm, path: Path, slo: ObjectiveForm) -> None:
    window = slo.window
    place = (*path, "window")
    if (window.type == "rolling_days") != (window.days is not None):
        raise refuse(
            document,
            place if window.days is None else (*place, "days"),
            CONTRACT_SEMANTICS,
            "nothing says how many days roll"
            if window.days is None
            else f"a window of type {window.type} is not counted in days",
            "Add `days`." if window.days is None else "Remove it, or write `type: rolling_days`.",
        )
    if window.days is not None and window.days > _term_days(form):
        raise refuse(
            document,
            (*place, "days"),
            CONTRACT_SEMANTICS,
            f"{window.days} days are more than the term has, {_term_days(form)}",
            "Write fewer, or `type: term`.",
        )
    if window.grants_again and window.type != "rolling_days":
        raise refuse(
            document,
            (*place, "grants_again"),
            CONTRACT_SEMANTICS,
            f"windows of type {window.type} do not overlap, so nothing is granted again",
            "Remove it.",
        )


def _check_target(document: Document, path: Path, slo: ObjectiveForm) -> None:
    if slo.target == 1 and slo.comparison == "at_or_below":
        raise refuse(
            document,
            (*path, "comparison"),
            CONTRACT_SEMANTICS,
            "a target of 1 would be missed even if nothing ever failed",
            "Write below, or a lower target.",
        )


def _check_min_outage(
    document: Document, form: ContractForm, path: Path, slo: ObjectiveForm
) -> None:
    shortest = slo.min_outage
    if shortest is None:
        return
    place = (*path, "min_outage")
    if not shortest.length and (shortest.splits or shortest.count != "whole_run"):
        raise refuse(
            document,
            (*place, "splits" if shortest.splits else "count"),
            CONTRACT_SEMANTICS,
            "where every outage counts this has no meaning",
            "Remove it, or write how long an outage must last.",
        )
    days = window_days_max(form, slo)
    if shortest.length >= days * _MS_A_DAY:
        raise refuse(
            document,
            (*place, "length"),
            CONTRACT_SEMANTICS,
            f"no outage would be long enough in a window of {days} days",
            "Write a shorter time.",
        )


def window_days_max(form: ContractForm, slo: ObjectiveForm) -> int:
    """Return how many local days an objective's window has at most."""
    term_days = _term_days(form)
    return min(slo.window.days or _DAYS_MAX.get(slo.window.type, term_days), term_days)


def _term_days(form: ContractForm) -> int:
    return (form.term.end - form.term.start).days + 1


def _check_degraded(document: Document, path: Path, form: DegradedForm) -> None:
    fractions = form.delivered_fraction
    if DEFAULT not in fractions:
        raise refuse(
            document,
            path,
            CONTRACT_SEMANTICS,
            "no default says what a degraded GPU counts for",
            'Write `default: "1"` if degraded GPUs count in full.',
        )
    known = degrading_reasons()
    for reason in fractions:
        if reason != DEFAULT and reason not in known:
            raise ContractError(
                UNKNOWN_REFERENCE,
                f"{field_name(path)}: {reason!r} is no reason that degrades a GPU",
                fix=_spelling(reason, known),
                position=document.key_position((*path, reason)),
            )


def _check_failing_reasons(document: Document, path: Path, form: HealthReasonsForm) -> None:
    place = (*path, "failing_reasons")
    known = degrading_reasons()
    check_once(document, place, form.failing_reasons)
    for number, reason in enumerate(form.failing_reasons):
        if reason not in known:
            raise unknown_reason(document, (*place, number), reason)


def unknown_reason(document: Document, path: Path, reason: str) -> GpuslaError:
    """Return the error that names a reason which is none that degrades."""
    return refuse(
        document,
        path,
        UNKNOWN_REFERENCE,
        f"{reason!r} is no reason that degrades a GPU",
        _spelling(reason, degrading_reasons()),
    )


def _spelling(reason: str, known: list[str]) -> str:
    near = get_close_matches(reason, known, n=1)
    return f"Write {near[0]!r} if that is meant." if near else f"Known: {', '.join(known)}."


def _check_requests(
    document: Document, form: ContractForm, path: Path, slo: ObjectiveForm, requests: RequestsForm
) -> None:
    if (requests.mode == "error_time") != (requests.error_rate_above is not None):
        has_rate = requests.error_rate_above is not None
        raise refuse(
            document,
            (*path, "error_rate_above") if has_rate else path,
            CONTRACT_SEMANTICS,
            f"this has no meaning for requests by {requests.mode}"
            if has_rate
            else "nothing says at which error rate a slot is down",
            "Remove it, or write `mode: error_time`." if has_rate else "Add `error_rate_above`.",
        )
    if requests.error_rate_above == 1:
        raise refuse(
            document,
            (*path, "error_rate_above"),
            CONTRACT_SEMANTICS,
            "no error rate is above 1, so no slot would ever be down",
            "Write less than 1.",
        )
    days = 28 if slo.window.type == "billing_period" else window_days_max(form, slo)
    if requests.slot > days * _MS_A_DAY:
        raise refuse(
            document,
            (*path, "slot"),
            CONTRACT_SEMANTICS,
            f"no slot this long fits into a window of {days} days",
            "Write a shorter time.",
        )
