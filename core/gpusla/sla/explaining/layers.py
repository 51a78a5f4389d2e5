"""Several tracks of steps over the same time, cut wherever one of them changes."""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from typing import Any, TypeAlias

from gpusla.instants import Interval

Track: TypeAlias = Sequence[tuple[int, int, Any]]
"""Steps (start_ms, end_ms, value): sorted, none empty, without overlaps; gaps are fine."""


def cut(window: Interval, tracks: Sequence[Track]) -> Iterator[tuple[int, int, list[Any]]]:
    """Yield window in pieces, each with every track's value there; None where it has none."""
    places = [bisect_right(track, window.start_ms, key=_end_ms) for track in tracks]
    at_ms = window.start_ms
    while at_ms < window.end_ms:
        end_ms = window.end_ms
        values: list[Any] = [None] * len(tracks)
        for number, track in enumerate(tracks):
            place = places[number]
            while place < len(track) and track[place][1] <= at_ms:
                place += 1
            places[number] = place
            if place == len(track):
                continue
            step_start_ms, step_end_ms, value = track[place]
            if step_start_ms <= at_ms:
                values[number] = value
                end_ms = min(end_ms, step_end_ms)
            else:
                end_ms = min(end_ms, step_start_ms)
        yield at_ms, end_ms, values
        at_ms = end_ms


def _end_ms(step: tuple[int, int, Any]) -> int:
    return step[1]
