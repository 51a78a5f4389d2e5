"""What a document is made of: sections of blocks, every figure already written as text."""

from collections.abc import Iterator
from dataclasses import dataclass, fields, is_dataclass
from enum import StrEnum
from typing import Any


class Mark(StrEnum):
    """Why a row or a paragraph stands out; `total` ends a sum, `reached` is what decided."""

    NONE = ""
    TOTAL = "total"
    REACHED = "reached"
    WARNING = "warning"
    QUIET = "quiet"


@dataclass(frozen=True, slots=True)
class Heading:
    """A title inside a section; badge: a word beside it, empty for none."""

    text: str
    badge: str = ""
    is_good: bool = True


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Sentences."""

    text: str
    mark: Mark = Mark.NONE


@dataclass(frozen=True, slots=True)
class Facts:
    """Names with their values; is_code: values are digests, paths or commands."""

    rows: tuple[tuple[str, str], ...]
    is_code: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """Cells, as many as the table has columns; note: a line below them, empty for none."""

    cells: tuple[str, ...]
    mark: Mark = Mark.NONE
    note: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """
    Rows under titles.

    figures: how many columns at the end hold figures, which stand at the right.
    """

    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    figures: int


@dataclass(frozen=True, slots=True)
class LegendRow:
    """A colour, what it stands for, and how much of it there was."""

    colour: str
    text: str
    figure: str


@dataclass(frozen=True, slots=True)
class Picture:
    """A drawing as SVG; text says the same to those who do not see it."""

    svg: str
    text: str
    legend: tuple[LegendRow, ...]


@dataclass(frozen=True, slots=True)
class Commands:
    """Lines for a terminal."""

    lines: tuple[str, ...]


Block = Heading | Paragraph | Facts | Table | Picture | Commands


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the document; id: its anchor."""

    id: str
    title: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class Document:
    """
    A statement ready to be set.

    amount_label, amount: the answer.  sentences: what it rests on.  facts: what the statement is
    of.  digest: of the statement's canonical JSON.
    """

    title: str
    subject: str
    standing: str
    is_settled: bool
    issuer: str
    recipient: str
    amount_label: str
    amount: str
    sentences: tuple[str, ...]
    facts: tuple[tuple[str, str], ...]
    sections: tuple[Section, ...]
    digest: str


def plain(value: Any) -> Any:
    """Return a document as maps, lists and text; each block says its kind."""
    if isinstance(value, tuple):
        return [plain(one) for one in value]
    if is_dataclass(value) and not isinstance(value, type):
        kind = type(value).__name__.lower()
        return {
            "kind": kind,
            **{part.name: plain(getattr(value, part.name)) for part in fields(value)},
        }
    return value


def texts(value: Any) -> Iterator[str]:
    """Yield every text of a document in its order, drawings left out."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, tuple):
        for one in value:
            yield from texts(one)
    elif is_dataclass(value) and not isinstance(value, type):
        for part in fields(value):
            if part.name != "svg":
                yield from texts(getattr(value, part.name))
