"""The last evaluation of each contract's periods, and every one that the ledger names."""

from typing import Any

from sqlalchemy import (
    Connection,
    Row,
    Select,
    Table,
    and_,
    bindparam,
    delete,
    func,
    insert,
    select,
    update,
)

from gpusla.identity import ContractId, TenantId
from gpusla.ledger.chain import Content
from gpusla.ledger.entries import Status
from gpusla_collector.adapters.sql.chain import CHAINED, chain
from gpusla_collector.adapters.sql.database import Database
from gpusla_collector.adapters.sql.leases import require
from gpusla_collector.adapters.sql.tables import (
    EVALUATION_CURSORS,
    EVALUATION_INPUTS,
    EVALUATIONS,
    LEDGER_ENTRIES,
)
from gpusla_collector.ports import Judged, Lease, Scope

# Written once: every judgement and every booking goes through them.
_LATER = EVALUATION_INPUTS.alias("later")
_LAST_AGAIN = (
    select(func.max(_LATER.c.number))
    .where(_LATER.c.evaluation == EVALUATIONS.c.digest)
    .correlate(EVALUATIONS)
    .scalar_subquery()
)
_AGAIN = and_(
    EVALUATION_INPUTS.c.evaluation == EVALUATIONS.c.digest,
    EVALUATION_INPUTS.c.number == _LAST_AGAIN,
)
_FROM_LAST = {
    name: func.coalesce(EVALUATION_INPUTS.c[name], EVALUATIONS.c[name]).label(name)
    for name in ("inputs", "judged_ms")
}
_WITH_LAST = EVALUATIONS.outerjoin(EVALUATION_INPUTS, _AGAIN)
NEWEST = select(*(_FROM_LAST.get(one.name, one) for one in EVALUATIONS.columns)).select_from(
    _WITH_LAST
)
"""Evaluations with what they were made from last."""

_NAMED = (
    select(LEDGER_ENTRIES.c.position)
    .where(LEDGER_ENTRIES.c.evaluation == EVALUATIONS.c.digest)
    .correlate(EVALUATIONS)
)
_IS_POSTED = _NAMED.where(LEDGER_ENTRIES.c.status == Status.POSTED.value).exists()
KNOWN = (
    select(_FROM_LAST["inputs"], _IS_POSTED.label("is_posted"))
    .select_from(_WITH_LAST)
    .where(EVALUATIONS.c.digest == bindparam("digest"))
)
KEEP = insert(EVALUATIONS)
KEEP_AGAIN = insert(EVALUATION_INPUTS).values(
    evaluation=bindparam("of"),
    number=select(func.coalesce(func.max(_LATER.c.number), 0) + 1)
    .where(_LATER.c.evaluation == bindparam("of"))
    .scalar_subquery(),
    inputs=bindparam("made_from"),
    judged_ms=bindparam("at_ms"),
)
NOT_LINKED = (
    select(EVALUATION_INPUTS)
    .where(
        EVALUATION_INPUTS.c.evaluation == bindparam("digest"),
        CHAINED[EVALUATION_INPUTS.name].lacks_link(),
    )
    .order_by(EVALUATION_INPUTS.c.number)
)
_HERE = (
    EVALUATION_CURSORS.c.contract == bindparam("of_contract"),
    EVALUATION_CURSORS.c.period == bindparam("of_period"),
)
LAST = select(EVALUATION_CURSORS.c.evaluation).where(*_HERE)
BEGIN = insert(EVALUATION_CURSORS)
MOVE = update(EVALUATION_CURSORS).where(*_HERE).values(evaluation=bindparam("evaluation"))
FORGET = delete(EVALUATIONS).where(EVALUATIONS.c.digest == bindparam("digest"), ~_NAMED.exists())


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
    known = connection.execute(KNOWN, {"digest": judged.digest}).one_or_none()
    here = {"of_contract": judged.contract, "of_period": judged.period}
    before = connection.scalar(LAST, here)
    # What was posted is shown with what it was posted from, until something is booked again.
    stays = known is not None and known.is_posted
    inputs = None if known is None else known.inputs
    if put_evaluation(connection, judged, before, inputs, stays=stays):
        chain(connection, unlinked_inputs(connection, judged.digest))


def put_evaluation(
    connection: Connection, judged: Judged, before: str | None, inputs: str | None, *, stays: bool
) -> bool:
    """
    Do as keep_evaluation, once the database was asked; returns whether inputs were appended.

    before: digest of the period's last one.  inputs: the newest of the one of the same digest, None
    if there is none.  stays: whatever it was made from now, it goes on naming those.
    """
    is_again = inputs is not None and not stays and not judged.is_from_files_of(inputs)
    if inputs is None:
        connection.execute(KEEP, judgement_row(judged))
    elif is_again:
        again = {"of": judged.digest, "made_from": judged.inputs, "at_ms": judged.judged_ms}
        connection.execute(KEEP_AGAIN, again)
    if before is None:
        row = {"tenant": judged.tenant, "evaluation": judged.digest}
        connection.execute(BEGIN, {"contract": judged.contract, "period": judged.period, **row})
    elif before != judged.digest:
        here = {"of_contract": judged.contract, "of_period": judged.period}
        connection.execute(MOVE, {**here, "evaluation": judged.digest})
        connection.execute(FORGET, {"digest": before})
    return is_again


def unlinked_inputs(connection: Connection, digest: str) -> list[tuple[Table, Content]]:
    """Return what needs a link by now of that from which a judgement was made again."""
    rows = connection.execute(NOT_LINKED, {"digest": digest}).mappings()
    return [(EVALUATION_INPUTS, {EVALUATION_INPUTS.name: [dict(row)]}) for row in rows]


def _scoped(scope: Scope) -> Select[Any]:
    return NEWEST if scope.tenant is None else NEWEST.where(EVALUATIONS.c.tenant == scope.tenant)


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
