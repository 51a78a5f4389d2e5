"""The last evaluation of each contract's periods, and every one that the ledger names."""

from typing import Any

from sqlalchemy import Connection, Row, Select, bindparam, delete, insert, select, update

from gpusla.identity import ContractId, TenantId
from gpusla_collector.adapters.sql.database import Database
from gpusla_collector.adapters.sql.leases import require
from gpusla_collector.adapters.sql.tables import EVALUATION_CURSORS, EVALUATIONS, LEDGER_ENTRIES
from gpusla_collector.ports import Judged, Lease, Scope

# Written once: every judgement and every booking goes through them.
IS_KNOWN = select(EVALUATIONS.c.digest).where(EVALUATIONS.c.digest == bindparam("digest"))
KEEP = insert(EVALUATIONS)
_HERE = (
    EVALUATION_CURSORS.c.contract == bindparam("of_contract"),
    EVALUATION_CURSORS.c.period == bindparam("of_period"),
)
LAST = select(EVALUATION_CURSORS.c.evaluation).where(*_HERE)
BEGIN = insert(EVALUATION_CURSORS)
MOVE = update(EVALUATION_CURSORS).where(*_HERE).values(evaluation=bindparam("evaluation"))
_NAMED = select(LEDGER_ENTRIES.c.position).where(
    LEDGER_ENTRIES.c.evaluation == EVALUATIONS.c.digest
)
FORGET = delete(EVALUATIONS).where(
    EVALUATIONS.c.digest == bindparam("digest"), ~_NAMED.correlate(EVALUATIONS).exists()
)


class SqlJudgements:
    """The port `Judgements`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def judged(self, scope: Scope, contract: ContractId, period: str) -> Judged | None:
        """Return the last evaluation of a period, or None."""
        cursors = EVALUATION_CURSORS.c
        query = (
            _scoped(scope)
            .join(EVALUATION_CURSORS, cursors.evaluation == EVALUATIONS.c.digest)
            .where(cursors.contract == contract, cursors.period == period)
        )
        return self._first(query)

    def judged_periods(self, scope: Scope) -> tuple[tuple[ContractId, str], ...]:
        """Return contract and period of everything that was judged, in order."""
        columns = EVALUATION_CURSORS.c
        query = select(columns.contract, columns.period).order_by(columns.contract, columns.period)
        if scope.tenant is not None:
            query = query.where(columns.tenant == scope.tenant)
        with self._database.reading() as connection:
            rows = connection.execute(query).all()
        return tuple((ContractId(row.contract), row.period) for row in rows)

    def judgement(self, scope: Scope, digest: str) -> Judged | None:
        """Return the evaluation that an entry names, or None."""
        return self._first(_scoped(scope).where(EVALUATIONS.c.digest == digest))

    def keep(self, lease: Lease, judged: Judged) -> None:
        """Replace the last evaluation of a period; what an entry names is kept as well."""
        with self._database.writing() as connection:
            require(connection, lease)
            keep_evaluation(connection, judged)

    def _first(self, query: Select[Any]) -> Judged | None:
        with self._database.reading() as connection:
            row = connection.execute(query).first()
        return None if row is None else judged_of(row)


def keep_evaluation(connection: Connection, judged: Judged) -> None:
    """Store an evaluation as its period's last; forget the one before if no entry names it."""
    is_known = connection.scalar(IS_KNOWN, {"digest": judged.digest}) is not None
    here = {"of_contract": judged.contract, "of_period": judged.period}
    put_evaluation(connection, judged, connection.scalar(LAST, here), is_known=is_known)


def put_evaluation(
    connection: Connection, judged: Judged, before: str | None, *, is_known: bool
) -> None:
    """
    Do as keep_evaluation, once the database was asked.

    before: digest of the period's last one.  is_known: one of the same digest stands; it stays.
    """
    if not is_known:
        connection.execute(KEEP, judgement_row(judged))
    if before is None:
        row = {"tenant": judged.tenant, "evaluation": judged.digest}
        connection.execute(BEGIN, {"contract": judged.contract, "period": judged.period, **row})
    elif before != judged.digest:
        here = {"of_contract": judged.contract, "of_period": judged.period}
        connection.execute(MOVE, {**here, "evaluation": judged.digest})
        connection.execute(FORGET, {"digest": before})


def _scoped(scope: Scope) -> Select[Any]:
    query = select(EVALUATIONS)
    return query if scope.tenant is None else query.where(EVALUATIONS.c.tenant == scope.tenant)


def judgement_row(judged: Judged) -> dict[str, Any]:
    """Return an evaluation's row."""
    return {
        "digest": judged.digest,
        "contract": judged.contract,
        "tenant": judged.tenant,
        "period": judged.period,
        "until_ms": judged.until_ms,
        "fingerprint": judged.fingerprint,
        "content": judged.content,
        "inputs": judged.inputs,
        "judged_ms": judged.judged_ms,
    }


def judged_of(row: Row[Any]) -> Judged:
    """Return the evaluation of a row."""
    return Judged(
        ContractId(row.contract),
        TenantId(row.tenant),
        row.period,
        row.until_ms,
        row.fingerprint,
        row.digest,
        row.content,
        row.inputs,
        row.judged_ms,
    )
