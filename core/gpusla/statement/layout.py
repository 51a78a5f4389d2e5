"""Rows, titles and folded sentences of a statement as text."""

from collections.abc import Callable, Iterator
from typing import TypeVar

from gpusla.sla.evaluation import Bounds

T = TypeVar("T")

COLUMNS = 96
NAME_COLUMNS, FIGURE_COLUMNS = 24, 24


def section(name: str) -> Iterator[str]:
    """Yield a section's name, underlined."""
    yield name
    yield "-" * COLUMNS


def titles(name: str, low: str, value: str, high: str) -> Iterator[str]:
    """Yield a section's name with the titles of its three columns, underlined."""
    yield f"{name:<{NAME_COLUMNS}}{low:>24}{value:>24}{high:>24}".rstrip()
    yield "-" * COLUMNS


def row(name: str, low: str, value: str, high: str) -> str:
    """Return a name and three figures."""
    return f"  {name:<{NAME_COLUMNS - 2}}{low:>24}{value:>24}{high:>24}".rstrip()


def worst_first(name: str, bounds: Bounds[T], write: Callable[[T], str]) -> str:
    """Return a row of a figure whose low is the worst for the provider."""
    return row(name, write(bounds.low), write(bounds.value), write(bounds.high))


def least_last(name: str, bounds: Bounds[T], write: Callable[[T], str]) -> str:
    """Return a row of a figure whose high is the worst for the provider: lost time, money."""
    return row(name, write(bounds.high), write(bounds.value), write(bounds.low))


def folded(text: str, indent: int = 2) -> Iterator[str]:
    """Yield a sentence in lines that fit; all but the first are moved in by two more."""
    line = " " * (indent - 1)
    for word in text.split():
        if len(line) + len(word) >= COLUMNS:
            yield line
            line = " " * (indent + 1)
        line += f" {word}"
    yield line


def shortened(text: str, columns: int) -> str:
    """Return text that fits, with dots where it was cut off."""
    return text if len(text) <= columns else f"{text[: columns - 3]}..."
