"""
The chain over what is on record: each link names the one before and the rows that it stands for.

A row that is changed, taken away, put in or moved breaks the chain at its link or leaves no link
for it.  Who may change every row may also make the whole chain anew; that is found by whoever wrote
down a link of the old one.  Source: docs/decisions/0145-a-chain-over-the-records.md.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

GENESIS = "0" * 64
"""What the first link names as the one before it."""

Value = str | int | bool | bytes | None
Row = Mapping[str, Any]
"""One row by its columns, as the database gives it: values are of `Value`."""

Content = Mapping[str, Sequence[Row]]
"""The rows that a link stands for, by table, in the order of their keys."""


@dataclass(frozen=True, slots=True)
class Link:
    """
    One link.

    number: counts from 1 without gaps.  kind: the table of its first row, and subject that row's
    key, parts with a space between them.  previous, digest: SHA-256 in hex.
    """

    number: int
    kind: str
    subject: str
    previous: str
    digest: str


def linked(before: Link | None, kind: str, subject: str, content: Content) -> Link:
    """Return the link that comes after another one; before: None for the first."""
    number = 1 if before is None else before.number + 1
    previous = GENESIS if before is None else before.digest
    return Link(
        number, kind, subject, previous, digest_of(number, kind, subject, content, previous)
    )


def digest_of(number: int, kind: str, subject: str, content: Content, previous: str) -> str:
    """Return a link's digest: SHA-256 over the canonical JSON of all that it says, in hex."""
    rows = {table: [_plain(row) for row in some] for table, some in content.items()}
    said = [number, kind, subject, rows, previous]
    text = json.dumps(said, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode("ascii")).hexdigest()


def _plain(row: Row) -> dict[str, str | int | bool | None]:
    """Bytes stand as their SHA-256: a file may be long, and its digest says as much."""
    return {
        name: f"sha256:{hashlib.sha256(value).hexdigest()}" if isinstance(value, bytes) else value
        for name, value in row.items()
    }
