"""
A statement's bytes, in whatever a person has them: bare JSON, a signed envelope, a PDF, a bundle.

Of a PDF what is attached to it is the statement, and its pages are not.  Opening an envelope does
not check its signature, and says so: `gpusla verify` does that.
"""

from dataclasses import dataclass
from pathlib import Path

import typer

from gpusla.catalogue.codes import ENVELOPE, FILE_UNREADABLE, WRONG_TYPE
from gpusla.commands.bundle_file import opened
from gpusla.errors import EvidenceError, InputError, Position
from gpusla.verify.attachment import attached
from gpusla.verify.faults import Broken

SIZE_BYTES_MAX = 64 * 1024 * 1024
"""No statement is larger; more is refused before it is parsed."""

MEMBER = "statement.json"
_ENVELOPE = b'"payloadType"'
_ARCHIVE = b"PK\x03\x04"
_PDF = b"%PDF-"
_HEAD_BYTES = 4096


@dataclass(frozen=True, slots=True)
class Given:
    """
    A statement's file.

    content: its JSON, cut off where it is longer than any is.  envelope: what it came in, None for
    bare JSON.
    """

    content: bytes
    envelope: bytes | None


def given(path: Path) -> Given:
    """
    Return a statement's bytes; on standard error it says that no signature was checked.

    Raises InputError `file_unreadable`, and `wrong_type` for what is no text; EvidenceError
    (`envelope`, `bundle`) for what looks like an envelope, a PDF or a bundle and is none.
    """
    content = _read(path)
    _require_text(content, path)
    if not _is_envelope(content):
        return Given(content, None)
    try:
        # It brings cryptography, which whoever reads bare JSON does not need.
        from gpusla.evidence.envelope import STATEMENT_TYPE  # noqa: PLC0415
        from gpusla.evidence.sealed import payload_of  # noqa: PLC0415
    except ModuleNotFoundError as cause:
        message = f"{path} is a signed envelope, which needs {cause.name}"
        message += ". Install it with: pip install gpusla[recompute]"
        raise typer.BadParameter(message) from cause
    try:
        payload = payload_of(content, STATEMENT_TYPE)
    except EvidenceError as cause:
        raise EvidenceError(cause.code, cause.message, position=Position(str(path))) from cause
    typer.echo(
        f"gpusla: {path}: the signature was not checked; `gpusla verify` checks it", err=True
    )
    return Given(payload, content)


def is_archive(path: Path) -> bool:
    """Tell whether a file is a bundle by how it begins; raises InputError `file_unreadable`."""
    return beginning(path, len(_ARCHIVE)) == _ARCHIVE


def _read(path: Path) -> bytes:
    if is_archive(path):
        with opened(path) as members:
            return members.member(MEMBER)
    # An envelope is a third longer than what is in it.
    content = beginning(path, 2 * SIZE_BYTES_MAX)
    return _attached(content, path) if content.startswith(_PDF) else content


def _attached(pdf: bytes, path: Path) -> bytes:
    try:
        return attached(pdf)
    except Broken as cause:
        fix = "Ask for the PDF again, or for the signed statement itself."
        raise EvidenceError(ENVELOPE, cause.words, fix=fix, position=Position(str(path))) from cause


def _require_text(content: bytes, path: Path) -> None:
    try:
        content.decode("utf-8")
    except UnicodeDecodeError as cause:
        raise InputError(
            WRONG_TYPE,
            "this is not a statement's JSON: it is not text in UTF-8",
            fix="Give a statement as JSON, signed or bare, its PDF, or a bundle.",
            position=Position(str(path)),
        ) from cause


def beginning(path: Path, size_bytes_max: int) -> bytes:
    """Return a file's first bytes, at most so many; raises InputError `file_unreadable`."""
    try:
        with path.open("rb") as stream:
            return stream.read(size_bytes_max)
    except OSError as cause:
        message = f"the file cannot be read: {cause.strerror}"
        raise InputError(FILE_UNREADABLE, message, position=Position(str(path))) from cause


def _is_envelope(content: bytes) -> bool:
    """Tell an envelope by a key that no statement has; it stands at either end of the JSON."""
    return _ENVELOPE in content[:_HEAD_BYTES] or _ENVELOPE in content[-_HEAD_BYTES:]
