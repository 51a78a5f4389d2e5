"""The hours and keys of journals, as their lines were written; append-only."""

from dataclasses import asdict

from sqlalchemy import Connection, func, insert, select

from gpusla.identity import NodeName
from gpusla.instants import Interval
from gpusla_collector.adapters.sql.tables import HOURS, JOURNAL_KEYS
from gpusla_collector.ports import HourLine, KeyLine, Milestones


def keep_milestones(connection: Connection, node: NodeName, milestones: Milestones) -> None:
    """Append what came with a page of a node's journal."""
    for table, lines in ((HOURS, milestones.hours), (JOURNAL_KEYS, milestones.keys)):
        if lines:
            connection.execute(insert(table), [{"node": node} | asdict(one) for one in lines])


def milestones_of(connection: Connection, node: NodeName, interval: Interval) -> Milestones:
    """
    Return the hours that tell of an interval, and the keys up to the last of them.

    From the least record to the greatest one of a block that touches the interval, and on to the
    first that ends with it or later.  Clocks may have been wrong, so numbers are not in the order
    of times: a block may touch every month from its own to one that is far ahead.
    """
    columns = HOURS.c
    first, last = connection.execute(
        select(func.min(columns.sequence), func.max(columns.sequence)).where(
            columns.node == node,
            columns.from_ms < interval.end_ms,
            columns.until_ms > interval.start_ms,
        )
    ).one()
    closing = connection.scalar(
        select(func.min(columns.sequence)).where(
            columns.node == node,
            columns.until_ms >= interval.end_ms,
            columns.sequence >= (last or 0),
        )
    )
    first, last = first or closing, closing or last
    if first is None:
        return Milestones()
    hours = (
        select(*(column for column in columns if column is not columns.node))
        .where(columns.node == node, columns.sequence.between(first, last))
        .order_by(columns.sequence)
    )
    keys = (
        select(JOURNAL_KEYS.c.sequence, JOURNAL_KEYS.c.line)
        .where(JOURNAL_KEYS.c.node == node, JOURNAL_KEYS.c.sequence < last)
        .order_by(JOURNAL_KEYS.c.sequence)
    )
    return Milestones(
        tuple(HourLine(*row) for row in connection.execute(hours)),
        tuple(KeyLine(*row) for row in connection.execute(keys)),
    )
