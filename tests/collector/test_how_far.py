"""How far contracts are judged: as far as agents were asked, and never back into the past."""

from dataclasses import replace
from unittest.mock import patch

import pytest

from gpusla_collector.ports import OPERATOR
from gpusla_collector.usecases.fetch import journals as fetching
from tests.collector.journals import DOWN
from tests.collector.site import TWO_TRAYS
from tests.collector.stage import (
    ALPHA,
    AUGUST_MS,
    BETA,
    DAY_MS,
    FINAL_MS,
    HOUR_MS,
    LAG_MS,
    START_MS,
    Stage,
    july,
)


def test_nothing_is_judged_before_journals_were_asked_for() -> None:
    """A fresh start must not take for silence what it has not fetched."""
    stage = Stage()
    july(stage)
    stage.clock.now_ms = AUGUST_MS - DAY_MS
    turns = stage.turns()
    for turn in (turns.lead_turn, turns.reload_turn, turns.judge_turn, turns.close_turn):
        turn()
    assert stage.board.read().judgements == {}
    turns.fetch_turn()
    turns.judge_turn()
    assert ALPHA in stage.board.read().judgements


def test_nothing_is_judged_before_a_new_node_was_asked() -> None:
    """It would be taken for silent, and its time for unknown."""
    stage = Stage()
    july(stage)
    stage.clock.now_ms = START_MS + DAY_MS
    turns = stage.turns()
    turns.once()
    both = Stage(TWO_TRAYS)
    stage.files.texts |= both.files.texts
    stage.agents.journals |= {node: j for node, j in both.agents.journals.items() if "t02" in node}
    july(stage, tray="t02")
    for turn in (turns.reload_turn, turns.judge_turn, turns.close_turn):
        turn()
    assert BETA not in stage.board.read().judgements
    turns.fetch_turn()
    turns.judge_turn()
    assert BETA in stage.board.read().judgements
    assert stage.entries() == ()


def test_a_file_without_a_new_node_holds_no_judgement_up() -> None:
    """Exports that are written anew each minute must not stop the meter."""
    stage = Stage()
    july(stage, down_ms=DAY_MS)
    stage.clock.now_ms = START_MS + DAY_MS
    turns = stage.turns()
    for turn in (turns.lead_turn, turns.reload_turn, turns.fetch_turn):
        turn()
    stage.files.texts["Inventory", "inventory.yaml"] += "# exported once more\n"
    turns.reload_turn()
    turns.judge_turn()
    assert stage.amounts("2026-07") == [("pending", 10_000)]


@pytest.mark.parametrize("is_taken_over", [False, True])
def test_what_was_judged_is_not_judged_by_its_past_again(is_taken_over: bool) -> None:  # noqa: FBT001
    """
    One tray was off the network for two days, a day of which another one was down.

    It comes back and gives its records.  To judge by the oldest of them voided what is owed since.
    """
    stage = Stage(trays=(TWO_TRAYS[0], replace(TWO_TRAYS[1], contract=ALPHA)))
    name = "Contract", "contracts/alpha-2026.yaml"
    stage.files.texts[name] = stage.files.texts[name].replace("gpus: 4}", "gpus: 8}")
    turns, (first, second) = stage.turns(), (stage.journal("t01"), stage.journal("t02"))
    stage.agents.silent.add(first.node)
    for start_ms in range(START_MS, START_MS + 2 * DAY_MS, HOUR_MS):
        first.observe(start_ms, start_ms + HOUR_MS - 1_000)
        down = dict.fromkeys(second.slots if start_ms >= START_MS + DAY_MS else (), DOWN)
        second.observe(start_ms, start_ms + HOUR_MS - 1_000, down)
    stage.clock.now_ms = START_MS + 2 * DAY_MS
    turns.once()
    judged_ms = judged_until_ms(stage)
    assert judged_ms == stage.clock.now_ms - LAG_MS
    assert stage.amounts("2026-07") == [("pending", 10_000)]
    if is_taken_over:
        turns.stop()
        turns = stage.turns(holder="another")
    stage.agents.silent.clear()
    stage.agents.page_records = 6
    with patch.object(fetching, "NODE_MS", 0):  # one page a round
        for _ in range(10):
            turns.once()
            assert judged_until_ms(stage) >= judged_ms
            assert stage.amounts("2026-07") == [("pending", 10_000)]


def judged_until_ms(stage: Stage) -> int:
    """Return how far July is judged under alpha's contract."""
    judged = stage.store.judged(OPERATOR, ALPHA, "2026-07")
    assert judged is not None
    return judged.until_ms


def test_months_before_the_first_assignment_are_not_judged() -> None:
    """There was nothing to meter."""
    stage = Stage()
    key = ("Assignments", "assignments.yaml")
    later = stage.files.texts[key].replace("from: 2026-07-01", "from: 2026-08-01")
    stage.files.texts[key] = later
    july(stage, until_ms=FINAL_MS)
    stage.clock.now_ms = FINAL_MS
    stage.turns().once()
    assert {e.period for e in stage.entries()} <= {"2026-08"}


def test_what_has_not_changed_is_not_judged_again() -> None:
    """The same evaluation stands, and its age is the last time that it was found right."""
    stage = Stage()
    july(stage)
    stage.clock.now_ms = START_MS + 10 * DAY_MS
    turns = stage.turns()
    turns.once()
    first, _ = stage.board.read().judgements[ALPHA]
    stage.agents.silent.add(stage.journal().node)
    turns.judge_turn()
    second, _ = stage.board.read().judgements[ALPHA]
    assert second is first


def test_a_lag_that_evidence_may_take_is_not_a_loss() -> None:
    """The last seconds are on their way."""
    stage = Stage()
    stage.journal().observe(START_MS, START_MS + DAY_MS)
    stage.clock.now_ms = START_MS + DAY_MS + LAG_MS // 2
    stage.turns().once()
    judgement, _ = stage.board.read().judgements[ALPHA]
    assert judgement.evaluation.until_ms == START_MS + DAY_MS
    assert judgement.evaluation.account.delivered_gpus_now == 4
