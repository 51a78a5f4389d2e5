"""
A row that names the hidden number of another one does not replace it on SQLite.

SQLite counts the rows of every table whose key is no INTEGER, and lets that number, the rowid, be
written; REPLACE then deletes the row that had it, and asks no trigger.  PostgreSQL knows no such
number.  Where none is written, NEW.rowid is -1 in a trigger before the row: no row has that one.
Source: docs/decisions/0131-append-only-by-the-database.md.
"""

from collections.abc import Iterator

from alembic import op

from gpusla_collector.adapters.sql.migrations.versions.r0002_trust import UNIQUE, refuse

revision = "0006"
down_revision: str | None = "0005"
branch_labels: str | None = None
depends_on: str | None = None

GUARDED = UNIQUE | {
    "hours": (("node", "sequence"),),
    "journal_keys": (("node", "sequence"),),
    "chain_links": (("number",), ("kind", "subject")),
}
"""By table that is guarded against REPLACE, what makes its rows unique, beside the rowid."""


def upgrade() -> None:
    """Make each guard against REPLACE anew."""
    if op.get_context().dialect.name == "postgresql":
        return
    for table, uniques in GUARDED.items():
        op.execute(f"DROP TRIGGER IF EXISTS {table}_no_replace")
        refuse(f"{table}_no_replace", replaces(table, uniques), f"{table} is append-only")


def replaces(table: str, uniques: tuple[tuple[str, ...], ...]) -> str:
    """Say when a row would take the place of another one."""
    return (
        f"INSERT ON {table} WHEN EXISTS "  # noqa: S608
        f"(SELECT 1 FROM {table} WHERE {' OR '.join(same(uniques))})"
    )


def same(uniques: tuple[tuple[str, ...], ...]) -> Iterator[str]:
    """Yield what two rows may not have alike; each is found by an index of its own."""
    for columns in (("rowid",), *uniques):
        yield " AND ".join(f"{column} = NEW.{column}" for column in columns)
