"""What a contract's fields must be to one another; each check names the field that is wrong."""

import re
from collections.abc import Sequence
from datetime import date
from difflib import get_close_matches
from itertools import pairwise

from gpusla.catalogue.codes import (
    CONTRACT_SEMANTICS,
    CONTRACT_TERM,
    DUPLICATE_ID,
    TIERS_OVERLAP,
    UNKNOWN_REFERENCE,
    WRONG_TYPE,
    ErrorCode,
)
from gpusla.catalogue.reasons import REASONS, State
from gpusla.contracts.money import EXPONENTS, parse_amount
from gpusla.contracts.schema import ContractForm
from gpusla.documents import Document
from gpusla.documents.validate import field_name
from gpusla.errors import ContractError

Path = tuple[str | int, ...]

_PART = re.compile(r"\.?([A-Za-z_][A-Za-z0-9_]*)|\[(\d+)\]", re.ASCII)


def check(document: Document, form: ContractForm) -> None:
    """Raise ContractError for the first contradiction, from the top of the file to its end."""
    for one in (
        _check_term,
        _check_effective_from,
        _check_fees,
        _check_shadow,
        _check_capacity,
        _check_ramp,
        _check_delivered_fractions,
        _check_tiers,
        _check_ids,
        _check_assumed,
    ):
        one(document, form)


def refuse(
    document: Document, path: Path, code: ErrorCode, message: str, fix: str = ""
) -> ContractError:
    """Return the error that names the field at path."""
    return ContractError(
        code, f"{field_name(path)}: {message}", fix=fix, position=document.position(path)
    )


def _check_term(document: Document, form: ContractForm) -> None:
    term = form.term
    if term.end < term.start:
        raise refuse(
            document,
            ("term", "end"),
            CONTRACT_TERM,
            f"{term.end} is before the start, {term.start}",
        )


def _check_inside_term(document: Document, form: ContractForm, path: Path, day: date) -> None:
    term = form.term
    if not term.start <= day <= term.end:
        raise refuse(
            document,
            path,
            CONTRACT_TERM,
            f"{day} lies outside the term, {term.start} to {term.end}",
        )


def _check_effective_from(document: Document, form: ContractForm) -> None:
    path = ("metadata", "effective_from")
    _check_inside_term(document, form, path, form.metadata.effective_from)


def _check_fees(document: Document, form: ContractForm) -> None:
    if form.fees.currency not in EXPONENTS:
        raise refuse(
            document,
            ("fees", "currency"),
            WRONG_TYPE,
            f"{form.fees.currency!r} is not a currency that gpusla counts in",
            f"Write one of {', '.join(sorted(EXPONENTS))}.",
        )
    for number, fee in enumerate(form.fees.recurring):
        path = ("fees", "recurring", number)
        _check_amount(document, form, (*path, "amount"), fee.amount)
        _check_inside_term(document, form, (*path, "from"), fee.start)
    first = form.fees.recurring[0].start
    if first != form.term.start:
        raise refuse(
            document,
            ("fees", "recurring", 0, "from"),
            CONTRACT_TERM,
            f"no fee covers the term from {form.term.start} to {first}",
            f"Let the first fee begin on {form.term.start}.",
        )
    starts = [fee.start for fee in form.fees.recurring]
    _check_rising(document, ("fees", "recurring"), starts)


def _check_amount(document: Document, form: ContractForm, path: Path, amount: str) -> None:
    try:
        parse_amount(amount, form.fees.currency)
    except ValueError as cause:
        raise refuse(
            document, path, WRONG_TYPE, str(cause), 'Write it like "150000000.00".'
        ) from cause


def _check_rising(document: Document, path: Path, starts: Sequence[date]) -> None:
    for number, (earlier, later) in enumerate(pairwise(starts), start=1):
        if later <= earlier:
            raise refuse(
                document,
                (*path, number, "from"),
                CONTRACT_TERM,
                f"{later} is not after {earlier}, the date of the step before",
                "List the steps by date, each once.",
            )


def _check_shadow(document: Document, form: ContractForm) -> None:
    fees = form.fees
    is_free = any(not parse_amount(fee.amount, fees.currency) for fee in fees.recurring)
    if fees.shadow is not None:
        _check_amount(document, form, ("fees", "shadow", "amount"), fees.shadow.amount)
        if not is_free:
            raise refuse(
                document,
                ("fees", "shadow"),
                CONTRACT_SEMANTICS,
                "a shadow price stands in for a zero fee, and no fee here is zero",
                "Remove it.",
            )
    elif is_free:
        raise refuse(
            document,
            ("fees",),
            CONTRACT_SEMANTICS,
            "a fee is zero and no shadow price stands in for it, so that losses would look free",
            "Add `shadow` with the amount that the capacity would sell for in a month.",
        )


def _check_capacity(document: Document, form: ContractForm) -> None:
    capacity = form.capacity
    if (capacity.min_healthy_gpus or 1) > capacity.gpus_per_unit:
        raise refuse(
            document,
            ("capacity", "min_healthy_gpus"),
            CONTRACT_SEMANTICS,
            f"{capacity.min_healthy_gpus} of a unit's {capacity.gpus_per_unit} GPUs can never be "
            "healthy",
            f"Write at most {capacity.gpus_per_unit}.",
        )
    if capacity.unit == "gpu" and capacity.gpus_per_unit != 1:
        raise refuse(
            document,
            ("capacity", "gpus_per_unit"),
            CONTRACT_SEMANTICS,
            f"a unit of kind gpu is one GPU, not {capacity.gpus_per_unit}",
            "Write 1, or choose the unit nvl72_domain.",
        )


def _check_ramp(document: Document, form: ContractForm) -> None:
    ramp = form.capacity.ramp
    for number, step in enumerate(ramp):
        _check_inside_term(document, form, ("capacity", "ramp", number, "from"), step.start)
    _check_rising(document, ("capacity", "ramp"), [step.start for step in ramp])


def _check_delivered_fractions(document: Document, form: ContractForm) -> None:
    path: Path = ("slos", 0, "degraded", "delivered_fraction")
    if form.slos[0].degraded is None:
        return
    fractions = form.slos[0].degraded.delivered_fraction
    if "default" not in fractions:
        raise refuse(
            document,
            path,
            CONTRACT_SEMANTICS,
            "no default says what a degraded GPU counts for",
            'Write `default: "1"` if degraded GPUs count in full.',
        )
    known = sorted(reason.name for reason in REASONS.values() if reason.state is State.DEGRADED)
    for reason in fractions:
        if reason != "default" and reason not in known:
            near = get_close_matches(reason, known, n=1)
            raise ContractError(
                UNKNOWN_REFERENCE,
                f"{field_name(path)}: {reason!r} is no reason that degrades a GPU",
                fix=f"Write {near[0]!r} if that is meant."
                if near
                else f"Known: {', '.join(known)}.",
                position=document.key_position((*path, reason)),
            )


def _check_tiers(document: Document, form: ContractForm) -> None:
    objective = form.slos[0]
    path: Path = ("slos", 0, "credit", "tiers")
    if objective.credit.type != "step":
        return
    for number, (upper, lower) in enumerate(pairwise(objective.credit.tiers), start=1):
        if not (lower.below < upper.below and lower.percent > upper.percent):
            raise refuse(
                document,
                (*path, number),
                TIERS_OVERLAP,
                "this tier does not lie below the one before it with a larger percentage",
            )
    if objective.credit.tiers[0].below > objective.target:
        raise refuse(
            document,
            (*path, 0, "below"),
            CONTRACT_SEMANTICS,
            "the first tier credits an availability that meets the target",
            "Let it begin at the target or below.",
        )


def _check_ids(document: Document, form: ContractForm) -> None:
    lists: list[tuple[str, Sequence[str]]] = [
        ("documents", [paper.id for paper in form.documents]),
        ("assumed", form.assumed),
    ]
    for key, ids in lists:
        for number, id_ in enumerate(ids):
            if id_ in ids[:number]:
                raise refuse(document, (key, number), DUPLICATE_ID, f"{id_!r} stands here twice")


def _check_assumed(document: Document, form: ContractForm) -> None:
    for number, written in enumerate(form.assumed):
        path = tuple(name or int(index) for name, index in _PART.findall(written))
        is_read = field_name(path) == written and bool(path)
        if not is_read or not _exists(document, path):
            raise refuse(
                document,
                ("assumed", number),
                UNKNOWN_REFERENCE,
                f"{written!r} is no field of this file",
                "Write it like capacity.ramp or slos[0].target.",
            )


def _exists(document: Document, path: Path) -> bool:
    value = document.data
    for part in path:
        if isinstance(value, dict) and part in value:
            value = value[str(part)]
        elif isinstance(value, list) and isinstance(part, int) and part < len(value):
            value = value[part]
        else:
            return False
    return True
