"""Reads from a panel's JSON how its values are to be shown."""

from collections.abc import Mapping, Sequence
from typing import Any

from gpusla_dashboards.preview.units import shown

PALETTE = ("#4c9be8", "#c98bdb", "#59c2b8", "#e6955c", "#a5b84f", "#d77a9e", "#8fa9c7", "#d9c25f")
INK = "#dbe2ea"


def defaults(panel: Mapping[str, Any]) -> Mapping[str, Any]:
    """Give what holds for all series of a panel."""
    found: Mapping[str, Any] = panel["fieldConfig"]["defaults"]
    return found


def overrides(panel: Mapping[str, Any], name: str) -> dict[str, Any]:
    """Give what holds for one series or one column alone."""
    return {
        setting["id"]: setting["value"]
        for override in panel["fieldConfig"]["overrides"]
        if override["matcher"]["options"] == name
        for setting in override["properties"]
    }


def text(panel: Mapping[str, Any], value: float, own: Mapping[str, Any] | None = None) -> str:
    """Write a value in the panel's unit, or in that of a column's own settings."""
    base, own = defaults(panel), own or {}
    decimals = own.get("decimals", base.get("decimals"))
    return shown(value, own.get("unit", base["unit"]), None if decimals is None else int(decimals))


def by_value(steps: Sequence[Mapping[str, Any]], value: float) -> str:
    """Give the colour of the highest step that the value reaches."""
    colour = INK
    for step in steps:
        if step["value"] is None or value >= step["value"]:
            colour = step["color"]
    return colour


def colour(panel: Mapping[str, Any], name: str, value: float, position: int) -> str:
    """Give a series its colour: its own, that of its value, or the next of the palette."""
    own = overrides(panel, name).get("color")
    if own and own["mode"] == "fixed":
        return str(own["fixedColor"])
    if panel["type"] != "timeseries" and "thresholds" in defaults(panel):
        return by_value(defaults(panel)["thresholds"]["steps"], value)
    return PALETTE[position % len(PALETTE)]


def meanings(panel: Mapping[str, Any]) -> Mapping[str, Mapping[str, Any]]:
    """Give what numbers stand for, by the number's text."""
    for mapping in defaults(panel).get("mappings") or []:
        if mapping["type"] == "value":
            found: Mapping[str, Mapping[str, Any]] = mapping["options"]
            return found
    return {}


def word(own: Mapping[str, Any], text: str) -> Mapping[str, Any]:
    """Give what a column makes of a text: other words, a colour, or nothing."""
    for mapping in own.get("mappings", []):
        if text in mapping["options"]:
            found: Mapping[str, Any] = mapping["options"][text]
            return found
    return {}
