"""
The schema: integers and text only, every instant in milliseconds, every amount in minor units.

What is appended to for ever (contracts, documents, records, the ledger) is guarded by triggers
against UPDATE, DELETE and TRUNCATE, see `migrations`.  Spans and the last evaluations are derived:
they can be thrown away and computed again from documents and evidence.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
)

METADATA = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)

NUMBER = BigInteger().with_variant(Integer, "sqlite")
"""A counting key: SQLite counts by itself only what is declared as INTEGER."""


def _text(name: str) -> Column[str]:
    return Column(name, Text, nullable=False)


def _integer(name: str) -> Column[int]:
    return Column(name, BigInteger, nullable=False)


DOCUMENTS = Table(
    "documents",
    METADATA,
    Column("position", NUMBER, primary_key=True, autoincrement=True),
    _text("kind"),
    _text("name"),
    _text("digest"),
    Column("content", LargeBinary, nullable=False),
    _integer("taken_in_ms"),
    sqlite_autoincrement=True,
)

CONTRACT_VERSIONS = Table(
    "contract_versions",
    METADATA,
    Column("contract", Text, primary_key=True),
    Column("version", BigInteger, primary_key=True, autoincrement=False),
    _text("tenant"),
    _text("effective_from"),
    _text("name"),
    _text("digest"),
    Column("content", LargeBinary, nullable=False),
    _integer("taken_in_ms"),
)

RECORDS = Table(
    "records",
    METADATA,
    Column("kind", Text, primary_key=True),
    Column("id", Text, primary_key=True),
    _integer("from_ms"),
    Column("until_ms", BigInteger),
    _integer("recorded_ms"),
    Column("supersedes", Text),
    Column("withdrawn", Boolean, nullable=False),
    _text("body"),
    _integer("taken_in_ms"),
)

JOURNAL_CURSORS = Table(
    "journal_cursors",
    METADATA,
    Column("node", Text, primary_key=True),
    _integer("sequence"),
    _text("digest"),
    _integer("agent_sequence"),
    _text("carry"),
    _integer("evidence_until_ms"),
    _integer("reached_ms"),
    CheckConstraint("sequence >= 0", name="sequence"),
)

EVIDENCE_SEGMENTS = Table(
    "evidence_segments",
    METADATA,
    Column("node", Text, primary_key=True),
    Column("first_sequence", BigInteger, primary_key=True, autoincrement=False),
    Column("epoch", BigInteger, primary_key=True, autoincrement=False),
    _integer("last_sequence"),
    _integer("byte_length"),
    CheckConstraint("last_sequence >= first_sequence", name="sequences"),
    CheckConstraint("byte_length > 0", name="byte_length"),
)

SPANS = Table(
    "spans",
    METADATA,
    Column("id", NUMBER, primary_key=True, autoincrement=True),
    _text("node"),
    _text("slot"),
    _integer("start_ms"),
    _integer("end_ms"),
    _text("condition"),
    Column("other", Text),
    Column("error_ms", BigInteger),
    _integer("first_sequence"),
    _integer("last_sequence"),
    CheckConstraint("start_ms < end_ms", name="order"),
    Index(None, "slot", "end_ms"),
    Index(None, "node", "slot", "id"),
    sqlite_autoincrement=True,
)

HOURS = Table(
    "hours",
    METADATA,
    Column("node", Text, primary_key=True),
    Column("sequence", BigInteger, primary_key=True, autoincrement=False),
    _integer("number"),
    _integer("first_sequence"),
    _integer("last_sequence"),
    _integer("from_ms"),
    _integer("until_ms"),
    Column("line", LargeBinary, nullable=False),
    Index(None, "node", "until_ms"),
)

JOURNAL_KEYS = Table(
    "journal_keys",
    METADATA,
    Column("node", Text, primary_key=True),
    Column("sequence", BigInteger, primary_key=True, autoincrement=False),
    Column("line", LargeBinary, nullable=False),
)

EVALUATIONS = Table(
    "evaluations",
    METADATA,
    Column("digest", Text, primary_key=True),
    _text("contract"),
    _text("tenant"),
    _text("period"),
    _integer("until_ms"),
    _text("fingerprint"),
    _text("content"),
    _text("inputs"),
    _integer("judged_ms"),
)

EVALUATION_INPUTS = Table(
    "evaluation_inputs",
    METADATA,
    Column(
        "evaluation", Text, ForeignKey("evaluations.digest", ondelete="CASCADE"), primary_key=True
    ),
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    _text("inputs"),
    _integer("judged_ms"),
)
"""
From what else a judgement was made that had been made before; the highest number is the newest.

No counted position: a row's link may come later than those of younger rows, once an entry names it.
"""

EVALUATION_CURSORS = Table(
    "evaluation_cursors",
    METADATA,
    Column("contract", Text, primary_key=True),
    Column("period", Text, primary_key=True),
    _text("tenant"),
    Column("evaluation", Text, ForeignKey("evaluations.digest"), nullable=False),
)

LEDGER_ENTRIES = Table(
    "ledger_entries",
    METADATA,
    Column("position", NUMBER, primary_key=True, autoincrement=True),
    Column("key", Text, nullable=False, unique=True),
    _text("contract"),
    _text("tenant"),
    _text("period"),
    _text("clause"),
    _integer("revision"),
    _text("status"),
    _integer("amount_minor_units"),
    _text("currency"),
    Column("reverses", Text, ForeignKey("ledger_entries.key")),
    Column("evaluation", Text, ForeignKey("evaluations.digest"), nullable=False),
    _integer("booked_ms"),
    _integer("epoch"),
    UniqueConstraint("contract", "period", "clause", "revision"),
    CheckConstraint("status IN ('pending', 'posted', 'void', 'expired')", name="status"),
    sqlite_autoincrement=True,
)

LEDGER_LINES = Table(
    "ledger_lines",
    METADATA,
    Column("entry", Text, ForeignKey("ledger_entries.key"), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    _text("account"),
    _integer("minor_units"),
)

CREDIT_NOTES = Table(
    "credit_notes",
    METADATA,
    Column("contract", Text, primary_key=True),
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("document", Text, nullable=False, unique=True),
    Column("entry", Text, ForeignKey("ledger_entries.key"), nullable=False, unique=True),
)

CONTRACT_MODES = Table(
    "contract_modes",
    METADATA,
    Column("position", NUMBER, primary_key=True, autoincrement=True),
    _text("contract"),
    _text("mode"),
    _text("person"),
    _integer("decided_ms"),
    CheckConstraint("mode IN ('shadow', 'automatic')", name="mode"),
    sqlite_autoincrement=True,
)

PROPOSALS = Table(
    "proposals",
    METADATA,
    Column("position", NUMBER, primary_key=True, autoincrement=True),
    Column("digest", Text, nullable=False, unique=True),
    _text("contract"),
    _text("tenant"),
    _text("period"),
    _text("currency"),
    _integer("stake_minor_units"),
    _text("content"),
    _integer("proposed_ms"),
    sqlite_autoincrement=True,
)

APPROVALS = Table(
    "approvals",
    METADATA,
    Column("position", NUMBER, primary_key=True, autoincrement=True),
    Column("proposal", Text, ForeignKey("proposals.digest"), nullable=False),
    _text("person"),
    _integer("approved_ms"),
    UniqueConstraint("proposal", "person"),
    sqlite_autoincrement=True,
)

LEASES = Table(
    "leases",
    METADATA,
    Column("name", Text, primary_key=True),
    Column("holder", Text),
    _integer("epoch"),
    _integer("until_ms"),
)

OUTBOX = Table(
    "outbox",
    METADATA,
    Column("position", NUMBER, primary_key=True, autoincrement=True),
    _text("topic"),
    Column("key", Text, nullable=False, unique=True),
    _text("content"),
    _integer("written_ms"),
    sqlite_autoincrement=True,
)

DELIVERIES = Table(
    "deliveries",
    METADATA,
    Column("key", Text, ForeignKey("outbox.key"), primary_key=True),
    Column("receiver", Text, primary_key=True),
    _integer("delivered_ms"),
)

FINDINGS = Table(
    "findings",
    METADATA,
    Column("position", NUMBER, primary_key=True, autoincrement=True),
    Column("key", Text, nullable=False, unique=True),
    _text("kind"),
    _text("subject"),
    _integer("found_ms"),
    _text("detail"),
    sqlite_autoincrement=True,
)

CHAIN_LINKS = Table(
    "chain_links",
    METADATA,
    Column("number", NUMBER, primary_key=True, autoincrement=False),
    _text("kind"),
    _text("subject"),
    _text("previous"),
    _text("digest"),
    UniqueConstraint("kind", "subject"),
)

APPEND_ONLY = (
    DOCUMENTS,
    CONTRACT_VERSIONS,
    RECORDS,
    HOURS,
    JOURNAL_KEYS,
    EVALUATION_INPUTS,
    LEDGER_ENTRIES,
    LEDGER_LINES,
    CREDIT_NOTES,
    CONTRACT_MODES,
    PROPOSALS,
    APPROVALS,
    OUTBOX,
    DELIVERIES,
    FINDINGS,
    CHAIN_LINKS,
)
"""
Where UPDATE, DELETE and TRUNCATE are refused by triggers, and REPLACE on SQLite.

Rows of EVALUATION_INPUTS go with the evaluation that they are of, and never by themselves.
"""

REPLACED = (LEASES, JOURNAL_CURSORS, EVIDENCE_SEGMENTS, SPANS, EVALUATION_CURSORS)
"""Where rows change: who may write, how far things came, and what can be computed again."""

FORGOTTEN = (EVALUATIONS,)
"""Where rows never change and go, unless a ledger entry names them."""
