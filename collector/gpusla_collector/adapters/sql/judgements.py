"""The last evaluation of each contract's periods, and every one that the ledger names."""

from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, delete, insert, select, update

from gpusla.identity import ContractId, TenantId
from gpusla_collector.adapters.sql.database import Database
from gpusla_collector.adapters.sql.leases import require
from gpusla_collector.adapters.sql.tables import EVALUATION_CURSORS, EVALUATIONS, LEDGER_ENTRIES
from gpusla_collector.ports import Judged, Lease, Scope


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
        return None if row is None else _judged(row)


def keep_evaluation(connection: Connection, judged: Judged) -> None:
    """Store an evaluation as its period's last; forget the one before if no entry names it."""
    is_known = select(EVALUATIONS.c.digest).where(EVALUATIONS.c.digest == judged.digest)
    if connection.scalar(is_known) is None:
        connection.execute(insert(EVALUATIONS).values(_row(judged)))
    cursors = EVALUATION_CURSORS.c
    here = (cursors.contract == judged.contract, cursors.period == judged.period)
    before = connection.scalar(select(cursors.evaluation).where(*here))
    if before is None:
        connection.execute(
            insert(EVALUATION_CURSORS).values(
                contract=judged.contract,
                period=judged.period,
                tenant=judged.tenant,
                evaluation=judged.digest,
            )
        )
    elif before != judged.digest:
        connection.execute(update(EVALUATION_CURSORS).where(*here).values(evaluation=judged.digest))
        connection.execute(delete(EVALUATIONS).where(_is_unnamed(before)))


def _is_unnamed(digest: str) -> ColumnElement[bool]:
    named = select(LEDGER_ENTRIES.c.position).where(LEDGER_ENTRIES.c.evaluation == digest)
    return (EVALUATIONS.c.digest == digest) & ~named.exists()


def _scoped(scope: Scope) -> Select[Any]:
    query = select(EVALUATIONS)
    return query if scope.tenant is None else query.where(EVALUATIONS.c.tenant == scope.tenant)


def _row(judged: Judged) -> dict[str, Any]:
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


def _judged(row: Row[Any]) -> Judged:
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
