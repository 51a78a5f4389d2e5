"""The report of journals beside Prometheus: every figure of both sides, the worst first."""

from collections.abc import Sequence

from gpusla.evidence.grades import Grade
from gpusla.identity import ContractId, Slot
from gpusla.instants import Interval
from gpusla.journal.model import Condition
from gpusla.timeline.model import Evidence, StateSpan
from gpusla_collector.commands.reconciliation import as_text
from gpusla_collector.ports import StateCounter
from gpusla_collector.usecases.comparison import Comparison, compare
from tests.collector.journals import DOWN, OK, tray_slots
from tests.collector.site import NODE

ONE, TWO, THREE, FOUR = tray_slots("c2", "r01", "t01")
WINDOW = Interval(0, 600_000)
SCRAPE_MS = 15_000


def span(
    slot: Slot,
    start_ms: int,
    end_ms: int,
    condition: Condition = OK,
    other: Condition | None = None,
) -> StateSpan:
    """Return a span whose last record is its end in seconds."""
    return StateSpan(
        slot, start_ms, end_ms, condition, other, 5, Evidence(NODE, 1, end_ms // 1_000)
    )


def sample(slot: Slot, at_ms: int, ok_ms: int, down_ms: int = 0) -> list[StateCounter]:
    """Return what Prometheus has of a slot at a scrape."""
    states = {"ok": ok_ms, "down": down_ms}
    return [StateCounter(str(slot), state, at_ms, value) for state, value in states.items()]


def compared(
    first: Sequence[StateCounter], last: Sequence[StateCounter], spans: Sequence[StateSpan]
) -> Comparison:
    """Compare four slots; records up to 300 are signed."""
    ends = (
        {(one.slot, one.state): one for one in first},
        {(one.slot, one.state): one for one in last},
    )
    return compare(
        ContractId("acme"),
        WINDOW,
        scrape_interval_ms=SCRAPE_MS,
        expected=(ONE, TWO, THREE, FOUR),
        ends=ends,
        spans=spans,
        is_signed=lambda evidence: evidence.last_sequence <= 300,
    )


def test_each_side_is_taken_between_the_same_two_samples() -> None:
    """
    Slot one was scraped at 10 s and 600 s; its counter grew by 400 s of ok and 190 s of down.

    The journal has ok to 400 s, an edge to 401 s and down to 620 s: 391 s of ok with the edge, as
    it began ok, and 199 s of down within the 590 s.
    """
    spans = [span(ONE, 0, 400_000), span(ONE, 400_000, 401_000, OK, DOWN)]
    spans.append(span(ONE, 401_000, 620_000, DOWN))
    first, last = sample(ONE, 10_000, 1_000), sample(ONE, 600_000, 401_000, 190_000)
    found = compared(first, last, spans)
    ok = next(one for one in found.slots if one.state == "ok")
    down = next(one for one in found.slots if one.state == "down")
    assert (ok.prometheus_ms, ok.journal_ms, ok.difference_ms) == (400_000, 391_000, 9_000)
    assert (down.prometheus_ms, down.journal_ms, down.difference_ms) == (190_000, 199_000, -9_000)
    assert ok.stretch == Interval(10_000, 600_000)
    assert (ok.tolerated_ms, down.tolerated_ms) == (45_000, 30_000)
    assert found.states[0].tolerated_ms == 15_000 * (2 + 1)
    assert found.is_tolerable
    assert found.absent == tuple(map(str, (TWO, THREE, FOUR)))


def test_the_slots_that_differ_most_come_first_with_what_each_side_is_worth() -> None:
    """A is signed to the end of the stretch, B is not; of Prometheus it is always C."""
    spans = [span(ONE, 0, 600_000), span(TWO, 0, 300_000)]
    first = [*sample(ONE, 0, 0), *sample(TWO, 0, 0)]
    last = [*sample(ONE, 600_000, 590_000), *sample(TWO, 300_000, 200_000)]
    found = compared(first, last, spans)
    ordered = [(one.slot, one.difference_ms, one.grade) for one in found.slots[:2]]
    assert ordered == [
        (str(TWO), -100_000, Grade.SIGNED),
        (str(ONE), -10_000, Grade.CHAINED),
    ]
    assert not found.is_tolerable


def test_differences_that_cancel_out_over_slots_are_seen_all_the_same() -> None:
    """Somebody who moves a minute from one slot to another changes no sum."""
    spans = [span(ONE, 0, 600_000), span(TWO, 0, 600_000)]
    first = [*sample(ONE, 0, 0), *sample(TWO, 0, 0)]
    last = [*sample(ONE, 600_000, 660_000), *sample(TWO, 600_000, 540_000)]
    found = compared(first, last, spans)
    assert all(one.difference_ms == 0 for one in found.states)
    assert not found.is_tolerable


def test_the_report_shows_both_sides() -> None:
    """In seconds, exactly, with what is tolerated and why."""
    text = as_text(
        [compared(sample(ONE, 0, 0), sample(ONE, 600_000, 500_000), [span(ONE, 0, 600_000)])]
    )
    assert "acme, 1970-01-01T00:00:00Z to 1970-01-01T00:10:00Z, 1 slot: " in text
    assert "journals and Prometheus DISAGREE" in text
    assert "Tolerated is one scrape interval (15.000 s) for each end" in text
    (line,) = (one for one in text.splitlines() if one.startswith("ok "))
    assert line.split() == ["ok", "600.000", "500.000", "-100.000", "30.000"]
    (line,) = (one for one in text.splitlines() if one.startswith(f"{ONE} ") and " ok " in one)
    assert line.split()[1:] == [NODE, "ok", "600.000", "B", "500.000", "-100.000", "30.000"]
    assert f"not in Prometheus: {TWO}, {THREE}, {FOUR}" in text
