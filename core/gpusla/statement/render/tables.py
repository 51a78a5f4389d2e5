"""A statement's rows for spreadsheets and databases: credits, days, losses and incidents."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction

from gpusla.contracts.money import EXPONENTS
from gpusla.instants import format_instant
from gpusla.sla.digest import exact
from gpusla.sla.evaluation import Evaluation, Loss
from gpusla.statement.claims import open_claim
from gpusla.statement.grades import loss_by_grade
from gpusla.statement.model import Grounds, Statement
from gpusla.statement.proof import outside_gpu_ms
from gpusla.statement.render.days import days_of
from gpusla.statement.standing import revision_of

HOURS_PLACES = 6
HOUR_MS = 3_600_000

Cell = str | int | Decimal | None


class Kind(StrEnum):
    """What a column holds: text, whole numbers, or decimals with HOURS_PLACES places at most."""

    TEXT = "text"
    WHOLE = "whole"
    DECIMAL = "decimal"


@dataclass(frozen=True, slots=True)
class Columns:
    """
    Rows under named columns.

    columns: each with what it holds.  rows: as many cells as there are columns; None where there
    is nothing to say.
    """

    columns: tuple[tuple[str, Kind], ...]
    rows: tuple[tuple[Cell, ...], ...]


class TableName(StrEnum):
    """
    What can be had as rows.

    credits: the bookings, or before any the parts of the credit; after them what may be claimed and
    was not, in columns of its own, because it is no part of the credit.  days: the period by local
    days.  losses: every loss with the slots that caused it and the records behind it.  incidents:
    what went wrong, cause by cause, the dearest first; then in one row those that are not listed,
    and in one what was lost to no incident, so that all rows together are what was lost.
    """

    CREDITS = "credits"
    DAYS = "days"
    LOSSES = "losses"
    INCIDENTS = "incidents"


OF_ALL = (
    ("contract", Kind.TEXT),
    ("tenant", Kind.TEXT),
    ("period", Kind.TEXT),
    ("standing", Kind.TEXT),
    ("statement_revision", Kind.WHOLE),
)
CREDIT_COLUMNS = (
    *OF_ALL,
    ("clause", Kind.TEXT),
    ("revision", Kind.WHOLE),
    ("status", Kind.TEXT),
    ("currency", Kind.TEXT),
    ("amount", Kind.DECIMAL),
    ("amount_minor_units", Kind.WHOLE),
    ("entry", Kind.TEXT),
    ("reverses", Kind.TEXT),
    ("credit_note", Kind.TEXT),
    ("evaluation_digest", Kind.TEXT),
    ("claimable_amount", Kind.DECIMAL),
    ("claimable_minor_units", Kind.WHOLE),
    ("claim_before", Kind.TEXT),
)
NO_CLAIM = (None, None, None)
"""What a row of credits has in the columns of what may be claimed, if that is not its subject."""

DAY_COLUMNS = (
    *OF_ALL,
    ("day", Kind.TEXT),
    ("start", Kind.TEXT),
    ("end", Kind.TEXT),
    ("judged_ms", Kind.WHOLE),
    ("committed_gpu_ms", Kind.WHOLE),
    ("lost_gpu_ms", Kind.TEXT),
    ("lost_gpu_hours", Kind.DECIMAL),
)
LOSS_COLUMNS = (
    *OF_ALL,
    ("loss", Kind.WHOLE),
    ("unit", Kind.TEXT),
    ("start", Kind.TEXT),
    ("end", Kind.TEXT),
    ("gpu_ms", Kind.TEXT),
    ("gpu_hours", Kind.DECIMAL),
    ("reasons", Kind.TEXT),
    ("slots", Kind.TEXT),
    ("records", Kind.TEXT),
    ("signed_gpu_ms", Kind.TEXT),
    ("chained_gpu_ms", Kind.TEXT),
)
INCIDENT_COLUMNS = (
    *OF_ALL,
    ("incident", Kind.TEXT),
    ("start", Kind.TEXT),
    ("end", Kind.TEXT),
    ("scope", Kind.TEXT),
    ("place", Kind.TEXT),
    ("cause", Kind.TEXT),
    ("root", Kind.TEXT),
    ("xid", Kind.WHOLE),
    ("slots", Kind.WHOLE),
    ("lost_gpu_ms", Kind.TEXT),
    ("lost_gpu_hours", Kind.DECIMAL),
    ("currency", Kind.TEXT),
    ("worth_minor_units", Kind.TEXT),
)


def table_of(statement: Statement, name: TableName) -> Columns:
    """
    Return one of a statement's tables.

    Exact fractions stand as text beside a decimal that was cut off; money is exact in both of its
    columns.
    """
    make, columns = _TABLES[name]
    of_all = _of_all(statement)
    return Columns(columns, tuple((*of_all, *row) for row in make(statement)))


def amount(minor_units: int, currency: str) -> Decimal:
    """Return minor units as a decimal of the currency, exactly."""
    return Decimal(minor_units).scaleb(-EXPONENTS[currency])


def _of_all(statement: Statement) -> tuple[Cell, ...]:
    evaluation = statement.evaluation
    contract, revision = evaluation.contract, revision_of(statement)
    standing = statement.standing.value
    return contract.id, contract.parties.tenant, evaluation.period.key, standing, revision


def _credits(statement: Statement) -> Iterator[tuple[Cell, ...]]:
    currency = statement.evaluation.contract.fees.currency
    for entry in statement.entries:
        minor_units = entry.amount_minor_units
        booked = entry.clause, entry.revision, entry.status.value, currency
        behind = entry.key, entry.reverses, statement.document_of(entry), entry.evaluation_digest
        yield (*booked, amount(minor_units, currency), minor_units, *behind, *NO_CLAIM)
    for line in () if statement.entries else statement.evaluation.lines:
        minor_units = line.minor_units
        so_far = line.objective, None, "not booked", currency
        yield (*so_far, amount(minor_units, currency), minor_units, *[None] * 4, *NO_CLAIM)
    claim = open_claim(statement.evaluation)
    if claim is not None:
        worth = claim.claimable_minor_units
        asked = amount(worth, currency), worth, format_instant(claim.deadline_ms)
        yield (None, None, "not claimed", currency, *[None] * 6, *asked)


def _days(statement: Statement) -> Iterator[tuple[Cell, ...]]:
    for day in days_of(statement.evaluation):
        start, end = format_instant(day.interval.start_ms), format_instant(day.interval.end_ms)
        committed, lost = day.committed_gpu_ms, day.lost_gpu_ms
        when = day.day.isoformat(), start, end, day.judged.duration_ms
        yield (*when, committed, str(exact(lost)), _hours(lost))


def _losses(statement: Statement) -> Iterator[tuple[Cell, ...]]:
    evaluation: Evaluation = statement.evaluation
    for number, loss in enumerate(evaluation.losses):
        start, end = format_instant(loss.interval.start_ms), format_instant(loss.interval.end_ms)
        size = str(exact(loss.gpu_ms)), _hours(loss.gpu_ms)
        why = " ".join(loss.reasons), " ".join(map(str, loss.slots)), _records(loss)
        worth = loss_by_grade(loss, statement.inputs.signatures)
        parts = str(exact(worth.signed)), str(exact(worth.chained))
        yield (number, loss.unit, start, end, *size, *why, *parts)


def _incidents(statement: Statement) -> Iterator[tuple[Cell, ...]]:
    grounds, currency = statement.grounds, statement.evaluation.contract.fees.currency
    if grounds is None:
        return
    for one in grounds.incidents.listed:
        end = None if one.end_ms is None else format_instant(one.end_ms)
        root = None if one.root is None else str(one.root)
        where = one.scope.value, one.place, one.reason, root, one.xid, one.slots_total
        lost = str(exact(one.gpu_ms)), _hours(one.gpu_ms)
        worth = str(exact(one.minor_units))
        yield (one.id, format_instant(one.start_ms), end, *where, *lost, currency, worth)
    for name, gpu_ms, minor_units in _rest(statement, grounds):
        if gpu_ms:
            lost = str(exact(gpu_ms)), _hours(gpu_ms)
            yield (name, *[None] * 8, *lost, currency, str(exact(minor_units)))


def _rest(statement: Statement, grounds: Grounds) -> Iterator[tuple[str, Fraction, Fraction]]:
    """Yield what was lost beside the incidents that are listed, with what it was worth."""
    found, outside = grounds.incidents, outside_gpu_ms(statement)
    yield f"other incidents ({found.more})", found.more_gpu_ms, found.more_minor_units
    yield "no incident", outside, outside * statement.evaluation.price_per_gpu_ms


def _records(loss: Loss) -> str:
    return " ".join(f"{e.node}:{e.first_sequence}-{e.last_sequence}" for e in loss.evidence)


def _hours(gpu_ms: Fraction) -> Decimal:
    return Decimal(int(gpu_ms * 10**HOURS_PLACES / HOUR_MS)).scaleb(-HOURS_PLACES)


Make = Callable[[Statement], Iterator[tuple[Cell, ...]]]
_TABLES: Mapping[TableName, tuple[Make, tuple[tuple[str, Kind], ...]]] = {
    TableName.CREDITS: (_credits, CREDIT_COLUMNS),
    TableName.DAYS: (_days, DAY_COLUMNS),
    TableName.LOSSES: (_losses, LOSS_COLUMNS),
    TableName.INCIDENTS: (_incidents, INCIDENT_COLUMNS),
}
