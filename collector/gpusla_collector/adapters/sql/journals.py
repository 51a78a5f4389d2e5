"""How far journals were taken in, where their lines are, and the spans that came of them."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, case, func, insert, select, update

from gpusla.catalogue.codes import FENCED
from gpusla.errors import StoreError
from gpusla.identity import NodeName, Slot, parse_slot
from gpusla.instants import Interval
from gpusla.journal.chain import Head
from gpusla.timeline.model import Evidence, StateSpan
from gpusla_collector.adapters.sql.database import Database
from gpusla_collector.adapters.sql.encoding import (
    read_carry,
    read_condition,
    read_keyring,
    write_carry,
    write_condition,
)
from gpusla_collector.adapters.sql.leases import require
from gpusla_collector.adapters.sql.milestones import keep_milestones, milestones_of
from gpusla_collector.adapters.sql.tables import EVIDENCE_SEGMENTS, JOURNAL_CURSORS, SPANS
from gpusla_collector.ports import (
    NO_MILESTONES,
    Account,
    Cursor,
    Lease,
    Milestones,
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
        with self._database.writing() as connection:
            require(connection, lease)
            _move(connection, before, after)
            if after.segment is not None and after.segment != before.segment:
                _keep_segment(connection, after.node, after.segment)
            _keep_spans(connection, after.node, spans)
            keep_milestones(connection, after.node, milestones)

    def account(self, slots: Sequence[Slot], interval: Interval) -> Account:
        """Return the spans of some slots that touch an interval, not clipped to it, and heads."""
        columns = JOURNAL_CURSORS.c
        with self._database.reading() as connection:
            rows = connection.execute(
                select(columns.node, columns.sequence, columns.digest, columns.carry)
            ).all()
            heads = {NodeName(row.node): Head(row.sequence, row.digest) for row in rows}
            keyrings = {NodeName(row.node): read_keyring(row.carry) for row in rows}
            spans = tuple(
                _span(row)
                for some in _parts(slots)
                for row in connection.execute(
                    select(SPANS).where(_touches(some, interval)).order_by(SPANS.c.id)
                )
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


def _move(connection: Connection, before: Cursor, after: Cursor) -> None:
    values = {
        "sequence": after.head.sequence,
        "digest": after.head.digest,
        "agent_sequence": after.agent_sequence,
        "carry": write_carry(after.carry, after.keyring),
        "evidence_until_ms": after.evidence_until_ms,
        "reached_ms": after.reached_ms,
    }
    columns = JOURNAL_CURSORS.c
    moved = connection.execute(
        update(JOURNAL_CURSORS)
        .where(
            columns.node == before.node,
            columns.sequence == before.head.sequence,
            columns.digest == before.head.digest,
        )
        .values(values)
    )
    if moved.rowcount == 1:
        return
    known = connection.scalar(select(columns.node).where(columns.node == before.node))
    if known is not None or before.head.sequence:
        raise StoreError(FENCED, f"somebody else moved the cursor of {before.node}")
    connection.execute(insert(JOURNAL_CURSORS).values(node=after.node, **values))


def _keep_segment(connection: Connection, node: NodeName, segment: Segment) -> None:
    columns = EVIDENCE_SEGMENTS.c
    values = {"last_sequence": segment.last_sequence, "byte_length": segment.byte_length}
    grown = connection.execute(
        update(EVIDENCE_SEGMENTS)
        .where(
            columns.node == node,
            columns.first_sequence == segment.first_sequence,
            columns.epoch == segment.epoch,
        )
        .values(values)
    )
    if grown.rowcount == 0:
        key = {"node": node, "first_sequence": segment.first_sequence, "epoch": segment.epoch}
        connection.execute(insert(EVIDENCE_SEGMENTS).values(**key, **values))


def _keep_spans(connection: Connection, node: NodeName, spans: Sequence[StateSpan]) -> None:
    if not spans:
        return
    slots = sorted({span.slot for span in spans})
    last = {row.slot: row for row in _last_spans(connection, node, slots)}
    new = []
    for span in spans:
        row = _row(node, span)
        before = last.pop(row["slot"], None)
        if before is not None and _lengthens(before, row):
            connection.execute(
                update(SPANS)
                .where(SPANS.c.id == before.id)
                .values(end_ms=row["end_ms"], last_sequence=row["last_sequence"])
            )
        else:
            new.append(row)
    if new:
        connection.execute(insert(SPANS), new)


def _last_spans(
    connection: Connection, node: NodeName, slots: Sequence[Slot]
) -> Iterator[Row[Any]]:
    columns = SPANS.c
    for some in _parts(slots):
        newest = (
            select(func.max(columns.id))
            .where(columns.node == node, columns.slot.in_(some))
            .group_by(columns.slot)
        )
        yield from connection.execute(select(SPANS).where(columns.id.in_(newest)))


def _lengthens(before: Row[Any], row: Mapping[str, Any]) -> bool:
    said = (before.end_ms, before.condition, before.other, before.error_ms)
    return said == (row["start_ms"], row["condition"], row["other"], row["error_ms"])


def _row(node: NodeName, span: StateSpan) -> dict[str, Any]:
    assert span.evidence is not None  # the fold names the records behind every span
    return {
        "node": node,
        "slot": str(span.slot),
        "start_ms": span.start_ms,
        "end_ms": span.end_ms,
        "condition": write_condition(span.condition),
        "other": None if span.other is None else write_condition(span.other),
        "error_ms": span.error_ms,
        "first_sequence": span.evidence.first_sequence,
        "last_sequence": span.evidence.last_sequence,
    }


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


def _parts(slots: Iterable[Slot]) -> Iterator[list[str]]:
    names = [str(slot) for slot in slots]
    for start in range(0, len(names), SLOTS_AT_ONCE):
        yield names[start : start + SLOTS_AT_ONCE]
