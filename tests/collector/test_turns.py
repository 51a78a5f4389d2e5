"""The collector's turns: level-triggered, patient with evidence, never in favour of silence."""

import itertools
from collections.abc import Sequence
from typing import Any
from unittest.mock import patch

import pytest

from gpusla.catalogue.codes import HISTORY_REWRITTEN, LEDGER_CONFLICT, UNKNOWN_REFERENCE
from gpusla.catalogue.reasons import State
from gpusla.errors import InputError, InventoryError, LedgerError
from gpusla.identity import Slot, TenantId
from gpusla.instants import Interval
from gpusla.ledger.booking import live_entries
from gpusla.ledger.entries import Entry
from gpusla_collector.ports import Lease, Scope, SpanSummary
from gpusla_collector.usecases.book_credits import Booker
from gpusla_collector.usecases.judge import Judgement
from gpusla_collector.usecases.standing import StandingBoard
from tests.collector.journals import DOWN
from tests.collector.memory_store import MemoryStore
from tests.collector.site import TWO_TRAYS
from tests.collector.stage import (
    ALPHA,
    AUGUST_MS,
    BETA,
    DAY_MS,
    FINAL_MS,
    PATIENCE_MS,
    START_MS,
    Stage,
    july,
)


def test_a_month_that_was_delivered_accrues_nothing() -> None:
    """Not even an entry of zero."""
    stage = Stage()
    july(stage)
    stage.clock.now_ms = AUGUST_MS
    assert stage.turns().once()
    assert stage.entries() == ()


def test_a_loss_accrues_while_the_month_is_open() -> None:
    """And shrinks with the month: one GPU of four for a day, seen after ten days and at the end."""
    stage = Stage()
    july(stage, down_ms=DAY_MS)
    turns = stage.turns()
    for days in (10, 30):
        stage.clock.now_ms = START_MS + days * DAY_MS
        turns.once()
    assert stage.amounts("2026-07") == [("pending", 5_000), ("void", -5_000)]


def test_a_closed_month_is_posted_when_late_evidence_is_over() -> None:
    """Not before."""
    stage = Stage()
    july(stage, down_ms=2 * DAY_MS, until_ms=FINAL_MS)
    turns = stage.turns()
    stage.clock.now_ms = FINAL_MS - 1
    turns.once()
    assert stage.amounts("2026-07") == [("pending", 5_000)]
    stage.clock.now_ms = FINAL_MS
    turns.once()
    expected = [("pending", 5_000), ("void", -5_000), ("posted", 5_000)]
    assert stage.amounts("2026-07") == expected


def test_a_month_without_a_credit_is_posted_with_nothing() -> None:
    """So that it is known to be settled."""
    stage = Stage()
    july(stage)
    stage.clock.now_ms = FINAL_MS
    stage.turns().once()
    assert stage.amounts("2026-07") == [("posted", 0)]


def test_a_collector_that_slept_for_months_catches_up() -> None:
    """Every closed month is posted, in order."""
    stage = Stage()
    july(stage, until_ms=AUGUST_MS + 70 * DAY_MS)
    stage.clock.now_ms = AUGUST_MS + 70 * DAY_MS
    stage.turns().once()
    assert [(e.period, e.status.value) for e in stage.entries()] == [
        ("2026-07", "posted"),
        ("2026-08", "posted"),
        ("2026-09", "posted"),
    ]


@pytest.mark.parametrize(
    "order", list(itertools.permutations(["judge_turn", "close_turn", "fetch_turn"]))
)
def test_wake_ups_in_any_order_and_twice_book_the_same(order: tuple[str, ...]) -> None:
    """The scheduler may do what it likes."""
    stage = Stage()
    july(stage, down_ms=2 * DAY_MS, until_ms=FINAL_MS)
    stage.clock.now_ms = FINAL_MS
    turns = stage.turns()
    for name in ("lead_turn", "reload_turn", *order, *order, *order):
        getattr(turns, name)()
    posted = [e.amount_minor_units for e in stage.entries("2026-07") if e.status == "posted"]
    assert posted == [5_000]


def test_whoever_leads_again_reads_the_files_before_it_works() -> None:
    """Another led meanwhile, and a second version holds: by the first, its month is not cut."""
    stage = Stage()
    july(stage, down_ms=2 * DAY_MS)
    stage.clock.now_ms = START_MS + DAY_MS
    here, there = stage.turns(), stage.turns(holder="there")
    there.board = StandingBoard()
    assert here.once()
    stage.clock.now_ms += DAY_MS
    key = ("Contract", f"contracts/{ALPHA}.yaml")
    second = stage.files.texts[key].replace("version: 1", "version: 2")
    second = second.replace("effective_from: 2026-07-01", "effective_from: 2026-07-16")
    stage.files.texts["Contract", "contracts/second.yaml"] = second
    assert there.once()
    there.stop()
    stage.clock.now_ms = START_MS + 20 * DAY_MS
    for turn in (here.lead_turn, here.fetch_turn, here.judge_turn, here.fetch_turn):
        turn()
    assert "2026-07" not in {entry.period for entry in live_entries(stage.entries())}
    for turn in (here.reload_turn, here.fetch_turn, here.judge_turn):
        turn()
    assert {entry.period for entry in live_entries(stage.entries())} == {"2026-07-v1"}


def test_missing_evidence_is_waited_for_before_a_month_is_settled() -> None:
    """A collector that is back before the network must not post a month of unknown."""
    stage = Stage()
    july(stage, until_ms=FINAL_MS)
    stage.clock.now_ms = FINAL_MS
    silent = stage.agents.silent
    silent.add(stage.journal().node)
    turns = stage.turns()
    turns.once()
    assert ("posted", 10_000) not in stage.amounts("2026-07")
    silent.clear()
    turns.once()
    assert stage.amounts("2026-07")[-1] == ("posted", 0)


def test_evidence_that_never_comes_is_borne_by_whom_the_contract_says() -> None:
    """After the collector has tried long enough."""
    stage = Stage()
    stage.clock.now_ms = FINAL_MS
    turns = stage.turns()
    turns.once()
    assert stage.amounts("2026-07") == [("pending", 10_000)]
    stage.clock.now_ms += PATIENCE_MS
    turns.once()
    assert stage.amounts("2026-07")[-1] == ("posted", 10_000)


class PickyStore(MemoryStore):
    """A store that has lost one tray's spans."""

    def summary(self, slots: Sequence[Slot], interval: Interval) -> SpanSummary:
        """Sum up spans, or fail."""
        if any(slot.tray == "t01" for slot in slots):
            raise InputError(UNKNOWN_REFERENCE, "alpha cannot be judged")
        return super().summary(slots, interval)


def test_one_contract_that_cannot_be_judged_does_not_hide_the_others() -> None:
    """It is told, and shows no figures."""
    stage = Stage(TWO_TRAYS, store=PickyStore())
    for tray in ("t01", "t02"):
        july(stage, tray=tray)
    stage.clock.now_ms = START_MS + 10 * DAY_MS
    turns = stage.turns()
    for turn in (turns.lead_turn, turns.reload_turn, turns.fetch_turn):
        turn()
    with pytest.raises(InputError, match="alpha cannot be judged"):
        turns.judge_turn()
    assert list(stage.board.read().judgements) == [BETA]


def test_books_that_contradict_one_contract_do_not_hide_the_others() -> None:
    """Beta is shown and accrues; alpha's conflict is told."""
    stage = Stage(TWO_TRAYS)
    for tray in ("t01", "t02"):
        july(stage, 3 * DAY_MS, tray=tray)
    stage.clock.now_ms = START_MS + 10 * DAY_MS
    turns = stage.turns()
    for turn in (turns.lead_turn, turns.reload_turn, turns.fetch_turn):
        turn()
    book = turns.booker.book

    def refuse(lease: Lease, judgement: Judgement, **more: Any) -> tuple[Entry, ...]:
        if judgement.evaluation.contract.id == ALPHA:
            raise LedgerError(LEDGER_CONFLICT, "two different entries carry one key")
        return book(lease, judgement, **more)

    with patch.object(Booker, "book", side_effect=refuse), pytest.raises(LedgerError):
        turns.judge_turn()
    assert set(stage.board.read().judgements) == {ALPHA, BETA}
    assert {entry.contract for entry in stage.entries()} == {BETA}


def test_a_changed_record_is_refused_and_the_last_good_stays() -> None:
    """Recorded history is never edited."""
    stage = Stage()
    july(stage)
    turns = stage.turns()
    turns.once()
    world = stage.board.read().world
    key = ("Assignments", "assignments.yaml")
    stage.files.texts[key] = stage.files.texts[key].replace("from: 2026-07-01", "from: 2026-07-02")
    with pytest.raises(InventoryError) as caught:
        turns.reload_turn()
    assert caught.value.code is HISTORY_REWRITTEN
    assert stage.board.read().world is world


def test_a_restart_with_a_bad_file_goes_on_with_the_last_good() -> None:
    """A typing error must not stop the meter."""
    stage = Stage()
    july(stage)
    stage.clock.now_ms = START_MS + DAY_MS
    first = stage.turns()
    first.once()
    first.stop()
    stage.files.texts["Inventory", "inventory.yaml"] = "nonsense: ["
    turns = stage.turns(holder="other")
    turns.lead_turn()
    with pytest.raises(InputError):
        turns.reload_turn()
    turns.fetch_turn()
    turns.judge_turn()
    assert ALPHA in stage.board.read().judgements


def test_a_contract_whose_file_is_gone_is_judged_on() -> None:
    """What was once in force is not undone by removing a file."""
    stage = Stage(TWO_TRAYS)
    for tray in ("t01", "t02"):
        july(stage, tray=tray)
    stage.clock.now_ms = START_MS + DAY_MS
    turns = stage.turns()
    turns.once()
    del stage.files.texts["Contract", "contracts/beta-2026.yaml"]
    turns.stop()
    turns = stage.turns(holder="other")
    turns.once()
    assert set(stage.board.read().judgements) == {"alpha-2026", "beta-2026"}


def test_slots_that_are_assigned_to_a_contract_without_a_file_are_told() -> None:
    """They would be served and never judged."""
    stage = Stage(TWO_TRAYS)
    del stage.files.texts["Contract", "contracts/beta-2026.yaml"]
    turns = stage.turns()
    turns.lead_turn()
    with pytest.raises(InventoryError, match="no contract file defines it"):
        turns.reload_turn()


def test_a_node_cannot_speak_for_slots_that_are_not_its_own() -> None:
    """Whatever its journal claims."""
    stage = Stage(TWO_TRAYS)
    july(stage, tray="t02")
    liar, victim = stage.journal("t01"), stage.journal("t02")
    liar.slots = (*liar.slots, *victim.slots)
    liar.observe(START_MS, AUGUST_MS, dict.fromkeys(victim.slots, DOWN))
    stage.clock.now_ms = START_MS + 10 * DAY_MS
    stage.turns().once()
    judgement, _ = stage.board.read().judgements[BETA]
    assert judgement.evaluation.account.states_gpu_ms[State.DOWN] == 0


def test_who_does_not_lead_does_nothing_and_shows_nothing() -> None:
    """The leader shows the figures."""
    stage = Stage()
    july(stage)
    stage.clock.now_ms = START_MS + DAY_MS
    leader, other = stage.turns(), stage.turns(holder="other")
    assert leader.once()
    assert not other.once()
    stage.clock.now_ms += 20_000
    assert other.once()
    leader.lead_turn()
    assert not stage.board.read().is_leader


def test_a_posted_statement_stands_whatever_comes_later() -> None:
    """Late evidence changes the spans; the statement is folded again from the bytes it names."""
    stage = Stage()
    july(stage, down_ms=2 * DAY_MS, until_ms=FINAL_MS)
    stage.clock.now_ms = FINAL_MS
    turns = stage.turns()
    turns.once()
    late = stage.journal()
    late.start(START_MS + DAY_MS).observe(START_MS + DAY_MS, START_MS + 3 * DAY_MS)
    turns.fetch_turn()
    statement = stage.statement()
    assert statement.standing.value == "final"
    assert statement.evaluation.credit_minor_units.value == 5_000


def test_a_statement_is_for_those_who_may_see_it() -> None:
    """For others there is none."""
    stage = Stage(TWO_TRAYS)
    july(stage)
    stage.clock.now_ms = FINAL_MS
    stage.turns().once()
    own, *others = (Scope(TenantId(f"tenant-{letter}")) for letter in "abc")
    assert stage.statement(scope=own).entries
    for scope in others:
        with pytest.raises(InputError, match="no statement"):
            stage.statement(scope=scope)
