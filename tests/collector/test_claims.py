"""Credits that must be asked for: claimed, claimed too late, withdrawn; on every store."""

import json
from dataclasses import replace

import pytest

from gpusla.catalogue.codes import HISTORY_REWRITTEN, STATEMENT_ALTERED
from gpusla.errors import InventoryError, StoreError
from gpusla_collector.ports import OPERATOR
from tests.collector.claims import (
    CLAIMS,
    PAPER,
    POSTED_NOTHING,
    TOO_LATE_MS,
    asking,
    at,
    claim,
    put,
    settled,
)
from tests.collector.memory_store import MemoryStore
from tests.collector.stage import (
    ALPHA,
    AUGUST_MS,
    DAY_MS,
    FINAL_MS,
    HOUR_MS,
    PATIENCE_MS,
    START_MS,
    Stage,
)

POSTED_CREDIT = [("posted", 0), ("posted", 0), ("posted", 5_000)]
"""The posting, its reversal and what is owed."""


def test_a_claim_that_is_there_in_time_is_posted_with_the_month(on_claim: Stage) -> None:
    """Nothing accrues before it is asked for."""
    on_claim.clock.now_ms = AUGUST_MS
    turns = on_claim.turns()
    turns.once()
    assert on_claim.amounts("2026-07") == []
    put(on_claim, claim("k1", AUGUST_MS + HOUR_MS))
    accrued = [("pending", 5_000)]
    assert at(on_claim, turns, AUGUST_MS + DAY_MS) == accrued
    assert at(on_claim, turns, FINAL_MS) == [*accrued, ("void", -5_000), ("posted", 5_000)]


def test_a_month_settled_with_nothing_is_corrected_by_a_claim_in_time(on_claim: Stage) -> None:
    """The statement says which file the claim came from, and is judged anew from it."""
    turns = settled(on_claim)
    put(on_claim, claim("k1", TOO_LATE_MS - 1_000))
    assert at(on_claim, turns, TOO_LATE_MS) == POSTED_CREDIT
    statement = on_claim.statement()
    standing = statement.evaluation.claim
    assert standing is not None
    assert (standing.claimed_ms, standing.deadline_ms) == (TOO_LATE_MS - 1_000, TOO_LATE_MS)
    assert statement.standing.value == "restated"
    taken_in = on_claim.store.latest("Claims")
    assert taken_in is not None
    assert statement.inputs.claims_digest == taken_in.digest


def test_a_claim_counts_from_when_it_was_made_not_recorded(on_claim: Stage) -> None:
    """A desk that writes it down a day late does not take the tenant's credit away."""
    turns = settled(on_claim)
    made = claim("k1", TOO_LATE_MS - 1_000)
    assert at(on_claim, turns, TOO_LATE_MS + DAY_MS) == POSTED_NOTHING
    put(on_claim, made)
    assert at(on_claim, turns, TOO_LATE_MS + DAY_MS) == POSTED_CREDIT


def test_a_claim_after_its_deadline_gives_nothing(on_claim: Stage) -> None:
    """The first instant of the next local day is too late; the judgement knows of it."""
    turns = settled(on_claim)
    put(on_claim, claim("k1", TOO_LATE_MS))
    assert at(on_claim, turns, TOO_LATE_MS + DAY_MS) == POSTED_NOTHING
    judged = on_claim.store.judged(OPERATOR, ALPHA, "2026-07")
    assert judged is not None
    assert f'"claimed_ms":{TOO_LATE_MS}' in judged.content


@pytest.mark.parametrize("again_ms", [FINAL_MS, FINAL_MS + 3 * DAY_MS], ids=["same", "later"])
def test_a_claim_that_is_withdrawn_is_taken_back(on_claim: Stage, again_ms: int) -> None:
    """
    And one that comes again in time counts again, also as of the same instant.

    Each statement names the file that it rests on, though the judgement is one of before.
    """
    turns = settled(on_claim)
    require_cited(on_claim)
    first = claim("k1", FINAL_MS)
    put(on_claim, first)
    assert at(on_claim, turns, FINAL_MS + DAY_MS) == POSTED_CREDIT
    require_cited(on_claim)
    withdrawn = claim("k2", FINAL_MS, more=", supersedes: k1, withdrawn: true")
    put(on_claim, first, withdrawn)
    taken_back = [*POSTED_CREDIT, ("posted", -5_000), ("posted", 0)]
    assert at(on_claim, turns, FINAL_MS + 2 * DAY_MS) == taken_back
    require_cited(on_claim)
    put(on_claim, first, withdrawn, claim("k3", again_ms))
    again = [*taken_back, ("posted", 0), ("posted", 5_000)]
    assert at(on_claim, turns, FINAL_MS + 4 * DAY_MS) == again
    require_cited(on_claim)


def test_a_month_that_nothing_is_booked_for_yet_names_the_file_of_now(on_claim: Stage) -> None:
    """A claim that came and went before the posting changes no figure."""
    on_claim.clock.now_ms = AUGUST_MS
    turns = on_claim.turns()
    turns.once()
    made = claim("k1", AUGUST_MS + HOUR_MS)
    put(on_claim, made, claim("k2", AUGUST_MS + HOUR_MS, more=", supersedes: k1, withdrawn: true"))
    assert at(on_claim, turns, AUGUST_MS + DAY_MS) == []
    require_cited(on_claim)


def require_cited(stage: Stage) -> None:
    """July's statement names the file of claims that is in force, and can be judged again."""
    taken_in = stage.store.latest("Claims")
    statement = stage.statement()
    assert statement.inputs.claims_digest == ("" if taken_in is None else taken_in.digest)


def test_nothing_but_the_claim_comes_into_a_settled_month(on_claim: Stage) -> None:
    """Neither an exclusion nor evidence that came after the month was final."""
    turns = settled(on_claim)
    late = on_claim.journal()
    late.start(START_MS + DAY_MS).observe(START_MS + DAY_MS, START_MS + 3 * DAY_MS)
    on_claim.files.texts["Exclusions", "exclusions.yaml"] = EXCLUSIONS
    put(on_claim, claim("k1", FINAL_MS))
    assert at(on_claim, turns, FINAL_MS + DAY_MS) == POSTED_CREDIT
    statement = on_claim.statement()
    assert statement.inputs.exclusions_digest == ""
    assert not statement.evaluation.refused


EXCLUSIONS = f"""\
apiVersion: gpusla/v1
kind: Exclusions
exclusions:
  - {{id: e, slots: [c2/r01], contract: {ALPHA}, kind: maintenance, reason: r, clause: c,
     approver: tenant, from: 2026-07-01T00:00:00Z, until: 2026-07-03T00:00:00Z,
     recorded_at: 2026-08-04T00:00:00Z}}
"""


def test_a_claim_on_another_month_gives_nothing_for_this_one(on_claim: Stage) -> None:
    """Nor for its own, which met its target."""
    turns = settled(on_claim)
    put(on_claim, claim("k1", FINAL_MS, period="2026-08"))
    assert at(on_claim, turns, FINAL_MS + DAY_MS) == POSTED_NOTHING


def test_a_statement_from_before_claims_were_read_is_shown_and_corrected() -> None:
    """Its judgement names no file of claims, not even that there is none."""
    store = MemoryStore()
    stage = asking(store)
    turns = settled(stage)
    for digest, judged in store.evaluations.items():
        inputs = json.loads(judged.inputs)
        del inputs["files"]["Claims"]
        store.evaluations[digest] = replace(judged, inputs=json.dumps(inputs))
    statement = stage.statement()
    assert statement.inputs.claims_digest == ""
    put(stage, claim("k1", FINAL_MS))
    assert at(stage, turns, FINAL_MS + DAY_MS) == POSTED_CREDIT


@pytest.mark.parametrize(
    ("after", "error"),
    [('"c2-r01-t09":[', StoreError), ('"c2-r01-t09":5,"c2-r01-t01":[', TypeError)],
    ids=["its evidence is lost", "nobody knows what to make of it"],
)
def test_one_period_that_cannot_be_judged_again_does_not_keep_the_others_from_it(
    after: str, error: type[Exception]
) -> None:
    """The error is raised once the others are corrected."""
    store = MemoryStore()
    stage = asking(store)
    settled(stage)
    july = store.evaluations[store.newest[ALPHA, "2026-07"]]
    turns = stage.turns()
    for now_ms in (FINAL_MS + 31 * DAY_MS, FINAL_MS + 31 * DAY_MS + PATIENCE_MS):
        stage.clock.now_ms = now_ms
        turns.once()
    assert stage.amounts("2026-08") == POSTED_NOTHING
    lost = july.inputs.replace('"c2-r01-t01":[', after)
    store.evaluations[july.digest] = replace(july, inputs=lost)
    store.kept_spans = [span for span in store.kept_spans if span.start_ms > AUGUST_MS]
    put(stage, claim("k1", FINAL_MS), claim("k2", FINAL_MS, period="2026-08"))
    with pytest.raises(error) as altered:
        turns.once()
    assert not isinstance(altered.value, StoreError) or altered.value.code is STATEMENT_ALTERED
    august = store.judged(OPERATOR, ALPHA, "2026-08")
    assert august is not None
    assert f'"claimed_ms":{FINAL_MS}' in august.content


def test_a_claim_that_was_taken_in_is_neither_changed_nor_removed(on_claim: Stage) -> None:
    """What is to be taken back is superseded; the last good stays in force."""
    turns = settled(on_claim)
    put(on_claim, claim("k1", FINAL_MS))
    assert at(on_claim, turns, FINAL_MS + DAY_MS) == POSTED_CREDIT
    for records in ((claim("k1", FINAL_MS + 1),), ()):
        put(on_claim, *(records or (claim("k2", FINAL_MS),)))
        with pytest.raises(InventoryError) as refused:
            turns.reload_turn()
        assert refused.value.code is HISTORY_REWRITTEN
    del on_claim.files.texts[CLAIMS]
    turns.stop()
    on_claim.board = type(on_claim.board)()
    with pytest.raises(InventoryError) as gone:
        on_claim.turns(holder="other").once()
    assert gone.value.code is HISTORY_REWRITTEN


def test_a_claim_on_what_is_not_there_is_refused_and_nothing_taken_in(on_claim: Stage) -> None:
    """A mistyped period would else never pay, and nobody would know."""
    turns = settled(on_claim)
    put(on_claim, claim("k1", FINAL_MS, period="2036-07"))
    with pytest.raises(InventoryError, match="alpha-2026 has no period '2036-07'"):
        turns.reload_turn()
    assert on_claim.store.latest("Claims") is None


def test_a_claim_stands_for_all_segments_of_its_billing_period(on_claim: Stage) -> None:
    """The month is cut where a second version takes effect; both parts are corrected."""
    second = on_claim.files.texts[PAPER].replace("version: 1", "version: 2")
    second = second.replace("effective_from: 2026-07-01", "effective_from: 2026-07-03")
    on_claim.files.texts["Contract", "contracts/second.yaml"] = second
    on_claim.clock.now_ms = FINAL_MS
    turns = on_claim.turns()
    turns.once()
    segments = ("2026-07-v1", "2026-07-v2")
    assert [on_claim.amounts(key) for key in segments] == [POSTED_NOTHING, POSTED_NOTHING]
    put(on_claim, claim("k1", FINAL_MS))
    on_claim.clock.now_ms = FINAL_MS + DAY_MS
    turns.once()
    first, rest = (on_claim.amounts(key)[-1] for key in segments)
    assert first[1] > 0
    assert rest[1] == 0
    for key in segments:
        judged = on_claim.store.judged(OPERATOR, ALPHA, key)
        assert judged is not None
        assert f'"claimed_ms":{FINAL_MS}' in judged.content
