"""
A page in our own words: sections of lines of panels, with queries in PromQL.

Nothing here knows Grafana; `panels.grafana` turns a page into its JSON.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

GRID_WIDTH = 24


class Kind(StrEnum):
    """The kinds of panels we use, by Grafana's names."""

    STAT = "stat"
    TIMESERIES = "timeseries"
    TABLE = "table"
    BAR_GAUGE = "bargauge"
    STATE_TIMELINE = "state-timeline"


@dataclass(frozen=True, slots=True)
class Query:
    """A PromQL expression; legend may hold labels in double braces."""

    expression: str
    legend: str = ""


@dataclass(frozen=True, slots=True)
class Step:
    """A colour from a value on; without a value from the bottom on."""

    colour: str
    value: float | None = None


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a number stands for, in words and in a colour."""

    text: str
    colour: str


@dataclass(frozen=True, slots=True)
class Look:
    """
    How values are shown.

    unit: one of Grafana's.  colours: by the name of a series, the same on every page.
    dashed: names of series drawn as a dashed line without a fill.  band: names of the series of
    the lower and the upper bound, between which is filled.  meanings: by value.
    empty: what stands there when a query returns nothing, since nothing must not look like zero.
    """

    unit: str = "locale"
    decimals: int | None = None
    minimum: float | None = None
    maximum: float | None = None
    steps: tuple[Step, ...] = ()
    colours: Mapping[str, str] = field(default_factory=dict)
    stacked: bool = False
    dashed: tuple[str, ...] = ()
    band: tuple[str, str] | None = None
    meanings: Mapping[int, Meaning] = field(default_factory=dict)
    empty: str = "no data"


@dataclass(frozen=True, slots=True)
class Column:
    """
    A column of a table.

    source: a label's name, or `#A` for the value of the first query.  link: a URL that may use the
    cell's own text.  filled: whether the steps colour the cell and not the text; a cell of zero is
    then a dash, so that the eye finds what is not.  meanings: colours for words.  values: words and
    colours for numbers.
    """

    source: str
    title: str
    unit: str = ""
    decimals: int | None = None
    width: int | None = None
    steps: tuple[Step, ...] = ()
    filled: bool = True
    meanings: Mapping[str, str] = field(default_factory=dict)
    values: Mapping[int, Meaning] = field(default_factory=dict)
    link: str = ""


@dataclass(frozen=True, slots=True)
class Panel:
    """
    One panel.

    number: its id, which deep links carry; never reused for another panel.  width: of 24.
    columns and sort: for tables only; sort names a column's title.
    """

    number: int
    title: str
    description: str
    kind: Kind
    width: int
    queries: tuple[Query, ...]
    look: Look = field(default_factory=Look)
    columns: tuple[Column, ...] = ()
    sort: str = ""
    largest_first: bool = True


@dataclass(frozen=True, slots=True)
class Line:
    """Panels beside one another, of one height."""

    height: int
    panels: tuple[Panel, ...]


@dataclass(frozen=True, slots=True)
class Section:
    """A headed part of a page."""

    title: str
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Variable:
    """A choice at the head of the page; query gives its values from a label of a metric."""

    name: str
    label: str
    query: str
    description: str


@dataclass(frozen=True, slots=True)
class Mark:
    """Moments drawn on every graph over time: when this alert fired."""

    name: str
    expression: str
    colour: str
    text: str


@dataclass(frozen=True, slots=True)
class Page:
    """A dashboard.  uid: part of its address, never changed.  since: what it shows at first."""

    uid: str
    title: str
    description: str
    since: str
    variables: tuple[Variable, ...]
    marks: tuple[Mark, ...]
    sections: tuple[Section, ...]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a panel stands on the grid."""

    left: int
    top: int
    width: int
    height: int


def places(page: Page) -> tuple[tuple[Section | Panel, Place], ...]:
    """
    Work out where everything stands: a heading takes one row, lines follow one another.

    Ours, because the SDK's own layout puts a wide panel beside the grid's edge.
    """
    found: list[tuple[Section | Panel, Place]] = []
    top = 0
    for section in page.sections:
        found.append((section, Place(0, top, GRID_WIDTH, 1)))
        top += 1
        for line in section.lines:
            left = 0
            for panel in line.panels:
                found.append((panel, Place(left, top, panel.width, line.height)))
                left += panel.width
            top += line.height
    return tuple(found)
