"""The panel about what goes on: one row for each cause, however many GPUs it takes."""

from gpusla.catalogue.metrics import INCIDENT_GPUS, INCIDENT_LOST, INCIDENT_START
from gpusla_dashboards.panels import colours
from gpusla_dashboards.panels.model import Column, Kind, Look, Panel, Query
from gpusla_dashboards.panels.promql import by, series


def incidents(number: int, width: int, *chosen: str) -> Panel:
    """List the incidents that have not ended, the dearest first."""
    key = "place, reason"
    gpus = by(key, "max", series(INCIDENT_GPUS, *chosen))
    start = by(key, "min", series(INCIDENT_START, *chosen))
    lost = by(key, "max", series(INCIDENT_LOST, *chosen))
    return Panel(
        number, "Incidents that go on",
        "One row for each cause that still takes GPUs of the contract: where it is, what was seen "
        "there first, and what the time that was lost through it in the open period is worth. It "
        "is the fee for that time and not what is owed for it.",
        Kind.TABLE, width,
        (Query(gpus), Query(f"time() - {start}"), Query(lost)),
        Look(empty="nothing goes on"),
        columns=(
            Column("place", "Where"),
            Column("reason", "Seen first"),
            Column("#A", "GPUs", "locale", 0, steps=colours.cell(colours.DOWN)),
            Column("#B", "For", "s", 1),
            Column("#C", "Fee for what was lost", "locale", 0, steps=colours.cell(colours.DOWN)),
        ),
        sort="Fee for what was lost",
    )  # fmt: skip
