"""
The first schema.

A revision stands as it was released: it names no table of `tables`, which goes on changing.
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision: str | None = None
branch_labels: str | None = None
depends_on: str | None = None

NUMBER = sa.BigInteger().with_variant(sa.Integer, "sqlite")

APPEND_ONLY = (
    "documents",
    "contract_versions",
    "records",
    "ledger_entries",
    "ledger_lines",
    "findings",
)


def upgrade() -> None:
    """Create all tables, and the triggers that keep what is appended to from being changed."""
    create_inputs()
    create_journals()
    create_evaluations()
    create_ledger()
    create_workings()
    guard(APPEND_ONLY)


def create_inputs() -> None:
    """Contracts, inventory, assignments and exclusions as they were taken in."""
    op.create_table(
        "documents",
        position(),
        text("kind"),
        text("name"),
        text("digest"),
        content(),
        integer("taken_in_ms"),
        primary("documents", "position"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "contract_versions",
        text("contract"),
        integer("version"),
        text("tenant"),
        text("effective_from"),
        text("name"),
        text("digest"),
        content(),
        integer("taken_in_ms"),
        primary("contract_versions", "contract", "version"),
    )
    op.create_table(
        "records",
        text("kind"),
        text("id"),
        integer("from_ms"),
        sa.Column("until_ms", sa.BigInteger),
        integer("recorded_ms"),
        sa.Column("supersedes", sa.Text),
        sa.Column("withdrawn", sa.Boolean, nullable=False),
        text("body"),
        integer("taken_in_ms"),
        primary("records", "kind", "id"),
    )


def create_journals() -> None:
    """How far journals were taken in, where their lines are, and the spans that came of them."""
    op.create_table(
        "journal_cursors",
        text("node"),
        integer("sequence"),
        text("digest"),
        integer("agent_sequence"),
        text("carry"),
        integer("evidence_until_ms"),
        integer("reached_ms"),
        sa.CheckConstraint("sequence >= 0", name=op.f("ck_journal_cursors_sequence")),
        primary("journal_cursors", "node"),
    )
    op.create_table(
        "evidence_segments",
        text("node"),
        integer("first_sequence"),
        integer("epoch"),
        integer("last_sequence"),
        integer("byte_length"),
        sa.CheckConstraint(
            "last_sequence >= first_sequence", name=op.f("ck_evidence_segments_sequences")
        ),
        sa.CheckConstraint("byte_length > 0", name=op.f("ck_evidence_segments_byte_length")),
        primary("evidence_segments", "node", "first_sequence", "epoch"),
    )
    op.create_table(
        "spans",
        sa.Column("id", NUMBER, autoincrement=True, nullable=False),
        text("node"),
        text("slot"),
        integer("start_ms"),
        integer("end_ms"),
        text("condition"),
        sa.Column("other", sa.Text),
        sa.Column("error_ms", sa.BigInteger),
        integer("first_sequence"),
        integer("last_sequence"),
        sa.CheckConstraint("start_ms < end_ms", name=op.f("ck_spans_order")),
        primary("spans", "id"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_spans_slot_end_ms", "spans", ["slot", "end_ms"])
    op.create_index("ix_spans_node_slot_id", "spans", ["node", "slot", "id"])


def create_evaluations() -> None:
    """The last evaluation of each period, and those that the ledger names."""
    op.create_table(
        "evaluations",
        text("digest"),
        text("contract"),
        text("tenant"),
        text("period"),
        integer("until_ms"),
        text("fingerprint"),
        text("content"),
        text("inputs"),
        integer("judged_ms"),
        primary("evaluations", "digest"),
    )
    op.create_table(
        "evaluation_cursors",
        text("contract"),
        text("period"),
        text("tenant"),
        text("evaluation"),
        foreign("evaluation_cursors", "evaluation", "evaluations.digest"),
        primary("evaluation_cursors", "contract", "period"),
    )


def create_ledger() -> None:
    """Entries and their legs."""
    op.create_table(
        "ledger_entries",
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
        sa.CheckConstraint(
            "status IN ('pending', 'posted', 'void')", name=op.f("ck_ledger_entries_status")
        ),
        foreign("ledger_entries", "reverses", "ledger_entries.key"),
        foreign("ledger_entries", "evaluation", "evaluations.digest"),
        primary("ledger_entries", "position"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "ledger_lines",
        text("entry"),
        sa.Column("number", sa.Integer, nullable=False),
        text("account"),
        integer("minor_units"),
        foreign("ledger_lines", "entry", "ledger_entries.key"),
        primary("ledger_lines", "entry", "number"),
    )


def create_workings() -> None:
    """Who may write, what is to be sent, what people must look at."""
    op.create_table(
        "leases",
        text("name"),
        sa.Column("holder", sa.Text),
        integer("epoch"),
        integer("until_ms"),
        primary("leases", "name"),
    )
    op.create_table(
        "outbox",
        position(),
        text("topic"),
        text("key"),
        text("content"),
        integer("written_ms"),
        sa.Column("sent_ms", sa.BigInteger),
        sa.UniqueConstraint("key", name="uq_outbox_key"),
        primary("outbox", "position"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "findings",
        position(),
        text("key"),
        text("kind"),
        text("subject"),
        integer("found_ms"),
        text("detail"),
        sa.UniqueConstraint("key", name="uq_findings_key"),
        primary("findings", "position"),
        sqlite_autoincrement=True,
    )


def guard(tables: tuple[str, ...]) -> None:
    """Let the database itself refuse changes and deletions, whoever asks for them."""
    if op.get_context().dialect.name == "postgresql":
        op.execute(
            "CREATE FUNCTION gpusla_append_only() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN RAISE EXCEPTION USING MESSAGE = TG_TABLE_NAME || ' is append-only'; END $$"
        )
        for table in tables:
            op.execute(
                f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE "
                f"ON {table} FOR EACH STATEMENT EXECUTE FUNCTION gpusla_append_only()"
            )
        return
    for table in tables:
        for act in ("update", "delete"):
            op.execute(
                f"CREATE TRIGGER {table}_no_{act} BEFORE {act.upper()} ON {table} "
                f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
            )


def text(name: str) -> sa.Column[str]:
    """Give a column of text that is always there."""
    return sa.Column(name, sa.Text, nullable=False)


def integer(name: str) -> sa.Column[int]:
    """Give a column of 64-bit integers that are always there."""
    return sa.Column(name, sa.BigInteger, nullable=False)


def content() -> sa.Column[bytes]:
    """Give the column for a document's bytes."""
    return sa.Column("content", sa.LargeBinary, nullable=False)


def position() -> sa.Column[int]:
    """Give the key that counts rows in the order of their arrival."""
    return sa.Column("position", NUMBER, autoincrement=True, nullable=False)


def primary(table: str, *columns: str) -> sa.PrimaryKeyConstraint:
    """Give the primary key under the name that tables.py gives it."""
    return sa.PrimaryKeyConstraint(*columns, name=f"pk_{table}")


def foreign(table: str, column: str, target: str) -> sa.ForeignKeyConstraint:
    """Give a foreign key under the name that tables.py gives it."""
    return sa.ForeignKeyConstraint([column], [target], name=f"fk_{table}_{column}")
