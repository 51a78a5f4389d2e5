"""
What both sides of a contract trust the ledger for.

Credit notes numbered without gaps, approvals, modes of contracts, deliveries; the status `expired`;
and everything that is appended to is guarded, against REPLACE too.
A revision stands as it was released: it names no table of `tables`, which goes on changing.
Source: docs/decisions/0131-append-only-by-the-database.md.
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision: str | None = "0001"
branch_labels: str | None = None
depends_on: str | None = None

NUMBER = sa.BigInteger().with_variant(sa.Integer, "sqlite")

GUARDED_BEFORE = (
    "documents",
    "contract_versions",
    "records",
    "ledger_entries",
    "ledger_lines",
    "findings",
)
NEW = ("outbox", "credit_notes", "contract_modes", "proposals", "approvals", "deliveries")

UNIQUE = {
    "documents": (("position",),),
    "contract_versions": (("contract", "version"),),
    "records": (("kind", "id"),),
    "evaluations": (("digest",),),
    "ledger_entries": (
        ("position",),
        ("key",),
        ("contract", "period", "clause", "revision"),
    ),
    "ledger_lines": (("entry", "number"),),
    "findings": (("position",), ("key",)),
    "outbox": (("position",), ("key",)),
    "credit_notes": (("contract", "number"), ("document",), ("entry",)),
    "contract_modes": (("position",),),
    "proposals": (("position",), ("digest",)),
    "approvals": (("position",), ("proposal", "person")),
    "deliveries": (("key", "receiver"),),
}
"""What makes a row unique: SQLite's REPLACE deletes such a row without asking its triggers."""

STATUS = "status IN ('pending', 'posted', 'void', 'expired')"
ENTRY = (
    "position, key, contract, tenant, period, clause, revision, status, amount_minor_units, "
    "currency, reverses, evaluation, booked_ms, epoch"
)


def upgrade() -> None:
    """Change the tables, then guard them."""
    is_postgresql = op.get_context().dialect.name == "postgresql"
    op.drop_column("outbox", "sent_ms")  # nothing ever wrote it: there was no sender
    if is_postgresql:
        op.drop_constraint("ck_ledger_entries_status", "ledger_entries")
        op.create_check_constraint(op.f("ck_ledger_entries_status"), "ledger_entries", STATUS)
    else:
        replace_entries()
    create_tables()
    create_decisions()
    if is_postgresql:
        guard_postgresql()
    else:
        guard_sqlite()


def replace_entries() -> None:
    """Make the table of entries anew around its rows: SQLite changes no constraint in place."""
    op.create_table(
        "ledger_entries_0002",
        position(),
        text("key"),
        text("contract"),
        text("tenant"),
        text("period"),
        text("clause"),
        integer("revision"),
        text("status"),
        integer("amount_minor_units"),
        text("currency"),
        sa.Column("reverses", sa.Text),
        text("evaluation"),
        integer("booked_ms"),
        integer("epoch"),
        sa.UniqueConstraint("key", name="uq_ledger_entries_key"),
        sa.UniqueConstraint(
            "contract",
            "period",
            "clause",
            "revision",
            name="uq_ledger_entries_contract_period_clause_revision",
        ),
        sa.CheckConstraint(STATUS, name=op.f("ck_ledger_entries_status")),
        foreign("ledger_entries", "reverses", "ledger_entries.key"),
        foreign("ledger_entries", "evaluation", "evaluations.digest"),
        primary("ledger_entries", "position"),
        sqlite_autoincrement=True,
    )
    op.execute(f"INSERT INTO ledger_entries_0002 ({ENTRY}) SELECT {ENTRY} FROM ledger_entries")  # noqa: S608
    op.drop_table("ledger_entries")
    op.rename_table("ledger_entries_0002", "ledger_entries")


def create_tables() -> None:
    """Numbered documents, and what receivers took."""
    op.create_table(
        "credit_notes",
        text("contract"),
        integer("number"),
        text("document"),
        text("entry"),
        sa.UniqueConstraint("document", name="uq_credit_notes_document"),
        sa.UniqueConstraint("entry", name="uq_credit_notes_entry"),
        foreign("credit_notes", "entry", "ledger_entries.key"),
        primary("credit_notes", "contract", "number"),
    )
    op.create_table(
        "deliveries",
        text("key"),
        text("receiver"),
        integer("delivered_ms"),
        foreign("deliveries", "key", "outbox.key"),
        primary("deliveries", "key", "receiver"),
    )


def create_decisions() -> None:
    """What people decided about contracts and postings."""
    op.create_table(
        "contract_modes",
        position(),
        text("contract"),
        text("mode"),
        text("person"),
        integer("decided_ms"),
        sa.CheckConstraint("mode IN ('shadow', 'automatic')", name=op.f("ck_contract_modes_mode")),
        primary("contract_modes", "position"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "proposals",
        position(),
        text("digest"),
        text("contract"),
        text("tenant"),
        text("period"),
        text("currency"),
        integer("stake_minor_units"),
        text("content"),
        integer("proposed_ms"),
        sa.UniqueConstraint("digest", name="uq_proposals_digest"),
        primary("proposals", "position"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "approvals",
        position(),
        text("proposal"),
        text("person"),
        integer("approved_ms"),
        sa.UniqueConstraint("proposal", "person", name="uq_approvals_proposal_person"),
        foreign("approvals", "proposal", "proposals.digest"),
        primary("approvals", "position"),
        sqlite_autoincrement=True,
    )


def guard_postgresql() -> None:
    """Refuse changes as a broken constraint, so that nobody takes it for a passing fault."""
    op.execute(
        "CREATE OR REPLACE FUNCTION gpusla_append_only() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION USING MESSAGE = TG_TABLE_NAME || ' is append-only', "
        "ERRCODE = 'restrict_violation'; END $$"
    )
    acts = dict.fromkeys(NEW, "UPDATE OR DELETE OR TRUNCATE") | {"evaluations": "UPDATE"}
    for table, act in acts.items():
        op.execute(
            f"CREATE TRIGGER {table}_append_only BEFORE {act} "
            f"ON {table} FOR EACH STATEMENT EXECUTE FUNCTION gpusla_append_only()"
        )
    op.execute(
        "CREATE FUNCTION gpusla_next_note() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN IF NEW.number <> 1 + coalesce("
        "(SELECT max(number) FROM credit_notes WHERE contract = NEW.contract), 0) THEN "
        "RAISE EXCEPTION USING MESSAGE = 'credit_notes is append-only and numbered without gaps', "
        "ERRCODE = 'restrict_violation'; END IF; RETURN NEW; END $$"
    )
    op.execute(
        "CREATE TRIGGER credit_notes_without_gaps BEFORE INSERT ON credit_notes "
        "FOR EACH ROW EXECUTE FUNCTION gpusla_next_note()"
    )


def guard_sqlite() -> None:
    """Refuse changes, and rows that would replace others."""
    # The triggers of the old table of entries went with it.
    for table in ("ledger_entries", *NEW):
        for act in ("UPDATE", "DELETE"):
            refuse(f"{table}_no_{act.lower()}", f"{act} ON {table}", f"{table} is append-only")
    for table in (*GUARDED_BEFORE, *NEW, "evaluations"):
        same = " OR ".join(
            " AND ".join(f"{column} = NEW.{column}" for column in columns)
            for columns in UNIQUE[table]
        )
        refuse(
            f"{table}_no_replace",
            f"INSERT ON {table} WHEN EXISTS (SELECT 1 FROM {table} WHERE {same})",  # noqa: S608
            f"{table} is append-only",
        )
    refuse("evaluations_no_update", "UPDATE ON evaluations", "evaluations is append-only")
    refuse(
        "evaluations_no_delete",
        "DELETE ON evaluations WHEN EXISTS "
        "(SELECT 1 FROM ledger_entries WHERE evaluation = OLD.digest)",
        "the ledger names this row of evaluations",
    )
    refuse(
        "credit_notes_without_gaps",
        "INSERT ON credit_notes WHEN NEW.number <> 1 + coalesce("
        "(SELECT max(number) FROM credit_notes WHERE contract = NEW.contract), 0)",
        "credit_notes is append-only and numbered without gaps",
    )


def refuse(name: str, when: str, words: str) -> None:
    """Create a trigger of SQLite's that refuses."""
    op.execute(f"CREATE TRIGGER {name} BEFORE {when} BEGIN SELECT RAISE(ABORT, '{words}'); END")


def text(name: str) -> sa.Column[str]:
    """Give a column of text that is always there."""
    return sa.Column(name, sa.Text, nullable=False)


def integer(name: str) -> sa.Column[int]:
    """Give a column of 64-bit integers that are always there."""
    return sa.Column(name, sa.BigInteger, nullable=False)


def position() -> sa.Column[int]:
    """Give the key that counts rows in the order of their arrival."""
    return sa.Column("position", NUMBER, autoincrement=True, nullable=False)


def primary(table: str, *columns: str) -> sa.PrimaryKeyConstraint:
    """Give the primary key under the name that tables.py gives it."""
    return sa.PrimaryKeyConstraint(*columns, name=f"pk_{table}")


def foreign(table: str, column: str, target: str) -> sa.ForeignKeyConstraint:
    """Give a foreign key under the name that tables.py gives it."""
    return sa.ForeignKeyConstraint([column], [target], name=f"fk_{table}_{column}")
