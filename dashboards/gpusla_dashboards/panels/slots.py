"""Panels about slots that pages share: racks and trays by state, reasons, the states' columns."""

from gpusla.catalogue.metrics import SLOT_ACTION, SLOT_REASON, SLOT_STATE
from gpusla_dashboards.panels import colours
from gpusla_dashboards.panels.model import Column, Kind, Look, Panel, Query, Step
from gpusla_dashboards.panels.promql import (
    NOT_OK,
    SAMPLE_AGE,
    SLOT_INFO,
    SLOTS_HELD,
    Recorded,
    by,
    series,
)

RACK_LINK = "/d/gpusla-fleet/?var-domain=${__value.text}&${__url_time_range}"
NODE_LINK = "/d/gpusla-node/?var-domain=${domain}&var-node=${__value.text}&${__url_time_range}"
STACK_ORDER = ("down", "unknown", "degraded")
RACKS_SHOWN = 50


def rack_table(
    number: int,
    title: str,
    description: str,
    width: int,
    *chosen: str,
    slots: Recorded,
    cost: Recorded,
) -> Panel:
    """One row for each of the racks with most slots that are not ok, the dearest first."""
    bad = by("domain", "sum", series(slots, *chosen, NOT_OK))
    # One is added so that a fleet without a fault still shows its racks.
    worst = f"topk({RACKS_SHOWN}, 1 + {bad})"
    sums = [by("domain", "sum", series(slots, *chosen, state=state)) for state in colours.STATES]
    sums.append(by("domain", "sum", series(cost, *chosen)))
    return Panel(
        number,
        title,
        description,
        Kind.TABLE,
        width,
        tuple(Query(f"{total} and on (domain) {worst}") for total in sums),
        columns=(
            Column("domain", "Rack", link=RACK_LINK),
            *(
                Column(
                    f"#{letter}",
                    state.capitalize(),
                    "locale",
                    0,
                    steps=colours.cell(colour) if state in STACK_ORDER else (Step(colour),),
                    filled=state in STACK_ORDER,
                )
                for letter, (state, colour) in zip("ABCD", colours.STATES.items(), strict=True)
            ),
            Column("#E", "Lost an hour", "locale", 0, steps=colours.cell(colours.DOWN)),
        ),
        sort="Lost an hour",
    )


def tray_table(number: int, title: str, description: str, width: int) -> Panel:
    """One row for each tray of the rack that is chosen, silent ones too, the worst first."""
    place = series(SLOT_INFO, domain="$domain")
    sums = [
        by("node", "sum", f"{by('slot', 'max', one)} * on (slot) group_left (node) {place}")
        for one in (
            *(series(SLOT_STATE, state=state) for state in ("down", "unknown", "degraded")),
            series(SLOT_ACTION, 'action!="none"'),
        )
    ]
    held = by("node", "sum", series(SLOTS_HELD, domain="$domain"))
    age = f"{by('node', 'max', series(SAMPLE_AGE))} and on (node) {held}"
    coloured = ("Down", colours.DOWN), ("Unknown", colours.UNKNOWN), ("Degraded", colours.DEGRADED)
    return Panel(
        number,
        title,
        description,
        Kind.TABLE,
        width,
        tuple(Query(expression) for expression in (*sums, held, age)),
        Look(empty="no agent of the rack speaks"),
        columns=(
            Column("node", "Node", link=NODE_LINK),
            *(
                Column(f"#{letter}", name, "locale", 0, steps=colours.cell(colour))
                for letter, (name, colour) in zip("ABC", coloured, strict=True)
            ),
            Column("#D", "To do", "locale", 0, steps=colours.cell(colours.DEGRADED)),
            Column("#E", "Slots", "locale", 0),
            Column("#F", "Newest sample", "s", 1),
        ),
        sort="Down",
    )


def reasons(number: int, title: str, description: str, width: int, **chosen: str) -> Panel:
    """Count the reasons of the chosen slots."""
    given = f"{by('slot, reason', 'max', series(SLOT_REASON))} == 1"
    there = f"({given}) * on (slot) group_left () {series(SLOT_INFO, **chosen)}"
    return Panel(
        number,
        title,
        description,
        Kind.BAR_GAUGE,
        width,
        (Query(f"sort_desc({by('reason', 'sum', there)})", "{{reason}}"),),
        Look(decimals=0, minimum=0, steps=(Step(colours.DOWN),), empty="no slot has a reason"),
    )


def stack(
    number: int, title: str, description: str, width: int, slots: Recorded, **chosen: str
) -> Panel:
    """
    Stack the slots that are not ok by state over time.

    Those that are ok are left out: they are a hundred times as many and would hide the rest.
    """
    return Panel(
        number,
        title,
        description,
        Kind.TIMESERIES,
        width,
        tuple(
            Query(f"sum({series(slots, **chosen, state=state)})", state) for state in STACK_ORDER
        ),
        Look(decimals=0, minimum=0, stacked=True, colours=colours.STATES),
    )
