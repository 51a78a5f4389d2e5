"""Booking is idempotent: any order of judging, retrying and taking over gives the same books."""

from hypothesis import given, settings
from hypothesis import strategies as st

from gpusla.ledger.booking import balance_minor_units, pending_minor_units
from tests.collector.journals import DOWN
from tests.collector.stage import AUGUST_MS, DAY_MS, HOUR_MS, START_MS, Stage

LATER_MS = AUGUST_MS + 40 * DAY_MS

acts = st.lists(
    st.sampled_from(["judge_turn", "close_turn", "fetch_turn", "restart", "take over", "wait"]),
    max_size=25,
)


def played(order: list[str]) -> Stage:
    """Let a collector do these acts over two months with outages, and then all that is left."""
    stage = Stage()
    journal = stage.journal()
    for day in range(71):
        at_ms = START_MS + day * DAY_MS
        down = {journal.slots[day % 4]: DOWN} if day % 9 == 0 else {}
        journal.observe(at_ms, at_ms + DAY_MS - 1_000, down)
    turns, lives = stage.turns(), 0
    turns.once()
    for act in order:
        if act == "wait":
            stage.clock.now_ms += 6 * DAY_MS
        elif act in {"restart", "take over"}:
            lives += 1
            if act == "restart":
                turns.stop()
            stage.clock.now_ms += HOUR_MS
            turns = stage.turns(holder=f"life {lives}")
            turns.once()
        else:
            turns.lead_turn()
            turns.reload_turn()
            getattr(turns, act)()
    stage.clock.now_ms = max(stage.clock.now_ms, LATER_MS)
    for _ in range(2):
        turns.once()
        stage.clock.now_ms += HOUR_MS
    return stage


UNDISTURBED = played([])


@given(order=acts)
@settings(max_examples=25)
def test_what_is_owed_does_not_depend_on_the_way_there(order: list[str]) -> None:
    """Every closed month is posted once, with the same amount; nothing stays pending for it."""
    stage = played(order)
    for period in ("2026-07", "2026-08"):
        entries = stage.entries(period)
        posted = [e for e in entries if e.status == "posted"]
        assert len(posted) == 1
        assert balance_minor_units(entries) == balance_minor_units(UNDISTURBED.entries(period))
        assert pending_minor_units(entries) == 0


@given(order=acts)
@settings(max_examples=25)
def test_the_books_hold_no_entry_twice(order: list[str]) -> None:
    """Revisions count on without a gap, and an entry is taken back at most once."""
    stage = played(order)
    for period in {entry.period for entry in stage.entries()}:
        entries = stage.entries(period)
        assert [e.revision for e in entries] == list(range(1, len(entries) + 1))
        reversed_ones = [e.reverses for e in entries if e.reverses is not None]
        assert len(reversed_ones) == len(set(reversed_ones))
        assert all(sum(line.minor_units for line in e.lines) == 0 for e in entries)
