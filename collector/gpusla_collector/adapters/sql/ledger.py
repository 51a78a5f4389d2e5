"""
The double-entry ledger: entries and their legs, appended once under keys that cannot be doubled.

The check of the lease, the evaluation that an entry names, the entry, its legs, the number of its
credit note, its announcement and its link of the chain are one transaction: all of it happened or
none of it.
"""

import json
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, Row, Select, func, insert, select

from gpusla.catalogue.codes import LEDGER_CONFLICT
from gpusla.errors import LedgerError
from gpusla.identity import ContractId, TenantId
from gpusla.ledger.entries import Account, Entry, Line, Status, month_of
from gpusla.ledger.notes import CreditNote, is_documented
from gpusla_collector.adapters.sql.chain import JUDGED, chain, inserted
from gpusla_collector.adapters.sql.database import Database
from gpusla_collector.adapters.sql.judgements import keep_evaluation
from gpusla_collector.adapters.sql.leases import require
from gpusla_collector.adapters.sql.tables import (
    CREDIT_NOTES,
    EVALUATIONS,
    LEDGER_ENTRIES,
    LEDGER_LINES,
    OUTBOX,
)
from gpusla_collector.ports import Judged, Lease, Scope


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
    ) -> tuple[Entry, ...]:
        """Append what decide makes of the period's entries, in one transaction."""
        with self._database.writing() as connection:
            require(connection, lease)
            standing = _of_month(connection, judged)
            new = _only_new(standing, decide(standing))
            keep_evaluation(connection, judged)
            if new:
                beside = {EVALUATIONS.name: [_judged_row(connection, judged)]}
                rows = [_append(connection, lease, one, judged.judged_ms) for one in new]
                chain(connection, [(LEDGER_ENTRIES, one | beside) for one in rows])
            return new

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


def _append(connection: Connection, lease: Lease, entry: Entry, now_ms: int) -> dict[str, Any]:
    """Insert an entry and all that goes with it; returns its rows by table, for its link."""
    values = _entry_values(entry)
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
    connection.execute(insert(LEDGER_LINES), lines)
    notes = [_number(connection, entry)] if is_documented(entry) else []
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


def _number(connection: Connection, entry: Entry) -> dict[str, Any]:
    """Give the contract's next number; nobody else writes, and what is rolled back takes none."""
    columns = CREDIT_NOTES.c
    last = select(func.max(columns.number)).where(columns.contract == entry.contract)
    note = CreditNote(entry.contract, (connection.scalar(last) or 0) + 1, entry.key)
    row = {
        "contract": note.contract,
        "number": note.number,
        "document": note.document,
        "entry": note.entry,
    }
    connection.execute(insert(CREDIT_NOTES).values(row))
    return row


def _judged_row(connection: Connection, judged: Judged) -> dict[str, Any]:
    """Return what the links of entries say of the judgement, as it stands: it may be an old one."""
    columns = [one for one in EVALUATIONS.columns if one.name not in JUDGED.left_out]
    query = select(*columns).where(EVALUATIONS.c.digest == judged.digest)
    return JUDGED.plain(dict(connection.execute(query).mappings().one()))


def _entry_values(entry: Entry) -> dict[str, Any]:
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
    rows = connection.execute(query).all()
    lines = _lines(connection, [row.key for row in rows])
    return tuple(_entry(row, lines[row.key]) for row in rows)


def _of_month(connection: Connection, judged: Judged) -> tuple[Entry, ...]:
    """Return what stands under the whole billing period and all of its segments."""
    columns = LEDGER_ENTRIES.c
    of_month = columns.period.startswith(month_of(judged.period), autoescape=True)
    query = select(LEDGER_ENTRIES).where(columns.contract == judged.contract, of_month)
    return _read(connection, query.order_by(columns.position))


def _lines(connection: Connection, keys: Sequence[str]) -> dict[str, list[Line]]:
    columns = LEDGER_LINES.c
    found: dict[str, list[Line]] = {key: [] for key in keys}
    for start in range(0, len(keys), 500):
        some = keys[start : start + 500]
        query = select(LEDGER_LINES).where(columns.entry.in_(some))
        for row in connection.execute(query.order_by(columns.entry, columns.number)):
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
