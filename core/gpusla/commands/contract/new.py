"""`gpusla contract new`: a commented file to start from, which is in order as it stands."""

import json
from datetime import date
from fractions import Fraction
from importlib.resources import files
from pathlib import Path
from typing import Annotated

import typer

from gpusla.catalogue.codes import FILE_UNREADABLE, WRONG_TYPE
from gpusla.contracts.calendar import next_month
from gpusla.contracts.load import load_contract
from gpusla.errors import InputError, Position
from gpusla.identity import IDENTIFIER
from gpusla.sla.periods import period_on

LOST_HOURS = 24
TERM_YEARS = 2
"""What the file starts with, to be changed."""


def new(
    id_: Annotated[str, typer.Argument(metavar="ID", help="Such as acme-2027.")],
    tenant: Annotated[str, typer.Option(help="The tenant's name in the papers.")],
    provider: Annotated[str, typer.Option(help="The provider's name in the papers.")],
    start: Annotated[str, typer.Option(help="First local day, the first of a month: 2027-01-01.")],
    out: Annotated[
        Path | None, typer.Option(help="File to write; standard output if not given.")
    ] = None,
) -> None:
    """
    Write a commented contract file to start from.

    For example: gpusla contract new acme-2027 --tenant "Acme AI" --provider "Colo Inc"
    --start 2027-01-01 --out acme-2027.yaml
    """
    text = starting_file(id_, tenant, provider, _day(start))
    if out is None:
        typer.echo(text, nl=False)
        return
    try:
        with out.open("x", encoding="utf-8") as stream:
            stream.write(text)
    except OSError as cause:
        raise InputError(
            FILE_UNREADABLE,
            f"the file cannot be written: {cause.strerror}",
            fix="Name a file that does not exist yet, in a folder that does.",
            position=Position(str(out)),
        ) from cause
    typer.echo(f"{out}: written. Change what is under `assumed`, then: gpusla contract check {out}")


def starting_file(id_: str, tenant: str, provider: str, start: date) -> str:
    """
    Return the text of a contract file that loads and whose worked example comes out.

    Raises InputError if id_ is no identifier or the start is not the first day of a month.
    """
    if not IDENTIFIER.fullmatch(id_):
        raise InputError(
            WRONG_TYPE,
            f"{id_!r} is not an identifier",
            fix="Use lower case letters, digits and hyphens, such as acme-2027.",
        )
    if start.day != 1:
        raise InputError(
            WRONG_TYPE, f"{start} is not the first day of a month", fix=f"Try {next_month(start)}."
        )
    words = {
        "id": id_,
        "tenant": id_.partition("-")[0],
        "provider": json.dumps(provider),
        "tenant_name": json.dumps(tenant),
        "start": start,
        "end": date(start.year + TERM_YEARS, 12, 31),
        "period": f"{start:%Y-%m}",
        "hours": 0,
        "lost_hours": LOST_HOURS,
        "numerator": 1,
        "twice": 1,
        "percent": "",
    }
    template = files("gpusla.commands.contract").joinpath("start.yaml").read_text("utf-8")
    return template.format(**words | _arithmetic(template.format(**words), start))


def _arithmetic(draft: str, start: date) -> dict[str, object]:
    """Return the example's numbers for the first month, whatever its length."""
    contract = load_contract(draft.encode(), "start.yaml")
    month = period_on(contract, start).interval
    hours = month.duration_ms // 3_600_000
    lost = Fraction(LOST_HOURS, 2 * hours)
    tenths = int(lost * 10_000)
    return {
        "hours": hours,
        "twice": 2 * hours,
        "numerator": 2 * hours - LOST_HOURS,
        "percent": f"{tenths // 100}.{tenths % 100:02d}",
    }


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as cause:
        raise InputError(
            WRONG_TYPE, f"{text!r} is not a date", fix="Write it like 2027-01-01."
        ) from cause
