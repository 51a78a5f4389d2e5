"""Capacity: units that can be whole, a ramp that goes on, rights that can arise."""

from datetime import date, timedelta

from gpusla.catalogue.codes import CONTRACT_SEMANTICS, CONTRACT_TERM
from gpusla.contracts.calendar import add_months
from gpusla.contracts.checks.fees import check_rebases
from gpusla.contracts.checks.places import Path, check_inside_term, check_once, refuse
from gpusla.contracts.ramps import steps_of
from gpusla.contracts.schema import ContractForm
from gpusla.contracts.schema_delivery import CommitmentForm, LinearRampForm, LongStopForm
from gpusla.documents import Document

_DOMAIN_GPUS = 72
_DAY = timedelta(days=1)
_MS_A_DAY = 86_400_000


def check_capacity(document: Document, form: ContractForm) -> None:
    """Raise ContractError for capacity that cannot be delivered, or not be judged."""
    _check_unit(document, form)
    _check_minimum(document, form)
    _check_ramp(document, form)
    check_rebases(document, form)
    check_once(
        document,
        ("capacity", "accepted_skus"),
        [sku if isinstance(sku, str) else sku.sku for sku in form.capacity.accepted_skus],
    )
    if form.capacity.long_stop is not None:
        _check_long_stop(document, form, form.capacity.long_stop)
    _check_acceptance(document, form)


def _check_unit(document: Document, form: ContractForm) -> None:
    capacity = form.capacity
    path: Path = ("capacity", "gpus_per_unit")
    if capacity.unit == "gpu" and capacity.gpus_per_unit != 1:
        raise refuse(
            document,
            path,
            CONTRACT_SEMANTICS,
            f"a unit of kind gpu is one GPU, not {capacity.gpus_per_unit}",
            "Write 1, or choose the unit nvl72_domain.",
        )
    if capacity.unit in {"node", "nvl72_domain"} and capacity.gpus_per_unit > _DOMAIN_GPUS:
        raise refuse(
            document,
            path,
            CONTRACT_SEMANTICS,
            f"a unit of kind {capacity.unit} has at most {_DOMAIN_GPUS} GPUs, not "
            f"{capacity.gpus_per_unit}",
            "Write how many GPUs one unit has, or choose the unit cluster.",
        )


def _check_minimum(document: Document, form: ContractForm) -> None:
    capacity = form.capacity
    minimum = capacity.min_healthy_gpus
    if capacity.partial == "per_gpu":
        if minimum not in {None, 1}:
            raise refuse(
                document,
                ("capacity", "min_healthy_gpus"),
                CONTRACT_SEMANTICS,
                "with `partial: per_gpu` every healthy GPU counts, so there is no minimum",
                "Remove it, or choose healthy_only or whole_unit.",
            )
    elif minimum is None:
        raise refuse(
            document,
            ("capacity",),
            CONTRACT_SEMANTICS,
            f"with `partial: {capacity.partial}` nothing says how many GPUs make a unit count",
            "Add `min_healthy_gpus`.",
        )
    elif minimum > capacity.gpus_per_unit:
        raise refuse(
            document,
            ("capacity", "min_healthy_gpus"),
            CONTRACT_SEMANTICS,
            f"{minimum} of a unit's {capacity.gpus_per_unit} GPUs can never be healthy",
            f"Write at most {capacity.gpus_per_unit}.",
        )


def _check_ramp(document: Document, form: ContractForm) -> None:
    before: date | None = None
    for number, piece in enumerate(form.capacity.ramp):
        path: Path = ("capacity", "ramp", number)
        check_inside_term(document, form, (*path, "from"), piece.start)
        if before is not None and piece.start <= before:
            raise refuse(
                document,
                (*path, "from"),
                CONTRACT_TERM,
                f"{piece.start} is not after {before}, the date of the step before",
                "List the steps by date, each once.",
            )
        if isinstance(piece, LinearRampForm):
            _check_slope(document, form, path, piece)
        before = piece.start if isinstance(piece, CommitmentForm) else piece.end
    if not any(piece.gpus for piece in form.capacity.ramp):
        raise refuse(
            document,
            ("capacity", "ramp"),
            CONTRACT_SEMANTICS,
            "no GPU is committed at any time",
            "Add a step with the number that was agreed.",
        )


def _check_slope(document: Document, form: ContractForm, path: Path, piece: LinearRampForm) -> None:
    check_inside_term(document, form, (*path, "until"), piece.end)
    if piece.end <= piece.start:
        raise refuse(
            document,
            (*path, "until"),
            CONTRACT_TERM,
            f"{piece.end} is not after {piece.start}, where the step begins",
            "Write the day on which all of it is committed, or a step without `until`.",
        )


def _check_long_stop(document: Document, form: ContractForm, given: LongStopForm) -> None:
    path: Path = ("capacity", "long_stop")
    check_once(document, (*path, "remedies"), given.remedies)
    term = form.term
    if not term.start - _DAY <= given.day <= term.end:
        raise refuse(
            document,
            (*path, "day"),
            CONTRACT_TERM,
            f"{given.day} lies neither in the term, {term.start} to {term.end}, nor on the day "
            "before it",
        )
    grace_end = add_months(given.day, given.grace.months) + timedelta(days=given.grace.days)
    if grace_end >= term.end:
        raise refuse(
            document,
            (*path, "grace"),
            CONTRACT_TERM,
            f"the grace ends on {grace_end}, when the term is over",
            f"Let it end before {term.end}.",
        )
    _check_whole_ramp_is_due(document, form, given)


def _check_whole_ramp_is_due(document: Document, form: ContractForm, given: LongStopForm) -> None:
    steps = steps_of(form.capacity.ramp)
    most = max(step.gpus for step in steps)
    reached = next(step.start for step in steps if step.gpus == most)
    if reached > given.day + _DAY:
        raise refuse(
            document,
            ("capacity", "long_stop", "day"),
            CONTRACT_SEMANTICS,
            f"the whole ramp is due by {given.day}, and its {most} GPUs are committed from "
            f"{reached} on",
            "Write the day by which the ramp is complete.",
        )


def _check_acceptance(document: Document, form: ContractForm) -> None:
    given = form.capacity.acceptance
    term_ms = ((form.term.end - form.term.start).days + 1) * _MS_A_DAY
    for key, length_ms in (("burn_in", given.burn_in), ("settle", given.settle)):
        if length_ms >= term_ms:
            raise refuse(
                document,
                ("capacity", "acceptance", key),
                CONTRACT_SEMANTICS,
                "this is no shorter than the term, so no GPU would ever count",
                "Write a shorter time.",
            )
