"""The threads that make calls: one as long as all goes well, one more for each that hangs."""

import threading
from collections.abc import Iterator
from functools import partial

import pytest

from gpusla.clock import SystemClock
from gpusla_agent.sources.nvml_crew import Batch, Crew

PATIENCE_MS = 10_000


@pytest.fixture
def gate() -> Iterator[threading.Event]:
    """What a hanging task waits for; opened at the end, so that no thread is left behind it."""
    gate = threading.Event()
    yield gate
    gate.set()


def by_thread(whose: int) -> tuple[int, int]:
    """Return a task's answer: whose it is, and the thread that did it."""
    return whose, threading.get_ident()


def test_one_thread_does_all_that_goes_well() -> None:
    """In the order they were given, batch after batch."""
    crew = Crew(SystemClock())
    threads = set()
    for _ in range(3):
        batch = Batch([(whose, partial(by_thread, whose)) for whose in range(4)])
        assert crew.run(batch, PATIENCE_MS) == []
        assert [whose for whose, _ in batch.answers] == [0, 1, 2, 3]
        threads |= {thread for _, (_, thread) in batch.answers}
        assert not batch.pending
    assert len(threads) <= 2  # The first may still be on its way back when it is asked again.


def test_what_hangs_holds_up_nobody_else(gate: threading.Event) -> None:
    """Two of four hang; the others are answered, long before the deadline's end."""
    batch = Batch(
        [(0, gate.wait), (1, lambda: "one"), (2, gate.wait), (3, lambda: "three")],
    )
    assert Crew(SystemClock()).run(batch, 500) == []
    assert sorted(batch.answers) == [(1, "one"), (3, "three")]
    assert not batch.is_finished


def test_a_late_answer_is_still_to_be_had(gate: threading.Event) -> None:
    """It stands in its own batch, so nobody takes it for an answer to a later one."""
    crew = Crew(SystemClock())
    first = Batch([(0, lambda: (gate.wait(), "late")[1])])
    crew.run(first, 20)
    second = Batch([(1, lambda: "in time")])
    crew.run(second, PATIENCE_MS)
    assert list(second.answers) == [(1, "in time")]
    gate.set()
    first.finished.get(timeout=PATIENCE_MS / 1_000)
    assert list(first.answers) == [(0, "late")]


def test_what_was_not_begun_by_the_deadline_is_taken_back(gate: threading.Event) -> None:
    """Its turn never came, so it must not be done behind the back of whoever asked."""
    batch = Batch([(0, gate.wait), (1, lambda: "never")])
    assert Crew(SystemClock()).run(batch, 1) == [1]
    gate.set()
    batch.finished.get(timeout=PATIENCE_MS / 1_000)
    assert [whose for whose, _ in batch.answers] == [0]


def test_nothing_to_do_is_done() -> None:
    """All GPUs may hang at once."""
    assert Crew(SystemClock()).run(Batch([]), PATIENCE_MS) == []
