"""
Credits of windows that overlap: no time is credited twice, whatever is released first.

One of four GPUs is down from 20 to 22 July.  July is 1.6 % short: 5 % of 1,000.00 are 50.00.  The
45 days that end with August are 1.1 % short: 5 % of what they cost, 72.58, less July's 50.00.
"""

import pytest

from gpusla.identity import ContractId
from gpusla.ledger.booking import balance_minor_units
from gpusla.ledger.release import Mode, Policy
from gpusla_collector.ports import Store
from gpusla_collector.usecases.release import Releaser
from gpusla_collector.usecases.turns import Turns
from tests.collector.journals import DOWN
from tests.collector.memory_store import MemoryStore
from tests.collector.stage import ALPHA, AUGUST_MS, DAY_MS, HOUR_MS, START_MS, Stage

BOTH_FINAL_MS = AUGUST_MS + 33 * DAY_MS
PAPER = ("Contract", f"contracts/{ALPHA}.yaml")
MONTH = "window: {type: billing_period}"
ROLLING = "window: {type: rolling_days, days: 45}"
TWO = Policy(Mode.AUTOMATIC, {"USD": 0}, frozenset({"ada", "grace"}))
SHADOW = Policy(Mode.SHADOW)


@pytest.fixture
def stage(store: Store) -> Stage:
    """The stage on the fake store and on the real one; July and August are final."""
    return overlapping(store)


def overlapping(store: Store) -> Stage:
    """Return a contract that is judged over the last 45 days."""
    made = Stage(store=store)
    made.files.texts[PAPER] = made.files.texts[PAPER].replace(MONTH, ROLLING)
    journal = made.journal()
    down_ms = START_MS + 19 * DAY_MS
    journal.observe(START_MS, down_ms)
    journal.observe(down_ms + 1_000, down_ms + 2 * DAY_MS, {journal.slots[0]: DOWN})
    journal.observe(down_ms + 2 * DAY_MS + 1_000, BOTH_FINAL_MS + DAY_MS)
    made.clock.now_ms = BOTH_FINAL_MS
    return made


def turn(stage: Stage, turns: Turns) -> None:
    """Take all turns, an hour later."""
    stage.clock.now_ms += HOUR_MS
    turns.once()


def posted(stage: Stage) -> list[int]:
    """Return what July and August are posted with."""
    return [balance_minor_units(stage.entries(key)) for key in ("2026-07", "2026-08")]


def waiting(stage: Stage, policy: Policy = TWO) -> list[tuple[str, int]]:
    """Return what waits for people."""
    found = Releaser(stage.store, policy).waiting()
    return [(one.proposal.period, one.proposal.stake_minor_units) for one in found]


def approve_newest(stage: Stage) -> None:
    """Let both people approve what waits, the newest month first."""
    releaser = Releaser(stage.store, TWO)
    for one in reversed(releaser.waiting()):
        for person in ("ada", "grace"):
            releaser.approve(one.proposal.digest, person, stage.clock.now_ms)


def test_months_that_nobody_must_release_are_posted_in_one_turn(stage: Stage) -> None:
    """The earlier one first, so that the later one is less what it gave."""
    stage.turns().once()
    assert posted(stage) == [5_000, 2_258]


def test_a_later_window_waits_until_an_earlier_one_is_released(stage: Stage) -> None:
    """Else August would be proposed with the whole 72.58, and July given beside it: 122.58."""
    turns = stage.turns(policy=TWO)
    turns.once()
    assert waiting(stage) == [("2026-07", 5_000)]
    approve_newest(stage)
    turn(stage, turns)
    assert posted(stage) == [5_000, 0]
    assert waiting(stage) == [("2026-08", 2_258)]
    approve_newest(stage)
    turn(stage, turns)
    assert posted(stage) == [5_000, 2_258]
    assert waiting(stage) == []


def test_months_without_a_window_in_common_do_not_wait(stage: Stage) -> None:
    """A month that nobody releases holds back no other."""
    stage.files.texts[PAPER] = stage.files.texts[PAPER].replace(ROLLING, MONTH)
    stage.turns(policy=TWO).once()
    assert waiting(stage) == [("2026-07", 5_000)]
    assert {entry.period for entry in stage.entries() if entry.status == "posted"} == {"2026-08"}


def test_shadow_mode_works_out_every_month_and_none_twice_once_it_ends(stage: Stage) -> None:
    """In shadow mode nothing is ever posted, so nothing would ever be waited for in vain."""
    turns = stage.turns(policy=SHADOW)
    turns.once()
    assert [period for period, _ in waiting(stage, SHADOW)] == ["2026-07", "2026-08"]
    assert posted(stage) == [0, 0]
    stage.store.switch(ALPHA, Mode.AUTOMATIC, "ada", stage.clock.now_ms)
    turn(stage, turns)
    assert posted(stage) == [5_000, 2_258]
    assert waiting(stage, SHADOW) == []


@pytest.mark.parametrize("asked", range(1, 12))
def test_a_switch_in_the_middle_of_a_turn_credits_nothing_twice(asked: int) -> None:
    """A person ends shadow mode at any of the instants at which a turn asks for it."""
    store = Switched(asked)
    stage = overlapping(store)
    turns = stage.turns(policy=SHADOW)
    turns.once()
    assert posted(stage) in ([0, 0], [5_000, 0], [5_000, 2_258])
    store.left = 0
    turn(stage, turns)
    assert posted(stage) == [5_000, 2_258]


class Switched(MemoryStore):
    """A store whose contract is switched when it was asked so often for its mode."""

    def __init__(self, asked: int) -> None:
        super().__init__()
        self.left = asked

    def modes(self) -> dict[ContractId, Mode]:
        """Return modes."""
        self.left -= 1
        return {} if self.left > 0 else {ALPHA: Mode.AUTOMATIC}
