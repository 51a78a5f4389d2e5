"""
`gpusla fsck`: whether anything on record was damaged or edited, thing by thing; reads only.

A journal's files need no more than the base install.  What checks a collector's database comes from
the entry points of group `gpusla.fsck` and is imported only when it is called.
"""

import json
import re
import sys
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from importlib.metadata import entry_points
from pathlib import Path
from typing import Annotated, Any

import typer

from gpusla.catalogue.codes import BAD_SETTING, NOTHING_TO_SHOW
from gpusla.commands.exits import Exit
from gpusla.commands.fsck_journal import check_journal
from gpusla.errors import InputError
from gpusla.evidence.damage import Damage

GROUP = "gpusla.fsck"
TOLD_EVERY = 100_000
_DIGEST = re.compile(r"[0-9a-f]{64}")
LISTED_MAX = 1_000
"""How much damage the JSON form lists; it counts all of it."""

app = typer.Typer(
    help="Check journals, ledger and all else on record; read only.",
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


class Form(StrEnum):
    """How the outcome is told."""

    TEXT = "text"
    JSON = "json"


@dataclass(slots=True)
class Outcome:
    """
    What was checked and what came of it.

    last: the end of the chain, as number and digest, to be written down.
    """

    form: Form
    counts: dict[str, int] = field(default_factory=dict)
    breaches: Counter[str] = field(default_factory=Counter)
    listed: list[Damage] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    last: str = ""

    def take(self, found: Iterable[Damage]) -> None:
        """Take in damage, and tell of it at once where people read."""
        for damage in found:
            self.breaches[damage.breach.value] += 1
            if len(self.listed) < LISTED_MAX:
                self.listed.append(damage)
            if self.form is Form.TEXT:
                typer.echo(str(damage))

    def told(self, what: str, number: int) -> None:
        """Say on standard error how far the check is, now and then."""
        if number % TOLD_EVERY == 0:
            print(f"{number} {what}", file=sys.stderr)  # noqa: T201

    def end(self) -> None:
        """
        Say what was checked; ends with 6 if anything is broken.

        Raises InputError `nothing_to_show` if there was nothing to look at.
        """
        if not self.breaches and not any(self.counts.values()):
            raise InputError(
                NOTHING_TO_SHOW,
                "nothing is on record yet, so nothing was checked",
                fix="Run `gpusla collector once` or `gpusla collector run` first.",
            )
        if self.form is Form.JSON:
            typer.echo(json.dumps(self._plain(), sort_keys=True))
        else:
            for remark in self.remarks:
                typer.echo(f"remark: {remark}")
            looked_at = ", ".join(f"{number} {what}" for what, number in self.counts.items())
            broken = sum(self.breaches.values())
            found = f"{broken} broken" if broken else "nothing broken"
            ends = f"; the chain ends with {self.last}" if self.last else ""
            typer.echo(f"{looked_at or 'nothing looked at'}: {found}{ends}")
        if self.breaches:
            raise typer.Exit(Exit.INTEGRITY)

    def _plain(self) -> dict[str, Any]:
        return {
            "format": "gpusla/fsck/1",
            "is_whole": not self.breaches,
            "counts": self.counts,
            "breaches": dict(self.breaches),
            "damage": [
                {"breach": one.breach.value, "subject": one.subject, "words": one.words}
                for one in self.listed
            ],
            "remarks": self.remarks,
            "last": self.last or None,
        }


@app.command()
def fsck(
    journals: Annotated[
        list[Path] | None,
        typer.Argument(metavar="[JOURNAL]...", help="Files or folders of a node's journal."),
    ] = None,
    *,
    config: Annotated[
        Path | None, typer.Option(help="A collector's settings: check its database and evidence.")
    ] = None,
    key: Annotated[
        list[str] | None, typer.Option(help="A public key of the journal's node; may be repeated.")
    ] = None,
    holds: Annotated[
        str | None,
        typer.Option(
            metavar="NUMBER:DIGEST",
            help="What must still stand there, as an earlier check printed it: all 64 hex digits.",
        ),
    ] = None,
    as_: Annotated[Form, typer.Option("--as", help="How to tell the outcome.")] = Form.TEXT,
) -> None:
    """
    Check everything on record against itself and name each thing that is broken.

    For example: gpusla fsck --config collector.yaml

    Ends with 6 if anything is broken, 4 if there is nothing to check.
    """
    if bool(journals) == (config is not None):
        raise typer.BadParameter("name journals, or a collector's settings with --config")
    outcome, held = Outcome(as_), _held(holds)
    if config is not None:
        _collector()(config, outcome, held)
    for path in journals or ():
        outcome.take(check_journal(path, frozenset(key or ()), held, outcome))
    outcome.end()


def _held(words: str | None) -> tuple[int, str] | None:
    if words is None:
        return None
    number, _, digest = words.partition(":")
    digest = digest.lower()
    if not number.isascii() or not number.isdigit() or not _DIGEST.fullmatch(digest):
        message = "write the number, a colon and the whole digest, which has 64 hex digits"
        raise typer.BadParameter(f"--holds {words!r}: {message}")
    return int(number), digest


def _collector() -> Callable[[Path, Outcome, tuple[int, str] | None], None]:
    for entry in entry_points(group=GROUP):
        try:
            found: Callable[[Path, Outcome, tuple[int, str] | None], None] = entry.load()
        except ModuleNotFoundError as cause:
            fix = "Install it with: pip install gpusla[collector]"
            raise InputError(BAD_SETTING, f"--config needs {cause.name}", fix=fix) from None
        return found
    fix = "Install it with: pip install gpusla[collector]"
    raise InputError(BAD_SETTING, "--config needs the collector, which is not installed", fix=fix)
