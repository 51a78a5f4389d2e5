"""A node's journal on disk, as its agent wrote it or a collector fetched it, line by line."""

import re
from collections.abc import Iterable, Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from functools import partial
from itertools import chain, islice, pairwise
from pathlib import Path
from typing import BinaryIO, Protocol

from gpusla.catalogue.codes import FILE_UNREADABLE, NOTHING_TO_SHOW, WRONG_TYPE
from gpusla.errors import GpuslaError, InputError, JournalError, Position
from gpusla.evidence.damage import Breach, Damage
from gpusla.evidence.grades import Checked, check
from gpusla.evidence.keyring import NO_KEYS, listed
from gpusla.identity import NodeName
from gpusla.journal.chain import EMPTY, Head, follow
from gpusla.journal.codec import LINE_BYTES_MAX, decode, digest
from gpusla.journal.model import Started

NAME = re.compile(r"(?:journal-)?(\d+)(?:-\d+)?\.jsonl")
"""An agent's `journal-<first record>.jsonl`, a collector's `<first record>-<epoch>.jsonl`."""

_BEGINS, _ENDS = b'{"body":', b',"seq":'
"""How every record begins, and what stands near its end; damage seldom hits all of both."""

LOOKED_AT = 1_000
"""How many records are read to learn whose journal it is; it begins with a start."""


class Told(Protocol):
    """Who is told how far the check is."""

    counts: dict[str, int]
    remarks: list[str]

    def told(self, what: str, number: int) -> None:
        """Hear how many were looked at."""


@dataclass(frozen=True, slots=True)
class _File:
    """
    One file of a journal.

    following: with which record the next file begins, None of the last one.  lines_max: how many
    lines come before that record.  What lies behind them was written and never acknowledged,
    because the disk failed: the agent gave the same numbers again in the next file.
    Source: docs/decisions/0010-journal.md.
    """

    path: Path
    following: int | None = None
    lines_max: int | None = None


@dataclass(slots=True)
class _Lines:
    """
    The lines of some files that count, one after the other.

    torn: where the last one has no end.  rest: what there is of that one.
    """

    files: list[_File]
    outcome: Told
    held: tuple[int, str] | None
    torn: str = ""
    rest: bytes = b""
    is_held: bool = False

    def read(self) -> Iterator[bytes]:
        """Give the lines without their ends, up to the first that has none."""
        for file in self.files:
            try:
                with file.path.open("rb") as stream:
                    yield from self._read(file, stream)
                    self._remark_on_rest(file, stream)
            except OSError as cause:
                raise _unreadable(file.path, cause) from cause
            if self.torn:
                return

    def _read(self, file: _File, stream: BinaryIO) -> Iterator[bytes]:
        lines = iter(partial(stream.readline, LINE_BYTES_MAX + 2), b"")
        for line in islice(lines, file.lines_max):
            if not line.endswith(b"\n"):
                self.rest = line
                self.torn = f"{file.path}: the last {len(line)} bytes are no whole record"
                return
            yield self._counted(line[:-1])

    def _remark_on_rest(self, file: _File, stream: BinaryIO) -> None:
        rest_bytes = file.path.stat().st_size - stream.tell()
        if file.following is not None and rest_bytes and not self.torn:
            self.outcome.remarks.append(
                f"{file.path}: the last {rest_bytes} bytes do not count: by its name the next file "
                f"begins with record {file.following}"
            )

    def _counted(self, line: bytes) -> bytes:
        number = self.outcome.counts.get("records", 0) + 1
        self.outcome.counts["records"] = number
        self.outcome.told("records", number)
        if self.held is not None and digest(line) == self.held[1]:
            self.is_held = True
        return line


def check_journal(
    path: Path, keys: AbstractSet[str], held: tuple[int, str] | None, outcome: Told
) -> Iterator[Damage]:
    """
    Yield what is broken in a journal; reads until the first record that does not belong.

    path: a file, or a folder of segments.  keys: of the node, in base64; without any the journal's
    first one is believed.  held: number and digest of a record that somebody wrote down.
    Raises InputError if there is nothing to read, or `wrong_type` if that is no journal at all.
    """
    lines = _Lines(_files(path), outcome, held)
    reading = lines.read()
    first = list(islice(reading, LOOKED_AT))
    if not first and not lines.torn:
        fix = "Name a file or folder in which an agent or a collector keeps a journal."
        raise InputError(NOTHING_TO_SHOW, f"{path} holds no record", fix=fix)
    require_journal(path, [*first, lines.rest])
    checked = _checked(path, first, chain(first, reading), keys, outcome)
    if checked.broken is not None:
        subject = f"{path} after record {checked.head.sequence}"
        yield Damage(Breach.JOURNAL, subject, str(checked.broken))
    elif lines.torn:
        yield Damage(Breach.EVIDENCE, str(path), lines.torn)
    if held is not None and not lines.is_held:
        yield Damage(Breach.JOURNAL, f"{path} record {held[0]}", f"is not {held[1]}, which it was")
    for span in checked.grades:
        outcome.remarks.append(
            f"{path}: records {span.first_sequence} to {span.last_sequence} are of grade "
            f"{span.grade.value}"
        )
    outcome.remarks.append(
        f"{path}: ends with record {checked.head.sequence}:{checked.head.digest}, for which only "
        "what comes next vouches"
    )


def require_journal(path: Path, lines: Iterable[bytes]) -> None:
    """
    See that some of the first lines of a file look like records of a journal, whole or damaged.

    A file that has a journal's name is one, whatever has become of it.
    Raises InputError `wrong_type`.
    """
    if path.is_dir() or NAME.fullmatch(path.name):
        return
    if any(line[: len(_BEGINS)] == _BEGINS[: len(line)] or _ENDS in line for line in lines if line):
        return
    raise InputError(
        WRONG_TYPE,
        "this is no journal",
        fix="Name a journal's files or its folder; `gpusla verify` checks a bundle, and "
        "`gpusla statement` reads a statement.",
        position=Position(str(path)),
    )


def _checked(
    path: Path, first: list[bytes], lines: Iterator[bytes], keys: AbstractSet[str], outcome: Told
) -> Checked:
    node, before = _beginning(first)
    if before == EMPTY and node is not None:
        return check(node, lines, keys)
    if node is not None and keys:
        outcome.remarks.append(f"{path}: begins after record {before.sequence}")
        return check(node, lines, keys, head=before, keyring=listed(keys))
    outcome.remarks.append(
        f"{path}: begins after record {before.sequence}, so signatures are not checked: name the "
        "node's keys with --key"
    )
    return _followed(before, lines)


def _followed(head: Head, lines: Iterator[bytes]) -> Checked:
    """Check that lines follow one another, and no more."""
    for line in lines:
        try:
            head, _, _ = follow(head, line)
        except JournalError as cause:
            return Checked(head, NO_KEYS, (), cause)
    return Checked(head, NO_KEYS, (), None)


def _beginning(lines: list[bytes]) -> tuple[NodeName | None, Head]:
    """Return whose journal it is, and the record before its first line as that one says it."""
    node, before = None, EMPTY
    for place, line in enumerate(lines):
        try:
            envelope, body = decode(line)
        except JournalError:
            continue
        if place == 0:
            before = Head(envelope.sequence - 1, envelope.previous)
        if isinstance(body, Started):
            node = body.node
            break
    return node, before


def _files(path: Path) -> list[_File]:
    if not path.is_dir():
        return [_File(path)]
    named = [(found, file) for file in path.iterdir() if (found := NAME.fullmatch(file.name))]
    files = sorted((int(found[1]), file.name, file) for found, file in named)
    if not files:
        raise InputError(
            NOTHING_TO_SHOW,
            f"{path} holds no journal",
            fix="Name the folder whose files are called journal-<first record>.jsonl.",
        )
    ended = [
        _File(file, following, following - first)
        for (first, _, file), (following, _, _) in pairwise(files)
    ]
    return [*ended, _File(files[-1][2])]


def _unreadable(path: Path, cause: OSError) -> GpuslaError:
    words = f"the file cannot be read: {cause.strerror}"
    return InputError(FILE_UNREADABLE, words, position=Position(str(path)))
