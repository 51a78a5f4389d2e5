"""Fees: the whole term covered, nothing free in silence, ramps and re-basing that fit."""

from datetime import date
from itertools import pairwise

from gpusla.catalogue.codes import CONTRACT_SEMANTICS, CONTRACT_TERM, WRONG_TYPE
from gpusla.contracts.build import recurring_of
from gpusla.contracts.checks.places import (
    Path,
    check_inside_term,
    check_rising,
    minor_units,
    refuse,
)
from gpusla.contracts.money import EXPONENTS
from gpusla.contracts.ramps import committed_on, fees_over, steps_of
from gpusla.contracts.schema import ContractForm
from gpusla.contracts.schema_delivery import AmountRampForm, RebaseForm
from gpusla.documents import Document


def check_fees(document: Document, form: ContractForm) -> None:
    """Raise ContractError for fees that leave open what is owed."""
    if form.fees.currency not in EXPONENTS:
        raise refuse(
            document,
            ("fees", "currency"),
            WRONG_TYPE,
            f"{form.fees.currency!r} is not a currency that gpusla counts in",
            f"Write one of {', '.join(sorted(EXPONENTS))}.",
        )
    _check_recurring(document, form)
    _check_ramp(document, form)
    _check_shadow(document, form)


def _check_recurring(document: Document, form: ContractForm) -> None:
    for number, fee in enumerate(form.fees.recurring):
        path: Path = ("fees", "recurring", number)
        minor_units(document, form, (*path, "amount"), fee.amount)
        check_inside_term(document, form, (*path, "from"), fee.start)
    first = form.fees.recurring[0].start
    if first != form.term.start:
        raise refuse(
            document,
            ("fees", "recurring", 0, "from"),
            CONTRACT_TERM,
            f"no fee covers the term from {form.term.start} to {first}",
            f"Let the first fee begin on {form.term.start}.",
        )
    check_rising(document, ("fees", "recurring"), [fee.start for fee in form.fees.recurring])


def _check_ramp(document: Document, form: ContractForm) -> None:
    for number, piece in enumerate(form.fees.ramp):
        path: Path = ("fees", "ramp", number)
        check_inside_term(document, form, (*path, "from"), piece.start)
        check_inside_term(document, form, (*path, "until"), piece.end)
        if piece.end < piece.start:
            raise _backwards(document, (*path, "until"), piece.start, piece.end)
        if isinstance(piece, AmountRampForm):
            _check_reduced(document, form, (*path, "amount"), piece)
        elif piece.fraction == 1:
            raise refuse(
                document,
                (*path, "fraction"),
                CONTRACT_SEMANTICS,
                "the whole fee is no reduced one",
                "Write less than 1, or remove this step.",
            )
    for number, (earlier, later) in enumerate(pairwise(form.fees.ramp), start=1):
        if later.start <= earlier.end:
            raise refuse(
                document,
                ("fees", "ramp", number, "from"),
                CONTRACT_TERM,
                f"{later.start} is not after {earlier.end}, the last day of the step before",
                "List the steps by date, without overlaps.",
            )


def _backwards(document: Document, path: Path, start: date, end: date) -> Exception:
    return refuse(
        document,
        path,
        CONTRACT_TERM,
        f"{end} is before {start}, where the step begins",
        "Write the last day of the step.",
    )


def _check_reduced(
    document: Document, form: ContractForm, path: Path, piece: AmountRampForm
) -> None:
    amount = minor_units(document, form, path, piece.amount)
    if not amount:
        raise refuse(
            document,
            path,
            CONTRACT_SEMANTICS,
            "a fee of zero would make losses look free",
            "Write what is due, however little.",
        )
    for fee, start, _ in fees_over(recurring_of(form.fees), piece.start, piece.end):
        if amount >= fee.minor_units:
            raise refuse(
                document,
                path,
                CONTRACT_SEMANTICS,
                f"{piece.amount} is not less than the fee in force on {start}",
                "Write the reduced fee of a whole billing period.",
            )


def _check_shadow(document: Document, form: ContractForm) -> None:
    fees = form.fees
    is_free = any(not fee.minor_units for fee in recurring_of(fees))
    if fees.shadow is None:
        if is_free:
            raise refuse(
                document,
                ("fees",),
                CONTRACT_SEMANTICS,
                "a fee is zero and no shadow price stands in for it, so that losses would look "
                "free",
                "Add `shadow` with the amount that the capacity would sell for in a month.",
            )
        return
    price = minor_units(document, form, ("fees", "shadow", "amount"), fees.shadow.amount)
    if not is_free:
        raise refuse(
            document,
            ("fees", "shadow"),
            CONTRACT_SEMANTICS,
            "a shadow price stands in for a zero fee, and no fee here is zero",
            "Remove it.",
        )
    if not price:
        raise refuse(
            document,
            ("fees", "shadow", "amount"),
            CONTRACT_SEMANTICS,
            "a shadow price of zero makes no loss visible",
            "Write the amount that the capacity would sell for in a month.",
        )


def check_rebases(document: Document, form: ContractForm) -> None:
    """Raise ContractError for a re-basing that the commitment does not follow."""
    rebases = form.fees.rebase
    check_rising(document, ("fees", "rebase"), [one.start for one in rebases])
    for number, one in enumerate(rebases):
        path: Path = ("fees", "rebase", number)
        check_inside_term(document, form, (*path, "from"), one.start)
        _check_rebase(document, form, path, one)


def _check_rebase(document: Document, form: ContractForm, path: Path, one: RebaseForm) -> None:
    if one.accepted_gpus >= one.of_gpus:
        raise refuse(
            document,
            (*path, "accepted_gpus"),
            CONTRACT_SEMANTICS,
            f"{one.accepted_gpus} is not fewer than the {one.of_gpus} GPUs that the fee is for",
            "Write how many were accepted instead, or remove this step.",
        )
    committed = committed_on(steps_of(form.capacity.ramp), one.start)
    if committed != one.accepted_gpus:
        raise refuse(
            document,
            (*path, "accepted_gpus"),
            CONTRACT_SEMANTICS,
            f"{one.accepted_gpus} GPUs are paid for from {one.start} on and {committed} are "
            "committed",
            "Add a step of capacity.ramp on that day, with as many GPUs.",
        )
