"""
Journals in files, of nodes that no network reaches: an agent's segments, a bundle, loose lines.

Files are only looked through here: which node's they are, which records they hold, and where each
thousandth line begins.  Whether the records belong to one chain is asked as they are taken in.
"""

import json
import re
import shutil
import tempfile
import zipfile
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from urllib.parse import unquote

from gpusla.catalogue.codes import FILE_UNREADABLE, JOURNAL_CORRUPT, NOTHING_TO_SHOW
from gpusla.errors import InputError, JournalError, Position
from gpusla.identity import NodeName
from gpusla.journal.chain import Head
from gpusla.journal.codec import LINE_BYTES_MAX, digest
from gpusla_collector.adapters.beyond import NAME_END
from gpusla_collector.ports import Page

RECORDS_AT_ONCE = 1_000
_TAIL = re.compile(rb',"seq":([1-9][0-9]{0,17}),"v":[1-9][0-9]*}$')
_STARTED = b'"kind":"started"'
_MEMBER = re.compile(r"journals/([^/]+)\.jsonl")
_OF_LINES = re.compile(rf".+\.jsonl(?:{NAME_END})?")
"""Segments of an agent or a collector, and what a collector cut off its own and kept beside."""


@dataclass(slots=True)
class LinesFile:
    """
    A file of lines: its first and last record, and where each thousandth line begins.

    is_torn: its last line has no end and is left out.
    """

    path: Path
    shown_as: str
    first: int
    last: Head
    offsets: tuple[int, ...]
    is_torn: bool

    def lines(self, after: int) -> Iterator[bytes]:
        """Give the lines behind a record; before that none is read but a thousand at most."""
        skip = max(0, after + 1 - self.first)
        with self.path.open("rb") as stream:
            stream.seek(self.offsets[skip // RECORDS_AT_ONCE])
            left = self.last.sequence - self.first + 1 - skip
            for line in islice(stream, skip % RECORDS_AT_ONCE, None):
                if left <= 0:
                    return
                left -= 1
                yield line[:-1]


@dataclass(slots=True)
class JournalFiles:
    """The port `Agents` from files; by_node: each node's files, by their first record."""

    by_node: dict[NodeName, list[LinesFile]] = field(default_factory=dict)

    def fetch(self, node: NodeName, address: str, after: int) -> Page:  # noqa: ARG002
        """Return the next lines behind a record, and the end of what follows without a gap."""
        file = self._holding(node, after + 1)
        if file is None:
            return Page((), self.head_at(node, after))
        lines = tuple(islice(file.lines(after), RECORDS_AT_ONCE))
        return Page(lines, self._run_end(node, after + 1))

    def first_behind(self, node: NodeName, after: int) -> int | None:
        """Return the first record behind one that any file holds; None if none does."""
        if self._holding(node, after + 1) is not None:
            return after + 1
        return min((file.first for file in self.by_node[node] if file.first > after), default=None)

    def last_until(self, node: NodeName, sequence: int) -> int:
        """Return the last record that a file holds up to one; 0 if none holds any."""
        ends = (
            min(file.last.sequence, sequence)
            for file in self.by_node[node]
            if file.first <= sequence
        )
        return max(ends, default=0)

    def head_at(self, node: NodeName, sequence: int) -> Head:
        """Return a record's number and digest; raises JournalError if no file holds it."""
        file = self._holding(node, sequence)
        if file is None:
            raise JournalError(JOURNAL_CORRUPT, f"{node}: no file holds record {sequence}")
        return Head(sequence, digest(next(file.lines(sequence - 1))))

    def _holding(self, node: NodeName, sequence: int) -> LinesFile | None:
        """Return the newest file that begins at or before a record and reaches it."""
        files = self.by_node[node]
        before = files[: bisect_right([file.first for file in files], sequence)]
        return next((one for one in reversed(before) if sequence <= one.last.sequence), None)

    def _run_end(self, node: NodeName, sequence: int) -> Head:
        end = Head(sequence - 1, "")
        while (file := self._holding(node, end.sequence + 1)) is not None:
            end = file.last
        return end


def open_journals(paths: Sequence[Path], folder: Path, node: NodeName | None) -> JournalFiles:
    """
    Look through files, folders and bundles.

    folder: where members of bundles are unpacked.  node: whose the loose files are; None to ask
    the files.  Raises InputError for what cannot be read, holds no journal, or does not say whose.
    """
    found: dict[NodeName, list[LinesFile]] = defaultdict(list)
    for path in paths:
        for owner, file in _files(path, folder, node):
            found[owner].append(file)
    if not found:
        names = ", ".join(map(str, paths))
        raise InputError(NOTHING_TO_SHOW, f"there is no record of a journal in {names}")
    return JournalFiles(
        {name: sorted(found[name], key=lambda file: file.first) for name in sorted(found)}
    )


def _files(path: Path, folder: Path, node: NodeName | None) -> Iterator[tuple[NodeName, LinesFile]]:
    if path.is_dir():
        groups = defaultdict(list)
        for one in sorted(path.rglob("*.jsonl*")):
            if _OF_LINES.fullmatch(one.name):
                groups[one.parent].append(one)
        for group in groups.values():
            yield from _owned(group, node)
    elif zipfile.is_zipfile(path):
        yield from _members(path, folder)
    else:
        yield from _owned([path], node)


def _owned(paths: Iterable[Path], node: NodeName | None) -> Iterator[tuple[NodeName, LinesFile]]:
    """Give files of one folder, which are one node's, each with that node."""
    owners, files = set(), []
    for path in paths:
        owner, file = _looked_through(path, str(path))
        files += [file] if file is not None else []
        owners |= {owner} if owner is not None else set()
    if not files:
        return
    whose = {node} if node is not None else owners
    if len(whose) != 1:
        said = ", ".join(sorted(owners)) if owners else "nobody"
        raise InputError(
            FILE_UNREADABLE,
            f"the journal says that it is of {said}",
            fix="Give the files of one node at a time, with --node NAME.",
            position=Position(files[0].shown_as),
        )
    (name,) = whose
    for file in files:
        yield name, file


def _members(path: Path, folder: Path) -> Iterator[tuple[NodeName, LinesFile]]:
    with zipfile.ZipFile(path) as bundle:
        for member in bundle.namelist():
            found = _MEMBER.fullmatch(member)
            if found is None:
                continue
            with (
                tempfile.NamedTemporaryFile(dir=folder, delete=False) as copy,
                bundle.open(member) as stream,
            ):
                shutil.copyfileobj(stream, copy)
            _, file = _looked_through(Path(copy.name), f"{path}:{member}")
            if file is not None:
                yield NodeName(unquote(found[1])), file


def _looked_through(path: Path, shown_as: str) -> tuple[NodeName | None, LinesFile | None]:
    """Read a file once, a line at a time; returns whose it says it is, and what it holds."""
    owner: NodeName | None = None
    first = last = b""
    offsets, place, count, is_torn = [], 0, 0, False
    try:
        with path.open("rb") as stream:
            while line := stream.readline(LINE_BYTES_MAX + 2):
                if not line.endswith(b"\n"):
                    is_torn = True
                    break
                if count % RECORDS_AT_ONCE == 0:
                    offsets.append(place)
                first, last = first or line[:-1], line[:-1]
                place, count = place + len(line), count + 1
                if owner is None and _STARTED in line:
                    owner = _named_in(line)
    except OSError as cause:
        raise InputError(
            FILE_UNREADABLE, f"cannot be read: {cause.strerror}", position=Position(shown_as)
        ) from cause
    if not count:
        return None, None
    head = Head(_number(last, shown_as), digest(last))
    number = _number(first, shown_as)
    if head.sequence - number + 1 != count:
        raise JournalError(
            JOURNAL_CORRUPT,
            f"{shown_as} has {count} lines from record {number} to {head.sequence}: "
            "numbers are missing or there twice",
        )
    return owner, LinesFile(path, shown_as, number, head, tuple(offsets), is_torn)


def _number(line: bytes, shown_as: str) -> int:
    found = _TAIL.search(line)
    if found is None:
        raise InputError(
            FILE_UNREADABLE,
            f"{line[:40]!r} is no record of a journal",
            fix="Give an agent's journal folder, its *.jsonl files, or a bundle with journals.",
            position=Position(shown_as),
        )
    return int(found[1])


def _named_in(line: bytes) -> NodeName | None:
    """Return the node that a record of an agent's start names."""
    try:
        record = json.loads(line)
        is_start = record["kind"] == "started"
        return NodeName(record["body"]["node"]) if is_start else None
    except (ValueError, KeyError, TypeError):
        return None
