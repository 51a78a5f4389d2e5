"""Choices of a seeded generator, with coincidences made likely."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from random import Random
from typing import TypeVar

T = TypeVar("T")


@dataclass(slots=True)
class Dice:
    """
    What a case is made with.

    tick_ms: everything is a multiple of it.  edges_ms: instants that were used; new ones are often
    one of them, or as far from one of them as a length that was used.
    """

    random: Random
    tick_ms: int = 1
    first_ms: int = 0
    last_ms: int = 0
    edges_ms: list[int] = field(default_factory=list)
    lengths_ms: list[int] = field(default_factory=list)

    def often(self, percent: int) -> bool:
        """Say yes so often."""
        return self.random.randrange(100) < percent

    def one(self, several: Sequence[T]) -> T:
        """Pick one; simple ones stand first."""
        return several[self.random.randrange(len(several))]

    def some(self, several: Sequence[T], most: int) -> list[T]:
        """Pick up to so many, in their order, each once."""
        number = self.random.randint(0, min(most, len(several)))
        chosen = sorted(self.random.sample(range(len(several)), number))
        return [several[index] for index in chosen]

    def length(self, ticks: Sequence[int]) -> int:
        """Pick a length in ticks, or one that was used; 0 if it is among them."""
        if self.lengths_ms and self.often(40):
            return self.one(self.lengths_ms)
        length_ms = self.one(ticks) * self.tick_ms
        if length_ms:
            self.lengths_ms.append(length_ms)
        return length_ms

    def edge(self) -> int:
        """Pick an instant between first and last."""
        if self.often(45):
            found = self.random.randrange((self.last_ms - self.first_ms) // self.tick_ms + 1)
            edge_ms = self.first_ms + found * self.tick_ms
        else:
            edge_ms = self.one(self.edges_ms)
            if self.lengths_ms and self.often(35):
                edge_ms += self.one((1, -1)) * self.one(self.lengths_ms)
            if self.often(10):
                edge_ms += self.one((1, -1)) * self.tick_ms
        edge_ms = min(max(edge_ms, self.first_ms), self.last_ms)
        self.edges_ms.append(edge_ms)
        return edge_ms

    def span(self) -> tuple[int, int]:
        """Pick a start and a later end."""
        start_ms = self.edge()
        if self.lengths_ms and self.often(40):
            end_ms = start_ms + self.one(self.lengths_ms)
        else:
            end_ms = self.edge()
        if end_ms == start_ms:
            end_ms += self.tick_ms
        return min(start_ms, end_ms), max(start_ms, end_ms)

    def part(self) -> Fraction:
        """Pick a part of a whole."""
        return Fraction(self.one(("1", "0", "1/2", "2/3", "3/4", "1/3", "0.9")))
