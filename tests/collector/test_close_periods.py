"""When months are settled: what nobody was asked for, or waited for, is not missing."""

import pytest

from gpusla_collector.ports import Store
from gpusla_collector.usecases.turns import Turns
from tests.collector.stage import AUGUST_MS, DAY_MS, START_MS, Stage

FINAL_MS = AUGUST_MS + 2 * DAY_MS


@pytest.fixture
def stage(store: Store) -> Stage:
    """A month and four days in which all was delivered, on the fake store and on the real one."""
    made = Stage(store=store)
    made.journal().observe(START_MS, FINAL_MS + 2 * DAY_MS)
    return made


def stopped(stage: Stage) -> Turns:
    """Return the collector's process, which stood still from 20 July until July was final."""
    turns = stage.turns()
    for at_ms in (START_MS, START_MS + 19 * DAY_MS):
        stage.clock.now_ms = at_ms
        turns.once()
    stage.clock.now_ms = FINAL_MS
    turns.lead_turn()
    turns.reload_turn()
    return turns


def test_a_month_is_not_settled_before_agents_were_asked_after_it_was_final(stage: Stage) -> None:
    """Eleven days of unknown would be 100.00; the agents hold all of them, and 0 is owed."""
    turns = stopped(stage)
    turns.close_turn()
    assert stage.entries("2026-07") == ()
    turns.fetch_turn()
    turns.close_turn()
    assert stage.amounts("2026-07") == [("posted", 0)]
