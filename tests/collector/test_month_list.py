"""The list of months: what may still be claimed, and where no money is booked; on every store."""

from gpusla.statement import render_text
from gpusla_collector.commands.month_list import month_rows
from gpusla_collector.ports import Store
from tests.collector.amended import amend
from tests.collector.claims import PAPER, TOO_LATE_MS, at, claim, put, settled
from tests.collector.site import Tray
from tests.collector.stage import ALPHA, AUGUST_MS, DAY_MS, FINAL_MS, START_MS, Stage

MAY_BE_CLAIMED = "USD 50.00 may be claimed before 2026-08-31T00:00:00Z"


def july(stage: Stage) -> list[str]:
    """Return the rows of July as they are read now, without the contract."""
    rows = month_rows(stage.store, stage.clock.now_ms)
    return [row.removeprefix(f"{ALPHA} ") for row in rows if "2026-07" in row.split()[1]]


def test_a_posting_of_nothing_says_what_may_still_be_claimed(on_claim: Stage) -> None:
    """Posted with nothing, because nobody asked so far; 5 % of 1,000.00 until 30 August."""
    turns = settled(on_claim)
    assert july(on_claim) == [f"2026-07 final posted USD 0.00; {MAY_BE_CLAIMED}, 28 days left"]
    on_claim.clock.now_ms = TOO_LATE_MS - DAY_MS
    assert july(on_claim)[0].endswith(", 1 day left")
    on_claim.clock.now_ms = TOO_LATE_MS
    assert july(on_claim) == ["2026-07 final posted USD 0.00"]
    put(on_claim, claim("k1", FINAL_MS + DAY_MS))
    at(on_claim, turns, TOO_LATE_MS)
    assert july(on_claim) == ["2026-07 restated posted USD 50.00"]


def test_a_month_that_runs_says_what_may_be_claimed_so_far(on_claim: Stage) -> None:
    """One GPU of four was down for the first two days."""
    on_claim.clock.now_ms = START_MS + 10 * DAY_MS
    on_claim.turns().once()
    (row,) = july(on_claim)
    assert row.startswith("2026-07 open nothing booked; USD ")
    assert " so far may be claimed before 2026-08-31T00:00:00Z, 51 days left" in row


def test_the_parts_of_a_month_say_that_the_claim_is_of_all_of_it(on_claim: Stage) -> None:
    """Its second part lost nothing: for that time there is nothing to claim, claimed or not."""
    amend(on_claim, 2, 15)
    on_claim.clock.now_ms = FINAL_MS
    turns = on_claim.turns()
    turns.once()
    first, second = july(on_claim)
    assert first.startswith("2026-07-v1 final posted USD 0.00; USD ")
    assert first.partition("; ")[2] == second.partition("; ")[2]
    assert " of 2026-07 may be claimed before 2026-08-31T00:00:00Z, 28 days left" in second
    put(on_claim, claim("k1", FINAL_MS))
    at(on_claim, turns, FINAL_MS + DAY_MS)
    assert july(on_claim)[1] == "2026-07-v2 final posted USD 0.00"
    told = render(on_claim, "2026-07-v2")
    assert "2026-08-31T00:00:00Z; for this time there is nothing to claim." in told
    assert "was not so far" not in told


def render(stage: Stage, period: str) -> str:
    """Return a statement as text, in one line."""
    statement = stage.statement(period)
    return " ".join(render_text(statement).split())


def test_a_month_at_a_shadow_price_is_not_provisional_for_ever(store: Store) -> None:
    """Nothing is ever posted for it; late evidence is not what it waits for."""
    stage = Stage((Tray("t01", ALPHA, fee="0.00"),), store=store)
    price = '  shadow: {amount: "1000.00", per: month}\ncapacity:'
    stage.files.texts[PAPER] = stage.files.texts[PAPER].replace("capacity:", price, 1)
    stage.journal().observe(START_MS, AUGUST_MS + 3 * DAY_MS)
    stage.clock.now_ms = AUGUST_MS - DAY_MS
    stage.turns().once()
    assert july(stage) == ["2026-07 open nothing booked"]
    # Judged to its end before it is final, and found the same after.
    for days in (1, 2):
        stage.clock.now_ms = AUGUST_MS + days * DAY_MS
        stage.turns().once()
    assert july(stage) == ["2026-07 over, no money is booked"]
    told = render(stage, "2026-07")
    assert told.startswith("STATEMENT 2026-07 OVER, NO MONEY IS BOOKED ===")
    assert "late evidence" not in told
    # Nor is it told as a month that waits for a settlement, which never comes.
    assert not list(stage.unfinished().months(stage.clock.now_ms))
