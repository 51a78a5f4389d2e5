"""Everything on record, for a check: one moment of the database, read a few rows at a time."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Select,
    Table,
    and_,
    func,
    or_,
    select,
    tuple_,
)

from gpusla.errors import InputError, StoreError
from gpusla.identity import NodeName, parse_slot
from gpusla.journal.chain import Head
from gpusla.ledger.chain import Link
from gpusla.timeline.model import Evidence, StateSpan
from gpusla_collector.adapters.sql.chain import CHAINED, contents, link_of
from gpusla_collector.adapters.sql.database import Database, open_database
from gpusla_collector.adapters.sql.encoding import (
    read_carry,
    read_condition,
    read_keyring,
    write_carry,
    write_condition,
)
from gpusla_collector.adapters.sql.given import given
from gpusla_collector.adapters.sql.guards import broken_guards
from gpusla_collector.adapters.sql.judgements import judged_of
from gpusla_collector.adapters.sql.schema import nothing_yet, require_readable
from gpusla_collector.adapters.sql.tables import (
    CHAIN_LINKS,
    CONTRACT_VERSIONS,
    DOCUMENTS,
    EVALUATION_CURSORS,
    EVALUATION_INPUTS,
    EVALUATIONS,
    EVIDENCE_SEGMENTS,
    HOURS,
    JOURNAL_CURSORS,
    JOURNAL_KEYS,
    LEDGER_ENTRIES,
    LEDGER_LINES,
    SPANS,
)
from gpusla_collector.ports import Cursor, HourLine, InputFile, Judged, KeyLine, Segment
from gpusla_collector.ports.books import Kept, MadeAgain, Newest

AT_ONCE = 500
LARGE_AT_ONCE = 20
"""How many rows are read together; evaluations and files may have megabytes each."""

NOT_THAT = (ValueError, KeyError, TypeError, AttributeError, InputError)
"""What comes of reading a text that is not what it should be."""


@contextmanager
def reading_books(url: str) -> Iterator["SqlBooks"]:
    """
    Give the books of a SQLAlchemy URL, as they are now.

    Raises StoreError for another schema, InputError `nothing_to_show` for an empty database.
    """
    database = open_database(url)
    if database.is_absent:
        raise nothing_yet()  # asking SQLite would make the file
    try:
        require_readable(database)
        with books(database) as found:
            yield found
    finally:
        database.close()


@contextmanager
def books(database: Database) -> Iterator["SqlBooks"]:
    """Give the books of one moment; text that is not UTF-8 is given with its bytes spelled out."""
    with database.reading() as connection:
        if database.is_postgresql:
            yield SqlBooks(connection)
            return
        driver: Any = connection.connection.dbapi_connection
        driver.text_factory = lambda content: content.decode("utf-8", "backslashreplace")
        try:
            yield SqlBooks(connection)
        finally:
            driver.text_factory = str


class SqlBooks:
    """The port `Books`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def guards(self) -> Iterator[tuple[str, str]]:
        """Give each guard that is not as it was made, and what is wrong with it."""
        return broken_guards(self._connection)

    def links(self) -> Iterator[Kept]:
        """Give the chain in its order."""
        for rows in self._pages(CHAIN_LINKS, [CHAIN_LINKS.c.number], AT_ONCE):
            links = [link_of(row) for row in rows]
            found: dict[tuple[str, str], Kept] = {}
            for kind in {one.kind for one in links}:
                found |= self._kept(kind, [one for one in links if one.kind == kind])
            yield from (found[link.kind, link.subject] for link in links)

    def unlinked(self) -> Iterator[tuple[str, Iterator[str]]]:
        """Give by table the key of every row that should be in a link and is not."""
        for kind, chained in CHAINED.items():
            yield kind, self._keys(chained.unlinked())
            for beside in chained.beside:
                if not beside.left_out:
                    column, of = beside.table.c[beside.column], chained.table.c[beside.of]
                    leads = select(of).where(of == column)
                    yield beside.table.name, self._keys(select(column).where(~leads.exists()))

    def balances(self) -> Mapping[str, int]:
        """Return by currency what the legs of all entries sum to."""
        query = (
            select(LEDGER_ENTRIES.c.currency, func.sum(LEDGER_LINES.c.minor_units))
            .join(LEDGER_LINES, LEDGER_LINES.c.entry == LEDGER_ENTRIES.c.key)
            .group_by(LEDGER_ENTRIES.c.currency)
        )
        return {row[0]: int(row[1]) for row in self._rows(query)}

    def gaps(self) -> Iterator[tuple[str, str, str]]:
        """Give contract, period and clause where revisions do not count from 1 on."""
        columns = LEDGER_ENTRIES.c
        counted = (columns.contract, columns.period, columns.clause)
        wrong = or_(func.min(columns.revision) != 1, func.max(columns.revision) != func.count())
        query = select(*counted).group_by(*counted).having(wrong).order_by(*counted)
        yield from ((row[0], row[1], row[2]) for row in self._rows(query))

    def revisions_of(self, keys: Sequence[str]) -> Mapping[str, tuple[int, int]]:
        """Return amount and revision of entries by key, of those that there are."""
        columns = LEDGER_ENTRIES.c
        query = select(columns.key, columns.amount_minor_units, columns.revision)
        rows = self._rows(query.where(columns.key.in_(keys)))
        return {row[0]: (row[1], row[2]) for row in rows}

    def evaluations(self) -> Iterator[Judged]:
        """Give every evaluation that is kept."""
        for rows in self._pages(EVALUATIONS, [EVALUATIONS.c.digest], LARGE_AT_ONCE):
            for row in rows:
                yield judged_of(row)

    def made_again(self) -> Iterator[MadeAgain]:
        """Give what evaluations were made from once more."""
        columns = EVALUATION_INPUTS.c
        order = [columns.evaluation, columns.number]
        for rows in self._pages(EVALUATION_INPUTS, order, LARGE_AT_ONCE):
            yield from (MadeAgain(row.evaluation, row.number, row.inputs) for row in rows)

    def newest(self) -> Iterator[Newest]:
        """Give the last evaluation of every period."""
        columns = EVALUATION_CURSORS.c
        for rows in self._pages(EVALUATION_CURSORS, [columns.contract, columns.period], AT_ONCE):
            yield from (Newest(r.contract, r.period, r.tenant, r.evaluation) for r in rows)

    def documents(self) -> Iterator[InputFile]:
        """Give every file that was taken in, but for contracts."""
        for rows in self._pages(DOCUMENTS, [DOCUMENTS.c.position], LARGE_AT_ONCE):
            yield from (InputFile(row.kind, row.name, row.digest, row.content) for row in rows)

    def contracts(self) -> Iterator[InputFile]:
        """Give every contract that was taken in, as a file of kind Contract."""
        columns = CONTRACT_VERSIONS.c
        for rows in self._pages(CONTRACT_VERSIONS, [columns.contract, columns.version], AT_ONCE):
            yield from (InputFile("Contract", row.name, row.digest, row.content) for row in rows)

    def nodes(self) -> Iterator[tuple[str, Iterator[NodeName]]]:
        """Give by table the nodes of which it keeps anything."""
        for table in (JOURNAL_CURSORS, EVIDENCE_SEGMENTS, SPANS, HOURS, JOURNAL_KEYS):
            names = self._keys(select(table.c.node).distinct())
            yield table.name, map(NodeName, names)

    def cursor(self, node: NodeName) -> Cursor | None:
        """Return how far a node's journal was taken in; None if that cannot be read, or is not."""
        row = next(
            iter(self._rows(select(JOURNAL_CURSORS).where(JOURNAL_CURSORS.c.node == node))), None
        )
        if row is None:
            return None
        try:
            carry, keyring = read_carry(row.carry), read_keyring(row.carry)
            if write_carry(carry, keyring) != row.carry:
                return None
        except NOT_THAT:
            return None
        return Cursor(
            node,
            Head(row.sequence, row.digest),
            row.agent_sequence,
            carry,
            row.evidence_until_ms,
            row.reached_ms,
            keyring=keyring,
        )

    def segments(self, node: NodeName) -> Sequence[Segment]:
        """Return a node's files of evidence in the order of their records."""
        columns = EVIDENCE_SEGMENTS.c
        query = select(EVIDENCE_SEGMENTS).where(columns.node == node)
        rows = self._rows(query.order_by(columns.first_sequence, columns.epoch))
        return [
            Segment(row.first_sequence, row.epoch, row.last_sequence, row.byte_length)
            for row in rows
        ]

    def slots(self, node: NodeName) -> Sequence[str]:
        """Return the slots that spans of a node are about."""
        query = select(SPANS.c.slot).where(SPANS.c.node == node).distinct()
        return [row[0] for row in self._rows(query.order_by(SPANS.c.slot))]

    def spans(self, node: NodeName, slot: str) -> Iterator[StateSpan | None]:
        """Give the spans of one slot in the order in which they were kept."""
        of_slot = and_(SPANS.c.node == node, SPANS.c.slot == slot)
        for rows in self._pages(SPANS, [SPANS.c.id], AT_ONCE, of_slot):
            yield from map(_span, rows)

    def hours(self, node: NodeName) -> Iterator[HourLine]:
        """Give the hours of a node's journal."""
        columns = HOURS.c
        for rows in self._pages(HOURS, [columns.sequence], AT_ONCE, columns.node == node):
            yield from (HourLine(*row[1:]) for row in rows)

    def keys(self, node: NodeName) -> Iterator[KeyLine]:
        """Give the keys of a node's journal."""
        columns = JOURNAL_KEYS.c
        for rows in self._pages(JOURNAL_KEYS, [columns.sequence], AT_ONCE, columns.node == node):
            yield from (KeyLine(row.sequence, row.line) for row in rows)

    def _kept(self, kind: str, links: Sequence[Link]) -> dict[tuple[str, str], Kept]:
        """Give links of one kind their rows; where some cannot be given, each for itself."""
        try:
            found = (
                contents(self._connection, kind, [one.subject for one in links])
                if kind in CHAINED
                else {}
            )
        except StoreError as cause:
            if len(links) == 1:
                (link,) = links
                return {(kind, link.subject): Kept(link, None, cause.message)}
            alone = (self._kept(kind, [link]) for link in links)
            return {key: kept for one in alone for key, kept in one.items()}
        return {(kind, link.subject): Kept(link, found.get(link.subject)) for link in links}

    def _keys(self, query: Select[Any]) -> Iterator[str]:
        """Give the one column of a query; asks the database once the first is wanted."""
        for row in self._rows(query):
            yield str(row[0])

    def _pages(
        self,
        table: Table,
        order: Sequence[ColumnElement[Any]],
        size: int,
        where: ColumnElement[bool] | None = None,
    ) -> Iterator[Sequence[Any]]:
        """Give a table's rows in order, so many at a time, however many there are."""
        query = select(table).order_by(*order)
        if where is not None:
            query = query.where(where)
        rows, asked = self._page(query, size)
        while rows:
            yield rows
            last = [getattr(rows[-1], column.name) for column in order]
            after = order[0] > last[0] if len(order) == 1 else tuple_(*order) > tuple_(*last)
            is_last = len(rows) < asked
            rows, asked = ((), 0) if is_last else self._page(query.where(after), size)

    def _page(self, query: Select[Any], size: int) -> tuple[Sequence[Any], int]:
        """Give so many rows, or where they cannot be given, some of those before the damage."""
        while size > 1:
            try:
                return self._rows(query.limit(size)), size
            except StoreError:
                size //= 2
        return self._rows(query.limit(1)), 1

    def _rows(self, query: Select[Any]) -> Sequence[Any]:
        return given(self._connection, query)


def _span(row: Row[Any]) -> StateSpan | None:
    try:
        condition = read_condition(row.condition)
        other = None if row.other is None else read_condition(row.other)
        said = (write_condition(condition), None if other is None else write_condition(other))
        if said != (row.condition, row.other):
            return None
        evidence = Evidence(NodeName(row.node), row.first_sequence, row.last_sequence)
        slot = parse_slot(row.slot)
        return StateSpan(slot, row.start_ms, row.end_ms, condition, other, row.error_ms, evidence)
    except NOT_THAT:
        return None
