"""How far journals were taken in, where their lines are, and the spans that came of them."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, case, func, select

from gpusla.evidence.keyring import Keyring
from gpusla.identity import NodeName, Slot, parse_slot
from gpusla.instants import Interval
from gpusla.journal.chain import Head
from gpusla.timeline.model import Evidence, StateSpan
from gpusla_collector.adapters.sql.advancing import keep_moves
from gpusla_collector.adapters.sql.database import Database
from gpusla_collector.adapters.sql.encoding import (
    read_carry,
    read_condition,
    read_keyring,
)
from gpusla_collector.adapters.sql.leases import require
from gpusla_collector.adapters.sql.milestones import milestones_of
from gpusla_collector.adapters.sql.tables import EVIDENCE_SEGMENTS, JOURNAL_CURSORS, SPANS
from gpusla_collector.ports import (
    NO_MILESTONES,
    Account,
    Cursor,
    Lease,
    Milestones,
    Move,
    Segment,
    SpanSummary,
)

SLOTS_AT_ONCE = 500
"""Names in one query; SQLite takes 32,766 and is slow long before."""


class SqlJournals:
    """The port `Journals`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def cursors(self) -> Mapping[NodeName, Cursor]:
        """Return the cursor of every node that was ever reached."""
        with self._database.reading() as connection:
            newest = {row.node: _segment(row) for row in connection.execute(_segments())}
            rows = connection.execute(select(JOURNAL_CURSORS)).all()
        return {NodeName(row.node): _cursor(row, newest.get(row.node)) for row in rows}

    def segments(self, node: NodeName) -> tuple[Segment, ...]:
        """Return a node's files of evidence in the order of their records."""
        query = _segments().where(EVIDENCE_SEGMENTS.c.node == node)
        with self._database.reading() as connection:
            return tuple(_segment(row) for row in connection.execute(query))

    def advance(
        self,
        lease: Lease,
        before: Cursor,
        after: Cursor,
        spans: Sequence[StateSpan],
        milestones: Milestones = NO_MILESTONES,
    ) -> None:
        """Move a cursor and keep the spans that became known, in one transaction."""
        self.advance_all(lease, [Move(before, after, tuple(spans), milestones)])

    def advance_all(self, lease: Lease, moves: Sequence[Move]) -> None:
        """Move many cursors and keep what became known, in one transaction."""
        with self._database.writing() as connection:
            require(connection, lease)
            keep_moves(connection, moves)

    def account(self, slots: Sequence[Slot], interval: Interval) -> Account:
        """Return the spans of some slots that touch an interval, not clipped to it, and heads."""
        columns = JOURNAL_CURSORS.c
        with self._database.reading() as connection:
            rows = connection.execute(select(columns.node, columns.sequence, columns.digest))
            heads = {NodeName(row.node): Head(row.sequence, row.digest) for row in rows}
            spans = tuple(
                _span(row)
                for some in _parts(slots)
                for row in connection.execute(
                    select(SPANS).where(_touches(some, interval)).order_by(SPANS.c.id)
                )
            )
            keyrings = _keyrings(
                connection, {span.evidence.node for span in spans if span.evidence}
            )
        return Account(spans, heads, keyrings)

    def summary(self, slots: Sequence[Slot], interval: Interval) -> SpanSummary:
        """Tell whether the spans of some slots in an interval changed, without reading them."""
        count = last_id = covered_ms = 0
        with self._database.reading() as connection:
            for some in _parts(slots):
                row = connection.execute(_summed(interval).where(_touches(some, interval))).one()
                count += row.spans
                last_id = max(last_id, row.last_id or 0)
                covered_ms += int(
                    row.covered_ms or 0
                )  # a sum of integers is a decimal on PostgreSQL
        return SpanSummary(count, last_id, covered_ms)

    def milestones(self, node: NodeName, interval: Interval) -> Milestones:
        """Return the hours of a node that cover an interval as far as any do, and its keys."""
        with self._database.reading() as connection:
            return milestones_of(connection, node, interval)


def _segments() -> Any:
    columns = EVIDENCE_SEGMENTS.c
    return select(EVIDENCE_SEGMENTS).order_by(columns.node, columns.first_sequence)


def _segment(row: Row[Any]) -> Segment:
    return Segment(row.first_sequence, row.epoch, row.last_sequence, row.byte_length)


def _cursor(row: Row[Any], segment: Segment | None) -> Cursor:
    return Cursor(
        NodeName(row.node),
        Head(row.sequence, row.digest),
        row.agent_sequence,
        read_carry(row.carry),
        row.evidence_until_ms,
        row.reached_ms,
        segment,
        read_keyring(row.carry),
    )


def _span(row: Row[Any]) -> StateSpan:
    return StateSpan(
        parse_slot(row.slot),
        row.start_ms,
        row.end_ms,
        read_condition(row.condition),
        None if row.other is None else read_condition(row.other),
        row.error_ms,
        Evidence(NodeName(row.node), row.first_sequence, row.last_sequence),
    )


def _touches(slots: Sequence[str], interval: Interval) -> ColumnElement[bool]:
    columns = SPANS.c
    return and_(
        columns.slot.in_(slots),
        columns.end_ms > interval.start_ms,
        columns.start_ms < interval.end_ms,
    )


def _summed(interval: Interval) -> Any:
    columns = SPANS.c
    end = case((columns.end_ms > interval.end_ms, interval.end_ms), else_=columns.end_ms)
    start = case((columns.start_ms < interval.start_ms, interval.start_ms), else_=columns.start_ms)
    return select(
        func.count().label("spans"),
        func.max(columns.id).label("last_id"),
        func.sum(end - start).label("covered_ms"),
    )


def _keyrings(connection: Connection, nodes: Iterable[NodeName]) -> dict[NodeName, Keyring]:
    """Read what some journals said of their keys; what they carry is long, so no others'."""
    columns = JOURNAL_CURSORS.c
    return {
        NodeName(row.node): read_keyring(row.carry)
        for some in _parts(nodes)
        for row in connection.execute(
            select(columns.node, columns.carry).where(columns.node.in_(some))
        )
    }


def _parts(names: Iterable[object]) -> Iterator[list[str]]:
    words = [str(name) for name in names]
    for start in range(0, len(words), SLOTS_AT_ONCE):
        yield words[start : start + SLOTS_AT_ONCE]
