"""Prometheus, the witness, against the journals, the record: a month of counters in a real TSDB."""

import subprocess
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import accumulate
from pathlib import Path

from gpusla.catalogue.metrics import SLOT_STATE_SECONDS
from gpusla.identity import Slot
from gpusla.instants import Interval
from gpusla.journal.chain import EMPTY, follow
from gpusla.timeline.fold import Carry, advance
from gpusla.timeline.model import StateSpan
from gpusla_agent.fleet.fleet import Fleet
from gpusla_collector.adapters.prometheus import PrometheusCounters
from gpusla_collector.ports import StateCounter
from tests.end_to_end.servers import prometheus
from tests.end_to_end.test_month import eventful
from tests.end_to_end.world import HOUR_MS, build_rack
from tests.programs import program

SCRAPE_MS = 900_000
DAY_MS = 24 * HOUR_MS
PAGE_RECORDS, PAGE_BYTES = 10_000, 4 * 2**20

Key = tuple[str, str]


def test_counters_agree_with_the_journals_within_one_scrape_per_transition(
    tmp_path: Path,
) -> None:
    """
    Over every day of the month, and over all of it, at every slot and state.

    A quarter of the scrapes is missing, an hour at a time; counters lose nothing by it.
    """
    rack = build_rack(tmp_path)
    period = rack.period("2026-08")
    span = Interval(period.interval.start_ms - HOUR_MS, period.interval.end_ms + HOUR_MS)
    with rack.lived(eventful(rack, period, align_ms=1).faults, span) as fleet:
        spans = _journalled(fleet)
    edges = range(period.interval.start_ms, period.interval.end_ms + 1, DAY_MS)
    data = tmp_path / "prometheus" / "data"
    _store(tmp_path / "scrapes.txt", data, spans, _scrapes(span, keep=set(edges)))

    with prometheus(tmp_path / "prometheus", {}) as url:
        counters = PrometheusCounters(url)
        at = [_by_key(counters.at("c2/r01", edge)) for edge in edges]
        counters.close()

    assert all(len(page) >= len(rack.slots) for page in at)
    for first, last, start_ms, end_ms in zip(at, at[1:], edges, edges[1:], strict=False):
        _assert_agree(first, last, spans, Interval(start_ms, end_ms))
    _assert_agree(at[0], at[-1], spans, Interval(edges[0], edges[-1]))


def _assert_agree(
    first: dict[Key, int], last: dict[Key, int], spans: Sequence[StateSpan], window: Interval
) -> None:
    journalled: defaultdict[Key, int] = defaultdict(int)
    transitions: defaultdict[str, int] = defaultdict(int)
    for span in spans:
        start_ms, end_ms = max(span.start_ms, window.start_ms), min(span.end_ms, window.end_ms)
        if start_ms < end_ms:
            key = str(span.slot), span.condition.state.value
            journalled[key] += end_ms - start_ms
            transitions[key[0]] += span.other is not None
    for key, value in last.items():
        counted = value - first.get(key, 0)
        tolerated = SCRAPE_MS * transitions[key[0]]
        assert abs(counted - journalled[key]) <= tolerated, (key, counted, journalled[key])


def _journalled(fleet: Fleet) -> list[StateSpan]:
    """Return what the nodes' journals say, by the fold that the agent's own counters use."""
    spans: list[StateSpan] = []
    for node in fleet.nodes:
        head, carry = EMPTY, Carry()
        while lines := node.read(head.sequence, PAGE_RECORDS, PAGE_BYTES):
            for line in lines:
                head, envelope, body = follow(head, line)
                carry, found = advance(carry, envelope.sequence, body)
                spans.extend(found)
    return spans


def _scrapes(span: Interval, keep: set[int]) -> list[int]:
    """Return the instants of scrapes, a quarter of them missing in long runs."""
    instants = range(span.start_ms, span.end_ms + 1, SCRAPE_MS)
    return [at for number, at in enumerate(instants) if number % 16 < 12 or at in keep]


def _store(text: Path, data: Path, spans: Sequence[StateSpan], scrapes: Sequence[int]) -> None:
    """Write what the scrapes would have read and make blocks of it with Prometheus' own tool."""
    with text.open("w", encoding="ascii") as stream:
        stream.write(f"# TYPE {SLOT_STATE_SECONDS.name.removesuffix('_total')} counter\n")
        stream.writelines(_samples(spans, scrapes))
        stream.write("# EOF\n")
    subprocess.run(
        [program("promtool"), "tsdb", "create-blocks-from", "openmetrics",
         "--max-block-duration=96h", str(text), str(data)],
        check=True, capture_output=True,
    )  # fmt: skip


def _samples(spans: Sequence[StateSpan], scrapes: Sequence[int]) -> Iterator[str]:
    by_key: defaultdict[tuple[Slot, str], list[StateSpan]] = defaultdict(list)
    for span in spans:
        by_key[span.slot, span.condition.state.value].append(span)
    for (slot, state), found in sorted(by_key.items()):
        starts = [span.start_ms for span in found]
        sums = [0, *accumulate(span.end_ms - span.start_ms for span in found)]
        for at_ms in scrapes:
            place = bisect_right(starts, at_ms)
            total = sums[place]
            if place:
                total -= max(0, found[place - 1].end_ms - at_ms)
            yield (
                f'{SLOT_STATE_SECONDS.name}{{slot="{slot}",state="{state}"}} '
                f"{total / 1000} {at_ms / 1000}\n"
            )


def _by_key(counters: Sequence[StateCounter]) -> dict[Key, int]:
    return {(counter.slot, counter.state): counter.value_ms for counter in counters}
