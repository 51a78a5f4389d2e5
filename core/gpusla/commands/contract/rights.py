"""`gpusla contract rights`: what a contract lets whom do, and from when to when."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated

import typer

from gpusla.commands.contract.files import read_contract_file
from gpusla.commands.contract.final_outcomes import final_outcomes
from gpusla.contracts.model import ContractVersion, Proration
from gpusla.contracts.money import format_amount, round_once
from gpusla.contracts.rights import Right
from gpusla.contracts.rights import rights as rights_of
from gpusla.sla.chronic import as_rights, chronic_rights
from gpusla.sla.digest import canonical
from gpusla.sla.fees import MinimumSpend, minimum_spend


def rights(
    contract: Annotated[Path, typer.Argument(metavar="CONTRACT", help="A contract file.")],
    statement: Annotated[
        list[Path] | None,
        typer.Option(help="The JSON of a final statement; give all of the last periods."),
    ] = None,
    *,
    json: Annotated[bool, typer.Option("--json", help="For a machine.")] = False,
) -> None:
    """
    List the dated rights of a contract, and the least that it costs under each reading.

    Those that chronic failure opens need the statements that tell of it, given by --statement.

    For example: gpusla contract rights examples/contracts/reflection-2026.yaml
    """
    terms = read_contract_file(contract)
    found = rights_of(terms, _opened_by_failure(terms, statement or ()))
    if json:
        plain = {"contract": terms.id, "rights": [_plain(one) for one in found]}
        typer.echo(canonical(plain).decode("ascii"))
        return
    typer.echo("\n".join((*listed(terms, found), "", *spent(terms))))


def _opened_by_failure(terms: ContractVersion, statements: Iterable[Path]) -> Iterator[Right]:
    """Yield the rights of chronic failure as they stand with the last of the statements."""
    outcomes = tuple(final_outcomes(terms, statements))
    last_ms = max((one.final_ms for one in outcomes), default=0)
    yield from as_rights(terms, chronic_rights(terms, outcomes, last_ms))


def listed(contract: ContractVersion, rights: Iterable[Right]) -> Iterator[str]:
    """Yield a line for each right, in their order."""
    yield f"{contract.id} version {contract.version}, local days of {contract.term.timezone}"
    found = [(_days(one), _rule(one), one.field) for one in rights]
    width = max(len(rule) for _, rule, _ in found)
    for days, rule, field in found:
        yield f"  {days:<26}{rule:<{width}}  [{field}]"


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
        yield f"  {amount:>24}  to {last_day}  {_readings(group)}{mark}"


def _readings(group: Iterable[MinimumSpend]) -> str:
    """Name the readings that come to one amount: when notice may be given, and what is prorated."""
    prorations: dict[bool, list[str]] = {}
    for one in group:
        prorations.setdefault(one.notice_during_initial, []).append(one.proration.value)
    return "; ".join(
        f"notice {'in' if is_during else 'after'} the initial period"
        f" ({'any proration' if len(found) == len(Proration) else ', '.join(found)})"
        for is_during, found in sorted(prorations.items())
    )


def _days(one: Right) -> str:
    if one.first_day == one.last_day:
        return str(one.first_day)
    return f"{one.first_day} to {one.last_day}"


def _rule(one: Right) -> str:
    return f"{one.rule}, by {' or '.join(one.by)}" if one.by else one.rule


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
