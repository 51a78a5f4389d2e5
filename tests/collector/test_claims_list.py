"""What there is to claim, as commands and pages list it; on every store."""

import json

import pytest

from gpusla.errors import InventoryError
from gpusla.identity import TenantId
from gpusla.instants import format_instant, parse_instant
from gpusla_collector.commands.claims import written
from gpusla_collector.commands.output import TableForm
from gpusla_collector.ports import OPERATOR, Scope, Store
from gpusla_collector.usecases.claims import Claimable, ClaimList, ClaimStatus
from tests.collector.claims import PAPER, TOO_LATE_MS, asking, at, claim, put, settled
from tests.collector.pages import samples, served
from tests.collector.site import ONE_TRAY, Tray
from tests.collector.stage import ALPHA, AUGUST_MS, DAY_MS, FINAL_MS, Stage

DEADLINE = "gpusla_contract_claim_deadline_timestamp_seconds"


def listed(stage: Stage, scope: Scope = OPERATOR) -> list[Claimable]:
    """Return what there is to claim now."""
    return list(ClaimList(stage.store).of(scope, stage.clock.now_ms))


def july(stage: Stage) -> Claimable:
    """Return July's item."""
    (found,) = (one for one in listed(stage) if one.period == "2026-07")
    return found


def test_a_month_that_nobody_claimed_is_open_until_its_deadline(on_claim: Stage) -> None:
    """5 % of 1,000 dollars; thirty days after July are over with 30 August."""
    turns = settled(on_claim)
    found = july(on_claim)
    assert (found.worth_minor_units, found.currency, found.status) == (5_000, "USD", "open")
    assert format_instant(found.deadline_ms) == "2026-08-31T00:00:00Z"
    assert found.days_left(FINAL_MS) == 28
    at(on_claim, turns, TOO_LATE_MS - 1)
    assert (july(on_claim).status, july(on_claim).days_left(on_claim.clock.now_ms)) == ("open", 0)
    at(on_claim, turns, TOO_LATE_MS)
    assert july(on_claim).status is ClaimStatus.EXPIRED


def test_a_claim_in_time_is_claimed_and_then_credited(on_claim: Stage) -> None:
    """Credited is what is posted; a posting of nothing before the claim is not."""
    on_claim.clock.now_ms = AUGUST_MS
    turns = on_claim.turns()
    turns.once()
    put(on_claim, claim("k1", AUGUST_MS + 1_000))
    at(on_claim, turns, AUGUST_MS + DAY_MS)
    assert july(on_claim).status is ClaimStatus.CLAIMED
    at(on_claim, turns, FINAL_MS)
    assert july(on_claim).status is ClaimStatus.CREDITED
    assert july(on_claim).claimed_ms == AUGUST_MS + 1_000


def test_a_claim_that_came_too_late_is_expired(on_claim: Stage) -> None:
    """The list says when it came."""
    turns = settled(on_claim)
    put(on_claim, claim("k1", TOO_LATE_MS))
    at(on_claim, turns, TOO_LATE_MS + DAY_MS)
    assert (july(on_claim).status, july(on_claim).claimed_ms) == ("expired", TOO_LATE_MS)


def test_only_the_tenant_can_waive_and_a_waiver_pays_and_takes_nothing(on_claim: Stage) -> None:
    """It ends the wait; withdrawn, the wait goes on; a claim beside it counts."""
    turns = settled(on_claim)
    waiver = claim("k1", FINAL_MS, more=", waived: true")
    put(on_claim, waiver.replace("by: tenant", "by: provider"))
    with pytest.raises(InventoryError, match="'k1' waives a credit by 'provider'"):
        turns.reload_turn()
    put(on_claim, waiver)
    assert at(on_claim, turns, FINAL_MS + DAY_MS) == [("posted", 0)]
    assert july(on_claim).status is ClaimStatus.WAIVED
    assert not deadlines(on_claim)
    put(on_claim, waiver, claim("k2", FINAL_MS, more=", supersedes: k1, withdrawn: true"))
    at(on_claim, turns, FINAL_MS + 2 * DAY_MS)
    assert july(on_claim).status is ClaimStatus.OPEN
    withdrawn = claim("k2", FINAL_MS, more=", supersedes: k1, withdrawn: true")
    again = claim("k3", FINAL_MS, more=", waived: true")
    put(on_claim, waiver, withdrawn, again, claim("k4", FINAL_MS + 3 * DAY_MS))
    assert at(on_claim, turns, FINAL_MS + 4 * DAY_MS)[-1] == ("posted", 5_000)
    assert july(on_claim).status is ClaimStatus.CREDITED


def test_a_tenant_sees_its_own_alone(on_claim: Stage) -> None:
    """Another one sees nothing, not even that there is something."""
    settled(on_claim)
    (owner,) = {one.tenant for one in listed(on_claim)}
    assert listed(on_claim, Scope(owner)) == listed(on_claim)
    assert listed(on_claim, Scope(TenantId("somebody-else"))) == []


def test_a_contract_that_never_asks_for_claims_is_not_listed_and_hides_no_other(
    store: Store,
) -> None:
    """Beta's credits come by themselves; alpha's July stays to be claimed, 50.00."""
    beta = Tray("t02", "beta-2026", tenant="tenant-b")
    stage = asking(store, (*ONE_TRAY, beta))
    stage.clock.now_ms = FINAL_MS
    stage.turns().once()
    assert "beta-2026" in {contract for contract, _ in store.judged_periods(OPERATOR)}
    assert [(one.contract, one.worth_minor_units) for one in listed(stage)] == [(ALPHA, 5_000)]
    assert listed(stage, Scope(TenantId("tenant-b"))) == []


def test_the_last_month_of_a_contract_has_a_deadline_on_the_page(on_claim: Stage) -> None:
    """No month is open any more; the credit of the last one can still be lost."""
    paper = on_claim.files.texts[PAPER]
    on_claim.files.texts[PAPER] = paper.replace("end: 2027-06-30", "end: 2026-07-31")
    settled(on_claim)
    assert not on_claim.board.read().judgements
    assert deadlines(on_claim) == {("2026-07", parse_instant("2026-08-31T00:00:00Z") / 1000)}


def deadlines(stage: Stage) -> set[tuple[str, float]]:
    """Return period and deadline of what the page says can be claimed."""
    found = samples(served(stage).get("/metrics").text)
    return {(labels[1], value) for (name, labels), value in found.items() if name == DEADLINE}


def test_a_deadline_is_told_in_the_zone_of_the_contract(on_claim: Stage) -> None:
    """
    Chicago's clocks are five hours behind UTC in August, and six from 1 November 2026 on.

    July ends there at 05:00 UTC; 92 days later 31 October is over, just before the change.
    """
    paper = on_claim.files.texts[PAPER].replace("timezone: UTC", "timezone: America/Chicago")
    on_claim.files.texts[PAPER] = paper.replace("days: 30", "days: 92")
    on_claim.clock.now_ms = AUGUST_MS + 5 * DAY_MS
    on_claim.turns().once()
    now_ms = parse_instant("2026-10-31T05:00:00Z")
    (row,) = json.loads(written([july(on_claim)], TableForm.JSON, now_ms))["claims"]
    assert row["deadline"] == "2026-11-01T05:00:00Z"
    assert row["deadline_local"] == "2026-11-01T00:00:00-05:00"
    assert row["days_left"] == 1
    text = written([july(on_claim)], TableForm.TEXT, now_ms)
    assert text.splitlines()[1].split("  ")[-2:] == ["2026-11-01 00:00 America/Chicago", "1 day"]
    header, line = written([july(on_claim)], TableForm.CSV, now_ms).splitlines()
    assert header.split(",")[:5] == ["contract", "tenant", "period", "status", "worth_minor_units"]
    assert line.startswith(f"{ALPHA},tenant-a,2026-07,open,5000,USD,True,")
