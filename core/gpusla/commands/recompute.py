"""`gpusla recompute`: from what the nodes signed to the same dollars, without a network."""

import io
import json
from collections.abc import Mapping, Sequence
from contextlib import redirect_stdout
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from gpusla.catalogue.codes import BUNDLE, WRONG_TYPE
from gpusla.clock import SystemClock
from gpusla.commands.bundle_file import opened
from gpusla.commands.exits import Exit
from gpusla.commands.statement_bytes import beginning
from gpusla.errors import EvidenceError, InputError, Position
from gpusla.recompute.bundle import Bundle
from gpusla.recompute.report import Verdict, plain, recompute, render
from gpusla.sla.digest import canonical
from gpusla.verify.__main__ import main as verify

_EXITS = {Verdict.LEFT_OUT: Exit.BAD, Verdict.DIFFERS: Exit.INTEGRITY}

_PDF = b"%PDF-"

GIVEN = "the key that you gave"
NOT_GIVEN = "the key in the bundle itself: one hand made all of it, and nobody says whose"


class Form(StrEnum):
    """How the outcome is told."""

    TEXT = "text"
    JSON = "json"


app = typer.Typer(
    help="Come to a statement's dollars once more, from what the nodes signed.",
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


@app.command()
def recompute_command(
    bundle: Annotated[Path, typer.Argument(help="A bundle of evidence.", show_default=False)],
    *,
    key: Annotated[
        list[str] | None,
        typer.Option(help="The operator's public key: base64, or a file; may be repeated."),
    ] = None,
    as_: Annotated[Form, typer.Option("--as", help="How the outcome is told.")] = Form.TEXT,
) -> None:
    """
    Verify a bundle, make the timeline of its nodes' blocks, judge it and compare every figure.

    For example: gpusla recompute reflection-2026-2026-10-r1.bundle.zip --key operator.pub

    Ends with 6 if anything is not the same; the first thing that is not is named.  Ends with 1 if
    a final statement leaves out what nodes signed in time.
    """
    began_ms = SystemClock().monotonic_ms()
    _require_blocks(bundle)
    signer = _verified(bundle, key or ())
    with opened(bundle) as members:
        outcome = recompute(Bundle(members), _tell)
    if as_ is Form.JSON:
        told = {**plain(outcome), "key": signer["key"], "is_key_given": signer["is_key_given"]}
        typer.echo(canonical(told).decode("ascii"))
    else:
        whose = GIVEN if signer["is_key_given"] else NOT_GIVEN
        typer.echo(
            "\n".join((*render(outcome), f"  signed by   {_fingerprint(signer['key'])}, {whose}"))
        )
    _tell(f"it took {(SystemClock().monotonic_ms() - began_ms) / 1000:.1f} s")
    if not outcome.is_same:
        raise typer.Exit(_EXITS[outcome.verdict])


def _require_blocks(path: Path) -> None:
    """Raise InputError for a PDF, for JSON of whatever kind, and for no file at all."""
    head = beginning(path, len(_PDF))
    if head != _PDF and not head.startswith(b"{"):
        return
    what = "a PDF" if head == _PDF else "JSON, be it a statement alone or facts,"
    raise InputError(
        WRONG_TYPE,
        f"{what} holds no blocks to recompute a month from",
        fix="Ask the operator for the bundle of the period, and give that.",
        position=Position(str(path)),
    )


def _verified(bundle: Path, keys: Sequence[str]) -> Mapping[str, Any]:
    """
    Return what the verifier says of a bundle.

    Raises EvidenceError (`bundle`) with its words if anything was changed; ends the command as it
    does if there is nothing to verify.
    """
    _tell("checking signatures and digests …")
    said = io.StringIO()
    named = [word for one in keys for word in ("--key", one)]
    with redirect_stdout(said):
        code = verify([str(bundle), "--as", "json", *named], "gpusla recompute")
    if code not in {Exit.FINE, Exit.INTEGRITY}:
        raise typer.Exit(code)
    found: dict[str, Any] = json.loads(said.getvalue())
    if code == Exit.INTEGRITY:
        words = f"the bundle was changed: {found['class']}: {found['words']}"
        raise EvidenceError(BUNDLE, words, position=Position(str(bundle)))
    return found


def _fingerprint(key_id: str) -> str:
    """Return what people compare: the first 16 hex digits of a key's id, in fours."""
    return "-".join(key_id[place : place + 4] for place in range(0, 16, 4))


def _tell(line: str) -> None:
    typer.echo(f"gpusla recompute: {line}", err=True)
