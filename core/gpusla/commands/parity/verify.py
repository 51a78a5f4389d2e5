"""`gpusla parity verify`: whether a verdict follows from a report's inputs, for a third party."""

import json
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer

from gpusla.catalogue.codes import WRONG_TYPE
from gpusla.commands.contract.files import FACTS_BYTES_MAX, bytes_of
from gpusla.commands.exits import Exit
from gpusla.commands.parity.given import Salt, salt_bytes
from gpusla.errors import InputError, Position
from gpusla.parity.commitment import FORMAT, commitment
from gpusla.parity.read_back import read_back
from gpusla.parity.report import ParityInputs
from gpusla.parity.verdict import Verdict, is_borne_out

T = TypeVar("T")


def verify(
    verdict: Annotated[
        Path, typer.Argument(metavar="VERDICT", help="What `gpusla parity verdict --json` wrote.")
    ],
    inputs: Annotated[
        Path,
        typer.Option(
            "--inputs", metavar="REPORT", help="What `gpusla parity report --json` wrote."
        ),
    ],
    salt: Salt,
) -> None:
    """
    Say whether a verdict is borne out: 0 if so, 1 if other words follow, 6 if it is bound to
    other inputs or another salt.

    For example: gpusla parity verify verdict.json --inputs report.json --salt TEXT
    """
    told = _read(Verdict, _content(verdict), verdict, "verdict")
    content = _content(inputs)
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise _refused(inputs, "report", f"its format is not {FORMAT}")
    given = _read(ParityInputs, content.get("inputs"), inputs, "report")
    if commitment(given, salt_bytes(salt)) != told.commitment:
        typer.echo("no: the verdict is bound to other inputs, or to another salt", err=True)
        raise typer.Exit(Exit.INTEGRITY)
    if not is_borne_out(told, given, salt_bytes(salt)):
        typer.echo(
            "no: it is bound to these inputs, and something else follows from them", err=True
        )
        raise typer.Exit(Exit.BAD)
    typer.echo("yes: the verdict follows from these inputs, and was bound to them")


def _content(path: Path) -> Any:
    content = bytes_of(path, FACTS_BYTES_MAX)
    if len(content) > FACTS_BYTES_MAX:
        raise _refused(path, "file to verify", f"it is larger than {FACTS_BYTES_MAX >> 20} MiB")
    try:
        return json.loads(content)
    except (ValueError, RecursionError) as cause:
        raise _refused(path, "file to verify", "it is not JSON") from cause


def _read(kind: type[T], content: Any, path: Path, what: str) -> T:
    try:
        return read_back(kind, content)
    except (ValueError, RecursionError) as cause:
        raise _refused(path, what, str(cause)) from cause


def _refused(path: Path, what: str, why: str) -> InputError:
    return InputError(
        WRONG_TYPE,
        f"this is no {what} on parity: {why}",
        fix="Give what `gpusla parity report --json` or `gpusla parity verdict --json` wrote.",
        position=Position(str(path)),
    )
