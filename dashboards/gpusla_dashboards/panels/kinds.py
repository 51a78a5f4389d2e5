"""
What each kind of panel has of its own, in the SDK's words.
"""

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from gpusla_dashboards.panels.model import Column, Kind, Look, Panel, Step
from gpusla_dashboards.panels.sdk import (
    bargauge,
    common,
    dashboard,
    model,
    options,
    stat,
    statetimeline,
    table,
    timeseries,
)

Builder: TypeAlias = (
    stat.Panel | timeseries.Panel | table.Panel | bargauge.Panel | statetimeline.Panel
)


def own_stat(panel: Panel) -> Builder:
    """Show one number, with its name where a name is given."""
    named = bool(panel.queries[0].legend)
    return (
        stat.Panel()
        .graph_mode(options.BigValueGraphMode.NONE)
        .color_mode(options.BigValueColorMode.VALUE)
        .justify_mode(options.BigValueJustifyMode.AUTO)
        .text_mode(
            options.BigValueTextMode.VALUE_AND_NAME if named else options.BigValueTextMode.VALUE
        )
        .reduce_options(last_value())
        .color_scheme(dashboard.FieldColor().mode(model.FieldColorModeId.THRESHOLDS))
    )


def own_timeseries(panel: Panel) -> Builder:
    """Draw lines or a stack; a gap stays a gap."""
    look = panel.look
    builder = (
        timeseries.Panel()
        .line_width(0 if look.stacked else 2)
        .fill_opacity(75 if look.stacked else filled(look))
        .line_interpolation(options.LineInterpolation.STEP_AFTER)
        .show_points(options.VisibilityMode.NEVER)
        .span_nulls(span_nulls=False)
        .color_scheme(dashboard.FieldColor().mode(model.FieldColorModeId.PALETTE_CLASSIC))
        .tooltip(
            common.VizTooltipOptions()
            .mode(options.TooltipDisplayMode.MULTI)
            .sort(options.SortOrder.DESCENDING)
        )
        .legend(
            common.VizLegendOptions()
            .display_mode(options.LegendDisplayMode.LIST)
            .placement(options.LegendPlacement.BOTTOM)
            .show_legend(show_legend=True)
            .calcs(["lastNotNull"])
        )
    )
    if look.stacked:
        return builder.stacking(common.StackingConfig().mode(options.StackingMode.NORMAL))
    return builder


def filled(look: Look) -> int:
    """Fill under a line only where its area means something: amounts, from zero, no band."""
    return 8 if look.minimum == 0 and look.unit == "locale" and look.band is None else 0


def own_table(panel: Panel) -> Builder:
    """Join the queries on the labels they share and keep the columns that are listed."""
    builder = table.Panel().show_header(show_header=True).cell_height(options.TableCellHeight.SM)
    builder = builder.with_transformation(model.DataTransformerConfig(id_val="merge", options={}))
    builder = builder.with_transformation(
        model.DataTransformerConfig(
            id_val="filterFieldsByName",
            options={"include": {"names": [field_name(panel, c) for c in panel.columns]}},
        )
    )
    builder = builder.with_transformation(
        model.DataTransformerConfig(
            id_val="organize",
            options={
                "indexByName": {
                    field_name(panel, column): at for at, column in enumerate(panel.columns)
                },
                "renameByName": {
                    field_name(panel, column): column.title for column in panel.columns
                },
                "excludeByName": {},
            },
        )
    )
    if panel.sort:
        builder = builder.sort_by(
            [common.TableSortByFieldState().display_name(panel.sort).desc(desc=panel.largest_first)]
        )
    return builder


def own_bar_gauge(_: Panel) -> Builder:
    """Draw one bar for each series, longest first as the query sorts them."""
    return (
        bargauge.Panel()
        .orientation(options.VizOrientation.HORIZONTAL)
        .display_mode(options.BarGaugeDisplayMode.BASIC)
        .value_mode(options.BarGaugeValueMode.TEXT)
        .name_placement(options.BarGaugeNamePlacement.LEFT)
        .show_unfilled(show_unfilled=True)
        .reduce_options(last_value())
        .color_scheme(dashboard.FieldColor().mode(model.FieldColorModeId.THRESHOLDS))
    )


def own_state_timeline(panel: Panel) -> Builder:
    """Draw one bar for each series, coloured by what its value means."""
    return (
        statetimeline.Panel()
        .show_value(options.VisibilityMode.NEVER)
        .merge_values(merge_values=True)
        .row_height(0.8)
        .line_width(0)
        .fill_opacity(85)
        .legend(
            common.VizLegendOptions()
            .display_mode(options.LegendDisplayMode.LIST)
            .placement(options.LegendPlacement.BOTTOM)
            .show_legend(show_legend=bool(panel.look.meanings))
        )
    )


OWN: dict[Kind, Callable[[Panel], Builder]] = {
    Kind.STAT: own_stat,
    Kind.TIMESERIES: own_timeseries,
    Kind.TABLE: own_table,
    Kind.BAR_GAUGE: own_bar_gauge,
    Kind.STATE_TIMELINE: own_state_timeline,
}


def field_name(panel: Panel, column: Column) -> str:
    """Give the name that Grafana gives a column before it is renamed."""
    if not column.source.startswith("#"):
        return column.source
    return f"Value {column.source}" if len(panel.queries) > 1 else "Value"


def overrides(panel: Panel) -> list[tuple[str, list[model.DynamicConfigValue]]]:
    """Give what holds for one series or one column alone."""
    look = panel.look
    found: list[tuple[str, list[model.DynamicConfigValue]]] = []
    for name, colour in look.colours.items():
        properties = [setting("color", {"mode": "fixed", "fixedColor": colour})]
        if name in look.dashed:
            properties += [
                setting("custom.lineStyle", {"fill": "dash", "dash": [8, 6]}),
                setting("custom.fillOpacity", 0),
                setting("custom.stacking", {"mode": "none"}),
            ]
        if look.band and name in look.band:
            properties += band(look.band, name)
        found.append((name, properties))
    found += [(column.title, column_settings(column)) for column in panel.columns]
    return [(name, properties) for name, properties in found if properties]


def band(bounds: tuple[str, str], name: str) -> list[model.DynamicConfigValue]:
    """Fill the space between the two bounds and hide their lines."""
    low, high = bounds
    properties = [setting("custom.lineWidth", 0), setting("custom.fillOpacity", 0)]
    if name == high:
        properties = [
            setting("custom.lineWidth", 0),
            setting("custom.fillOpacity", 25),
            setting("custom.fillBelowTo", low),
        ]
    return properties


def column_settings(column: Column) -> list[model.DynamicConfigValue]:
    """Give a column its unit, width, colours and link."""
    properties = []
    if column.unit:
        properties.append(setting("unit", column.unit))
    if column.decimals is not None:
        properties.append(setting("decimals", column.decimals))
    if column.width is not None:
        properties.append(setting("custom.width", column.width))
    if column.steps:
        properties += cell_settings("color-background" if column.filled else "color-text")
        properties.append(setting("thresholds", {"mode": "absolute", "steps": steps(column.steps)}))
    if column.steps and column.filled:
        properties.append(setting("mappings", [words({"0": {"text": "·"}})]))
    if column.meanings:
        properties += cell_settings("color-text")
        coloured = {word: {"color": colour} for word, colour in column.meanings.items()}
        properties.append(setting("mappings", [words(coloured)]))
    if column.values:
        properties += cell_settings("color-text")
        named = {
            str(value): {"text": meaning.text, "color": meaning.colour}
            for value, meaning in column.values.items()
        }
        properties.append(setting("mappings", [words(named)]))
    if column.link:
        properties.append(setting("links", [{"title": f"Open {column.title}", "url": column.link}]))
    return properties


def cell_settings(shown: str) -> list[model.DynamicConfigValue]:
    """Let values colour a cell or its text."""
    plain = {"mode": "basic"} if shown == "color-background" else {}
    return [
        setting("custom.cellOptions", {"type": shown} | plain),
        setting("color", {"mode": "thresholds"}),
    ]


def words(results: Mapping[str, Mapping[str, str]]) -> dict[str, Any]:
    """Map texts to other texts or to colours."""
    return {"type": "value", "options": dict(results)}


def setting(name: str, value: Any) -> model.DynamicConfigValue:
    """Make one property of an override."""
    return model.DynamicConfigValue(id_val=name, value=value)


def thresholds(look: Look) -> dashboard.ThresholdsConfig:
    """Colour by value."""
    return (
        dashboard.ThresholdsConfig()
        .mode(model.ThresholdsMode.ABSOLUTE)
        .steps([model.Threshold(value=step.value, color=step.colour) for step in look.steps])
    )


def steps(given: tuple[Step, ...]) -> list[dict[str, Any]]:
    """Give thresholds as an override holds them."""
    return [{"value": step.value, "color": step.colour} for step in given]


def value_map(look: Look) -> model.ValueMap:
    """Name what numbers stand for."""
    return model.ValueMap(
        options={
            str(value): model.ValueMappingResult(
                text=meaning.text, color=meaning.colour, index=value
            )
            for value, meaning in look.meanings.items()
        }
    )


def last_value() -> common.ReduceDataOptions:
    """Show the value itself: an instant query gives one."""
    return common.ReduceDataOptions().calcs(["lastNotNull"]).values(values=False).fields("")
