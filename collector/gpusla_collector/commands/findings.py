"""`gpusla collector findings`: what people must look at."""

from typing import Annotated

import typer

from gpusla.catalogue.codes import NOTHING_TO_SHOW
from gpusla.errors import InputError
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
from gpusla_collector.settings import read_settings

FORMAT = "gpusla/findings/1"


def findings_command(
    config: Config,
    *,
    kind: Annotated[str | None, typer.Option(help="Only of this kind.")] = None,
    subject: Annotated[str | None, typer.Option(help="Only of this node or contract.")] = None,
    as_: Annotated[TableForm, typer.Option("--as", help="What to write.")] = TableForm.TEXT,
    out: Out = None,
) -> None:
    """
    List what people must look at: forks, disagreements, late evidence; 4 if there is nothing.

    For example: gpusla collector findings --config collector.yaml --kind witnesses_disagree
    """
    from gpusla_collector.adapters.sql.reading import reading  # noqa: PLC0415

    with reading(read_settings(config).database) as store:
        found = [
            one
            for one in store.findings()
            if kind in {None, one.kind} and subject in {None, one.subject}
        ]
    if not found:
        raise InputError(NOTHING_TO_SHOW, "there is no such finding")
    rows = [
        {
            "found_at": format_instant(one.found_ms),
            "kind": one.kind,
            "subject": one.subject,
            "detail": one.detail,
        }
        for one in found
    ]
    match as_:
        case TableForm.JSON:
            put(as_json({"format": FORMAT, "findings": rows}), out)
        case TableForm.CSV:
            put(as_csv(rows), out)
        case TableForm.TEXT:
            put(as_table(list(rows[0]), [list(row.values()) for row in rows]), out)
