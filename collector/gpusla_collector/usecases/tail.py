"""
Finds what a node wrote behind its last block, for bundles of periods that are over.

A node that dies within an hour closes no block of it, and its last records are judged all the same.
They are given as they are, chained to the last block, and with them what their fold rests on: a
start, maybe a clock step, maybe a sample.
Source: docs/decisions/0158-tails-without-a-block.md; docs/reference/bundle.md.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from gpusla.identity import NodeName
from gpusla.instants import Interval
from gpusla.journal.codec import decode
from gpusla.journal.model import Kind, Opaque
from gpusla_collector.ports import Evidence, HourLine, Milestones, Segment, Store
from gpusla_collector.usecases.case import Case

TAIL_RECORDS_MAX = 20_000
"""
No tail has more records: an hour has some 3,700, and a journal from before blocks has no end.

A block that holds much that differs is closed before its hour is over.
"""

EVER = Interval(-1, 2**63 - 1)
"""All that the clock of a block can say."""

_RESTED = {Kind.STARTED, Kind.CLOCK_STEPPED, Kind.OBSERVED}
"""What the fold of a record rests on: the last of each, of the steps those since the start."""

_VOUCHING = {Kind.SIGNATURE, Kind.HOUR}

_SAYS_NOTHING = {
    *(Kind.STARTED, Kind.STOPPED, Kind.CLOCK_STEPPED, Kind.SOURCE_RESTARTED, Kind.TAIL_CUT),
    *(Kind.KEY, Kind.SIGNATURE, Kind.CONFIGURATION_CHANGED, Kind.OCCUPANCY),
}
"""What says nothing of how slots fared, so that any tenant may see it."""


@dataclass(frozen=True, slots=True)
class Told:
    """
    What a bundle tells of a node.

    others: lines of the tail and of what it rests on, by number; last_sequence: the tail's last
    record, 0 if there is none.  times: of those that say how slots fared.
    """

    milestones: Milestones
    others: Mapping[int, bytes] = field(default_factory=dict)
    last_sequence: int = 0
    times: tuple[Interval, ...] = ()

    @property
    def hours(self) -> tuple[HourLine, ...]:
        """The node's blocks."""
        return self.milestones.hours

    def lines(self) -> Iterator[bytes]:
        """Yield all lines as the journal has them."""
        kept: Sequence[Any] = (*self.milestones.hours, *self.milestones.keys)
        found = {**self.others, **{one.sequence: one.line for one in kept}}
        return (found[sequence] for sequence in sorted(found))


@dataclass(frozen=True, slots=True)
class Tails:
    """What finding tails needs."""

    store: Store
    evidence: Evidence

    def told(self, case: Case, node: NodeName, found: Milestones, cited: int) -> Told:
        """
        Return what is told of a node, with its tail if one is needed and can be given.

        found: its hours as the judgement knew them.  cited: the last record that it knew.
        """
        if not _is_due(case, found.hours, cited):
            return Told(found)
        all_of_it = self.store.milestones(node, EVER)
        begun = [hour for hour in all_of_it.hours if hour.first_sequence <= cited]
        first = found.hours[0].sequence if found.hours else max(_sequences(begun), default=0)
        hours = tuple(hour for hour in begun if hour.sequence >= first)
        closed = max(_sequences(hours), default=0)
        keys = tuple(key for key in all_of_it.keys if key.sequence < closed)
        if not 0 < cited - closed <= TAIL_RECORDS_MAX:
            return Told(found)
        tail = dict(self.lines(node, closed + 1, cited))
        if any(kind_in(line) == Kind.HOUR for line in tail.values()):
            return Told(found)  # It was taken in before blocks were kept.
        time = _time(tail.values())
        begin_ms = hours[-1].until_ms if hours else time.start_ms
        if begin_ms >= case.reach.end_ms or time.end_ms <= case.reach.start_ms:
            return Told(found)
        has_key = bool(case.world.keys_of.get(node) or keys)
        rests = self._rests_on(node, tail, hours, has_key=has_key)
        if rests is None or len(rests) + len(tail) > TAIL_RECORDS_MAX:
            return Told(found)
        telling = [line for line in rests.values() if kind_in(line) not in _SAYS_NOTHING]
        times = (_with_blocks(time, hours, case.reach), *(_time([line]) for line in telling))
        return Told(Milestones(hours, keys), {**rests, **tail}, cited, times)

    def lines(self, node: NodeName, first: int, last: int) -> Iterator[tuple[int, bytes]]:
        """Yield a node's records from one to another, both included, with their numbers."""
        for segment in self.store.segments(node):
            if segment.last_sequence >= first and segment.first_sequence <= last:
                yield from self._within(node, segment, first, last)

    def _within(
        self, node: NodeName, segment: Segment, first: int, last: int
    ) -> Iterator[tuple[int, bytes]]:
        lines = self.evidence.read(node, segment)
        for sequence, line in enumerate(lines, segment.first_sequence):
            if first <= sequence <= last:
                yield sequence, line

    def _rests_on(
        self,
        node: NodeName,
        tail: Mapping[int, bytes],
        hours: Sequence[HourLine],
        *,
        has_key: bool,
    ) -> Mapping[int, bytes] | None:
        """
        Return by number what the fold of a tail rests on; None if nothing could vouch for it.

        Where a node has a key each goes on up to a signature, or to a block that is given too; the
        sample up to the last block's end, for what comes after may say that it counts no more.
        """
        begins = next((kind for kind in map(kind_in, tail.values()) if kind in _RESTED), None)
        if not hours or begins in {None, Kind.STARTED}:
            return {}
        runs: dict[str, dict[int, bytes]] = {}
        growing: set[str] = set()
        for sequence, line in self._since_start(node, hours[-1].last_sequence):
            kind = kind_in(line)
            if kind == Kind.STARTED:
                runs, growing = {}, set()
            if kind in _RESTED:
                runs[kind] = {}
                growing.add(kind)
            for name in growing:
                runs[name][sequence] = line
            if kind in _VOUCHING or not has_key:
                growing &= {Kind.OBSERVED}
        found = {number: line for run in runs.values() for number, line in run.items()}
        closing = {number for number, line in found.items() if kind_in(line) == Kind.HOUR}
        is_whole = Kind.STARTED in runs and closing <= set(_sequences(hours))
        return found if is_whole else None

    def _since_start(self, node: NodeName, last: int) -> Iterator[tuple[int, bytes]]:
        """Yield the records up to one, from the file on in which the last start before it is."""
        files = [one for one in self.store.segments(node) if one.first_sequence <= last]
        first = 1
        for segment in reversed(files):
            lines = self._within(node, segment, 1, last)
            if any(kind_in(line) == Kind.STARTED for _, line in lines):
                first = segment.first_sequence
                break
        return self.lines(node, first, last)


def kind_in(line: bytes) -> str:
    """Return the kind of a record from its line, whose last keys it is followed by."""
    _, _, rest = line.rpartition(b'"kind":"')
    return rest.partition(b'"')[0].decode("ascii", "replace")


def _is_due(case: Case, hours: Sequence[HourLine], cited: int) -> bool:
    """Tell whether a period is over and the blocks of a node end before what was judged of it."""
    if case.until_ms < case.period.interval.end_ms:
        return False  # The running hour is in no block, and the report says how much that is.
    if not hours:
        return cited > 0
    return hours[-1].until_ms < case.reach.end_ms and hours[-1].sequence < cited


def _with_blocks(time: Interval, hours: Sequence[HourLine], reach: Interval) -> Interval:
    """
    Return the time of a tail, and of blocks that are there for its sake.

    The one before it counts from its better end.  One that ends before reach is there for nothing
    but the tail that follows it, and tells of all of its time.
    """
    if not hours:
        return time
    first, last = hours[0], hours[-1]
    begin_ms = first.from_ms if first.until_ms <= reach.start_ms else last.until_ms
    return Interval(min(time.start_ms, begin_ms), max(time.end_ms, last.from_ms))


def _sequences(hours: Sequence[HourLine]) -> Iterator[int]:
    return (hour.sequence for hour in hours)


def _time(lines: Any) -> Interval:
    """Return the time from the first to the last of some records, by their node's wall clock."""
    bodies = (decode(line)[1] for line in lines)
    walls = [body.at.wall_ms for body in bodies if not isinstance(body, Opaque)] or [0]
    return Interval(min(walls), max(walls) + 1)
