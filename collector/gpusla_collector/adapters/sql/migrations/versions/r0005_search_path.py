"""
Triggers look for tables where ours are, and never at a session's temporary ones first.

PostgreSQL looks for an unqualified name among a session's temporary tables before all others, so
that whoever made one of the right name could leave a gap in the chain and in the numbers of credit
notes.  Only PostgreSQL has functions behind its triggers; SQLite's look nowhere but in their own
database.  Whoever makes such a function anew has to say again where it looks.
Source: docs/decisions/0154-guards-look-at-home.md.
"""

from alembic import op

revision = "0005"
down_revision: str | None = "0004"
branch_labels: str | None = None
depends_on: str | None = None

FUNCTIONS = {
    "gpusla_append_only": "ledger_entries",
    "gpusla_next_note": "credit_notes",
    "gpusla_next_link": "chain_links",
}
"""By function, a table that it guards."""

LOOK_AT_HOME = """\
DO $$ DECLARE home text; BEGIN
  SELECT quote_ident(nspname) INTO STRICT home FROM pg_namespace
  WHERE oid = (SELECT relnamespace FROM pg_class WHERE oid = '{table}'::regclass);
  EXECUTE 'ALTER FUNCTION ' || home || '.{function}() SET search_path = ' || home || ', pg_temp';
END $$"""
"""The schema is the one that the table is in: no revision names it, and it need not be `public`."""


def upgrade() -> None:
    """Say of each function of a trigger where it looks, temporary tables last."""
    if op.get_context().dialect.name != "postgresql":
        return
    for function, table in FUNCTIONS.items():
        op.execute(LOOK_AT_HOME.format(function=function, table=table))
