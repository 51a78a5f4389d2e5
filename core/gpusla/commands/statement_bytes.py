"""
A statement's bytes, in whatever a person has them: bare JSON, a signed envelope, or a bundle.

Opening an envelope does not check its signature, and says so: `gpusla verify` does that.
"""

from dataclasses import dataclass
from pathlib import Path

import typer

from gpusla.catalogue.codes import FILE_UNREADABLE
from gpusla.commands.bundle_file import opened
from gpusla.errors import EvidenceError, InputError, Position

SIZE_BYTES_MAX = 64 * 1024 * 1024
"""No statement is larger; more is refused before it is parsed."""

MEMBER = "statement.json"
_ENVELOPE = b'"payloadType"'
_ARCHIVE = b"PK\x03\x04"
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

    Raises InputError `file_unreadable`; EvidenceError (`envelope`, `bundle`) for what looks like
    one of the two and is none.
    """
    content = _read(path)
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
    return _beginning(path, len(_ARCHIVE)) == _ARCHIVE


def _read(path: Path) -> bytes:
    if is_archive(path):
        with opened(path) as members:
            return members.member(MEMBER)
    # An envelope is a third longer than what is in it.
    return _beginning(path, 2 * SIZE_BYTES_MAX)


def _beginning(path: Path, size_bytes_max: int) -> bytes:
    try:
        with path.open("rb") as stream:
            return stream.read(size_bytes_max)
    except OSError as cause:
        message = f"the file cannot be read: {cause.strerror}"
        raise InputError(FILE_UNREADABLE, message, position=Position(str(path))) from cause


def _is_envelope(content: bytes) -> bool:
    """Tell an envelope by a key that no statement has; it stands at either end of the JSON."""
    return _ENVELOPE in content[:_HEAD_BYTES] or _ENVELOPE in content[-_HEAD_BYTES:]
