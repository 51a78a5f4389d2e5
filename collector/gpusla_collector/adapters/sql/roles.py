"""
Who may do what in a PostgreSQL database: the SQL that an administrator runs after `migrate`.

Three roles without a login, to be given to logins: the owner changes the schema and no row that is
appended to; the app does the collector's work; the reader looks.  Running it again changes nothing.
Source: docs/decisions/0131-append-only-by-the-database.md, 0154-guards-look-at-home.md.
"""

from collections.abc import Iterator

from gpusla_collector.adapters.sql.tables import APPEND_ONLY, FORGOTTEN, METADATA, REPLACED

OWNER, APP, READER = "gpusla_owner", "gpusla_app", "gpusla_reader"
FUNCTIONS = (
    "gpusla_append_only",
    "gpusla_next_note",
    "gpusla_next_link",
    "gpusla_keep_inputs",
)
NO_TEMPORARY_TABLES = (
    "DO $$ BEGIN EXECUTE 'REVOKE TEMPORARY ON DATABASE ' || quote_ident(current_database()) "
    f"|| ' FROM PUBLIC, {APP}, {READER}'; END $$;"
)
"""Nobody of ours makes any, and one could be named like a table of ours."""

COUNTED = ("id", "position")
"""Columns that a sequence counts."""

HEAD = """\
-- Roles of the collector's PostgreSQL database. Printed by `gpusla collector roles`.
-- Run it as a superuser in that database after every `gpusla collector migrate`; doing so twice
-- changes nothing.
-- Then give the collector a login of its own, which owns nothing:
--   CREATE ROLE gpusla_collector LOGIN PASSWORD '...' IN ROLE gpusla_app;
"""


def roles_sql() -> str:
    """Return the statements that make the roles and give each what it needs, and no more."""
    return HEAD + "\n".join(("BEGIN;", *_roles(), *_owned(), *_granted(), "COMMIT;")) + "\n"


def _roles() -> Iterator[str]:
    for role in (OWNER, APP, READER):
        yield (
            f"DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{role}') "
            f"THEN CREATE ROLE {role} NOLOGIN; END IF; END $$;"
        )
    yield "REVOKE CREATE ON SCHEMA public FROM PUBLIC;"
    yield f"GRANT USAGE, CREATE ON SCHEMA public TO {OWNER};"
    yield f"GRANT USAGE ON SCHEMA public TO {APP}, {READER};"
    yield NO_TEMPORARY_TABLES


def _owned() -> Iterator[str]:
    for table in _tables():
        yield f"ALTER TABLE {table} OWNER TO {OWNER};"
        yield f"REVOKE ALL ON {table} FROM PUBLIC, {APP}, {READER};"
    for function in FUNCTIONS:
        yield f"ALTER FUNCTION {function}() OWNER TO {OWNER};"


def _granted() -> Iterator[str]:
    for rights, tables in (
        ("SELECT, INSERT", APPEND_ONLY),
        ("SELECT, INSERT, UPDATE", REPLACED),
        ("SELECT, INSERT, DELETE", FORGOTTEN),
    ):
        for table in tables:
            yield f"GRANT {rights} ON {table.name} TO {APP};"
    yield f"GRANT SELECT ON alembic_version TO {APP};"
    for name in _tables():
        yield f"GRANT SELECT ON {name} TO {READER};"
    for counted in METADATA.sorted_tables:
        for key in COUNTED:
            if key in counted.columns and counted.columns[key].autoincrement is True:
                # Of what belongs to a sequence only the next number: setval asks for UPDATE.
                yield f"GRANT USAGE ON SEQUENCE {counted.name}_{key}_seq TO {APP};"


def _tables() -> tuple[str, ...]:
    return (*(table.name for table in METADATA.sorted_tables), "alembic_version")
