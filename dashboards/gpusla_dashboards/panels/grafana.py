"""
A page as Grafana's classic JSON.  The head of the page; `panels.kinds` has the kinds.

The SDK leaves four things out that a page needs: ids of panels, a layout that stays on the grid,
what a stat shows of its values, and when variables are read again.  They are set here.
"""

import json

from gpusla_dashboards.panels.kinds import OWN, Builder, overrides, thresholds, value_map
from gpusla_dashboards.panels.model import (
    Kind,
    Look,
    Mark,
    Page,
    Panel,
    Place,
    Query,
    Section,
    Variable,
    places,
)
from gpusla_dashboards.panels.sdk import (
    JSONEncoder,
    PromQueryFormat,
    dashboard,
    model,
    options,
    prometheus,
)

DATASOURCE = options.DataSourceRef(type_val="prometheus", uid="${datasource}")
TAG = "gpusla"
HEADING_NUMBERS = 900


def dump(page: Page) -> str:
    """Give the page as the text of its JSON file: sorted keys, so that a difference is a change."""
    return json.dumps(classic(page), cls=JSONEncoder, indent=2, sort_keys=True) + "\n"


def classic(page: Page) -> model.Dashboard:
    """Put the page together."""
    builder = (
        dashboard.Dashboard(page.title)
        .uid(page.uid)
        .description(page.description)
        .tags([TAG])
        .readonly()
        .timezone("utc")
        .time(page.since, "now")
        .refresh("10s")
        .tooltip(model.DashboardCursorSync.CROSSHAIR)
        .link(other_pages())
        .with_variable(datasource_variable())
    )
    for variable in page.variables:
        builder = builder.with_variable(query_variable(variable))
    for mark in page.marks:
        builder = builder.annotation(annotation(mark))
    built = builder.build()
    headings = HEADING_NUMBERS
    built.panels = []
    for what, place in places(page):
        if isinstance(what, Section):
            headings += 1
            built.panels.append(heading(what, headings, place))
        else:
            built.panels.append(panel(what, place))
    return built


def other_pages() -> dashboard.DashboardLink:
    """Link to the other pages of ours, with the time that is looked at."""
    return (
        dashboard.DashboardLink("gpusla")
        .type(model.DashboardLinkType.DASHBOARDS)
        .tags([TAG])
        .tooltip("The other pages of gpusla")
        .keep_time(keep_time=True)
        .include_vars(include_vars=True)
    )


def datasource_variable() -> dashboard.DatasourceVariable:
    """Let the reader choose which Prometheus to ask."""
    return (
        dashboard.DatasourceVariable("datasource")
        .label("Data source")
        .description("Which Prometheus to ask.")
        .type("prometheus")
    )


def query_variable(variable: Variable) -> dashboard.QueryVariable:
    """Offer the values of a label, read again whenever the time that is looked at changes."""
    return (
        dashboard.QueryVariable(variable.name)
        .label(variable.label)
        .description(variable.description)
        .query(variable.query)
        .datasource(DATASOURCE)
        .refresh(model.VariableRefresh.ON_TIME_RANGE_CHANGED)
        .sort(model.VariableSort.ALPHABETICAL_ASC)
    )


def annotation(mark: Mark) -> dashboard.AnnotationQuery:
    """Draw when an alert fired on every graph over time."""
    return (
        dashboard.AnnotationQuery()
        .name(mark.name)
        .datasource(DATASOURCE)
        .enable(enable=True)
        .icon_color(mark.colour)
        .expr(mark.expression)
        .title_format(mark.name)
        .text_format(mark.text)
        .step("60s")
    )


def heading(section: Section, number: int, place: Place) -> model.RowPanel:
    """Head a section."""
    return dashboard.Row(section.title).id(number).grid_pos(grid_place(place)).build()


def panel(panel: Panel, place: Place) -> model.Panel:
    """Make one panel: what all kinds share, then what is its kind's own."""
    builder = OWN[panel.kind](panel)
    builder = (
        builder.id(panel.number)
        .title(panel.title)
        .description(panel.description)
        .datasource(DATASOURCE)
        .grid_pos(grid_place(place))
        .unit(panel.look.unit)
        .no_value(panel.look.empty)
    )
    for position, query in enumerate(panel.queries):
        builder = builder.with_target(target(query, chr(ord("A") + position), panel.kind))
    for name, properties in overrides(panel):
        builder = builder.override_by_name(name, properties)
    return limits(builder, panel.look).build()


def limits(builder: Builder, look: Look) -> Builder:
    """Set what is only set where a panel asks for it."""
    if look.decimals is not None:
        builder = builder.decimals(look.decimals)
    if look.minimum is not None:
        builder = builder.min(look.minimum)
    if look.maximum is not None:
        builder = builder.max(look.maximum)
    if look.steps:
        builder = builder.thresholds(thresholds(look))
    if look.meanings:
        builder = builder.mappings([value_map(look)])
    return builder


def target(query: Query, letter: str, kind: Kind) -> prometheus.Dataquery:
    """
    Ask Prometheus: over time for graphs, for this instant for everything else.

    A range would let a stat show the last value of a series that has ended, as if it were now.
    """
    asked = (
        prometheus.Dataquery()
        .ref_id(letter)
        .datasource(DATASOURCE)
        .expr(query.expression)
        .legend_format(query.legend or "__auto")
    )
    if kind in {Kind.TIMESERIES, Kind.STATE_TIMELINE}:
        return asked.range()
    if kind is Kind.TABLE:
        return asked.instant().format(PromQueryFormat.TABLE)
    return asked.instant()


def grid_place(place: Place) -> model.GridPos:
    """Give a place in Grafana's words."""
    return model.GridPos(x=place.left, y=place.top, w=place.width, h=place.height)
