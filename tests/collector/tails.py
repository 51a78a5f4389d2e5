"""
A month in which a node dies within an hour and never comes back, by hand.

August under alpha's contract: four GPUs for $1,000.00 and 744 hours, of which 29.76 GPU-hours, one
in a hundred, may be lost.  The node stops at 16:40 on 31 August, so 7 h 20 min of four GPUs are
unknown: 29.333 GPU-hours.  Its last block ends at 16:00.
"""

from dataclasses import replace
from functools import cache

from gpusla.journal.model import ClockStepped
from tests.collector.bundles import TRAYS, enrolled
from tests.collector.hours import close_hour, introduce
from tests.collector.journals import DOWN, Journal
from tests.collector.stage import AUGUST_MS, DAY_MS, HOUR_MS, PATIENCE_MS, START_MS, Stage
from tests.core.evidence.signed import ONE, signed

MINUTE_MS = 60_000
SEPTEMBER_MS = AUGUST_MS + 31 * DAY_MS
LAST_HOUR_MS = SEPTEMBER_MS - 8 * HOUR_MS
"""16:00 on 31 August, where the last block ends."""
DEATH_MS = LAST_HOUR_MS + 40 * MINUTE_MS
STEP_MS = 3_000
STEP_DAY_MS = AUGUST_MS + 9 * DAY_MS
"""By so much the node's clock was set forward, as 10 August began."""
AUGUST_FINAL_MS = SEPTEMBER_MS + 2 * DAY_MS
AUGUST = "2026-08"
TAIL = 79
"""Records behind the last block: 40 runs of samples, and signatures of all but the last."""


def sign(journal: Journal, at_ms: int, private: bytes) -> None:
    """Sign all that a node wrote so far."""
    body = signed(private, journal.head, node=journal.node)
    journal.append(replace(body, at=journal.instant(at_ms)))


def step(journal: Journal, at_ms: int, private: bytes | None) -> None:
    """Set the node's clock forward to an instant; the node says so, and signs it."""
    journal.first_ms += STEP_MS
    journal.append(ClockStepped(journal.instant(at_ms), STEP_MS))
    if private is not None:
        sign(journal, at_ms, private)


def day(journal: Journal, begin_ms: int, end_ms: int, private: bytes | None) -> None:
    """Write a run of samples a second apart, and the block that they are in."""
    journal.observe(begin_ms, end_ms - 1_000)
    close_hour(journal, private)


def last_hour(journal: Journal, down_minutes: int, private: bytes | None) -> None:
    """Write 40 minutes, a run each, signed; the first GPU is down for the last of them."""
    for minute in range(40):
        begin_ms = LAST_HOUR_MS + minute * MINUTE_MS
        seen = {journal.slots[0]: DOWN} if minute >= 40 - down_minutes else {}
        journal.observe(begin_ms, begin_ms + 59_000, seen)
        if private is not None and minute < 39:  # it dies before the last one is signed
            sign(journal, begin_ms + 59_000, private)


def month(journal: Journal, first_ms: int, private: bytes | None) -> None:
    """Write days, each with its block, from an instant until 16:00 on 31 August."""
    last_day_ms = LAST_HOUR_MS - LAST_HOUR_MS % DAY_MS
    for begin_ms in range(first_ms, last_day_ms, DAY_MS):
        if begin_ms == STEP_DAY_MS:
            step(journal, begin_ms + 2_000, private)
        day(journal, begin_ms + STEP_MS * (begin_ms == STEP_DAY_MS), begin_ms + DAY_MS, private)
    day(journal, last_day_ms, LAST_HOUR_MS, private)


def die(stage: Stage, at_ms: int = DEATH_MS, final_ms: int = AUGUST_FINAL_MS) -> Stage:
    """Let a collector take in what the node wrote by then, miss it, and post a month."""
    turns = stage.turns()
    stage.clock.now_ms = at_ms
    turns.once()
    stage.agents.silent.add(stage.journal().node)
    for now_ms in (final_ms, final_ms + PATIENCE_MS):
        stage.clock.now_ms = now_ms
        turns.once()
    return stage


def on_stage(stage: Stage, *, with_key: bool = True) -> Stage:
    """Enroll the node's key, and write that the agent started with it, or without any."""
    if with_key:
        kind = ("Inventory", "inventory.yaml")
        stage.files.texts[kind] = enrolled(stage.files.texts[kind], {"t01": ONE})
        introduce(stage.journal(), ONE)
        sign(stage.journal(), START_MS, ONE)
    return stage


def dying(
    down_minutes: int = 30,
    *,
    with_key: bool = True,
    is_signed: bool = True,
    stage: Stage | None = None,
) -> Stage:
    """
    Let a collector take in, judge and post an August in which alpha's node dies.

    down_minutes: of the 40 since its last block, for how long its first GPU was down at the end.
    is_signed: whether the records of these 40 minutes are signed, where the node has a key.
    """
    stage = on_stage(stage or Stage(TRAYS[:1]), with_key=with_key)
    private = ONE if with_key else None
    month(stage.journal(), START_MS, private)
    last_hour(stage.journal(), down_minutes, private if is_signed else None)
    return die(stage)


@cache
def dead(down_minutes: int = 30, *, with_key: bool = True, is_signed: bool = True) -> Stage:
    """Return a stage that nothing here changes."""
    return dying(down_minutes, with_key=with_key, is_signed=is_signed)
