"""A statement's file read back: one reader for all that print, compare, explain or count it."""

from pathlib import Path

from gpusla.catalogue.codes import STATEMENT_ALTERED, WRONG_TYPE
from gpusla.commands.statement_bytes import SIZE_BYTES_MAX, given
from gpusla.errors import InputError, Position
from gpusla.statement import Statement
from gpusla.statement.reading import FORMATS, AlteredError, from_json


def read_whole(path: Path) -> Statement:
    """
    Return the statement that a file of JSON, a signed envelope or a bundle holds.

    Raises InputError: `file_unreadable`; `wrong_type` for a file that is no statement;
    `statement_altered` for one whose parts do not belong together, as `from_json` says;
    EvidenceError for an envelope or a bundle that is none.
    """
    return read_sealed(path)[0]


def read_sealed(path: Path) -> tuple[Statement, bytes | None]:
    """Return the same, and the signed envelope that it came in; None for bare JSON."""
    place, file = Position(str(path)), given(path)
    try:
        # What was cut off is no JSON any more.
        return from_json(file.content[:SIZE_BYTES_MAX]), file.envelope
    except AlteredError as cause:
        raise InputError(STATEMENT_ALTERED, str(cause), position=place) from cause
    except (ValueError, RecursionError) as cause:
        raise InputError(
            WRONG_TYPE,
            f"this is not a statement's JSON: {cause}",
            fix=f"Give the JSON of `gpusla statement show --as json` ({' or '.join(FORMATS)}).",
            position=place,
        ) from cause
