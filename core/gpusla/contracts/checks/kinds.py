"""
What fits which kind of objective: a term that a kind gives no meaning is refused, not passed over.

Source: docs/concepts/sla-engine.md, sections 6 to 10, and docs/decisions/0092-no-idle-terms.md.
"""

from collections.abc import Iterator

from gpusla.catalogue.codes import CONTRACT_SEMANTICS
from gpusla.contracts.checks.places import Path, refuse
from gpusla.contracts.schema import ContractForm
from gpusla.contracts.schema_promises import MeasurementsForm, ObjectiveForm
from gpusla.documents import Document

_DOWN_TIME = frozenset({"time_unit", "time_any_down", "time_all_down", "performance"})
_WITH_UNIT_SCOPE = frozenset({"time_unit", "performance", "replacement_time"})
_CREDITS_OF_OUTAGES = frozenset({"multiple", "per_event_table", "hour_waiver"})
_DENOMINATORS = {
    "capacity": ("full_window", "minus_exclusions"),
    "request_ratio": ("full_window", "minus_exclusions"),
    "replacement_time": ("full_window",),
}
_BLOCKS = {
    "requests": ("request_ratio", "says how requests are counted"),
    "performance": ("performance", "says what a unit must perform"),
    "replacement": ("replacement_time", "says how soon a failed unit must be back"),
}
_NEEDED = {
    "unknown": "says who bears time that nobody observed",
    "degraded": "says what a degraded GPU counts for",
}


def check_kinds(document: Document, form: ContractForm) -> None:
    """Raise ContractError for a term that does not fit its objective's kind, or is missing."""
    for number, slo in enumerate(form.slos):
        path: Path = ("slos", number)
        _check_blocks(document, path, slo)
        _check_what_is_needed(document, path, slo)
        _check_what_is_idle(document, path, slo)
        _check_choices(document, path, slo)
        _check_credit(document, path, slo)


def _check_blocks(document: Document, path: Path, slo: ObjectiveForm) -> None:
    for key, (kind, words) in _BLOCKS.items():
        given = getattr(slo, key) is not None
        if given and slo.kind != kind:
            raise _idle(document, (*path, key), slo)
        if not given and slo.kind == kind:
            raise refuse(
                document,
                path,
                CONTRACT_SEMANTICS,
                f"nothing {words}, which an objective of kind {kind} rests on",
                f"Add `{key}`.",
            )


def _check_what_is_needed(document: Document, path: Path, slo: ObjectiveForm) -> None:
    idle = set(_idle_keys(slo))
    for key, words in _NEEDED.items():
        if getattr(slo, key) is None and key not in idle:
            raise refuse(document, path, CONTRACT_SEMANTICS, f"nothing {words}", f"Add `{key}`.")


def _check_what_is_idle(document: Document, path: Path, slo: ObjectiveForm) -> None:
    for key in _idle_keys(slo):
        if key in slo.model_fields_set:
            raise _idle(document, (*path, key), slo)
    unknown, shortest = slo.unknown, slo.min_outage
    is_carried = slo.kind != "request_ratio" and not isinstance(slo.performance, MeasurementsForm)
    if unknown is not None and unknown.carry_last and not is_carried:
        raise _idle(document, (*path, "unknown", "carry_last"), slo)
    if shortest is not None and shortest.splits and slo.kind == "replacement_time":
        raise _idle(document, (*path, "min_outage", "splits"), slo)


def _idle_keys(slo: ObjectiveForm) -> Iterator[str]:
    """Yield the keys that have no meaning for an objective of this kind."""
    by_tickets = slo.replacement is not None and slo.replacement.clock_starts != "outage_start"
    by_slots = slo.requests is not None and slo.requests.mode != "error_time"
    by_measurements = isinstance(slo.performance, MeasurementsForm)
    if by_tickets:
        yield "unknown"
    if slo.kind in {"request_ratio", "performance"} or by_tickets:
        yield "degraded"
    if by_slots or by_tickets:
        yield "min_outage"
    if slo.kind == "request_ratio" or by_measurements or by_tickets:
        yield "clock_error"


def _check_choices(document: Document, path: Path, slo: ObjectiveForm) -> None:
    if slo.granularity != "exact" and slo.kind not in _DOWN_TIME:
        raise _unfit(document, (*path, "granularity"), slo, slo.granularity, "exact")
    allowed = _DENOMINATORS.get(slo.kind)
    if allowed is not None and slo.denominator not in allowed:
        raise _unfit(document, (*path, "denominator"), slo, slo.denominator, " or ".join(allowed))
    if slo.scope == "unit" and slo.kind not in _WITH_UNIT_SCOPE:
        raise _unfit(document, (*path, "scope"), slo, "unit", "contract")


def _check_credit(document: Document, path: Path, slo: ObjectiveForm) -> None:
    credit = slo.credit
    place = (*path, "credit", "type")
    if credit.type == "lateness" and slo.kind != "replacement_time":
        raise refuse(
            document,
            place,
            CONTRACT_SEMANTICS,
            f"an objective of kind {slo.kind} knows no repair that could be late",
            "Choose another credit, or the kind replacement_time.",
        )
    if credit.type in _CREDITS_OF_OUTAGES and slo.kind not in _DOWN_TIME:
        raise refuse(
            document,
            place,
            CONTRACT_SEMANTICS,
            f"an objective of kind {slo.kind} knows no outage of a unit that could be priced",
            "Choose step or linear, or a kind that judges the time of units.",
        )
    if credit.type in {"step", "linear"}:
        _check_base(document, (*path, "credit", "base"), slo, credit.base)


def _check_base(document: Document, path: Path, slo: ObjectiveForm, base: str) -> None:
    if slo.scope == "unit" and base != "unit_fee":
        raise refuse(
            document,
            path,
            CONTRACT_SEMANTICS,
            f"with `scope: unit` a credit is a part of the unit's own fee, not of {base}",
            "Write unit_fee, or `scope: contract`.",
        )
    if slo.scope == "contract" and base == "unit_fee":
        raise refuse(
            document,
            path,
            CONTRACT_SEMANTICS,
            "with `scope: contract` nothing says whose unit fee is meant",
            "Write period_fee or affected_charges, or `scope: unit`.",
        )
    if base == "affected_charges" and slo.kind == "request_ratio":
        raise refuse(
            document,
            path,
            CONTRACT_SEMANTICS,
            "requests name no unit, so nothing says which charges are affected",
            "Write period_fee.",
        )


def _idle(document: Document, path: Path, slo: ObjectiveForm) -> Exception:
    return refuse(
        document,
        path,
        CONTRACT_SEMANTICS,
        f"this has no meaning for {_kind(slo)}",
        "Remove it: nothing is passed over in silence.",
    )


def _unfit(document: Document, path: Path, slo: ObjectiveForm, value: str, fit: str) -> Exception:
    return refuse(
        document,
        path,
        CONTRACT_SEMANTICS,
        f"{value!r} has no meaning for {_kind(slo)}",
        f"Write {fit}.",
    )


def _kind(slo: ObjectiveForm) -> str:
    """Say what kind of objective it is, and by what it judges where that decides."""
    by = ""
    if slo.requests is not None:
        by = f" by {slo.requests.mode}"
    elif slo.performance is not None:
        by = f" by {slo.performance.source}"
    elif slo.replacement is not None:
        by = f" from {slo.replacement.clock_starts}"
    return f"an objective of kind {slo.kind}{by}"
