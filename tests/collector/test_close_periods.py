"""When months are settled: what nobody was asked for, or waited for, is not missing."""

from copy import deepcopy
from typing import Any
from unittest.mock import patch

import pytest

from gpusla.catalogue.codes import FENCED, JOURNAL_CORRUPT
from gpusla.contracts.model import ContractVersion
from gpusla.errors import JournalError, StoreError
from gpusla.ledger.entries import Status
from gpusla_collector.ports import Lease, Store
from gpusla_collector.usecases.asking import Asking
from gpusla_collector.usecases.fetch import journals as fetching
from gpusla_collector.usecases.judge import Judge, Judgement
from gpusla_collector.usecases.turns import LEASE, Turns
from gpusla_collector.usecases.world import World
from tests.collector.journals import DOWN
from tests.collector.site import TWO_TRAYS
from tests.collector.stage import ALPHA, DAY_MS, FINAL_MS, PATIENCE_MS, START_MS, Stage


@pytest.fixture
def stage(store: Store) -> Stage:
    """The stage on the fake store and on the real one."""
    return Stage(store=store)


def stopped(stage: Stage) -> Turns:
    """
    Return the collector's process, which stood still from 20 July until July was final.

    Meanwhile all was delivered, and the agent wrote it down.
    """
    turns, journal = stage.turns(pause_ms=PATIENCE_MS), stage.journal()
    stage.clock.now_ms = START_MS + 19 * DAY_MS
    journal.observe(START_MS, stage.clock.now_ms)
    turns.once()
    journal.observe(stage.clock.now_ms + 1_000, FINAL_MS)
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


def test_patience_with_missing_evidence_begins_anew_after_a_break(stage: Stage) -> None:
    """Nobody asked for eleven days, so an hour of asking is still to come; then 100.00 is owed."""
    turns = stopped(stage)
    stage.agents.silent.add(stage.journal().node)
    for waited_ms in (0, PATIENCE_MS - 1):
        stage.clock.now_ms = FINAL_MS + waited_ms
        turns.once()
        assert ("posted", 10_000) not in stage.amounts("2026-07")
    stage.clock.now_ms = FINAL_MS + PATIENCE_MS
    turns.once()
    assert stage.amounts("2026-07")[-1] == ("posted", 10_000)


def test_what_comes_while_there_is_patience_counts(stage: Stage) -> None:
    """The node was out of reach for half an hour; it had delivered all of July."""
    turns = stopped(stage)
    stage.agents.silent.add(stage.journal().node)
    turns.once()
    stage.agents.silent.clear()
    stage.clock.now_ms = FINAL_MS + PATIENCE_MS // 2
    turns.once()
    assert stage.amounts("2026-07")[-1] == ("posted", 0)


def test_what_a_node_is_just_handing_over_is_waited_for(stage: Stage) -> None:
    """It was away for longer than there is patience, and had delivered all of July."""
    turns, journal = stage.turns(pause_ms=PATIENCE_MS), stage.journal()
    for start_ms in range(START_MS, FINAL_MS, DAY_MS):
        journal.observe(start_ms, start_ms + DAY_MS - 1_000)
    journal.observe(FINAL_MS, FINAL_MS + 1_000)
    stage.agents.silent.add(journal.node)
    stage.clock.now_ms = FINAL_MS - PATIENCE_MS
    turns.once()
    stage.agents.silent.clear()
    stage.agents.page_records = 5
    stage.clock.now_ms = FINAL_MS
    with patch.object(fetching, "NODE_MS", 0):  # one page a round
        while not is_all_in(stage):
            assert ("posted", 10_000) not in stage.amounts("2026-07")
            turns.fetch_turn()
            turns.close_turn()
    assert stage.amounts("2026-07")[-1] == ("posted", 0)


def test_nothing_is_settled_by_a_database_that_went_back() -> None:
    """All was counted; the copy of a week before knows nothing of it, and the node nothing new."""
    stage = Stage()
    turns = stopped(stage)
    older = deepcopy(stage.store)
    stage.clock.now_ms = FINAL_MS
    turns.fetch_turn()
    vars(stage.store).update(vars(older))
    turns.fetch_turn()
    with pytest.raises(StoreError, match="the database has records up to"):
        turns.close_turn()
    turns.close_turn()
    assert stage.entries("2026-07") == ()
    turns.fetch_turn()
    turns.close_turn()
    assert stage.amounts("2026-07") == [("posted", 0)]


@pytest.mark.parametrize(
    ("rounds_ms", "tried_ms"),
    [
        ((5,), 0),
        ((5, 15), 10),
        ((5, 15, 15, 25), 20),
        ((5, 15, 26), 0),
        ((5, 15, 26, 30), 4),
        ((5, 15, 14), 0),
    ],
)
def test_asking_goes_on_as_long_as_no_two_rounds_are_too_far_apart(
    rounds_ms: tuple[int, ...], tried_ms: int
) -> None:
    """Ten apart is no break, eleven is, and so is a clock that was set back."""
    asking = Asking(10)
    assert [asking.tried_ms(asked_ms) for asked_ms in rounds_ms][-1] == tried_ms


def test_asking_that_was_interrupted_begins_anew() -> None:
    """What was asked for until then may not have been kept."""
    asking = Asking(10)
    asking.tried_ms(5)
    asking.interrupt()
    assert asking.tried_ms(15) == 0


def is_all_in(stage: Stage) -> bool:
    """Tell whether the node's records are here up to when July is final."""
    cursor = stage.store.cursors().get(stage.journal().node)
    return cursor is not None and cursor.evidence_until_ms >= FINAL_MS


def posted(stage: Stage) -> dict[str, int]:
    """Return what is posted of July, by contract."""
    entries = stage.entries("2026-07")
    return {e.contract: e.amount_minor_units for e in entries if e.status is Status.POSTED}


@pytest.mark.parametrize(
    "error",
    [
        JournalError(JOURNAL_CORRUPT, "a record of r01-t01 is not what it was"),
        OverflowError("2**63"),
    ],
)
def test_a_contract_that_cannot_be_settled_keeps_no_other_from_it(
    store: Store, error: Exception
) -> None:
    """Alpha's evidence cannot be read, which is said; beta, later in order, owes 50.00 for July."""
    stage = Stage(store=store, trays=TWO_TRAYS)
    for tray, down_ms in (("t01", 0), ("t02", 2 * DAY_MS)):
        journal = stage.journal(tray)
        journal.observe(START_MS, START_MS + down_ms, {journal.slots[0]: DOWN})
        journal.observe(START_MS + down_ms + 1_000, FINAL_MS)
    stage.clock.now_ms = FINAL_MS
    turns = stage.turns()
    right = turns.closer.judge.judge

    def judge(lease: Lease, world: World, version: ContractVersion, *rest: Any) -> Judgement:
        if version.id == ALPHA:
            raise error
        return right(lease, world, version, *rest)

    for turn in (turns.lead_turn, turns.reload_turn, turns.fetch_turn):
        turn()
    with patch.object(Judge, "judge", side_effect=judge), pytest.raises(type(error)):
        turns.close_turn()
    assert posted(stage) == {"beta-2026": 5_000}
    turns.close_turn()
    assert posted(stage) == {ALPHA: 0, "beta-2026": 5_000}


def test_a_lost_lease_ends_the_turn(store: Store) -> None:
    """Each further contract would be judged whole, to be refused in the end."""
    stage = Stage(store=store, trays=TWO_TRAYS)
    for tray in ("t01", "t02"):
        stage.journal(tray).observe(START_MS, FINAL_MS)
    stage.clock.now_ms = FINAL_MS
    turns = stage.turns()
    for turn in (turns.lead_turn, turns.reload_turn, turns.fetch_turn):
        turn()
    stage.clock.now_ms += DAY_MS
    assert stage.store.acquire(LEASE, "another", stage.clock.now_ms, DAY_MS) is not None
    watched = patch.object(Judge, "judge", autospec=True, side_effect=Judge.judge)
    with watched as judge, pytest.raises(StoreError) as refused:
        turns.close_turn()
    assert refused.value.code == FENCED
    assert judge.call_count == 1
