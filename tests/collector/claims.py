"""Claims for credits that must be asked for, as people write them down, and what they lead to."""

from gpusla.instants import format_instant
from gpusla_collector.ports import Store
from gpusla_collector.usecases.turns import Turns
from tests.collector.journals import DOWN
from tests.collector.site import ONE_TRAY, Tray
from tests.collector.stage import ALPHA, AUGUST_MS, DAY_MS, FINAL_MS, HOUR_MS, START_MS, Stage

TOO_LATE_MS = AUGUST_MS + 30 * DAY_MS
"""The contract gives 30 days after the period's last."""

PAPER = ("Contract", f"contracts/{ALPHA}.yaml")
CLAIMS = ("Claims", "claims.yaml")
ON_CLAIM = "claims: {mode: on_claim, deadline: {anchor: end_of_period, days: 30}}\n"
HEAD = "apiVersion: gpusla/v1\nkind: Claims\nclaims:\n"

POSTED_NOTHING = [("posted", 0)]


def claim(id_: str, made_ms: int, *, period: str = "2026-07", more: str = "") -> str:
    """Return a record that is put on record an hour after the claim was made."""
    made, recorded = format_instant(made_ms), format_instant(made_ms + HOUR_MS)
    return (
        f"  - {{id: {id_}, contract: {ALPHA}, period: {period}, claimed_at: {made}, by: tenant,\n"
        f"     reference: ticket {id_}, recorded_at: {recorded}{more}}}\n"
    )


def put(stage: Stage, *records: str) -> None:
    """Write the file of claims anew."""
    stage.files.texts[CLAIMS] = HEAD + "".join(records)


def asking(store: Store, trays: tuple[Tray, ...] = ONE_TRAY) -> Stage:
    """Return a contract whose credits must be asked for, and a July that misses its target."""
    made = Stage(trays, store=store)
    paper = made.files.texts[PAPER]
    made.files.texts[PAPER] = paper.replace("statement:", f"{ON_CLAIM}statement:")
    journal = made.journal()
    journal.observe(START_MS, START_MS + 2 * DAY_MS, {journal.slots[0]: DOWN})
    journal.observe(START_MS + 2 * DAY_MS + 1_000, TOO_LATE_MS + 2 * DAY_MS)
    return made


def settled(stage: Stage) -> Turns:
    """Return a collector that has posted July with nothing, because nobody asked."""
    stage.clock.now_ms = FINAL_MS
    turns = stage.turns()
    turns.once()
    assert stage.amounts("2026-07") == POSTED_NOTHING
    return turns


def at(stage: Stage, turns: Turns, now_ms: int) -> list[tuple[str, int]]:
    """Take every turn at an instant, twice; returns what July was booked with."""
    stage.clock.now_ms = now_ms
    turns.once()
    found = stage.amounts("2026-07")
    turns.once()
    assert stage.amounts("2026-07") == found
    return found
