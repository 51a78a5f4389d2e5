"""Draws what is shown for one instant: numbers, bars, tables."""

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from gpusla_dashboards.preview import look
from gpusla_dashboards.preview.ask import Answered

Row = dict[str, str | float]


def stat(answered: Answered) -> str:
    """Show numbers large, with their names where the legend gives them."""
    panel = answered.panel
    pairs = [pair for answer in answered.answers for pair in answer.series]
    named = panel["options"]["textMode"] == "value_and_name"
    cells = []
    for position, (name, series) in enumerate(pairs):
        colour = look.colour(panel, name, series.last, position)
        label = f'<div class="name">{escape(name)}</div>' if named else ""
        value = escape(look.text(panel, series.last))
        size = "small" if len(pairs) > 1 or len(value) > 12 else ""  # noqa: PLR2004  # fits the tile
        cells.append(
            f'<div><div class="value {size}" style="color:{colour}">{value}</div>{label}</div>'
        )
    return f'<div class="stat">{"".join(cells)}</div>'


def bar_gauge(answered: Answered, height: int) -> str:
    """Draw one bar for each series from the lowest to the highest value of the panel."""
    panel, base = answered.panel, look.defaults(answered.panel)
    pairs = [pair for answer in answered.answers for pair in answer.series]
    low = base.get("min", 0)
    high = base.get("max") or max((series.last for _, series in pairs), default=1) or 1
    room = min(34, (height - 8) // max(len(pairs), 1))
    rows = []
    for position, (name, series) in enumerate(pairs):
        share = min(max((series.last - low) / ((high - low) or 1), 0), 1) * 100
        colour = look.colour(panel, name, series.last, position)
        rows.append(
            f'<div class="bar" style="height:{room}px"><span>{escape(name)}</span>'
            f'<div><i style="width:{share:.2f}%;background:{colour}"></i></div>'
            f"<b>{escape(look.text(panel, series.last))}</b></div>"
        )
    return f'<div class="bars">{"".join(rows)}</div>'


def table(answered: Answered) -> str:
    """Draw the rows that the queries give when they are joined on the labels they share."""
    panel = answered.panel
    organised = next(t for t in panel["transformations"] if t["id"] == "organize")["options"]
    order = sorted(organised["indexByName"], key=organised["indexByName"].__getitem__)
    titles = [organised["renameByName"][field] for field in order]
    rows = merged(answered)
    for sort in panel["options"].get("sortBy", []):
        field = order[titles.index(sort["displayName"])]
        rows.sort(key=lambda row: rank(row.get(field)), reverse=bool(sort.get("desc")))
    columns = list(zip(order, titles, strict=True))
    head = "".join(heading(title, [row.get(field) for row in rows]) for field, title in columns)
    body = "".join(
        f"<tr>{''.join(cell(panel, title, row.get(field)) for field, title in columns)}</tr>"
        for row in rows
    )
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def heading(title: str, values: Sequence[str | float | None]) -> str:
    """Head a column, on the side on which its values stand."""
    is_number = any(isinstance(value, float) for value in values)
    return f"<th{' class=number' if is_number else ''}>{escape(title)}</th>"


def merged(answered: Answered) -> list[Row]:
    """Join the answers row by row, as Grafana's `merge` does: what they share must be equal."""
    rows: list[Row] = []
    for answer in answered.answers:
        value = "Value" if len(answered.answers) == 1 else f"Value #{answer.letter}"
        for _, series in answer.series:
            new: Row = {**series.labels, value: series.last}
            found = next((row for row in rows if agrees(row, new)), None)
            if found is None:
                rows.append(new)
            else:
                found.update(new)
    return rows


def agrees(row: Mapping[str, str | float], new: Mapping[str, str | float]) -> bool:
    """Whether two rows are about the same thing."""
    shared = row.keys() & new.keys()
    return bool(shared) and all(row[key] == new[key] for key in shared)


def rank(value: str | float | None) -> tuple[int, float, str]:
    """Order numbers before words and nothing last, when the largest comes first."""
    if value is None:
        return (0, 0.0, "")
    return (1, 0.0, value) if isinstance(value, str) else (2, value, "")


def cell(panel: Mapping[str, Any], title: str, value: str | float | None) -> str:
    """Draw one cell in its unit and its colours."""
    if value is None:
        return "<td></td>"
    own = look.overrides(panel, title)
    if isinstance(value, str):
        meaning = look.word(own, value)
        style = f' style="color:{meaning["color"]}"' if "color" in meaning else ""
        link = ' class="link"' if "links" in own else ""
        return f"<td{link}{style}>{escape(value)}</td>"
    meaning = look.word(own, f"{value:.0f}") if value == int(value) else {}
    if "color" in meaning:
        return f'<td class="number" style="color:{meaning["color"]}">{escape(meaning["text"])}</td>'
    if "text" in meaning:
        return f'<td class="number faint">{escape(meaning["text"])}</td>'
    return f'<td class="number"{fill(own, value)}>{escape(look.text(panel, value, own))}</td>'


def fill(own: Mapping[str, Any], value: float) -> str:
    """Colour a cell or its text by the value's step."""
    if "thresholds" not in own:
        return ""
    colour = look.by_value(own["thresholds"]["steps"], value)
    if colour == "transparent":
        return ""
    if "background" in own["custom.cellOptions"]["type"]:
        return f' style="background:{colour};color:#101216"'
    return f' style="color:{colour}"'


def nothing(words: Sequence[str]) -> str:
    """Say that there is nothing, in the panel's own words."""
    return f'<div class="nothing">{escape(" ".join(words))}</div>'
