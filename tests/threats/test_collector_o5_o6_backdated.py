"""O5 and O6: records that reach back into time that has passed, and how they show."""

from contextlib import suppress
from typing import Any

import pytest

from gpusla.catalogue.codes import STORE_UNAVAILABLE
from gpusla.errors import StoreError
from gpusla_collector.ports import Finding, InputFile, Lease
from gpusla_collector.usecases.turns import Turns
from tests.collector.bundles import TRAYS
from tests.collector.memory_store import MemoryStore
from tests.collector.stage import DAY_MS, HOUR_MS, START_MS, Stage

ASSIGNMENTS = ("Assignments", "assignments.yaml")
EXCLUSIONS = ("Exclusions", "exclusions.yaml")
NOW_MS = START_MS + 9 * DAY_MS
MOVE = """\
  - {{id: {id}, {beside}slots: [c2/r01/t01], contract: {contract},
     from: {start}, recorded_at: {recorded}}}
"""
OUR_PART = "supersedes: a-t01, until: 2026-07-04T00:00:00Z, "
WINDOW = """\
apiVersion: gpusla/v1
kind: Exclusions
exclusions:
  - {{id: e-1, slots: [c2/r01/t01], contract: alpha-2026, kind: maintenance, reason: firmware,
     clause: planned, approver: provider, from: 2026-07-08T00:00:00Z,
     until: 2026-07-08T04:00:00Z, notice_at: 2026-07-01T00:00:00Z, recorded_at: {recorded}}}
"""


@pytest.fixture
def turns() -> Turns:
    """Nine days of July, taken in."""
    stage = Stage(TRAYS)
    stage.clock.now_ms = NOW_MS
    turns = stage.turns()
    turns.once()
    assert not backdated(turns)
    return turns


def backdated(turns: Turns) -> list[Finding]:
    """Return what was found of records that reach back."""
    return [one for one in turns.store.findings() if one.kind == "record_backdated"]


def written(turns: Turns, place: tuple[str, str], text: str) -> list[Finding]:
    """Append to a file, or begin it, and take it in; returns what was found."""
    files = turns.reloader.files
    files.texts[place] = files.texts.get(place, "") + text  # type: ignore[attr-defined]
    turns.reload_turn()
    return backdated(turns)


def move(contract: str, start: str, recorded: str, number: str = "", beside: str = "") -> str:
    """Return a record that gives tray 1 to a contract."""
    return MOVE.format(
        id=f"a-t01{number}", contract=contract, start=start, recorded=recorded, beside=beside
    )


def test_o5_time_that_was_served_and_is_given_to_another_shows_on_both_sides(turns: Turns) -> None:
    """Made known when it was made; all the same it says of six days who was to be served."""
    day, now = "2026-07-04T00:00:00Z", "2026-07-10T00:00:00Z"
    found = written(
        turns,
        ASSIGNMENTS,
        move("alpha-2026", "2026-07-01T00:00:00Z", now, "-b", OUR_PART)
        + move("beta-2026", day, now, "-c"),
    )
    assert {one.subject: one.detail for one in found} == {
        "alpha-2026": "assignments that came at 2026-07-10T00:00:00Z change the past from "
        "2026-07-04T00:00:00Z on: 480.000 GPU-hours less (4 slots)",
        "beta-2026": "assignments that came at 2026-07-10T00:00:00Z change the past from "
        "2026-07-04T00:00:00Z on: 480.000 GPU-hours more (4 slots)",
    }


def test_o5_what_is_to_come_and_what_was_put_on_record_within_a_day_is_nobodys_news(
    turns: Turns,
) -> None:
    """The same hand-over, said in advance, and one of this morning."""
    tomorrow = "2026-07-11T00:00:00Z"
    ends = OUR_PART.replace("2026-07-04", "2026-07-11")
    now = "2026-07-10T00:00:00Z"
    found = written(
        turns,
        ASSIGNMENTS,
        move("alpha-2026", "2026-07-01T00:00:00Z", now, "-b", ends)
        + move("beta-2026", tomorrow, now, "-c"),
    )
    assert found == []


@pytest.mark.parametrize(
    ("recorded", "times"), [("2026-07-09T00:00:00Z", 0), ("2026-07-08T23:59:59Z", 1)]
)
def test_o6_a_record_that_came_more_than_a_day_after_it_says_it_was_made(
    turns: Turns, recorded: str, times: int
) -> None:
    """In the first file of its kind too; what it says is not judged here."""
    found = written(turns, EXCLUSIONS, WINDOW.format(recorded=recorded))
    sentence = (
        f"the record e-1 says that it was made at {recorded}, and came at 2026-07-10T00:00:00Z"
    )
    assert [(one.subject, one.detail) for one in found] == [("Exclusions", sentence)] * times


def test_o6_it_is_told_once_and_by_a_collector_that_starts_anew(turns: Turns) -> None:
    """Who edits while nobody looks is found by whoever looks next."""
    stage_files, store = turns.reloader.files, turns.store
    turns.stop()
    stage = Stage(TRAYS)
    stage.store, stage.files = store, stage_files  # type: ignore[assignment]
    stage.clock.now_ms = NOW_MS + HOUR_MS
    stage.files.texts[EXCLUSIONS] = WINDOW.format(recorded="2026-07-01T00:00:00Z")
    for holder in ("another", "a third"):
        other = stage.turns(holder=holder)
        other.once()
        other.stop()
        assert len(backdated(other)) == 1


@pytest.mark.parametrize("kinds", [0, 1, 2, 3, 4])
def test_o5_the_first_files_may_say_anything(kinds: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """A fleet put on record late has nothing to be compared with, nor if taking it in broke off."""
    stage = Stage(TRAYS)
    stage.clock.now_ms = NOW_MS
    stage.files.texts[EXCLUSIONS] = WINDOW.format(recorded="2026-07-01T00:00:00Z")
    whole = MemoryStore.add
    added: list[str] = []

    def add(store: MemoryStore, lease: Lease, file: InputFile, *rest: Any) -> None:
        if len(added) == kinds:
            raise StoreError(STORE_UNAVAILABLE, "the disk is full")
        added.append(file.kind)
        whole(store, lease, file, *rest)

    with monkeypatch.context() as patched:
        patched.setattr(MemoryStore, "add", add)
        turns = stage.turns()
        with suppress(StoreError):
            turns.once()
        turns.stop()
    assert added == ["Inventory", "Assignments", "Exclusions"][:kinds]
    turns = stage.turns(holder="another")
    turns.once()
    assert turns.board.read().world is not None
    assert backdated(turns) == []
