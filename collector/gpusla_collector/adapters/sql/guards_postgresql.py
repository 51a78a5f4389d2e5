"""PostgreSQL's guards: triggers and their functions, rules, rights, and who owns the tables."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, text

from gpusla_collector.adapters.sql.given import given
from gpusla_collector.adapters.sql.roles import APP, roles_sql
from gpusla_collector.adapters.sql.tables import METADATA

Found = Iterator[tuple[str, str]]

TRIGGER = re.compile(
    r"CREATE TRIGGER (\w+) BEFORE ([A-Z ]+) ON (\w+) FOR EACH (ROW|STATEMENT) "
    r"EXECUTE FUNCTION (\w+)\(\)"
)
FUNCTION = re.compile(
    r"CREATE (?:OR REPLACE )?FUNCTION (\w+)\(\) RETURNS trigger LANGUAGE plpgsql AS \$\$(.*?)\$\$",
    re.DOTALL,
)
GRANT = re.compile(r"GRANT ([A-Z, ]+) ON (?:SEQUENCE )?(\w+) TO (\w+);")
BEFORE = 2
BITS = {"ROW": 1, "STATEMENT": 0, "INSERT": 4, "DELETE": 8, "UPDATE": 16, "TRUNCATE": 32}
"""Of pg_trigger.tgtype, as PostgreSQL's catalog/pg_trigger.h has them."""

ENABLED = {"O", "A"}
"""Fires in a session of any origin, or always; `D` is off, `R` fires for replicated rows only."""

HARMLESS = {"SELECT", "MAINTAIN"}
"""What a site may give to logins of its own; neither changes a row."""

TABLES = tuple(METADATA.tables)
HOME = "(SELECT relnamespace FROM pg_class WHERE oid = to_regclass('alembic_version'))"
"""The schema that our tables are in, whatever it is called."""

TRIGGERS = f"""\
SELECT relname, tgname, tgtype, tgenabled::text, tgisinternal, proname,
  pronamespace = relnamespace AND tgqual IS NULL AND tgattr::text = '' AND tgnargs = 0
FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid JOIN pg_proc ON pg_proc.oid = tgfoid
WHERE relnamespace = {HOME} AND relname = ANY(:names) ORDER BY relname, tgname"""  # noqa: S608
FUNCTIONS = f"""\
SELECT proname, lanname, prosecdef, prosrc, proconfig,
  'search_path=' || quote_ident(nspname) || ', pg_temp'
FROM pg_proc JOIN pg_language ON pg_language.oid = prolang
JOIN pg_namespace ON pg_namespace.oid = pronamespace
WHERE pronamespace = {HOME} AND proname = ANY(:names) AND pronargs = 0"""  # noqa: S608
RULES = f"""\
SELECT relname, rulename FROM pg_rewrite JOIN pg_class ON pg_class.oid = ev_class
WHERE relnamespace = {HOME} AND relname = ANY(:names) ORDER BY 1, 2"""  # noqa: S608
RIGHTS = f"""\
SELECT DISTINCT relname, CASE grantee WHEN 0 THEN 'PUBLIC' ELSE pg_get_userbyid(grantee) END,
  privilege_type
FROM (
  SELECT relname, relnamespace, relowner, relacl AS acl FROM pg_class UNION ALL
  SELECT relname, relnamespace, relowner, attacl FROM pg_class JOIN pg_attribute
  ON attrelid = pg_class.oid
) AS held, aclexplode(acl)
WHERE relnamespace = {HOME} AND relname = ANY(:names) AND grantee <> relowner
ORDER BY 1, 2, 3"""  # noqa: S608
OWNED = f"""\
SELECT relname FROM pg_class, pg_roles
WHERE relnamespace = {HOME} AND relname = ANY(:names) AND rolname = '{APP}'
  AND pg_has_role(pg_roles.oid, relowner, 'MEMBER')
UNION ALL SELECT proname FROM pg_proc, pg_roles
WHERE pronamespace = {HOME} AND proname = ANY(:functions) AND rolname = '{APP}'
  AND pg_has_role(pg_roles.oid, proowner, 'MEMBER') ORDER BY 1"""  # noqa: S608


@dataclass(frozen=True, slots=True)
class Trigger:
    """When a trigger fires, as PostgreSQL keeps it, and which function it calls."""

    kind: int
    function: str


def broken_on_postgresql(connection: Connection, printed: str) -> Found:
    """Give what is not as the statements that were printed would have made it."""
    bodies = dict(FUNCTION.findall(printed))  # a later one takes the place of an earlier one
    yield from _triggers(connection, _expected(printed))
    yield from _functions(connection, bodies)
    for table, rule in _asked(connection, RULES, names=TABLES):
        yield table, f"its rule {rule} is none of ours"
    yield from _rights(connection, _granted(roles_sql()))
    for (name,) in _asked(connection, OWNED, names=TABLES, functions=bodies):
        yield name, f"{APP} has the rights of its owner, who may take every guard off"
    (role,) = _asked(connection, "SELECT current_setting('session_replication_role')")[0]
    if role != "origin":
        yield "session_replication_role", f"is {role}, so that no trigger fires in this session"


def _expected(printed: str) -> dict[tuple[str, str], Trigger]:
    return {
        (table, name): Trigger(
            BEFORE + BITS[level] + sum(BITS[act] for act in acts.split(" OR ")), function
        )
        for name, acts, table, level, function in TRIGGER.findall(printed)
    }


def _triggers(connection: Connection, expected: Mapping[tuple[str, str], Trigger]) -> Found:
    left = dict(expected)
    for table, name, kind, enabled, is_internal, function, is_plain in _asked(
        connection, TRIGGERS, names=TABLES
    ):
        trigger = left.pop((table, name), None)
        if enabled not in ENABLED:
            yield table, f"its trigger {name} is switched off"
        if trigger is None and not is_internal:
            yield table, f"its trigger {name} is none of ours"
        if trigger is not None and (trigger != Trigger(kind, function) or not is_plain):
            yield table, f"its trigger {name} does something else than it should"
    for table, name in sorted(left):
        yield table, f"its trigger {name} is gone"


def _functions(connection: Connection, bodies: Mapping[str, str]) -> Found:
    found = {row[0]: row[1:] for row in _asked(connection, FUNCTIONS, names=bodies)}
    for name, body in sorted(bodies.items()):
        if name not in found:
            yield name, "the function behind triggers is gone"
            continue
        *said, looks, should_look = found[name]
        if said != ["plpgsql", False, body]:
            yield name, "the function behind triggers reads otherwise than it should"
        if looks != [should_look]:
            words = " and ".join(looks or ("wherever a session says",))
            yield name, f"the function behind triggers looks for tables by {words}"


def _rights(connection: Connection, granted: Mapping[tuple[str, str], set[str]]) -> Found:
    """Give whoever may do more than was granted; who may do less finds out by himself."""
    roles = {role for _, role in granted}
    names = sorted({*TABLES, *(name for name, _ in granted)})
    beyond: dict[tuple[str, str], list[str]] = {}
    for name, role, right in _asked(connection, RIGHTS, names=names):
        is_known = role in roles or role == "PUBLIC"
        if right not in (granted.get((name, role), set()) if is_known else HARMLESS):
            beyond.setdefault((name, role), []).append(right)
    for (name, role), rights in beyond.items():
        yield name, f"{role} may {', '.join(rights)} on it, which nothing of ours grants"


def _granted(printed: str) -> dict[tuple[str, str], set[str]]:
    granted: dict[tuple[str, str], set[str]] = {}
    for rights, name, role in GRANT.findall(printed):
        granted.setdefault((name, role), set()).update(rights.split(", "))
    return granted


def _asked(connection: Connection, query: str, **names: Any) -> list[Any]:
    bound = text(query).bindparams(**{key: list(value) for key, value in names.items()})
    return given(connection, bound, "its guards")
