"""
A chain over all that is appended to; what was booked before gets its links here.

Links of before are in the order of their tables, then of their keys, and prove only that nothing
changed since this revision.  The columns are those that the database has now; the arithmetic is the
chain's own, which cannot change without breaking every chain there is.
Source: docs/decisions/0145-a-chain-over-the-records.md.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import sqlalchemy as sa
from alembic import op

from gpusla.ledger.chain import Content, Link, linked
from gpusla_collector.adapters.sql.migrations.versions.r0002_trust import (
    primary,
    refuse,
    text,
)

revision = "0004"
down_revision: str | None = "0003"
branch_labels: str | None = None
depends_on: str | None = None

KEYS = {
    "documents": ("position",),
    "contract_versions": ("contract", "version"),
    "records": ("kind", "id"),
    "ledger_entries": ("key",),
    "contract_modes": ("position",),
    "proposals": ("position",),
    "approvals": ("position",),
    "deliveries": ("key", "receiver"),
    "findings": ("position",),
}
BESIDE = (
    ("ledger_lines", "entry", "key"),
    ("credit_notes", "entry", "key"),
    ("outbox", "key", "key"),
    ("evaluations", "digest", "evaluation"),
)
AT_ONCE = 500
NUMBER = sa.BigInteger().with_variant(sa.Integer, "sqlite")
WITHOUT_GAPS = "chain_links is append-only and without gaps"


def upgrade() -> None:
    """Create the table, link what is there, then guard it."""
    op.create_table(
        "chain_links",
        sa.Column("number", NUMBER, autoincrement=False, nullable=False),
        text("kind"),
        text("subject"),
        text("previous"),
        text("digest"),
        sa.UniqueConstraint("kind", "subject", name="uq_chain_links_kind_subject"),
        primary("chain_links", "number"),
    )
    if not op.get_context().as_sql:  # where SQL is only printed, the database is an empty one
        link_everything(op.get_bind())
    if op.get_context().dialect.name == "postgresql":
        guard_postgresql()
    else:
        guard_sqlite()


def link_everything(connection: sa.Connection) -> None:
    """Append a link for every row that is there, a few hundred at a time."""
    known = sa.MetaData()
    known.reflect(connection, resolve_fks=False)
    links = known.tables["chain_links"]
    last: Link | None = None
    new: list[dict[str, Any]] = []
    for kind, subject, content in facts(connection, known.tables):
        last = linked(last, kind, subject, content)
        row = (last.number, last.kind, last.subject, last.previous, last.digest)
        new.append(dict(zip(links.columns.keys(), row, strict=True)))
        if len(new) == AT_ONCE:
            connection.execute(links.insert(), new)
            new = []
    if new:
        connection.execute(links.insert(), new)


def facts(
    connection: sa.Connection, tables: Mapping[str, sa.Table]
) -> Iterator[tuple[str, str, Content]]:
    """Yield kind, subject and rows of everything, table by table."""
    for kind, key in KEYS.items():
        for row in rows_of(connection, tables[kind], key):
            beside = dict(rows_beside(connection, tables, row)) if kind == "ledger_entries" else {}
            yield kind, " ".join(str(row[name]) for name in key), {kind: [row], **beside}


def rows_of(
    connection: sa.Connection, table: sa.Table, key: tuple[str, ...]
) -> Iterator[dict[str, Any]]:
    """Yield a table's rows in the order in which they came, or of their keys."""
    order = [table.c[name] for name in (("position",) if "position" in table.c else key)]
    query = sa.select(table).order_by(*order).limit(AT_ONCE)
    rows = connection.execute(query).mappings().all()
    while rows:
        yield from (dict(row) for row in rows)
        after = sa.tuple_(*(sa.literal(rows[-1][column.name]) for column in order))
        rows = connection.execute(query.where(sa.tuple_(*order) > after)).mappings().all()


def rows_beside(
    connection: sa.Connection, tables: Mapping[str, sa.Table], entry: Mapping[str, Any]
) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Yield what stands in the link of an entry beside it, by table."""
    for name, column, of in BESIDE:
        table = tables[name]
        columns = [one for one in table.columns if (name, one.name) != ("evaluations", "content")]
        query = sa.select(*columns).where(table.c[column] == entry[of])
        query = query.order_by(*table.primary_key.columns)
        rows = [dict(row) for row in connection.execute(query).mappings()]
        if name == "evaluations":
            rows = [{**row, "inputs": row["inputs"].encode()} for row in rows]
        yield name, rows


def guard_postgresql() -> None:
    """Refuse changes, and a link that is not the next one."""
    op.execute(
        "CREATE TRIGGER chain_links_append_only BEFORE UPDATE OR DELETE OR TRUNCATE "
        "ON chain_links FOR EACH STATEMENT EXECUTE FUNCTION gpusla_append_only()"
    )
    op.execute(
        "CREATE FUNCTION gpusla_next_link() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN IF NEW.number <> 1 + coalesce((SELECT max(number) FROM chain_links), 0) "
        "OR (NEW.number > 1 AND NEW.previous IS DISTINCT FROM "
        "(SELECT digest FROM chain_links WHERE number = NEW.number - 1)) THEN "
        "RAISE EXCEPTION USING MESSAGE = 'chain_links is append-only and without gaps', "
        "ERRCODE = 'restrict_violation'; END IF; RETURN NEW; END $$"
    )
    op.execute(
        "CREATE TRIGGER chain_links_without_gaps BEFORE INSERT ON chain_links "
        "FOR EACH ROW EXECUTE FUNCTION gpusla_next_link()"
    )


def guard_sqlite() -> None:
    """Refuse changes, rows that would replace others, and a link that is not the next one."""
    for act in ("UPDATE", "DELETE"):
        refuse(
            f"chain_links_no_{act.lower()}", f"{act} ON chain_links", "chain_links is append-only"
        )
    refuse(
        "chain_links_no_replace",
        "INSERT ON chain_links WHEN EXISTS (SELECT 1 FROM chain_links WHERE number = NEW.number "
        "OR (kind = NEW.kind AND subject = NEW.subject))",
        "chain_links is append-only",
    )
    refuse(
        "chain_links_without_gaps",
        "INSERT ON chain_links WHEN "
        "NEW.number <> 1 + coalesce((SELECT max(number) FROM chain_links), 0) "
        "OR (NEW.number > 1 AND NEW.previous IS NOT "
        "(SELECT digest FROM chain_links WHERE number = NEW.number - 1))",
        WITHOUT_GAPS,
    )
