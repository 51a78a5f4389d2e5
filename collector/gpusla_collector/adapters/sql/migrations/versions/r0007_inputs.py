"""
What the same judgement was made from, each time that it was made again from other files.

Nothing is made up for judgements of before: the inputs beside each are those of its first time.
A row goes with the evaluation that it is of, when that is forgotten, and never by itself.
Source: docs/decisions/0161-inputs-of-the-same-judgement.md.
"""

import sqlalchemy as sa
from alembic import op

from gpusla_collector.adapters.sql.migrations.versions.r0002_trust import (
    integer,
    primary,
    refuse,
    text,
)
from gpusla_collector.adapters.sql.migrations.versions.r0005_search_path import LOOK_AT_HOME
from gpusla_collector.adapters.sql.migrations.versions.r0006_rowid import replaces

revision = "0007"
down_revision: str | None = "0006"
branch_labels: str | None = None
depends_on: str | None = None

TABLE = "evaluation_inputs"
KEEP = "gpusla_keep_inputs"


def upgrade() -> None:
    """Create the table, then guard it."""
    op.create_table(
        TABLE,
        text("evaluation"),
        integer("number"),
        text("inputs"),
        integer("judged_ms"),
        sa.ForeignKeyConstraint(
            ["evaluation"],
            ["evaluations.digest"],
            name=f"fk_{TABLE}_evaluation",
            ondelete="CASCADE",
        ),
        primary(TABLE, "evaluation", "number"),
    )
    if op.get_context().dialect.name == "postgresql":
        guard_postgresql()
    else:
        guard_sqlite()


def guard_postgresql() -> None:
    """Refuse changes, and to take a row out as long as its evaluation is there."""
    op.execute(
        f"CREATE TRIGGER {TABLE}_append_only BEFORE UPDATE OR TRUNCATE "
        f"ON {TABLE} FOR EACH STATEMENT EXECUTE FUNCTION gpusla_append_only()"
    )
    op.execute(
        f"CREATE FUNCTION {KEEP}() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN IF EXISTS (SELECT FROM evaluations WHERE digest = OLD.evaluation) THEN "
        f"RAISE EXCEPTION USING MESSAGE = '{TABLE} is append-only', "
        "ERRCODE = 'restrict_violation'; END IF; RETURN OLD; END $$"
    )
    op.execute(LOOK_AT_HOME.format(function=KEEP, table=TABLE))
    op.execute(
        f"CREATE TRIGGER {TABLE}_kept BEFORE DELETE ON {TABLE} "
        f"FOR EACH ROW EXECUTE FUNCTION {KEEP}()"
    )


def guard_sqlite() -> None:
    """Refuse the same, and rows that would replace others."""
    words = f"{TABLE} is append-only"
    refuse(f"{TABLE}_no_update", f"UPDATE ON {TABLE}", words)
    refuse(
        f"{TABLE}_no_delete",
        f"DELETE ON {TABLE} WHEN EXISTS "  # noqa: S608
        "(SELECT 1 FROM evaluations WHERE digest = OLD.evaluation)",
        words,
    )
    refuse(f"{TABLE}_no_replace", replaces(TABLE, (("evaluation", "number"),)), words)
