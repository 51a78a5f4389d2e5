"""`gpusla collector findings`: what people must look at."""

from collections.abc import Collection, Iterable, Sequence
from difflib import get_close_matches
from typing import Annotated

import typer

from gpusla.catalogue.codes import (
    CLOCK_AHEAD,
    EVIDENCE_LATE,
    EVIDENCE_UNSIGNED,
    GPU_TWICE,
    JOURNAL_CORRUPT,
    JOURNAL_FORKED,
    JOURNAL_SIGNATURE,
    LEDGER_UNBALANCED,
    NOTHING_TO_SHOW,
    RECORD_BACKDATED,
    UNKNOWN_REFERENCE,
    WITNESSES_DISAGREE,
)
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
from gpusla_collector.commands.unfinished import require_a_turn, seen_now, unfinished
from gpusla_collector.ports import OPERATOR, Finding, Store
from gpusla_collector.settings import read_settings
from gpusla_collector.usecases.book_credits import POSTING_HELD
from gpusla_collector.usecases.unfinished import MONTH_WAITS, NODE_SILENT
from gpusla_collector.usecases.world import RECORDS

CODES = (
    JOURNAL_CORRUPT,
    JOURNAL_FORKED,
    JOURNAL_SIGNATURE,
    CLOCK_AHEAD,
    EVIDENCE_LATE,
    EVIDENCE_UNSIGNED,
    GPU_TWICE,
    RECORD_BACKDATED,
    WITNESSES_DISAGREE,
    LEDGER_UNBALANCED,
)
KINDS = (
    *(code.name for code in CODES),
    POSTING_HELD,
    NODE_SILENT,
    MONTH_WAITS,
)
"""Every kind that the collector makes."""

WITHOUT = "All that there are: gpusla collector findings without --kind and --subject."
CLEAR = (
    "Each node was reached within five minutes, and no month that is over waits to be settled; "
    "what waits for people: gpusla collector approvals."
)
FORMAT = "gpusla/findings/1"

SILENT_MAX = 20
"""So many silent nodes are named in a text of all kinds: a whole site may be out of reach."""

Subject = Annotated[str | None, typer.Option(help="Only of this node, contract or kind of record.")]


def findings_command(
    config: Config,
    *,
    kind: Annotated[str | None, typer.Option(help="Only of this kind.")] = None,
    subject: Subject = None,
    as_: Annotated[TableForm, typer.Option("--as", help="What to write.")] = TableForm.TEXT,
    out: Out = None,
) -> None:
    """
    List what people must look at: forks, disagreements, silent nodes; 4 if there is nothing.

    Silent nodes and months that are over and wait are seen as of now; the others are on record.

    A kind that there is none of is refused, and so is a node or a contract of which nothing is on
    record; records are Inventory, Assignments, Exclusions or Claims.

    For example: gpusla collector findings --config collector.yaml --kind witnesses_disagree
    """
    from gpusla_collector.adapters.sql.reading import reading  # noqa: PLC0415

    settings = read_settings(config)
    with reading(settings.database) as store:
        looking = unfinished(settings, store)
        known = (*store.findings(), *seen_now(looking))
        if not known:
            require_a_turn(looking)
        require_known(known, kind, subject, store)
    found = [one for one in known if kind in {None, one.kind} and subject in {None, one.subject}]
    if not found:
        of = "" if kind is None else f" of kind {kind}"
        about = "" if subject is None else f" about {subject}"
        fix = CLEAR if not (of or about) else WITHOUT
        raise InputError(NOTHING_TO_SHOW, f"there is no finding{of}{about}", fix=fix)
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
            shown = folded(rows) if kind is None else rows
            put(as_table(list(rows[0]), [list(row.values()) for row in shown]), out)


def folded(rows: Sequence[dict[str, str]]) -> list[dict[str, str]]:
    """Return rows with silent nodes behind all others, and no more of them than a page holds."""
    silent = [row for row in rows if row["kind"] == NODE_SILENT]
    others = [row for row in rows if row["kind"] != NODE_SILENT]
    more = len(silent) - SILENT_MAX
    if more <= 1:
        return [*others, *silent]
    words = f"and {more} more nodes: gpusla collector findings --kind {NODE_SILENT}"
    return [*others, *silent[:SILENT_MAX], {**silent[0], "subject": "", "detail": words}]


def require_known(
    known: Iterable[Finding], kind: str | None, subject: str | None, store: Store
) -> None:
    """
    See that what is asked for could be there: silence about a slip of the pen is no good news.

    Raises InputError `unknown_reference`.
    """
    kinds = {*KINDS, *(one.kind for one in known)}
    if kind is not None and kind not in kinds:
        raise InputError(
            UNKNOWN_REFERENCE,
            f"--kind {kind!r} is no kind of finding",
            fix=f"Kinds are {', '.join(sorted(kinds))}.",
        )
    if subject is None:
        return  # and nobody asks for a fleet's nodes
    contracts = {one.contract for one in store.contracts(OPERATOR)}
    subjects = {*contracts, *store.cursors(), *RECORDS, *(one.subject for one in known)}
    if subject not in subjects:
        raise InputError(
            UNKNOWN_REFERENCE,
            f"--subject {subject!r} is no contract and no node of which anything is on record, and "
            "no kind of record",
            fix=near(subject, subjects),
        )


def near(name: str, names: Collection[str]) -> str:
    """Say which names are close to one that is none of them."""
    found = get_close_matches(name, list(names), n=3)
    return f"Close to it: {', '.join(found)}." if found else WITHOUT
