"""What was lost: the picture, the causes, the largest losses with their records, the outages."""

from collections.abc import Iterator, Sequence

from gpusla.sla.evaluation import Cause, Evaluation, Event, Loss
from gpusla.statement.hours import lost_hours, worst_losses, written
from gpusla.statement.numbers import gpu_hours
from gpusla.statement.render.causes import (
    CauseGroup,
    cause_meaning,
    cause_name,
    causes_of,
)
from gpusla.statement.render.document import Block, Mark, Paragraph, Row, Section, Table
from gpusla.statement.render.picture import picture_of
from gpusla.statement.render.wording import utc

CAUSES_MAX = 20
LOSSES_MAX = 15
"""How many losses, and how many outages, are listed; the rest is counted and summed."""

RECORDS_MAX = 3
UNITS_MAX = 4


def picture_section(evaluation: Evaluation) -> Section:
    """Return the period as a picture."""
    picture = picture_of(evaluation)
    if picture is None:
        nothing = Paragraph("No committed time was lost in this period.")
        return Section("picture", "The period in a picture", (nothing,))
    return Section("picture", "The period in a picture", (Paragraph(picture.text), picture))


def losses_section(evaluation: Evaluation) -> Section | None:
    """Return what was lost, by cause and one by one; None if nothing was."""
    if not evaluation.losses:
        return None
    blocks = (_causes(evaluation), _largest(evaluation))
    return Section("losses", "What was lost, and why", blocks)


def outages_section(evaluation: Evaluation) -> Section | None:
    """Return the longest outages that an objective counts by themselves; None without any."""
    if not evaluation.events:
        return None
    longest = sorted(
        evaluation.events,
        key=lambda event: (-event.interval.duration_ms, event.interval, event.unit),
    )
    rows = [
        _row(event, event.objective, gpu_hours(event.interval.duration_ms))
        for event in longest[:LOSSES_MAX]
    ]
    blocks: list[Block] = [
        Table(("Unit", "from (UTC)", "to (UTC)", "objective", "hours"), tuple(rows), 1)
    ]
    blocks += _more(len(longest) - LOSSES_MAX)
    return Section("outages", "Outages that count by themselves", tuple(blocks))


def _causes(evaluation: Evaluation) -> Table:
    groups = causes_of(evaluation)
    rows = [_cause(group) for group in groups[:CAUSES_MAX]]
    rest = groups[CAUSES_MAX:]
    if rest:
        hours = written(sum(group.hours for group in rest))
        rows.append(Row((f"{len(rest)} other causes", "", "", hours)))
    total = written(lost_hours(evaluation))
    rows.append(Row(("Lost", "", "", total), Mark.TOTAL))
    return Table(("Cause", "where", "stretches", "GPU-hours"), tuple(rows), 2)


def _cause(group: CauseGroup) -> Row:
    units = ", ".join(group.units[:UNITS_MAX])
    more = len(group.units) - UNITS_MAX
    where = f"{units} and {more} more" if more > 0 else units
    hull = group.hull
    seen = f"From {utc(hull.start_ms)} to {utc(hull.end_ms)} UTC."
    note = f"{cause_meaning(group.reasons)} {seen}".strip()
    figures = str(group.stretches), written(group.hours)
    return Row((cause_name(group.reasons), where, *figures), note=note)


def _largest(evaluation: Evaluation) -> Table:
    worst = worst_losses(evaluation)
    rows = [
        _row(loss, cause_name(loss.reasons), written(hours)) for loss, hours in worst[:LOSSES_MAX]
    ]
    rest = worst[LOSSES_MAX:]
    if rest:
        hours = written(sum(hours for _, hours in rest))
        rows.append(
            Row((f"{len(rest)} smaller losses", "", "", "in the JSON and the tables", hours))
        )
    total = written(lost_hours(evaluation))
    rows.append(Row(("Lost", "", "", "", total), Mark.TOTAL))
    return Table(("Loss", "from (UTC)", "to (UTC)", "cause", "GPU-hours"), tuple(rows), 1)


def _row(one: Loss | Event, what: str, hours: str) -> Row:
    start, end = utc(one.interval.start_ms), utc(one.interval.end_ms)
    return Row((one.unit, start, end, what, hours), note=records_words(one.causes))


def records_words(causes: Sequence[Cause]) -> str:
    """Return how many slots took part and which records say so."""
    found = {cause.evidence for cause in causes if cause.evidence is not None}
    records = sorted(f"{e.node} {e.first_sequence}-{e.last_sequence}" for e in found)
    slots = len({cause.slot for cause in causes})
    who = f"{slots} slots" if slots > 1 else f"{slots} slot"
    if not records:
        return f"{who}; no records: nobody observed" if slots else ""
    more = f" and {len(records) - RECORDS_MAX} more" if len(records) > RECORDS_MAX else ""
    return f"{who}; journal records {', '.join(records[:RECORDS_MAX])}{more}"


def _more(number: int) -> Iterator[Block]:
    if number > 0:
        yield Paragraph(f"And {number} more; all of them are in the JSON and the tables.")
