"""
Records that speak of a time that had not come yet when they came here: told to people.

They are signed and in the chain, so they will count as seen when their time comes, although nobody
can have seen it.  Only whoever took them in knows; a bundle does not say when it was made of what.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from gpusla.catalogue.codes import CLOCK_AHEAD
from gpusla.clock import Clock
from gpusla.identity import NodeName
from gpusla.instants import format_instant
from gpusla.timeline.model import StateSpan
from gpusla_collector.ports import Finding, Lease, Move, Store, finding_key
from gpusla_collector.usecases.fetch.page import APART_MS

DAY_MS = 24 * 3_600_000


@dataclass(frozen=True, slots=True)
class ClockAhead:
    """What telling of it needs."""

    store: Store
    clock: Clock

    def report(self, lease: Lease, moves: Iterable[Move]) -> None:
        """Keep a finding for each node and day that it speaks of too early."""
        now_ms = self.clock.wall_ms()
        for move in moves:
            for day, spans in _ahead(move.spans, now_ms + APART_MS):
                self.store.report(lease, _finding(move.after.node, day, spans, now_ms))


def _ahead(spans: Iterable[StateSpan], most_ms: int) -> Iterator[tuple[int, list[StateSpan]]]:
    """Yield the days since 1970 on which spans end that end later than that, with the spans."""
    found: dict[int, list[StateSpan]] = {}
    for span in spans:
        if span.end_ms > most_ms:
            found.setdefault(span.end_ms // DAY_MS, []).append(span)
    yield from sorted(found.items())


def _finding(node: NodeName, day: int, spans: list[StateSpan], now_ms: int) -> Finding:
    key = finding_key("ahead", node, day)
    first_ms, last_ms = min(s.start_ms for s in spans), max(s.end_ms for s in spans)
    said = [span.evidence for span in spans if span.evidence is not None]
    first = min((one.first_sequence for one in said), default=0)
    last = max((one.last_sequence for one in said), default=0)
    detail = (
        f"records {first} to {last} of {node} speak of the time from {format_instant(first_ms)} to "
        f"{format_instant(last_ms)}; they came {(last_ms - now_ms) // 3_600_000} hours before its "
        f"end, from a clock that was ahead, and count as seen when it comes"
    )
    return Finding(key, CLOCK_AHEAD.name, node, now_ms, detail)
