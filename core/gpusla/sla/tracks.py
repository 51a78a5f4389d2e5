"""Values that change in steps over time: several merged into one, or laid over one another."""

from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Generic, TypeVar

from gpusla.instants import Interval

T = TypeVar("T")
U = TypeVar("U")


@dataclass(frozen=True, slots=True)
class Step(Generic[T]):
    """A value over [start_ms, end_ms)."""

    start_ms: int
    end_ms: int
    value: T


def merge(steps: Iterable[Step[T]], choose: Callable[[Iterable[T]], U]) -> tuple[Step[U], ...]:
    """
    Return steps without overlaps: where several hold at once, what choose makes of their values.

    The result is sorted and may have gaps; the argument may be in any order.
    """
    edges: list[tuple[int, int, T]] = []
    for step in steps:
        if step.start_ms < step.end_ms:
            edges.append((step.start_ms, 1, step.value))
            edges.append((step.end_ms, -1, step.value))
    edges.sort(key=lambda edge: edge[0])
    active: Counter[T] = Counter()
    merged: list[Step[U]] = []
    for (at_ms, change, value), (next_ms, _, _) in pairwise(edges):
        active[value] += change
        if not active[value]:
            del active[value]
        if active and at_ms < next_ms:
            merged.append(Step(at_ms, next_ms, choose(active)))
    return tuple(merged)


def overlay(window: Interval, tracks: Sequence[Sequence[Step[Any]]]) -> Iterator[Step[list[Any]]]:
    """
    Yield window cut at every change of any track, with each track's value, None where it has none.

    Each track must be sorted and free of overlaps.
    """
    places = [_first_after(track, window.start_ms) for track in tracks]
    at_ms = window.start_ms
    while at_ms < window.end_ms:
        end_ms = window.end_ms
        values: list[Any] = [None] * len(tracks)
        for number, track in enumerate(tracks):
            place = places[number]
            while place < len(track) and track[place].end_ms <= at_ms:
                place += 1
            places[number] = place
            if place < len(track):
                step = track[place]
                if step.start_ms <= at_ms:
                    values[number] = step.value
                    end_ms = min(end_ms, step.end_ms)
                else:
                    end_ms = min(end_ms, step.start_ms)
        yield Step(at_ms, end_ms, values)
        at_ms = end_ms


def _first_after(track: Sequence[Step[Any]], instant_ms: int) -> int:
    return bisect_right(track, instant_ms, key=lambda step: step.end_ms)
