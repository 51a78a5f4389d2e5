"""Evidence on disk from its first record on, and all that was made of it, made again."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from itertools import islice

from gpusla.catalogue.codes import JOURNAL_SIGNATURE
from gpusla.errors import JournalError
from gpusla.evidence.damage import Breach, Damage
from gpusla.evidence.keyring import NO_KEYS, Keyring
from gpusla.identity import NodeName
from gpusla.journal.chain import EMPTY, Head
from gpusla.timeline.fold import Carry
from gpusla_collector.ports import Cursor, Evidence, Segment
from gpusla_collector.ports.books import Books
from gpusla_collector.usecases.fsck.kept import KeptLines, KeptSpans
from gpusla_collector.usecases.fsck.tally import Tally
from gpusla_collector.usecases.take_in import TakenIn, take_in

LINES_AT_ONCE = 1_000

OWN_COPY = (
    "The copy here was damaged, since each record was checked as it came: leave the node and its "
    "journal as they are. Put the file back from a backup, or from the same lines of the agent's "
    "journal: docs/operating/database.md, 'A damaged copy'"
)
"""The way out where the collector's own file is broken; that of the error is for a node's."""


@dataclass(frozen=True, slots=True)
class JournalsCheck:
    """
    Walks every node's journal.

    keys_of: the keys that the inventory ever listed for a node.  heads: by node and record, every
    digest that a judgement names.  size_bytes: how long a file of evidence is; None if it is not
    there.
    """

    books: Books
    evidence: Evidence
    tally: Tally
    keys_of: Mapping[NodeName, AbstractSet[str]]
    heads: Mapping[str, Mapping[int, AbstractSet[str]]]
    size_bytes: Callable[[NodeName, Segment], int | None]

    def run(self) -> Iterator[Damage]:
        """Yield what is broken, node by node."""
        nodes: set[NodeName] = set()
        for table, some in self.books.nodes():
            yield from self.tally.readable(f"nodes of {table}", _into(nodes, some))
        for node in sorted(nodes):
            yield from self.tally.readable(f"files of {node}", self._node(node))
            self.tally.count("nodes")
        is_whole = "nodes of journal_cursors" not in self.tally.unreadable
        for unknown in sorted(self.heads.keys() - nodes) if is_whole else ():
            yield Damage(
                Breach.CURSOR, unknown, "judgements name its journal, of which there is none"
            )

    def _node(self, node: NodeName) -> Iterator[Damage]:
        segments = self.books.segments(node)
        yield from self._segments(node, segments)
        walk = _Walk(self, node, self.keys_of.get(node, frozenset()))
        yield from walk.run(segments)
        last = segments[-1].last_sequence if segments else 0
        yield from self.tally.readable(f"cursor of {node}", self._cursor(walk, last))
        yield from walk.named()

    def _cursor(self, walk: "_Walk", last: int) -> Iterator[Damage]:
        """Compare a node's cursor with its last file and with where the walk ended."""
        node = walk.node
        cursor = self.books.cursor(node)
        if cursor is None:
            yield Damage(Breach.CURSOR, node, "cannot be read, or is not there")
            cursor = Cursor(node)
        if last != cursor.head.sequence:
            words = f"files end at record {last}, the cursor stands at {cursor.head.sequence}"
            yield Damage(Breach.CURSOR, node, words)
        yield from walk.ended(cursor)

    def _segments(self, node: NodeName, segments: Sequence[Segment]) -> Iterator[Damage]:
        last = 0
        for segment in segments:
            subject = f"{node} from record {segment.first_sequence}"
            if segment.first_sequence != last + 1:
                words = f"begins there, and the one before it ends at {last}"
                yield Damage(Breach.EVIDENCE, subject, words)
            last = segment.last_sequence
            size = self.size_bytes(node, segment)
            if size is None:
                yield Damage(Breach.EVIDENCE, subject, "its file is gone")
            elif size < segment.byte_length:
                words = f"has {size} bytes of the {segment.byte_length} acknowledged"
                yield Damage(Breach.EVIDENCE, subject, words)
            elif size > segment.byte_length:
                beyond = size - segment.byte_length
                self.tally.remarks.append(
                    f"{subject}: {beyond} bytes beyond what was acknowledged, which count for "
                    "nothing; the next fetch acknowledges them or keeps them beside the file"
                )


@dataclass(slots=True)
class _Walk:
    """
    One journal from its first record on.

    digests: those of the records that judgements name, and of record 0, the head of a journal of
    which nothing was taken in yet.  sample_ms: the instant of the last sample, 0 before the first.
    """

    check: JournalsCheck
    node: NodeName
    enrolled: AbstractSet[str]
    head: Head = EMPTY
    carry: Carry = field(default_factory=Carry)
    keyring: Keyring = NO_KEYS
    sample_ms: int = 0
    digests: dict[int, str] = field(default_factory=lambda: {EMPTY.sequence: EMPTY.digest})
    is_broken: bool = False

    def run(self, segments: Sequence[Segment]) -> Iterator[Damage]:
        """Follow the lines and compare what comes of them; yields what is broken."""
        books = self.check.books
        spans = KeptSpans(books, self.node)
        hours = KeptLines(Breach.HOURS, self.node, books.hours(self.node))
        keys = KeptLines(Breach.KEYS, self.node, books.keys(self.node))
        for taken in self._taken(segments):
            yield from self._readable("spans", spans.take(taken.spans))
            yield from self._readable("hours", hours.take(taken.milestones.hours))
            yield from self._readable("keys", keys.take(taken.milestones.keys))
            self.check.tally.count("records", taken.count)
            if taken.error is not None:
                self.is_broken = True
                subject = f"{self.node} after record {self.head.sequence}"
                words = f"{taken.error.message}{self._file(segments)}. {OWN_COPY}"
                yield Damage(Breach.JOURNAL, subject, words)
        if not self.is_broken:
            yield from self._readable("spans", spans.ended())
            yield from self._readable("hours", hours.ended())
            yield from self._readable("keys", keys.ended())

    def _readable(self, what: str, found: Iterator[Damage]) -> Iterator[Damage]:
        yield from self.check.tally.readable(f"{what} of {self.node}", found)

    def _file(self, segments: Sequence[Segment]) -> str:
        """Say which file holds the record behind the last good one."""
        following = self.head.sequence + 1
        for one in segments:
            if one.first_sequence <= following <= one.last_sequence:
                return f", in its file from record {one.first_sequence}"
        return ""

    def ended(self, cursor: Cursor) -> Iterator[Damage]:
        """Compare where the walk ended with where the cursor stands."""
        if self.is_broken:
            return
        for what, found, kept in (
            ("record", self.head, cursor.head),
            ("memory of the fold", self.carry, cursor.carry),
            ("keys", self.keyring, cursor.keyring),
            ("last instant", self._last_ms(cursor), cursor.evidence_until_ms),
        ):
            if found != kept:
                words = f"its {what} is not what the journal gives at record {self.head.sequence}"
                yield Damage(Breach.CURSOR, self.node, words)

    def _last_ms(self, cursor: Cursor) -> int:
        """
        Return what a cursor's last instant should be; what it is, where nobody can tell.

        It is the last sample's, or when that came if the node's clock was ahead, and when it came
        is not kept.  Of a clock that was not ahead the node was last reached after that sample; but
        where the journal went on without one, it may have been reached only then.
        """
        kept_ms = cursor.evidence_until_ms
        may_be_ahead = self.sample_ms > cursor.reached_ms or self.carry.last is None
        return kept_ms if may_be_ahead and 0 <= kept_ms < self.sample_ms else self.sample_ms

    def named(self) -> Iterator[Damage]:
        """Yield the records that judgements name and that are not what they were then."""
        for sequence, named in sorted(self.check.heads.get(self.node, {}).items()):
            if named != {self.digests.get(sequence)} and not self.is_broken:
                words = "is not the record that a judgement names"
                yield Damage(Breach.JOURNAL, f"{self.node} record {sequence}", words)

    def _taken(self, segments: Sequence[Segment]) -> Iterator[TakenIn]:
        """Take in the lines, so many at a time, until one does not belong."""
        lines = self._lines(segments)
        error: JournalError | None = None
        while error is None:
            some, error = _some(lines, self._at_once())
            if not some and error is None:
                return
            taken = self._take(some)
            self.head, self.carry, self.keyring = taken.head, taken.carry, taken.keyring
            if taken.until_ms is not None:
                self.sample_ms = max(taken.until_ms, 0)
            if self.head.sequence in self.check.heads.get(self.node, {}):
                self.digests[self.head.sequence] = self.head.digest
            error = taken.error or error
            yield replace(taken, error=error)

    def _at_once(self) -> int:
        """Return how many lines to read: up to the next record that a judgement names."""
        named = self.check.heads.get(self.node, {})
        following = [n - self.head.sequence for n in named if n > self.head.sequence]
        return min([LINES_AT_ONCE, *following])

    def _take(self, lines: Sequence[bytes]) -> TakenIn:
        """
        Take in some lines; a key that the inventory does not list is a remark, not damage.

        It was good when it signed, so what follows it is still to be read.
        """
        taken = self._try(lines)
        if taken.error is None or taken.error.code is not JOURNAL_SIGNATURE or not self.enrolled:
            return taken
        enrolled, self.enrolled = self.enrolled, frozenset()
        again = self._try(lines)
        if again.error is not None:
            self.enrolled = enrolled
            return taken
        self.check.tally.remarks.append(f"{taken.error.message}; its first key vouches for it")
        return again

    def _try(self, lines: Sequence[bytes]) -> TakenIn:
        return take_in(
            self.node, self.head, self.carry, lines, keyring=self.keyring, enrolled=self.enrolled
        )

    def _lines(self, segments: Sequence[Segment]) -> Iterator[bytes]:
        for segment in segments:
            yield from self.check.evidence.read(self.node, segment)


def _into(nodes: set[NodeName], some: Iterator[NodeName]) -> Iterator[Damage]:
    """Collect names; what the database gives of them is never damaged itself."""
    nodes.update(some)
    yield from ()


def _some(lines: Iterator[bytes], count: int) -> tuple[list[bytes], JournalError | None]:
    """Return the next lines, and why there are no more of them if a file is short."""
    some: list[bytes] = []
    try:
        for line in islice(lines, count):
            some.append(line)  # noqa: PERF402  (what came before an error is kept)
    except JournalError as cause:
        return some, cause
    return some, None
