"""What stands behind the figures, as text: the incidents, and what the evidence is worth."""

from collections.abc import Iterator
from fractions import Fraction

from gpusla.contracts.money import round_once
from gpusla.statement.grades import Graded, lost_by_grade
from gpusla.statement.hours import allotted, lost_hours, thousandths, written
from gpusla.statement.incidents import StatedIncident
from gpusla.statement.layout import COLUMNS, folded, row, titles
from gpusla.statement.model import Statement
from gpusla.statement.numbers import instant, money

LISTED_MAX = 10
"""How many incidents are listed; the rest is counted and is in the JSON."""

PLACE_COLUMNS = 11
LOST = "lost"
"""The row of grades of what was lost."""

SIGNED, CHAINED, NO_RECORD = "signed (A)", "chained (B)", "no record"
WORTH = (
    "Grade A: covered by a signature of a key that the inventory lists for the node. Grade B: in "
    "the chain of the node's journal. No record: nobody observed, or a rule of the contract alone "
    "decided."
)
"""What the columns of the table of grades mean."""


INCIDENT_WORTH = (
    "Worth is the fee for the time that was lost through it, and not what is owed for it."
)
"""What the last column of the incidents means."""


def incident_lines(statement: Statement) -> Iterator[str]:
    """Yield the dearest incidents with what they cost; nothing where nobody gave the facts."""
    grounds = statement.grounds
    if grounds is None:
        return
    yield f"{'INCIDENTS':<13}{'from':<22}{'to':<22}{'GPU-hours':>14}  worth"
    yield "-" * COLUMNS
    listed = grounds.incidents.listed
    hours = incident_hours(statement)
    for one, lost in zip(listed[:LISTED_MAX], hours, strict=False):
        place = one.place
        if len(place) >= PLACE_COLUMNS:
            yield f"  {place}"
            place = ""
        start, end = instant(one.start_ms), end_words(one)
        worth = worth_words(statement, one.minor_units)
        yield (f"  {place:<{PLACE_COLUMNS}}{start:<22}{end:<22}{written(lost):>14}  {worth}")
        yield from folded(origin_words(one), indent=12)
    more = len(listed[LISTED_MAX:]) + grounds.incidents.more
    if more:
        yield f"  and {more} more; the dearest of them are in the JSON"
    outside = outside_gpu_ms(statement)
    if outside:
        yield f"  {written(hours[-1])} GPU-hours were lost to no incident"
    if not listed and not outside:
        yield "  none"
    if listed:
        yield from folded(INCIDENT_WORTH)


def evidence_lines(statement: Statement) -> Iterator[str]:
    """Yield GPU-hours by what the evidence behind them is worth."""
    rows = graded_rows(statement)
    if not rows:
        return
    yield from titles("EVIDENCE, GPU-HOURS", SIGNED, CHAINED, NO_RECORD)
    for name, graded in rows:
        yield row(name, *map(written, graded_hours(statement, name, graded)))
    yield from folded(WORTH)


def graded_rows(statement: Statement) -> tuple[tuple[str, Graded], ...]:
    """Return names with GPU-time by grade; nothing where nobody gave the facts."""
    grounds = statement.grounds
    if grounds is None:
        return ()
    lost = lost_by_grade(statement.evaluation, statement.inputs.signatures)
    objectives = (
        (f"window of {name}", graded)
        for name, graded in grounds.objectives
        if graded != grounds.held
    )
    return (("held", grounds.held), *objectives, (LOST, lost))


def graded_hours(statement: Statement, name: str, graded: Graded) -> tuple[int, ...]:
    """Return a row of `graded_rows` in thousandths of GPU-hours, which add up to its total."""
    total = lost_hours(statement.evaluation) if name == LOST else thousandths(graded.total)
    return allotted([gpu_ms for _, gpu_ms in graded.rows()], total, kept=1)


def incident_hours(statement: Statement) -> tuple[int, ...]:
    """
    Return thousandths of GPU-hours: of each incident that the JSON lists, of the others, of none.

    They add up to what was lost.  Nothing where nobody gave the facts.
    """
    grounds = statement.grounds
    if grounds is None:
        return ()
    incidents = grounds.incidents
    parts = *(one.gpu_ms for one in incidents.listed), incidents.more_gpu_ms
    total = lost_hours(statement.evaluation)
    return allotted((*parts, outside_gpu_ms(statement)), total)


def origin_words(one: StatedIncident) -> str:
    """Say what an incident began with, where, and how far it went."""
    where = f" at {one.root}" if one.root and str(one.root) != one.place else ""
    xid = f", Xid {one.xid}" if one.xid is not None else ""
    slots = "1 slot" if one.slots_total == 1 else f"{one.slots_total} slots"
    flaps = f"; came back {times_words(one.flaps)}" if one.flaps else ""
    return f"{one.reason}{where}{xid}; {slots}{flaps}; incident {one.id}"


def end_words(one: StatedIncident) -> str:
    """Say when an incident ended."""
    return "goes on" if one.end_ms is None else instant(one.end_ms)


def times_words(number: int) -> str:
    """Say how often."""
    return "once" if number == 1 else f"{number} times"


def worth_words(statement: Statement, minor_units: Fraction) -> str:
    """Say the fee for what was lost, rounded as the contract rounds."""
    contract = statement.evaluation.contract
    return money(contract, round_once(minor_units, contract.fees.rounding))


def outside_gpu_ms(statement: Statement) -> Fraction:
    """Return what was lost and no incident explains, such as slots that were never assigned."""
    grounds = statement.grounds
    if grounds is None:
        return Fraction(0)
    return statement.evaluation.account.lost_gpu_ms - grounds.incidents.gpu_ms
