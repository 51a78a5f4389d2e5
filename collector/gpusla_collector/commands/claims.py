"""`gpusla collector claims`: what must be asked for, by when, and what became of it."""

from collections.abc import Collection
from datetime import UTC, datetime
from difflib import get_close_matches
from typing import Annotated, Any

import typer

from gpusla.catalogue.codes import NOTHING_TO_SHOW, UNKNOWN_REFERENCE
from gpusla.clock import SystemClock
from gpusla.contracts.calendar import zone
from gpusla.contracts.money import format_amount
from gpusla.errors import InputError
from gpusla.identity import ContractId, TenantId
from gpusla.instants import format_instant
from gpusla_collector.commands.output import (
    Config,
    Out,
    TableForm,
    as_csv,
    as_json,
    as_table,
    put,
)
from gpusla_collector.commands.unfinished import NO_TURN
from gpusla_collector.ports import OPERATOR, Scope
from gpusla_collector.settings import read_settings
from gpusla_collector.usecases.claims import Claimable, ClaimList, ClaimStatus

FORMAT = "gpusla/claims/1"
WITHOUT = "All that there are: gpusla collector claims without --contract, --tenant and --status."
HEADER = ("contract", "period", "status", "worth", "claim before", "in the contract's zone", "left")


def claims_command(
    config: Config,
    *,
    contract: Annotated[str | None, typer.Option(help="Only this contract's.")] = None,
    tenant: Annotated[str | None, typer.Option(help="Only what this tenant may see.")] = None,
    status: Annotated[ClaimStatus | None, typer.Option(help="Only of this status.")] = None,
    as_: Annotated[TableForm, typer.Option("--as", help="What to write.")] = TableForm.TEXT,
    out: Out = None,
) -> None:
    """
    List the credits that must be asked for: worth, status, deadline; 4 if there are none.

    A contract, or a tenant, of which nothing is on record is refused.

    For example: gpusla collector claims --config collector.yaml --status open
    For a tenant: gpusla collector claims --config collector.yaml --tenant acme --as csv
    """
    from gpusla_collector.adapters.sql.reading import reading  # noqa: PLC0415

    now_ms = SystemClock().wall_ms()
    scope = OPERATOR if tenant is None else Scope(TenantId(tenant))
    with reading(read_settings(config).database) as store:
        if not (everything := store.contracts(OPERATOR)):
            raise InputError(NOTHING_TO_SHOW, "no contract was taken in yet", fix=NO_TURN)
        require_tenant(tenant, {one.tenant for one in everything})
        require_contract(contract, {one.contract for one in store.contracts(scope)})
        found = [
            one
            for one in ClaimList(store).of(scope, now_ms)
            if contract in {None, one.contract} and status in {None, one.status}
        ]
    if not found:
        raise nothing(contract, tenant, status)
    put(written(found, as_, now_ms), out)


def require_contract(contract: str | None, known: Collection[ContractId]) -> None:
    """
    See that a contract could have credits: silence about a slip of the pen is no good news.

    known: those that the asker may see.  Raises InputError `unknown_reference`.
    """
    if contract is None or contract in known:
        return
    near = get_close_matches(contract, list(known), n=3)
    raise InputError(
        UNKNOWN_REFERENCE,
        f"--contract {contract!r} is no contract of which anything is on record",
        fix=f"Close to it: {', '.join(near)}." if near else WITHOUT,
    )


def require_tenant(tenant: str | None, known: Collection[TenantId]) -> None:
    """
    See that a tenant could have credits, as `require_contract` does of a contract.

    known: of every contract on record.  Raises InputError `unknown_reference`.
    """
    if tenant is None or tenant in known:
        return
    near = get_close_matches(tenant, list(known), n=3)
    raise InputError(
        UNKNOWN_REFERENCE,
        f"--tenant {tenant!r} is no tenant of any contract on record",
        fix=f"Close to it: {', '.join(near)}." if near else WITHOUT,
    )


def nothing(contract: str | None, tenant: str | None, status: ClaimStatus | None) -> InputError:
    """Return the error of a list that is empty, with what was asked for."""
    whose = "" if tenant is None else f" of tenant {tenant!r}"
    of = "" if contract is None else f" under contract {contract!r}"
    which = "" if status is None else f" with status {status.value!r}"
    fix = WITHOUT if whose or of or which else "Nobody has to claim anything."
    return InputError(NOTHING_TO_SHOW, f"no credit{whose}{of} has to be asked for{which}", fix=fix)


def written(found: list[Claimable], form: TableForm, now_ms: int) -> str:
    """Write a list of claims in a form; now_ms: as of when."""
    match form:
        case TableForm.JSON:
            rows = [_row(one, now_ms) for one in found]
            return as_json({"format": FORMAT, "as_of": format_instant(now_ms), "claims": rows})
        case TableForm.CSV:
            return as_csv([_row(one, now_ms) for one in found])
        case TableForm.TEXT:
            return as_table(HEADER, [_cells(one, now_ms) for one in found])


def _row(one: Claimable, now_ms: int) -> dict[str, Any]:
    """Return what machines read: integers, instants in UTC and the same in the contract's zone."""
    return {
        "contract": one.contract,
        "tenant": one.tenant,
        "period": one.period,
        "status": one.status.value,
        "worth_minor_units": one.worth_minor_units,
        "currency": one.currency,
        "is_over": one.is_over,
        "deadline": format_instant(one.deadline_ms),
        "deadline_local": local(one.deadline_ms, one.timezone).isoformat(),
        "timezone": one.timezone,
        "days_left": one.days_left(now_ms),
        "claimed_at": None if one.claimed_ms is None else format_instant(one.claimed_ms),
    }


def _cells(one: Claimable, now_ms: int) -> tuple[str, ...]:
    return (
        one.contract,
        one.period,
        one.status.value,
        format_amount(one.worth_minor_units, one.currency) + ("" if one.is_over else " so far"),
        format_instant(one.deadline_ms),
        f"{local(one.deadline_ms, one.timezone):%Y-%m-%d %H:%M} {one.timezone}",
        days_words(one.days_left(now_ms)),
    )


def days_words(days: int | None) -> str:
    """Say how many days are left; nothing where none is counted."""
    return "" if days is None else f"{days} day" + ("" if days == 1 else "s")


def local(instant_ms: int, timezone_name: str) -> datetime:
    """Return an instant by the clocks of a zone."""
    whole = datetime.fromtimestamp(instant_ms // 1000, UTC)
    return whole.astimezone(zone(timezone_name))
