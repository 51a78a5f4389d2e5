"""
The double-entry ledger: entries and their legs, appended once under keys that cannot be doubled.

The check of the lease, the evaluation that an entry names, the entry, its legs, the number of its
credit note, its announcement and its link of the chain are one transaction: all of it happened or
none of it.
"""

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, Select, Table, bindparam, func, or_, select

from gpusla.catalogue.codes import LEDGER_CONFLICT
from gpusla.errors import LedgerError
from gpusla.identity import ContractId, TenantId
from gpusla.ledger.chain import Content, Link
from gpusla.ledger.entries import Account, Entry, Line, Status, month_of
from gpusla.ledger.notes import CreditNote, is_documented
from gpusla_collector.adapters.sql.chain import INSERT, JUDGED, chain_after, inserted
from gpusla_collector.adapters.sql.database import Database
from gpusla_collector.adapters.sql.judgements import (
    KNOWN,
    judgement_row,
    put_evaluation,
    unlinked_inputs,
)
from gpusla_collector.adapters.sql.leases import require_held
from gpusla_collector.adapters.sql.tables import (
    CHAIN_LINKS,
    CREDIT_NOTES,
    EVALUATION_CURSORS,
    EVALUATION_INPUTS,
    EVALUATIONS,
    LEASES,
    LEDGER_ENTRIES,
    LEDGER_LINES,
    OUTBOX,
)
from gpusla_collector.ports import Judged, Lease, Scope

# Written once: to put a statement together takes longer than to run it.
OF_MONTH = (
    select(LEDGER_ENTRIES)
    .where(
        LEDGER_ENTRIES.c.contract == bindparam("contract"),
        LEDGER_ENTRIES.c.period.like(bindparam("periods")),
    )
    .order_by(LEDGER_ENTRIES.c.position)
)
LINES = (
    select(LEDGER_LINES)
    .where(LEDGER_LINES.c.entry.in_(bindparam("entries", expanding=True)))
    .order_by(LEDGER_LINES.c.entry, LEDGER_LINES.c.number)
)
JUDGED_ROW = select(
    *(column for column in EVALUATIONS.columns if column.name not in JUDGED.left_out)
).where(EVALUATIONS.c.digest == bindparam("digest"))

UNBALANCED = (
    select(LEDGER_ENTRIES.c.key)
    .outerjoin(LEDGER_LINES, LEDGER_LINES.c.entry == LEDGER_ENTRIES.c.key)
    .group_by(LEDGER_ENTRIES.c.key, LEDGER_ENTRIES.c.amount_minor_units)
    .having(
        or_(
            func.count(LEDGER_LINES.c.number) != 2,  # noqa: PLR2004  (a debit and a credit)
            func.sum(LEDGER_LINES.c.minor_units) != 0,
            func.max(LEDGER_LINES.c.minor_units) != func.abs(LEDGER_ENTRIES.c.amount_minor_units),
        )
    )
    .order_by(LEDGER_ENTRIES.c.key)
    .limit(10)
)
_LAST_NUMBER = select(func.max(CHAIN_LINKS.c.number)).scalar_subquery()
BEFORE = select(
    LEASES.c.holder,
    LEASES.c.epoch,
    KNOWN.with_only_columns(KNOWN.selected_columns.inputs).scalar_subquery().label("inputs"),
    select(func.max(EVALUATION_INPUTS.c.number))
    .where(EVALUATION_INPUTS.c.evaluation == bindparam("digest"))
    .scalar_subquery()
    .label("again"),
    select(EVALUATION_CURSORS.c.evaluation)
    .where(
        EVALUATION_CURSORS.c.contract == bindparam("contract"),
        EVALUATION_CURSORS.c.period == bindparam("period"),
    )
    .scalar_subquery()
    .label("evaluation"),
    select(func.max(CREDIT_NOTES.c.number))
    .where(CREDIT_NOTES.c.contract == bindparam("contract"))
    .scalar_subquery()
    .label("note"),
    _LAST_NUMBER.label("number"),
    select(CHAIN_LINKS.c.digest)
    .where(CHAIN_LINKS.c.number == _LAST_NUMBER)
    .scalar_subquery()
    .label("last_digest"),
).where(LEASES.c.name == bindparam("lease"))


@dataclass(frozen=True, slots=True)
class _Before:
    """
    What stood when a booking began.

    inputs: what its judgement was made from last, None if there is none of that digest.
    was_made_again: from others than the first.  evaluation: digest of the period's last one.
    note: number of the contract's last credit note, 0 before the first.  link: the chain's end.
    """

    inputs: str | None
    was_made_again: bool
    evaluation: str | None
    note: int
    link: Link | None


class SqlLedger:
    """The port `Ledger`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def entries(
        self, scope: Scope, contract: ContractId | None = None, period: str | None = None
    ) -> tuple[Entry, ...]:
        """Return entries in the order of booking."""
        with self._database.reading() as connection:
            return _entries(connection, scope, contract, period)

    def book(
        self,
        lease: Lease,
        judged: Judged,
        decide: Callable[[Sequence[Entry]], Sequence[Entry]],
        now_ms: int,
    ) -> tuple[Entry, ...]:
        """Append what decide makes of the period's entries, in one transaction."""
        with self._database.writing() as connection:
            before = _before(connection, lease, judged)
            standing = _of_month(connection, judged)
            new = _only_new(standing, decide(standing))
            is_again = put_evaluation(
                connection, judged, before.evaluation, before.inputs, stays=not new
            )
            if new:
                facts = _append_all(connection, lease, judged, new, now_ms=now_ms, before=before)
                # Named from now on, if not before: first what it was made from, then the entries.
                if before.was_made_again or is_again:
                    facts = [*unlinked_inputs(connection, judged.digest), *facts]
                chain_after(connection, before.link, facts)
            return new

    def unbalanced(self) -> tuple[str, ...]:
        """Return keys of entries whose legs are not amount and opposite, the first few."""
        with self._database.reading() as connection:
            return tuple(connection.scalars(UNBALANCED))

    def credit_notes(
        self, scope: Scope, contract: ContractId | None = None
    ) -> tuple[CreditNote, ...]:
        """Return the documents of what was posted, by contract and number."""
        columns = CREDIT_NOTES.c
        query = select(CREDIT_NOTES).order_by(columns.contract, columns.number)
        if contract is not None:
            query = query.where(columns.contract == contract)
        if scope.tenant is not None:
            own = select(LEDGER_ENTRIES.c.key).where(LEDGER_ENTRIES.c.tenant == scope.tenant)
            query = query.where(columns.entry.in_(own))
        with self._database.reading() as connection:
            rows = connection.execute(query).all()
        return tuple(CreditNote(ContractId(row.contract), row.number, row.entry) for row in rows)


def _only_new(standing: Iterable[Entry], entries: Iterable[Entry]) -> tuple[Entry, ...]:
    """Leave out what stands already; the same key must not mean two things."""
    known = {entry.key: entry for entry in standing}
    new = []
    for entry in entries:
        other = known.get(entry.key)
        if other is None:
            new.append(entry)
        elif other != entry:
            raise LedgerError(
                LEDGER_CONFLICT,
                f"contract {entry.contract}, period {entry.period}, revision {entry.revision}: "
                f"{other.status} {other.amount_minor_units} stands booked, "
                f"{entry.status} {entry.amount_minor_units} was decided",
            )
    return tuple(new)


def _before(connection: Connection, lease: Lease, judged: Judged) -> _Before:
    """Ask all at once, since each question is a way to the server and back; see `require`."""
    asked = {
        "lease": lease.name,
        "digest": judged.digest,
        "contract": judged.contract,
        "period": judged.period,
    }
    row = connection.execute(BEFORE, asked).one_or_none()
    require_held(lease, None if row is None else (row.holder, row.epoch))
    assert row is not None  # there is such a lease
    link = None if row.number is None else Link(row.number, "", "", "", row.last_digest)
    return _Before(row.inputs, row.again is not None, row.evaluation, row.note or 0, link)


def _append_all(
    connection: Connection,
    lease: Lease,
    judged: Judged,
    entries: Iterable[Entry],
    *,
    now_ms: int,
    before: _Before,
) -> list[tuple[Table, Content]]:
    """Insert entries and all that goes with them; returns each one's rows, for its link."""
    said = judgement_row(judged) if before.inputs is None else _judged_row(connection, judged)
    beside = {EVALUATIONS.name: [JUDGED.plain(said)]}
    number = before.note
    facts: list[tuple[Table, Content]] = []
    for entry in entries:
        number += is_documented(entry)
        rows = _append(connection, lease, entry, now_ms, number)
        facts.append((LEDGER_ENTRIES, rows | beside))
    return facts


def _append(
    connection: Connection, lease: Lease, entry: Entry, now_ms: int, number: int
) -> dict[str, Any]:
    """
    Insert an entry and all that goes with it; returns its rows by table, for its link.

    number: of its credit note; nobody else writes, and what is rolled back takes none.
    """
    values = entry_row(entry)
    booked = {**values, "booked_ms": now_ms, "epoch": lease.epoch}
    row = inserted(connection, LEDGER_ENTRIES, booked)
    lines = [
        {
            "entry": entry.key,
            "number": number,
            "account": line.account.value,
            "minor_units": line.minor_units,
        }
        for number, line in enumerate(entry.lines, start=1)
    ]
    connection.execute(INSERT[LEDGER_LINES.name], lines)
    notes = [_noted(connection, entry, number)] if is_documented(entry) else []
    announced = {**values, "document": notes[0]["document"] if notes else None}
    announcement = {
        "topic": f"credit_{entry.status.value}",
        "key": entry.key,
        "content": json.dumps(announced, sort_keys=True, separators=(",", ":")),
        "written_ms": now_ms,
    }
    return {
        LEDGER_ENTRIES.name: [row],
        LEDGER_LINES.name: lines,
        CREDIT_NOTES.name: notes,
        OUTBOX.name: [inserted(connection, OUTBOX, announcement)],
    }


def _noted(connection: Connection, entry: Entry, number: int) -> dict[str, Any]:
    note = CreditNote(entry.contract, number, entry.key)
    row = {
        "contract": note.contract,
        "number": note.number,
        "document": note.document,
        "entry": note.entry,
    }
    connection.execute(INSERT[CREDIT_NOTES.name], row)
    return row


def _judged_row(connection: Connection, judged: Judged) -> dict[str, Any]:
    """Return the judgement as it stands, from its first inputs: later ones have their own link."""
    return dict(connection.execute(JUDGED_ROW, {"digest": judged.digest}).mappings().one())


def entry_row(entry: Entry) -> dict[str, Any]:
    """Return an entry's row, less what booking adds."""
    return {
        "key": entry.key,
        "contract": entry.contract,
        "tenant": entry.tenant,
        "period": entry.period,
        "clause": entry.clause,
        "revision": entry.revision,
        "status": entry.status.value,
        "amount_minor_units": entry.amount_minor_units,
        "currency": entry.currency,
        "reverses": entry.reverses,
        "evaluation": entry.evaluation_digest,
    }


def _entries(
    connection: Connection, scope: Scope, contract: ContractId | None, period: str | None
) -> tuple[Entry, ...]:
    columns = LEDGER_ENTRIES.c
    query = select(LEDGER_ENTRIES).order_by(columns.position)
    for column, value in (
        (columns.tenant, scope.tenant),
        (columns.contract, contract),
        (columns.period, period),
    ):
        if value is not None:
            query = query.where(column == value)
    return _read(connection, query)


def _read(connection: Connection, query: Select[Any]) -> tuple[Entry, ...]:
    return _with_lines(connection, connection.execute(query).all())


def _with_lines(connection: Connection, rows: Sequence[Row[Any]]) -> tuple[Entry, ...]:
    lines = _lines(connection, [row.key for row in rows])
    return tuple(_entry(row, lines[row.key]) for row in rows)


def _of_month(connection: Connection, judged: Judged) -> tuple[Entry, ...]:
    """Return what stands under the whole billing period and all of its segments."""
    of_month = {"contract": judged.contract, "periods": f"{month_of(judged.period)}%"}
    return _with_lines(connection, connection.execute(OF_MONTH, of_month).all())


def _lines(connection: Connection, keys: Sequence[str]) -> dict[str, list[Line]]:
    found: dict[str, list[Line]] = {key: [] for key in keys}
    for start in range(0, len(keys), 500):
        some = keys[start : start + 500]
        for row in connection.execute(LINES, {"entries": some}):
            found[row.entry].append(Line(Account(row.account), row.minor_units))
    return found


def _entry(row: Row[Any], lines: Sequence[Line]) -> Entry:
    debit, credit = lines
    return Entry(
        row.key,
        ContractId(row.contract),
        TenantId(row.tenant),
        row.period,
        row.clause,
        row.revision,
        Status(row.status),
        row.amount_minor_units,
        row.currency,
        (debit, credit),
        row.reverses,
        row.evaluation,
    )
