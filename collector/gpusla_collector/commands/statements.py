"""What a collector's database says of months: the list, a statement, the facts behind it."""

from pathlib import Path
from typing import Annotated

import typer

from gpusla.catalogue.codes import NOTHING_TO_SHOW
from gpusla.clock import SystemClock
from gpusla.commands.files import write_atomically
from gpusla.commands.statement import As, Before, Out, Table
from gpusla.commands.statement_file import read_whole
from gpusla.commands.statement_forms import Form, write_statement
from gpusla.errors import InputError
from gpusla.identity import ContractId
from gpusla.sla.facts_file import to_json as facts_to_json
from gpusla_collector.commands.month_list import month_rows
from gpusla_collector.commands.output import Config, Month, said
from gpusla_collector.commands.unfinished import NO_TURN, unfinished, waiting_months
from gpusla_collector.ports import OPERATOR
from gpusla_collector.settings import read_settings


def facts_command(
    contract: str,
    period: Month,
    config: Config,
    out: Annotated[
        Path | None,
        typer.Option(
            help="File to write, whole or not at all, in place of what is there; else standard "
            "output."
        ),
    ] = None,
) -> None:
    """
    Write the facts that a month was judged from, to judge them anew or on other terms.

    For example: gpusla collector facts acme-2027 2027-03 --config collector.yaml --out march.json
    """
    from gpusla_collector.adapters.evidence import EvidenceFiles  # noqa: PLC0415
    from gpusla_collector.adapters.sql.reading import reading  # noqa: PLC0415
    from gpusla_collector.usecases.show_statement import Statements  # noqa: PLC0415

    settings = read_settings(config)
    with reading(settings.database) as store:
        statements = Statements(store, EvidenceFiles(settings.evidence))
        content = facts_to_json(statements.facts(OPERATOR, ContractId(contract), period))
    if out is None:
        typer.echo(content)
    else:
        write_atomically(out, content)
        said(f"{out}: written, the facts of {contract} in {period}")


def show_command(
    contract: str,
    period: Month,
    config: Config,
    *,
    as_: As = Form.TEXT,
    table: Table = None,
    before: Before = None,
    out: Out = None,
) -> None:
    """
    Print one month of one contract, or write it in another form.

    For example: gpusla statement show acme-2027 2027-03 --config collector.yaml
    For a person: ... --as pdf --out march.pdf

    Ends with 4 if there is nothing.
    """
    from gpusla_collector.adapters.evidence import EvidenceFiles  # noqa: PLC0415
    from gpusla_collector.adapters.sql.reading import reading  # noqa: PLC0415
    from gpusla_collector.usecases.show_statement import Statements  # noqa: PLC0415

    settings = read_settings(config)
    with reading(settings.database) as store:
        statements = Statements(store, EvidenceFiles(settings.evidence))
        statement = statements.show(OPERATOR, ContractId(contract), period)
        months = tuple(waiting_months(unfinished(settings, store)))
    for of, at, words in months:
        if (of, at) == (contract, period):
            said(f"{of} {words}")
    earlier = read_whole(before) if before is not None else None
    write_statement(statement, as_, rows=table, before=earlier, out=out)


def list_command(config: Config) -> None:
    """
    Print every month that was judged, how far it holds, its worth.

    For example: gpusla statement list --config collector.yaml

    Open: the month still runs. Provisional: late evidence may still come. Final: posted.
    Over: no money is due for it, so nothing is ever posted. A credit that must be asked for, and
    was not, stands behind. Ends with 4 if there is none.
    """
    from gpusla_collector.adapters.sql.reading import reading  # noqa: PLC0415

    with reading(read_settings(config).database) as store:
        rows = list(month_rows(store, SystemClock().wall_ms()))
    if not rows:
        raise InputError(NOTHING_TO_SHOW, "nothing was judged yet", fix=NO_TURN)
    for row in rows:
        typer.echo(row)
