"""One figure that is not the same."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FigureDifference:
    """A figure that the statement has otherwise, by its place; both as people read them."""

    name: str
    told: str
    found: str
