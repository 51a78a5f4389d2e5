"""An amendment cuts a month in which credits accrued: what its old key holds is taken back."""

from threading import Thread
from typing import Any
from unittest.mock import Mock

import pytest

from gpusla.catalogue.codes import HISTORY_REWRITTEN, NOTHING_TO_SHOW
from gpusla.errors import InputError
from gpusla.identity import TenantId
from gpusla.ledger.booking import balance_minor_units, pending_minor_units
from gpusla.ledger.entries import Status
from gpusla_collector.ports import OPERATOR, Scope, Store
from tests.collector.amended import amend
from tests.collector.journals import DOWN
from tests.collector.stage import AUGUST_MS, DAY_MS, HOUR_MS, START_MS, Stage


def accrued() -> Stage:
    """A day without one GPU of four costs 50.00 of July's 1000.00; the rest of July is well."""
    stage = Stage()
    journal = stage.journal()
    journal.observe(START_MS, START_MS + DAY_MS, {journal.slots[0]: DOWN})
    journal.observe(START_MS + DAY_MS + 1_000, START_MS + 10 * DAY_MS)
    stage.clock.now_ms = START_MS + 10 * DAY_MS
    stage.turns().once()
    assert stage.amounts("2026-07") == [("pending", 5_000)]
    journal.observe(START_MS + 10 * DAY_MS + 1_000, AUGUST_MS + 3 * DAY_MS)
    return stage


def test_what_accrued_under_the_whole_month_is_taken_back() -> None:
    """Once, by whichever segment is judged first; both segments have entries of their own."""
    stage = accrued()
    amend(stage, 2, 15)
    stage.clock.now_ms = START_MS + 14 * DAY_MS + HOUR_MS
    turns = stage.turns()
    turns.once()
    turns.judge_turn()
    assert stage.amounts("2026-07") == [("pending", 5_000), ("void", -5_000)]
    keys = {entry.period for entry in stage.entries()}
    assert keys == {"2026-07", "2026-07-v1"}
    # v1 has 14 of 31 days of the fee, 451.61, and lost a day of one GPU in 14: 98.2 %, 5 %.
    assert stage.amounts("2026-07-v1") == [("pending", 2_258)]


def test_the_month_is_posted_under_its_segments_alone() -> None:
    """Nothing is left pending, and the two posts are all that is owed."""
    stage = accrued()
    amend(stage, 2, 15)
    stage.clock.now_ms = AUGUST_MS + 2 * DAY_MS
    stage.turns().once()
    entries = stage.entries()
    assert pending_minor_units(entries) == 0
    assert balance_minor_units(entries) == 2_258
    assert {entry.period for entry in entries if entry.status is Status.POSTED} == {
        "2026-07-v1",
        "2026-07-v2",
    }


def test_who_asks_for_a_month_that_is_cut_is_told_its_parts(store: Store) -> None:
    """Claims have the month's name; another tenant is told of nothing."""
    stage = Stage(store=store)
    stage.journal().observe(START_MS, AUGUST_MS + 3 * DAY_MS)
    amend(stage, 2, 15)
    stage.clock.now_ms = AUGUST_MS + 2 * DAY_MS
    stage.turns().once()
    parts = "2026-07 is cut, and its parts have a statement each: 2026-07-v1, 2026-07-v2."
    for period, fix in (
        ("2026-07", parts),
        ("2026-07-v3", parts),
        ("2026-08-v1", "There is one of 2026-08."),
        ("2026-09", NOTHING_TO_SHOW.way_out),
    ):
        assert refusal(stage, OPERATOR, period) == fix
    assert refusal(stage, Scope(TenantId("another")), "2026-07") == NOTHING_TO_SHOW.way_out


def refusal(stage: Stage, scope: Scope, period: str) -> str:
    """Ask for a statement that there is not; returns the way out."""
    with pytest.raises(InputError) as refused:
        stage.statement(period, scope)
    assert refused.value.code == NOTHING_TO_SHOW
    assert f"has no statement of period {period!r}" in refused.value.message
    return refused.value.fix


def test_an_amendment_that_comes_while_the_month_is_settled_waits_and_is_refused() -> None:
    """
    The thread that reads files waits for the one that settles; July is settled once, whole.

    Of the whole month 99.2 % was delivered, which owes nothing; its first half alone owes 22.58.
    """
    stage = accrued()
    stage.clock.now_ms = AUGUST_MS + 2 * DAY_MS
    turns = stage.turns()
    turns.lead_turn()
    turns.reload_turn()
    turns.fetch_turn()
    turns.judge_turn()
    refused: list[InputError] = []

    def reload() -> None:
        try:
            turns.reload_turn()
        except InputError as error:
            refused.append(error)

    reading, closer = Thread(target=reload), turns.closer

    def settle_late(*arguments: Any) -> Any:
        amend(stage, 2, 15)
        reading.start()
        reading.join(0.5)
        return closer.close_all(*arguments)

    turns.closer = Mock(wraps=closer, close_all=settle_late)
    turns.close_turn()
    reading.join()
    assert [error.code for error in refused] == [HISTORY_REWRITTEN]
    turns.closer = closer
    turns.close_turn()
    assert balance_minor_units(stage.entries()) == pending_minor_units(stage.entries()) == 0
    assert {e.period for e in stage.entries() if e.status is Status.POSTED} == {"2026-07"}
