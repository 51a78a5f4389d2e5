"""
Moves many nodes' cursors in one transaction, with few statements whatever the number of nodes.

The transaction holds the database's one write lock, so what it reads at its beginning stays true
to its end.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from sqlalchemy import Connection, Row, bindparam, func, insert, select, update

from gpusla.catalogue.codes import FENCED
from gpusla.errors import StoreError
from gpusla.identity import NodeName
from gpusla.timeline.model import StateSpan
from gpusla_collector.adapters.sql.encoding import write_carry, write_condition
from gpusla_collector.adapters.sql.milestones import keep_milestones
from gpusla_collector.adapters.sql.tables import EVIDENCE_SEGMENTS, JOURNAL_CURSORS, SPANS
from gpusla_collector.ports import Cursor, Move

NAMES_AT_ONCE = 500
"""In one query; SQLite takes 32,766 and is slow long before."""


def keep_moves(connection: Connection, moves: Sequence[Move]) -> None:
    """
    Write what moves say, in their order where a node has several.

    Raises StoreError `fenced` if a node's cursor is not where its move begins.
    """
    _move(connection, moves)
    _keep_segments(connection, moves)
    _keep_spans(connection, moves)
    for move in moves:
        keep_milestones(connection, move.after.node, move.milestones)


def _move(connection: Connection, moves: Sequence[Move]) -> None:
    columns = JOURNAL_CURSORS.c
    standing: dict[str, tuple[int, str]] = {}
    for names in _parts({move.before.node for move in moves}):
        query = select(columns.node, columns.sequence, columns.digest)
        rows = connection.execute(query.where(columns.node.in_(names)))
        standing.update({row.node: (row.sequence, row.digest) for row in rows})
    known = set(standing)
    after: dict[str, Cursor] = {}
    for move in moves:
        before = move.before
        here = standing.get(before.node, (0, before.head.digest))
        if here != (before.head.sequence, before.head.digest):
            raise StoreError(FENCED, f"somebody else moved the cursor of {before.node}")
        standing[before.node] = (move.after.head.sequence, move.after.head.digest)
        after[before.node] = move.after
    values = [_cursor_row(cursor) for cursor in after.values()]
    new = [row for row in values if row["node"] not in known]
    old = [{**row, "at_node": row.pop("node")} for row in values if row["node"] in known]
    if new:
        connection.execute(insert(JOURNAL_CURSORS), new)
    if old:
        connection.execute(update(JOURNAL_CURSORS).where(columns.node == bindparam("at_node")), old)


def _cursor_row(cursor: Cursor) -> dict[str, Any]:
    return {
        "node": cursor.node,
        "sequence": cursor.head.sequence,
        "digest": cursor.head.digest,
        "agent_sequence": cursor.agent_sequence,
        "carry": write_carry(cursor.carry, cursor.keyring),
        "evidence_until_ms": cursor.evidence_until_ms,
        "reached_ms": cursor.reached_ms,
    }


def _keep_segments(connection: Connection, moves: Iterable[Move]) -> None:
    """A segment that a cursor had before is kept already; one that it had not is new."""
    new: dict[tuple[str, int, int], dict[str, Any]] = {}
    grown: dict[tuple[str, int, int], dict[str, Any]] = {}
    for move in moves:
        before, after = move.before.segment, move.after.segment
        if after is None or after == before:
            continue
        key = (move.after.node, after.first_sequence, after.epoch)
        is_same = before is not None and before.first_sequence == after.first_sequence
        is_kept = is_same and before is not None and before.epoch == after.epoch
        row = {"last_sequence": after.last_sequence, "byte_length": after.byte_length}
        if key in new or not is_kept:
            names = {"node": key[0], "first_sequence": key[1], "epoch": key[2]}
            new[key] = names | row
        else:
            grown[key] = row | {"at_node": key[0], "at_first": key[1], "at_epoch": key[2]}
    columns = EVIDENCE_SEGMENTS.c
    if new:
        connection.execute(insert(EVIDENCE_SEGMENTS), list(new.values()))
    if grown:
        connection.execute(
            update(EVIDENCE_SEGMENTS).where(
                columns.node == bindparam("at_node"),
                columns.first_sequence == bindparam("at_first"),
                columns.epoch == bindparam("at_epoch"),
            ),
            list(grown.values()),
        )


def _keep_spans(connection: Connection, moves: Sequence[Move]) -> None:
    """Lengthen the last span of a slot where the next one says the same, or begin another."""
    rows = [_span_row(move.after.node, span) for move in moves for span in move.spans]
    if not rows:
        return
    nodes = {row["node"] for row in rows}
    last = {(row.node, row.slot): row for row in _last_spans(connection, nodes)}
    lengthened: dict[int, dict[str, Any]] = {}
    new: list[dict[str, Any]] = []
    open_: dict[tuple[str, str], dict[str, Any]] = {}
    for row in rows:
        key = (row["node"], row["slot"])
        said, kept = open_.get(key), last.get(key)
        if said is None and kept is not None:
            said = {**kept._mapping, "at_id": kept.id}  # noqa: SLF001  (the library's public name)
        if said is None or not _lengthens(said, row):
            new.append(row)
            open_[key] = row
            continue
        said |= {"end_ms": row["end_ms"], "last_sequence": row["last_sequence"]}
        open_[key] = said
        if "at_id" in said:
            lengthened[said["at_id"]] = said
    _write_spans(connection, lengthened, new)


def _write_spans(
    connection: Connection, lengthened: Mapping[int, Mapping[str, Any]], new: list[dict[str, Any]]
) -> None:
    if lengthened:
        names = ("end_ms", "last_sequence", "at_id")
        connection.execute(
            update(SPANS)
            .where(SPANS.c.id == bindparam("at_id"))
            .values(end_ms=bindparam("end_ms"), last_sequence=bindparam("last_sequence")),
            [{name: said[name] for name in names} for said in lengthened.values()],
        )
    if new:
        connection.execute(insert(SPANS), new)


def _last_spans(connection: Connection, nodes: Iterable[str]) -> Iterator[Row[Any]]:
    columns = SPANS.c
    for names in _parts(nodes):
        newest = (
            select(func.max(columns.id))
            .where(columns.node.in_(names))
            .group_by(columns.node, columns.slot)
        )
        yield from connection.execute(select(SPANS).where(columns.id.in_(newest)))


def _lengthens(said: Mapping[str, Any], row: Mapping[str, Any]) -> bool:
    names = ("condition", "other", "error_ms")
    return said["end_ms"] == row["start_ms"] and all(said[name] == row[name] for name in names)


def _span_row(node: NodeName, span: StateSpan) -> dict[str, Any]:
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


def _parts(names: Iterable[str]) -> Iterator[list[str]]:
    rest = iter(sorted(names))
    while part := list(islice(rest, NAMES_AT_ONCE)):
        yield part
