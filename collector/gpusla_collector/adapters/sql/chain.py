"""
The chain over the records, in the database: kept by every transaction that appends.

Nobody else writes meanwhile (`database.writing`), so what is read as the last link is the last one;
the database refuses a second link after the same one all the same.
Source: docs/decisions/0145-a-chain-over-the-records.md.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Select,
    Table,
    Text,
    and_,
    cast,
    insert,
    literal,
    select,
    tuple_,
)

from gpusla.ledger.chain import Content, Link, Value, linked
from gpusla_collector.adapters.sql.given import given
from gpusla_collector.adapters.sql.tables import (
    APPROVALS,
    CHAIN_LINKS,
    CONTRACT_MODES,
    CONTRACT_VERSIONS,
    CREDIT_NOTES,
    DELIVERIES,
    DOCUMENTS,
    EVALUATION_INPUTS,
    EVALUATIONS,
    FINDINGS,
    LEDGER_ENTRIES,
    LEDGER_LINES,
    METADATA,
    OUTBOX,
    PROPOSALS,
    RECORDS,
)


@dataclass(frozen=True, slots=True)
class Beside:
    """
    Rows that stand in the link of another one.

    column: holds what `of` holds in the row that leads.  left_out: columns that another one vouches
    for.  digested: long texts that stand by their digest.
    """

    table: Table
    column: str
    of: str
    left_out: tuple[str, ...] = ()
    digested: tuple[str, ...] = ()

    def plain(self, row: Mapping[str, Any]) -> dict[str, Value]:
        """Return what the link says of a row."""
        return {
            name: value.encode() if name in self.digested else value
            for name, value in row.items()
            if name not in self.left_out
        }


@dataclass(frozen=True, slots=True)
class Chained:
    """
    A table whose rows have a link each.

    key: its columns that make the subject.  where: which rows have one; None for all.
    """

    table: Table
    key: tuple[str, ...] = ("position",)
    beside: tuple[Beside, ...] = ()
    where: ColumnElement[bool] | None = None

    def subject(self, row: Mapping[str, Any]) -> str:
        """Return the row's key as its link says it."""
        return " ".join(str(row[name]) for name in self.key)

    def unlinked(self) -> Select[Any]:
        """Select the subjects of rows that should have a link and have none."""
        subject = self.subject_column()
        return select(subject).where(self.lacks_link())

    def lacks_link(self) -> ColumnElement[bool]:
        """Say of a row that it should have a link and has none."""
        links = CHAIN_LINKS.c
        of_row = and_(links.kind == self.table.name, links.subject == self.subject_column())
        lacks = ~select(links.number).where(of_row).correlate(self.table).exists()
        return lacks if self.where is None else and_(lacks, self.where)

    def subject_column(self) -> ColumnElement[str]:
        """Return the same as the database says it."""
        first, *others = (cast(self.table.c[name], Text) for name in self.key)
        whole: ColumnElement[str] = first
        for column in others:
            whole = whole + literal(" ") + column
        return whole


JUDGED = Beside(EVALUATIONS, "digest", "evaluation", left_out=("content",), digested=("inputs",))
"""The judgement that an entry names: its digest vouches for its content, nothing for the rest."""

IS_NAMED = (
    select(LEDGER_ENTRIES.c.position)
    .where(LEDGER_ENTRIES.c.evaluation == EVALUATION_INPUTS.c.evaluation)
    .correlate(EVALUATION_INPUTS)
    .exists()
)
"""Of other inputs: an entry names their judgement, which is kept for good from then on."""

CHAINED = {
    one.table.name: one
    for one in (
        Chained(DOCUMENTS),
        Chained(CONTRACT_VERSIONS, ("contract", "version")),
        Chained(RECORDS, ("kind", "id")),
        Chained(
            LEDGER_ENTRIES,
            ("key",),
            (
                Beside(LEDGER_LINES, "entry", "key"),
                Beside(CREDIT_NOTES, "entry", "key"),
                Beside(OUTBOX, "key", "key"),
                JUDGED,
            ),
        ),
        Chained(EVALUATION_INPUTS, ("evaluation", "number"), where=IS_NAMED),
        Chained(CONTRACT_MODES),
        Chained(PROPOSALS),
        Chained(APPROVALS),
        Chained(DELIVERIES, ("key", "receiver")),
        Chained(FINDINGS),
    )
}
"""
What is appended to, but for copies of evidence, which the journals vouch for.

A column that is added later must be left out of the links of before.
"""

# Written once: to put a statement together takes longer than to run it.
INSERT = {table.name: insert(table) for table in METADATA.sorted_tables}
LAST = select(CHAIN_LINKS).order_by(CHAIN_LINKS.c.number.desc()).limit(1)


def append(connection: Connection, table: Table, row: Mapping[str, Any]) -> None:
    """Insert a row and its link."""
    chain(connection, [(table, {table.name: [inserted(connection, table, row)]})])


def append_once(
    connection: Connection, table: Table, known: ColumnElement[bool], row: Mapping[str, Any]
) -> bool:
    """Append a row unless one is known of which this is true; returns whether it was appended."""
    if connection.scalar(select(known).where(known).limit(1)) is not None:
        return False
    append(connection, table, row)
    return True


def append_all(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert rows whose keys the database does not count, and their links, in order."""
    if rows:
        connection.execute(INSERT[table.name], list(rows))
        chain(connection, [(table, {table.name: [row]}) for row in rows])


def inserted(connection: Connection, table: Table, row: Mapping[str, Any]) -> dict[str, Value]:
    """Insert a row; returns it as it stands, its counted key too."""
    done = connection.execute(INSERT[table.name], row)
    keys = zip(table.primary_key.columns.keys(), done.inserted_primary_key or (), strict=True)
    return {**row, **dict(keys)}


def chain(connection: Connection, facts: Iterable[tuple[Table, Content]]) -> None:
    """Append links for rows that were just inserted: each fact's own row is its table's first."""
    chain_after(connection, last_link(connection), facts)


def chain_after(
    connection: Connection, last: Link | None, facts: Iterable[tuple[Table, Content]]
) -> None:
    """Do as chain, once the database was asked for the last link."""
    links = []
    for table, content in facts:
        subject = CHAINED[table.name].subject(content[table.name][0])
        last = linked(last, table.name, subject, content)
        links.append(last)
    if links:
        connection.execute(INSERT[CHAIN_LINKS.name], [_values(link) for link in links])


def last_link(connection: Connection) -> Link | None:
    """Return the chain's end; None before the first link."""
    row = connection.execute(LAST).first()
    return None if row is None else link_of(row)


def link_of(row: Row[Any]) -> Link:
    """Read a link's row."""
    return Link(row.number, row.kind, row.subject, row.previous, row.digest)


def contents(connection: Connection, kind: str, subjects: Sequence[str]) -> dict[str, Content]:
    """
    Return what is on record now of some subjects of one kind; none for those that are not.

    Raises StoreError where the database cannot give it.
    """
    chained = CHAINED[kind]
    query = _by_key(chained, subjects)
    rows = {chained.subject(row): row for row in _mappings(connection, query)}
    found: dict[str, dict[str, list[dict[str, Any]]]] = {
        subject: {kind: [dict(row)]} for subject, row in rows.items()
    }
    for beside in chained.beside:
        by_value = _beside(connection, beside, {row[beside.of] for row in rows.values()})
        for subject, row in rows.items():
            some = by_value.get(row[beside.of], [])
            found[subject][beside.table.name] = [beside.plain(one) for one in some]
    return dict(found)


def _by_key(chained: Chained, subjects: Sequence[str]) -> Select[Any]:
    columns = [chained.table.c[name] for name in chained.key]
    keys = [key for subject in subjects if (key := _key(columns, subject)) is not None]
    return select(chained.table).where(tuple_(*columns).in_(keys))


def _key(columns: Sequence[ColumnElement[Any]], subject: str) -> tuple[Any, ...] | None:
    """Read a subject; None if it is not one of this kind."""
    parts = subject.split(" ", len(columns) - 1)
    try:
        return tuple(
            column.type.python_type(part) for column, part in zip(columns, parts, strict=True)
        )
    except ValueError:
        return None


def _beside(
    connection: Connection, beside: Beside, values: Iterable[Any]
) -> dict[Any, list[Mapping[str, Any]]]:
    column = beside.table.c[beside.column]
    found: dict[Any, list[Mapping[str, Any]]] = {}
    query = select(*(one for one in beside.table.columns if one.name not in beside.left_out)).where(
        column.in_(list(values))
    )
    for row in _mappings(connection, query.order_by(*beside.table.primary_key.columns)):
        found.setdefault(row[beside.column], []).append(row)
    return found


def _mappings(connection: Connection, query: Select[Any]) -> Iterator[Mapping[str, Any]]:
    for row in given(connection, query):
        yield row._asdict()


def _values(link: Link) -> dict[str, Any]:
    return {
        "number": link.number,
        "kind": link.kind,
        "subject": link.subject,
        "previous": link.previous,
        "digest": link.digest,
    }
