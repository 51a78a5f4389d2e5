"""What a journal says, record by record."""

import pytest

from gpusla.catalogue.reasons import State
from gpusla.identity import GpuUuid, NodeName, Slot
from gpusla.journal.body import Body
from gpusla.journal.model import (
    ClockState,
    ClockStepped,
    Condition,
    Finding,
    Gap,
    GpuChanged,
    HeadSigned,
    Instant,
    KeyIntroduced,
    Observed,
    Opaque,
    ReadingsTaken,
    Started,
    Stopped,
    TailCut,
)
from gpusla.timeline.fold import Carry, advance
from gpusla.timeline.model import Evidence, StateSpan

SLOT, OTHER = Slot("c2", "r01", "t01", "m0"), Slot("c2", "r01", "t01", "m1")
OK = Condition(State.OK)
DOWN = Condition(State.DOWN, (Finding("gpu_lost"),))
NODE = NodeName("n1")
WALL_MS = 1_000_000


def at(mono_ms: int, wall_ms: int | None = None, boot: str = "b1", error_ms: int = 3) -> Instant:
    """An instant whose wall clock runs with the monotonic one."""
    wall_ms = WALL_MS + mono_ms if wall_ms is None else wall_ms
    return Instant(boot, 1, mono_ms, wall_ms, ClockState.SYNCHRONISED, error_ms)


def started(mono_ms: int = 0) -> Started:
    """The agent starts; a sample speaks for 2500 ms."""
    return Started(at(mono_ms), NODE, "0.1.0", "simulated", 1000, 2500)


def seen(mono_ms: int, condition: Condition = OK, *, since: int | None = None) -> Observed:
    """One sample, or every second from since on."""
    first = mono_ms if since is None else since
    samples = (mono_ms - first) // 1000 + 1
    return Observed(at(mono_ms), first, samples, 1000 if samples > 1 else 0, {SLOT: condition})


def folded(*bodies: Body) -> list[tuple[int, int, str, str | None]]:
    """Spans as start, end, state and the other state, counted from the wall clock's start."""
    carry, found = Carry(), []
    for sequence, body in enumerate(bodies, start=1):
        carry, spans = advance(carry, sequence, body)
        found += [_short(span) for span in spans]
    return found


def _short(span: StateSpan) -> tuple[int, int, str, str | None]:
    other = span.other.state.value if span.other else None
    return span.start_ms - WALL_MS, span.end_ms - WALL_MS, span.condition.state.value, other


def test_a_sample_holds_until_the_next() -> None:
    """Two samples that agree make certain time between them."""
    assert folded(started(), seen(10), seen(1010)) == [(10, 1010, "ok", None)]


def test_a_change_is_an_edge() -> None:
    """What was seen first counts; what was seen next stands beside it."""
    assert folded(started(), seen(10), seen(1010, DOWN)) == [(10, 1010, "ok", "down")]


def test_a_sample_that_comes_exactly_in_time_still_joins() -> None:
    """valid_ms is the last distance that counts."""
    assert folded(started(), seen(0), seen(2500)) == [(0, 2500, "ok", None)]


def test_a_longer_silence_is_no_span_at_all() -> None:
    """None of it is held over: not even the first valid_ms."""
    assert folded(started(), seen(0), seen(2501)) == []


def test_a_run_speaks_for_all_of_itself() -> None:
    """Many samples in one record are one span, joined to the one before."""
    spans = folded(started(), seen(0), seen(5000, since=1000))
    assert spans == [(0, 1000, "ok", None), (1000, 5000, "ok", None)]


def test_a_run_with_a_longer_gap_inside_says_nothing_about_its_inside() -> None:
    """Somewhere in it nobody looked, and the record does not say where."""
    run = Observed(at(9000), 1000, 3, 4000, {SLOT: OK})
    assert folded(started(), seen(0), run) == [(0, 1000, "ok", None)]


def test_nothing_is_carried_over_a_stop_or_a_start() -> None:
    """Between them nobody looked."""
    assert folded(started(), seen(0), Stopped(at(100), "asked"), seen(200)) == []
    assert folded(started(), seen(0), started(100), seen(200)) == []


def test_nothing_is_carried_over_a_record_of_another_version() -> None:
    """It may have said anything."""
    assert folded(started(), seen(0), Opaque(2, "observed"), seen(200)) == []


def test_a_stepped_clock_is_the_new_anchor_and_breaks_the_time() -> None:
    """Instants after it count from it, and none of the time across it is claimed."""
    stepped = ClockStepped(at(1000, wall_ms=WALL_MS + 61_000), 60_000)
    spans = folded(started(), seen(500), stepped, seen(1500), seen(2500))
    assert spans == [(61_500, 62_500, "ok", None)]


@pytest.mark.parametrize("by_ms", [-400, 400])
def test_a_step_that_a_sample_would_outlast_breaks_the_time_too(by_ms: int) -> None:
    """Between two clocks nobody knows how long it was, however close they are."""
    stepped = ClockStepped(at(1000, wall_ms=WALL_MS + 1000 + by_ms), by_ms)
    spans = folded(started(), seen(500), stepped, seen(1500), seen(2500))
    assert spans == [(1500 + by_ms, 2500 + by_ms, "ok", None)]


def test_another_boot_without_a_start_says_nothing() -> None:
    """Monotonic readings of two boots cannot be compared."""
    alien = Observed(at(900, boot="b2"), 900, 1, 0, {SLOT: OK})
    assert folded(started(), seen(0), alien, seen(1000)) == []


def test_a_slot_is_only_joined_to_itself() -> None:
    """A slot that appears has no span before it, one that vanishes none after it."""
    both = Observed(at(1000), 1000, 1, 0, {SLOT: OK, OTHER: OK})
    carry, _ = advance(Carry(), 1, started())
    carry, _ = advance(carry, 2, seen(0))
    carry, spans = advance(carry, 3, both)
    assert [span.slot for span in spans] == [SLOT]
    _, spans = advance(carry, 4, seen(2000))
    assert [span.slot for span in spans] == [SLOT]


def test_a_span_names_its_records_and_the_worse_clock() -> None:
    """Evidence is from the sample before to this one; the error is the larger of the two."""
    carry, _ = advance(Carry(), 7, started())
    carry, _ = advance(carry, 8, Observed(at(0, error_ms=40), 0, 1, 0, {SLOT: OK}))
    _, (span,) = advance(carry, 9, seen(1000))
    assert span.evidence == Evidence(NODE, 8, 9)
    assert span.error_ms == 40


def test_a_clock_that_nobody_knew_stays_unknown_over_the_time_after_it() -> None:
    """Being set right later says nothing about before."""
    unsure = Instant("b1", 1, 0, WALL_MS, ClockState.UNKNOWN, None)
    carry, _ = advance(Carry(), 1, started())
    carry, _ = advance(carry, 2, Observed(unsure, 0, 1, 0, {SLOT: OK}))
    _, (span,) = advance(carry, 3, seen(1000))
    assert span.error_ms is None


@pytest.mark.parametrize(
    "body",
    [
        KeyIntroduced(at(100), "key", "", "signature", ""),
        HeadSigned(at(100), "id", "signature"),
        Gap(at(100), 0, 100, "source_slow"),
        GpuChanged(at(100), SLOT, GpuUuid("GPU-1"), "reset"),
        ReadingsTaken(at(100), {SLOT: {"power_milliwatts": 1}}),
        TailCut(at(100), 7),
    ],
)
def test_what_is_about_the_journal_itself_says_nothing_about_states(body: Body) -> None:
    """The time around it is as known as it would be without."""
    assert folded(started(), seen(0), body, seen(1000)) == [(0, 1000, "ok", None)]
