"""
What bundles of evidence are made of: the hours and the keys of every journal, as they were written.

Rows of journals that were taken in before are not made up: their hours begin with this revision.
Source: docs/decisions/0142-hours-beside-the-cursor.md.
"""

import sqlalchemy as sa
from alembic import op

from gpusla_collector.adapters.sql.migrations.versions.r0002_trust import (
    integer,
    primary,
    refuse,
    text,
)

revision = "0003"
down_revision: str | None = "0002"
branch_labels: str | None = None
depends_on: str | None = None

NEW = ("hours", "journal_keys")


def upgrade() -> None:
    """Create both tables, then guard them."""
    op.create_table(
        "hours",
        text("node"),
        integer("sequence"),
        integer("number"),
        integer("first_sequence"),
        integer("last_sequence"),
        integer("from_ms"),
        integer("until_ms"),
        sa.Column("line", sa.LargeBinary, nullable=False),
        primary("hours", "node", "sequence"),
    )
    op.create_index("ix_hours_node_until_ms", "hours", ["node", "until_ms"])
    op.create_table(
        "journal_keys",
        text("node"),
        integer("sequence"),
        sa.Column("line", sa.LargeBinary, nullable=False),
        primary("journal_keys", "node", "sequence"),
    )
    if op.get_context().dialect.name == "postgresql":
        guard_postgresql()
    else:
        guard_sqlite()


def guard_postgresql() -> None:
    """Refuse changes by the function that an earlier revision made."""
    for table in NEW:
        op.execute(
            f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE "
            f"ON {table} FOR EACH STATEMENT EXECUTE FUNCTION gpusla_append_only()"
        )


def guard_sqlite() -> None:
    """Refuse changes, and rows that would replace others."""
    for table in NEW:
        words = f"{table} is append-only"
        for act in ("UPDATE", "DELETE"):
            refuse(f"{table}_no_{act.lower()}", f"{act} ON {table}", words)
        refuse(
            f"{table}_no_replace",
            f"INSERT ON {table} WHEN EXISTS (SELECT 1 FROM {table} "  # noqa: S608
            "WHERE node = NEW.node AND sequence = NEW.sequence)",
            words,
        )
