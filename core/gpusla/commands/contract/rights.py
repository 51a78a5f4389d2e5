"""`gpusla contract rights`: what a contract lets whom do, and from when to when."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from gpusla.commands.contract.files import read_contract_file
from gpusla.contracts.model import ContractVersion
from gpusla.contracts.money import format_amount, round_once
from gpusla.contracts.rights import Right
from gpusla.contracts.rights import rights as rights_of
from gpusla.sla.digest import canonical
from gpusla.sla.fees import MinimumSpend, minimum_spend


def rights(
    contract: Annotated[Path, typer.Argument(metavar="CONTRACT", help="A contract file.")],
    *,
    json: Annotated[bool, typer.Option("--json", help="For a machine.")] = False,
) -> None:
    """
    List the dated rights of a contract, and the least that it costs under each reading.

    For example: gpusla contract rights examples/contracts/reflection-2026.yaml
    """
    terms = read_contract_file(contract)
    if json:
        found = [_plain(one) for one in rights_of(terms)]
        typer.echo(canonical({"contract": terms.id, "rights": found}).decode("ascii"))
        return
    typer.echo("\n".join((*listed(terms), "", *spent(terms))))


def listed(contract: ContractVersion) -> Iterator[str]:
    """Yield a line for each right, in order of time."""
    yield f"{contract.id} version {contract.version}, local days of {contract.term.timezone}"
    found = rights_of(contract)
    width = max(len(one.rule) for one in found)
    for one in found:
        yield f"  {_days(one):<26} {one.rule:<{width}}  {_who(one):<20} [{one.field}]".rstrip()


def spent(contract: ContractVersion) -> Iterator[str]:
    """Yield the least that is paid, by reading, those of one amount together."""
    yield "the least that is paid if it is ended as early as can be"
    groups: dict[tuple[str, str], list[MinimumSpend]] = {}
    for one in minimum_spend(contract):
        units = round_once(one.minor_units, contract.fees.rounding)
        amount = format_amount(units, contract.fees.currency)
        groups.setdefault((amount, str(one.last_day)), []).append(one)
    for (amount, last_day), group in groups.items():
        mark = "  ← as this contract reads" if any(one.is_agreed for one in group) else ""
        readings = ", ".join(dict.fromkeys(_reading(one) for one in group))
        yield f"  {amount:>24}  to {last_day}  {readings}{mark}"


def _reading(one: MinimumSpend) -> str:
    notice = "notice within" if one.notice_during_initial else "notice after"
    return f"{notice} the initial period, {one.proration.value}"


def _days(one: Right) -> str:
    if one.first_day == one.last_day:
        return str(one.first_day)
    return f"{one.first_day} to {one.last_day}"


def _who(one: Right) -> str:
    return f"by {' or '.join(one.by)}" if one.by else ""


def _plain(one: Right) -> dict[str, object]:
    return {
        "name": one.name,
        "first_day": str(one.first_day),
        "last_day": str(one.last_day),
        "opens_ms": one.opens_ms,
        "closes_ms": one.closes_ms,
        "by": list(one.by),
        "rule": one.rule,
        "field": one.field,
    }
