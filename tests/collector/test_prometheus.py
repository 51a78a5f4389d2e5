"""Prometheus as a second witness: raw samples, whole answers only, differences told."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest

from gpusla.catalogue.codes import PROMETHEUS_UNREACHABLE
from gpusla.errors import ServiceError
from gpusla_collector.adapters.prometheus import PrometheusCounters
from gpusla_collector.ports import StateCounter
from gpusla_collector.usecases.reconcile import Reconciler
from tests.collector.journals import DOWN
from tests.collector.stage import ALPHA, DAY_MS, LAG_MS, START_MS, Stage

WINDOW_MS = 600_000
SCRAPE_MS = 15_000
SLOT = "c2/r01/t01/m1"
GOOD = {
    "status": "success",
    "data": {
        "resultType": "matrix",
        "result": [
            {"metric": {"slot": SLOT, "state": "ok"}, "values": [[9.5, "1"], [10.25, "1.5"]]},
            {"metric": {"slot": SLOT, "state": "ok", "job": "b"}, "values": [[10, "1.25"]]},
            {"metric": {"slot": SLOT, "state": "down"}, "values": [[10.25, "0"]]},
        ],
    },
}


@contextmanager
def answering(status: int, content: bytes) -> Iterator[str]:
    """Serve one answer to every question."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def test_the_newest_sample_of_each_slot_and_state_is_read() -> None:
    """With its own time, whatever labels a scrape adds."""
    with answering(200, json.dumps(GOOD).encode()) as url:
        counters = PrometheusCounters(url)
        assert counters.at("c2/r01", 10_500) == (
            StateCounter(SLOT, "down", 10_250, 0),
            StateCounter(SLOT, "ok", 10_250, 1_500),
        )
        counters.close()


REFUSED: list[tuple[str, int, Any]] = [
    ("an error", 500, {}),
    ("not JSON", 200, "<html>"),
    ("not a success", 200, {"status": "error", "errorType": "timeout", "error": "slow"}),
    ("a warning", 200, {**GOOD, "warnings": ["a store did not answer"]}),
    ("a part", 200, {**GOOD, "isPartial": True}),
    ("another kind of answer", 200, {**GOOD, "data": {"resultType": "vector", "result": []}}),
    (
        "a series without its labels",
        200,
        {
            **GOOD,
            "data": {"resultType": "matrix", "result": [{"metric": {}, "values": [[1, "1"]]}]},
        },
    ),
    (
        "a value that is no number",
        200,
        {
            **GOOD,
            "data": {
                "resultType": "matrix",
                "result": [{"metric": {"slot": SLOT, "state": "ok"}, "values": [[1, "NaN"]]}],
            },
        },
    ),
]


@pytest.mark.parametrize(("case", "status", "content"), REFUSED, ids=[case[0] for case in REFUSED])
def test_an_answer_that_is_not_whole_is_no_answer(case: str, status: int, content: Any) -> None:
    """Nothing is concluded from it."""
    text = content if isinstance(content, str) else json.dumps(content)
    with answering(status, text.encode()) as url:
        counters = PrometheusCounters(url)
        with pytest.raises(ServiceError) as caught:
            counters.at("c2/r01", 10_500)
        counters.close()
    assert caught.value.code is PROMETHEUS_UNREACHABLE, case


def test_a_prometheus_that_is_not_there_is_told() -> None:
    """And may be tried again."""
    counters = PrometheusCounters("http://127.0.0.1:1")
    with pytest.raises(ServiceError) as caught:
        counters.at("c2/r01", 10_500)
    counters.close()
    assert caught.value.retryable


@dataclass(slots=True)
class FakeCounters:
    """Counters as exact scrapes of the journals would have them, and what to add to them."""

    stage: Stage
    added_ms: int = 0
    missing: set[str] = field(default_factory=set)

    def at(self, domain: str, instant_ms: int) -> tuple[StateCounter, ...]:
        """Return what each slot's counters read at the last scrape."""
        scraped_ms = instant_ms - instant_ms % SCRAPE_MS
        down_ms = scraped_ms - START_MS
        slots = [str(slot) for slot in self.stage.journal().slots]
        assert all(slot.startswith(domain) for slot in slots)
        found = [
            StateCounter(slot, "ok", scraped_ms, down_ms + self.added_ms * (down_ms > DAY_MS))
            for slot in slots[1:]
        ]
        found.append(StateCounter(slots[0], "down", scraped_ms, down_ms))
        return tuple(counter for counter in found if counter.slot not in self.missing)


@pytest.fixture
def stage() -> Stage:
    """A site a day and a little into July, one GPU down all the time."""
    stage = Stage()
    journal = stage.journal()
    stage.clock.now_ms = START_MS + DAY_MS + WINDOW_MS // 2
    journal.observe(START_MS, stage.clock.now_ms, {journal.slots[0]: DOWN})
    return stage


def reconciled(stage: Stage, counters: FakeCounters) -> Stage:
    """Reconcile once."""
    turns = stage.turns()
    turns.reconciler = Reconciler(counters, stage.store, stage.clock, WINDOW_MS, SCRAPE_MS, LAG_MS)
    turns.once()
    turns.reconcile_turn()
    return stage


def test_two_accounts_of_the_same_time_agree(stage: Stage) -> None:
    """To the millisecond, when the scrapes are exact."""
    reconciled(stage, FakeCounters(stage))
    (found,) = stage.board.read().differences
    assert (found.contract, found.difference_ms, found.slots) == (ALPHA, 0, 4)
    assert stage.store.findings() == ()


def test_a_difference_is_a_finding(stage: Stage) -> None:
    """Once a day and contract, with the figures."""
    counters = FakeCounters(stage, added_ms=60_000)
    reconciled(stage, counters)
    reconciled(stage, counters)
    (found,) = stage.board.read().differences
    assert (found.state, found.difference_ms) == ("ok", 180_000)
    (finding,) = stage.store.findings()
    assert finding.kind == "witnesses_disagree"
    assert "Prometheus has 1980000 ms of state ok over 4 slots" in finding.detail
    assert "the journals 1800000 ms: 180000 ms more, and 120000 ms are tolerated" in finding.detail
    assert "Prometheus 660000 ms (grade C), journals 600000 ms (grade B)" in finding.detail


def test_slots_that_prometheus_does_not_know_are_left_out(stage: Stage) -> None:
    """What remains is compared."""
    names = {str(slot) for slot in stage.journal().slots}
    reconciled(stage, FakeCounters(stage, missing={min(names)}))
    (found,) = stage.board.read().differences
    assert (found.slots, found.difference_ms) == (3, 0)


def test_a_prometheus_that_knows_nothing_is_not_agreement(stage: Stage) -> None:
    """An empty answer is an error, not a clean result."""
    names = {str(slot) for slot in stage.journal().slots}
    with pytest.raises(ServiceError, match="has no samples of any slot"):
        reconciled(stage, FakeCounters(stage, missing=names))
    assert stage.board.read().reconciled_ms is None
