"""What stands behind the figures: the incidents, and what the evidence is worth."""

from collections.abc import Iterator

from gpusla.statement.hours import lost_hours, written
from gpusla.statement.incidents import StatedIncident
from gpusla.statement.model import Statement
from gpusla.statement.proof import (
    CHAINED,
    INCIDENT_WORTH,
    NO_RECORD,
    SIGNED,
    WORTH,
    graded_hours,
    graded_rows,
    incident_hours,
    outside_gpu_ms,
    times_words,
    worth_words,
)
from gpusla.statement.render.causes import cause_meaning, cause_name
from gpusla.statement.render.document import Block, Mark, Paragraph, Row, Section, Table
from gpusla.statement.render.wording import utc

LISTED_MAX = 15
"""How many incidents are listed; the rest is counted and summed."""


def incidents_section(statement: Statement) -> Section | None:
    """Return the incidents behind the loss; None without any, or where nobody gave the facts."""
    if statement.grounds is None or not statement.grounds.incidents.listed:
        return None
    table = Table(
        ("Incident", "from (UTC)", "to (UTC)", "worth", "GPU-hours"),
        tuple(_rows(statement)),
        2,
    )
    worth = f"One cause with everything that followed from it. {INCIDENT_WORTH}"
    return Section("incidents", "The incidents behind it", (table, Paragraph(worth, Mark.QUIET)))


def evidence_section(statement: Statement) -> Section | None:
    """Return what the evidence is worth; None where nobody gave the facts."""
    told = graded_rows(statement)
    if not told:
        return None
    rows = tuple(
        Row((name.capitalize(), *map(written, graded_hours(statement, name, graded))))
        for name, graded in told
    )
    table = Table(("GPU-hours", SIGNED, CHAINED, NO_RECORD), rows, 3)
    blocks: tuple[Block, ...] = (table, Paragraph(WORTH, Mark.QUIET))
    return Section("evidence", "What the evidence is worth", blocks)


def _rows(statement: Statement) -> Iterator[Row]:
    grounds = statement.grounds
    assert grounds is not None, "asked for incidents only where there are some"
    incidents, hours = grounds.incidents, incident_hours(statement)
    for one, lost in zip(incidents.listed[:LISTED_MAX], hours, strict=False):
        yield _row(statement, one, written(lost))
    rest = incidents.listed[LISTED_MAX:]
    more = len(rest) + incidents.more
    if more:
        worth = sum((one.minor_units for one in rest), incidents.more_minor_units)
        figures = worth_words(statement, worth), written(sum(hours[LISTED_MAX:-1]))
        yield Row((f"{more} smaller incidents", "", "", *figures))
    if outside_gpu_ms(statement):
        yield Row(("Lost to no incident", "", "", "", written(hours[-1])))
    total = written(lost_hours(statement.evaluation))
    yield Row(("Lost", "", "", "", total), Mark.TOTAL)


def _row(statement: Statement, one: StatedIncident, lost: str) -> Row:
    end = "goes on" if one.end_ms is None else utc(one.end_ms)
    figures = worth_words(statement, one.minor_units), lost
    cells = cause_name((one.reason,)), utc(one.start_ms), end, *figures
    return Row(cells, note=" ".join(_note(one)))


def _note(one: StatedIncident) -> Iterator[str]:
    slots = "1 slot" if one.slots_total == 1 else f"{one.slots_total} slots"
    began = f", began at {one.root}" if one.root and str(one.root) != one.place else ""
    xid = f" with Xid {one.xid}" if one.xid is not None else ""
    flaps = f", came back {times_words(one.flaps)}" if one.flaps else ""
    yield f"{one.place}: {slots}{began}{xid}{flaps}."
    yield cause_meaning((one.reason,))
