"""`gpusla explain`: what a name means, and how a statement's figures came about."""

import re
from collections.abc import Iterator
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated

import typer

from gpusla.catalogue.alerts import ALERTS
from gpusla.catalogue.codes import CODES, NOTHING_TO_SHOW
from gpusla.catalogue.metrics import METRICS
from gpusla.catalogue.reasons import JUDGEMENTS, REASONS
from gpusla.commands.bundle_file import opened
from gpusla.commands.statement_bytes import is_archive
from gpusla.commands.statement_file import read_whole
from gpusla.errors import InputError, Position
from gpusla.health.explain import explain_xid
from gpusla.statement.story import story

_XID = re.compile(r"xid[ _-]?([0-9]{1,5})", re.IGNORECASE)

app = typer.Typer(
    help="Say what a name means, or how a statement's figures came about.",
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


@app.command()
def explain(
    thing: Annotated[
        list[str] | None,
        typer.Argument(
            help="An error code, a reason, an alert or a metric; an Xid, as `xid 149`; or, with "
            "--statement, a line of it: an objective, a booking, a credit note, a figure as it is "
            "printed, such as `delivered`, or as `losses[3]` and `incidents[0]`.",
            show_default=False,
        ),
    ] = None,
    statement: Annotated[
        Path | None,
        typer.Option(help="A statement (JSON, envelope or bundle): show how it was computed."),
    ] = None,
) -> None:
    """
    Say what a name means, or how a statement's figures came about.

    For example: gpusla explain GS3101
    Of a statement: gpusla explain --statement march.json availability

    Of a bundle it goes down to the node, the block and the records that say so; nothing is verified
    by it. Ends with 4 if nothing has that name, or several lines of a statement have; with 6 if a
    statement's figures were altered.
    """
    line = " ".join(thing or ())
    if statement is not None:
        typer.echo("\n".join(told(statement, line)))
    elif line:
        typer.echo("\n\n".join(meanings(line)))
    else:
        message = "give a name to explain, or --statement FILE"
        raise typer.BadParameter(message)


def told(path: Path, line: str) -> Iterator[str]:
    """Yield how figures came about, or one of them; raises as `read_whole` and `story` do."""
    statement, place = read_whole(path), Position(str(path))
    if not is_archive(path):
        yield from story(statement, line, place=place)
        return
    # What reads blocks brings cryptography; bare JSON is told without.
    from gpusla.commands.explain_blocks import Blocks  # noqa: PLC0415

    # Once for all nodes: every header of a bundle is read when it is opened.
    with opened(path) as members:
        yield from story(statement, line, Blocks(members).behind, place)


def meanings(thing: str) -> list[str]:
    """
    Return all that a name means; some names are both an error and a reason.

    thing: a name, or `xid` and a number.
    Raises InputError (`nothing_to_show`) with the nearest names if it means nothing.
    """
    if xid := _XID.fullmatch(thing):
        return [explain_xid(int(xid[1]))]
    pages = dict.fromkeys(name for name, _ in _pages())
    found = [page for name, page in _pages() if name.lower() == thing.lower()]
    if found:
        return found
    near = get_close_matches(thing.lower(), [name.lower() for name in pages], n=3)
    names = [name for name in pages if name.lower() in near]
    raise InputError(
        NOTHING_TO_SHOW,
        f"nothing is called {thing!r}",
        fix=f"Close to it: {', '.join(names)}." if names else "Look it up in docs/reference.",
    )


def _pages() -> Iterator[tuple[str, str]]:
    """Yield every name of the catalogue with its page."""
    for code in CODES:
        page = f"{code.code} {code.name}: an error\n  {code.meaning}\n  Way out: {code.way_out}"
        yield code.code, page
        yield code.name, page
    for reason in REASONS.values():
        yield (
            reason.name,
            (
                f"{reason.name}: a reason why a slot is {reason.state.value}\n  {reason.meaning}\n"
                f"  It clears when: {reason.clears}"
            ),
        )
    for judgement in JUDGEMENTS.values():
        yield (
            judgement.name,
            (
                f"{judgement.name}: a judgement under a contract\n  {judgement.meaning}\n"
                f"  It clears when: {judgement.clears}"
            ),
        )
    for alert in ALERTS:
        yield (
            alert.name,
            (
                f"{alert.name}: an alert ({alert.severity}, {alert.scope}, {alert.category})\n"
                f"  {alert.meaning}\n  First step: {alert.first_step}"
            ),
        )
    for metric in METRICS:
        labels = ", ".join(metric.labels) or "none"
        yield (
            metric.name,
            (
                f"{metric.name}: a metric of the {metric.exporter.value} ({metric.kind.value})\n"
                f"  {metric.help}\n  Labels: {labels}"
            ),
        )
