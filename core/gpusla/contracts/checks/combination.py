"""How credits become one: stated where it matters, and caps of which each can bind."""

from fractions import Fraction

from gpusla.catalogue.codes import CONTRACT_SEMANTICS
from gpusla.contracts.checks.places import Path, minor_units, refuse
from gpusla.contracts.schema import ContractForm
from gpusla.contracts.schema_remedies import AmountCapForm
from gpusla.documents import Document

_CAPS: Path = ("combine", "caps")


def check_combination(document: Document, form: ContractForm) -> None:
    """Raise ContractError for credits that cannot be combined, or never be given."""
    if len(form.slos) > 1 and form.combine.across_slos is None:
        raise refuse(
            document,
            ("combine",),
            CONTRACT_SEMANTICS,
            f"nothing says how the credits of {len(form.slos)} objectives become one",
            "Add `combine` with `across_slos`: sum, max or first.",
        )
    _check_caps(document, form)
    _check_minimum(document, form)


def _check_caps(document: Document, form: ContractForm) -> None:
    has_units = any(slo.kind != "request_ratio" for slo in form.slos)
    for number, cap in enumerate(form.combine.caps):
        if isinstance(cap, AmountCapForm):
            if not minor_units(document, form, (*_CAPS, number, "amount"), cap.amount):
                raise refuse(
                    document,
                    (*_CAPS, number, "amount"),
                    CONTRACT_SEMANTICS,
                    "a cap of zero takes every credit away",
                    "Write the most that a period may give, or make the credits `none`.",
                )
        elif cap.of == "affected_charges" and not has_units:
            raise refuse(
                document,
                (*_CAPS, number, "of"),
                CONTRACT_SEMANTICS,
                "no objective names a unit, so no charges are affected and nothing would be given",
                "Write period_fee.",
            )
        if number:
            _check_that_it_binds(document, form, number)


def _check_that_it_binds(document: Document, form: ContractForm, number: int) -> None:
    base, most = _base_and_most(document, form, number)
    for earlier in range(number):
        base_before, most_before = _base_and_most(document, form, earlier)
        if base == base_before and most >= most_before:
            raise refuse(
                document,
                (*_CAPS, number),
                CONTRACT_SEMANTICS,
                f"this cap never binds: combine.caps[{earlier}] is no higher, and of the same",
                "Remove it, or write a lower one.",
            )


def _base_and_most(document: Document, form: ContractForm, number: int) -> tuple[str, Fraction]:
    cap = form.combine.caps[number]
    if isinstance(cap, AmountCapForm):
        return "", Fraction(minor_units(document, form, (*_CAPS, number, "amount"), cap.amount))
    return cap.of, cap.percent


def _check_minimum(document: Document, form: ContractForm) -> None:
    path: Path = ("combine", "minimum_credit")
    minimum = minor_units(document, form, path, form.combine.minimum_credit)
    for number, cap in enumerate(form.combine.caps):
        if not isinstance(cap, AmountCapForm):
            continue
        if minimum > minor_units(document, form, (*_CAPS, number, "amount"), cap.amount):
            raise refuse(
                document,
                path,
                CONTRACT_SEMANTICS,
                f"{form.combine.minimum_credit} is more than combine.caps[{number}] lets through, "
                "so no credit would ever be given",
                "Write a smaller amount.",
            )
