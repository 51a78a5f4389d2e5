"""O5 and O6: records that reach back into time that has passed, and how they show."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest

from gpusla.catalogue.codes import STORE_UNAVAILABLE
from gpusla.errors import StoreError
from gpusla.identity import GpuUuid, NodeName, Slot
from gpusla.inventory.model import NodeRecord, OccupancyRecord
from gpusla_collector.ports import Finding, InputFile, Lease
from gpusla_collector.usecases.backdated import backdated as found_in
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
FRIDAY_MS = START_MS + 2 * DAY_MS + 18 * HOUR_MS  # 2026-07-03T18:00:00Z
MONDAY_MS = START_MS + 5 * DAY_MS + 8 * HOUR_MS  # 2026-07-06T08:00:00Z


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


def hall(trays: int) -> Iterator[NodeRecord | OccupancyRecord]:
    """Yield what a hall's commissioning puts on record on Friday, a second apart, trays first."""
    for tray in range(trays):
        name, at_ms = f"t{tray:04}", FRIDAY_MS + tray * 1_000
        common = (f"n-{name}", at_ms, None, at_ms, None, False)
        node = NodeName(f"c9-r01-{name}")
        yield NodeRecord(*common, node, "http://n", "c9", "r01", name, "gb300", (1, 2, 3, 4))
    for tray in range(trays):
        name, at_ms = f"t{tray:04}", FRIDAY_MS + tray * 1_000
        for module in range(1, 5):
            common = (f"o-{name}-{module}", at_ms, None, at_ms, None, False)
            gpu = GpuUuid(f"GPU-{tray:04}-{module}")
            yield OccupancyRecord(*common, Slot("c9", "r01", name, f"m{module}"), gpu)


def test_o6_a_hall_that_was_commissioned_on_friday_is_one_finding_on_monday() -> None:
    """12,500 records of one file have one cause; the finding says where to look for all of them."""
    records = tuple(hall(2_500))
    (found,) = found_in({}, {"Inventory": records}, MONDAY_MS)
    assert found.subject == "Inventory"
    assert found.detail == (
        "12,500 records that came at 2026-07-06T08:00:00Z say that they were made from "
        "2026-07-03T18:00:00Z to 2026-07-03T18:41:39Z: n-t0000, n-t0001, n-t0002 and 12,497 more"
    )
    (another,) = found_in(
        {}, {"Inventory": (*records[:-1], replace(records[-1], id="o-2"))}, MONDAY_MS
    )
    assert another.key != found.key


def test_o6_an_id_that_another_type_of_record_has_hides_nothing() -> None:
    """A tray's record and a GPU's may have one id: they are two records."""
    node, *occupancy = hall(1)
    named_alike = replace(occupancy[0], id=node.id)
    found = list(found_in({"Inventory": (node,)}, {"Inventory": (node, named_alike)}, MONDAY_MS))
    (detail,) = (one.detail for one in found)
    assert detail == (
        "the record n-t0000 says that it was made at 2026-07-03T18:00:00Z, and came at "
        "2026-07-06T08:00:00Z"
    )


def test_o6_records_of_one_file_are_told_once_though_a_crash_lies_between(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The third of them was not late yet when the first attempt broke off, and is an hour later."""
    stage = Stage(TRAYS)
    stage.clock.now_ms = NOW_MS
    turns = stage.turns()
    turns.once()
    head, _, record = WINDOW.partition("  - ")
    stage.files.texts[EXCLUSIONS] = head + "".join(
        f"  - {record.format(recorded=recorded)}".replace("e-1", name)
        for name, recorded in (
            ("e-1", "2026-07-01T00:00:00Z"),
            ("e-2", "2026-07-02T00:00:00Z"),
            ("e-3", "2026-07-09T00:30:00Z"),
        )
    )

    def fail(*_: Any) -> None:
        raise StoreError(STORE_UNAVAILABLE, "the disk is full")

    with monkeypatch.context() as patched:
        patched.setattr(MemoryStore, "add", fail)
        with suppress(StoreError):
            turns.reload_turn()
    assert len(backdated(turns)) == 1
    assert turns.store.latest("Exclusions") is None
    stage.clock.now_ms += HOUR_MS
    turns.reload_turn()
    assert turns.store.latest("Exclusions") is not None
    (detail,) = (one.detail for one in backdated(turns))
    assert detail == (
        "2 records that came at 2026-07-10T00:00:00Z say that they were made from "
        "2026-07-01T00:00:00Z to 2026-07-02T00:00:00Z: e-1, e-2"
    )
