"""
Goal L6 and threat row O2: no money is posted before people said so, held to on every store.

The store's part first, then a collector's turns, then the commands.
"""

from dataclasses import replace
from pathlib import Path

import pytest

from gpusla.errors import InputError, StoreError
from gpusla.identity import ContractId
from gpusla.ledger.booking import balance_minor_units, pending_minor_units
from gpusla.ledger.release import Hold, Mode, Policy, Proposal, proposal_of
from gpusla_collector.adapters.sql.database import open_database
from gpusla_collector.adapters.sql.schema import require_newest
from gpusla_collector.adapters.sql.store import SqlStore
from gpusla_collector.ports import OPERATOR, Approval, Lease, Scope, Store
from gpusla_collector.usecases.release import Releaser
from gpusla_collector.usecases.turns import Turns
from tests.collector.bookings import TENANT_A, TENANT_B, entry, judged, posted
from tests.collector.conftest import Told
from tests.collector.journals import DOWN
from tests.collector.memory_store import MemoryStore
from tests.collector.site import settings_of, write_site
from tests.collector.stage import ALPHA, AUGUST_MS, DAY_MS, HOUR_MS, START_MS, Stage

SHADOW = Policy(Mode.SHADOW)
TWO = Policy(Mode.AUTOMATIC, {"USD": 100}, frozenset({"ada", "grace"}))


@pytest.fixture
def proposal() -> Proposal:
    """A proposal to post 500."""
    return proposal_of([posted()])


def test_a_proposal_is_kept_once(store: Store, lease: Lease, proposal: Proposal) -> None:
    """However often a turn proposes it."""
    assert store.propose(lease, proposal, 1)
    assert not store.propose(lease, proposal, 2)
    assert store.proposals() == (proposal,)


def test_nobody_approves_what_nobody_proposed(store: Store, proposal: Proposal) -> None:
    """A digest that a person made up has no effect later either."""
    with pytest.raises(StoreError):
        store.approve(Approval(proposal.digest, "ada", 1))
    assert store.approvals() == ()


def test_an_approval_is_kept_once_for_each_person(
    store: Store, lease: Lease, proposal: Proposal
) -> None:
    """The second time changes neither who nor when."""
    store.propose(lease, proposal, 1)
    first = Approval(proposal.digest, "ada", 2)
    assert store.approve(first)
    assert not store.approve(replace(first, approved_ms=3))
    assert store.approve(Approval(proposal.digest, "grace", 4))
    assert store.approvals() == (first, Approval(proposal.digest, "grace", 4))


def test_the_last_switch_of_a_contract_counts(store: Store) -> None:
    """And all of them are kept."""
    store.switch(ALPHA, Mode.AUTOMATIC, "ada", 1)
    store.switch(ContractId("beta"), Mode.AUTOMATIC, "ada", 1)
    store.switch(ALPHA, Mode.SHADOW, "grace", 2)
    assert store.modes() == {ALPHA: Mode.SHADOW, ContractId("beta"): Mode.AUTOMATIC}


def test_postings_are_numbered_without_gaps(store: Store, lease: Lease) -> None:
    """From 1 in each contract; what is pending or nothing takes no number."""
    store.book(lease, judged(), lambda _: [posted(1, amount=0), entry(2), posted(3)], 20)
    store.book(lease, judged(), lambda _: [posted(4, amount=-500), posted(5)], 20)
    notes = store.credit_notes(OPERATOR)
    assert [(note.number, note.entry) for note in notes] == [
        (number, posted(revision).key) for number, revision in ((1, 3), (2, 4), (3, 5))
    ]
    assert notes[0].document == "CN-alpha-000001"
    assert store.credit_notes(Scope(TENANT_A)) == notes
    assert store.credit_notes(Scope(TENANT_B)) == ()
    assert store.credit_notes(OPERATOR, ContractId("beta")) == ()


def after_july(
    policy: Policy, down_days: int = 2, store: Store | None = None
) -> tuple[Stage, Turns]:
    """Return a stage on which July is over and final, before its close; July was bad."""
    stage = Stage(store=store or MemoryStore())
    journal = stage.journal()
    for day in range(40):
        at_ms = START_MS + day * DAY_MS
        down = {journal.slots[0]: DOWN} if day < down_days else {}
        journal.observe(at_ms, at_ms + DAY_MS - 1_000, down)
    stage.clock.now_ms = AUGUST_MS + 10 * DAY_MS
    return stage, stage.turns(policy=policy, final_after_ms=0)


def turn(stage: Stage, turns: Turns) -> None:
    """Take all turns, late enough not to wait for evidence."""
    stage.clock.now_ms += 2 * HOUR_MS
    turns.once()


def test_a_contract_in_shadow_mode_shows_what_it_would_post_and_posts_nothing() -> None:
    """Until a person switches it; then the same amount is posted, once."""
    stage, turns = after_july(SHADOW)
    for _ in range(3):
        turn(stage, turns)
    entries = stage.entries("2026-07")
    assert [e.status.value for e in entries] == ["pending"]
    (waiting,) = [
        w for w in Releaser(stage.store, SHADOW).waiting() if w.proposal.contract == ALPHA
    ]
    assert waiting.hold is Hold.SHADOW
    assert waiting.proposal.stake_minor_units == pending_minor_units(entries)
    (finding,) = stage.store.findings()
    assert (finding.kind, finding.subject) == ("posting_held", ALPHA)
    Releaser(stage.store, SHADOW).switch(ALPHA, Mode.AUTOMATIC, "ada", 1, {ALPHA})
    for _ in range(3):
        turn(stage, turns)
    assert [e.status.value for e in stage.entries("2026-07")] == ["pending", "void", "posted"]
    assert balance_minor_units(stage.entries("2026-07")) == pending_minor_units(entries)
    assert Releaser(stage.store, SHADOW).waiting() == ()


def test_one_person_does_not_post_what_takes_two() -> None:
    """Nor does the same one twice, nor one who may not; the second who may does."""
    stage, turns = after_july(TWO)
    turn(stage, turns)
    releaser = Releaser(stage.store, TWO)
    (waiting,) = releaser.waiting()
    key = waiting.proposal.digest[:8]
    for person in ("ada", "ada"):
        assert releaser.approve(key, person, 1).hold is Hold.APPROVALS
        turn(stage, turns)
    with pytest.raises(InputError, match="'mallory' may not approve"):
        releaser.approve(key, "mallory", 1)
    assert {e.status.value for e in stage.entries("2026-07")} == {"pending"}
    assert releaser.approve(key, "grace", 2).hold is None
    turn(stage, turns)
    assert balance_minor_units(stage.entries("2026-07")) == waiting.proposal.stake_minor_units
    assert len(stage.store.credit_notes(OPERATOR)) == 1


def test_approvals_are_for_one_amount_and_not_for_the_month() -> None:
    """Evidence that came after the first word makes another proposal, which both must see."""
    stage, turns = after_july(TWO)
    turn(stage, turns)
    releaser = Releaser(stage.store, TWO)
    (before,) = releaser.waiting()
    releaser.approve(before.proposal.digest, "ada", 1)
    stage.files.texts["Exclusions", "exclusions.yaml"] = EXCLUSION
    turn(stage, turns)
    (after,) = releaser.waiting()
    assert after.proposal.digest != before.proposal.digest
    assert after.approved_by == ()
    with pytest.raises(InputError, match="names no proposal that waits"):
        releaser.approve(before.proposal.digest, "grace", 2)
    for person in ("ada", "grace"):
        releaser.approve(after.proposal.digest, person, 3)
    turn(stage, turns)
    assert balance_minor_units(stage.entries("2026-07")) == after.proposal.stake_minor_units


EXCLUSION = f"""\
apiVersion: gpusla/v1
kind: Exclusions
exclusions:
  - {{id: e, slots: [c2/r01], contract: {ALPHA}, kind: maintenance, reason: r, clause: c,
     approver: tenant, from: 2026-07-01T00:00:00Z, until: 2026-07-02T00:00:00Z,
     recorded_at: 2026-08-04T00:00:00Z}}
"""


def test_what_people_release_late_is_booked_when_it_is_booked(store: Store) -> None:
    """Not when it was judged, eight days before they approved it: the posting comes after that."""
    stage, turns = after_july(TWO, store=store)
    turn(stage, turns)
    judged_ms = stage.clock.now_ms
    stage.clock.now_ms += 8 * DAY_MS
    releaser = Releaser(store, TWO)
    (waiting,) = releaser.waiting()
    for person in ("ada", "grace"):
        releaser.approve(waiting.proposal.digest, person, stage.clock.now_ms)
    stage.clock.now_ms += 60_000
    turns.once()
    told = {one.topic: one.written_ms for one in store.undelivered("billing", 100)}
    assert told == {
        "credit_pending": judged_ms,
        "credit_void": judged_ms + 8 * DAY_MS + 60_000,
        "credit_posted": judged_ms + 8 * DAY_MS + 60_000,
    }


def test_what_is_proposed_again_after_something_else_can_be_released(store: Store) -> None:
    """
    An hour of maintenance changes the judgement and not the 50.00; then it is taken back.

    Three proposals: the last one says what the first one said, and takes approvals of its own.
    """
    stage, turns = after_july(TWO, store=store)
    releaser, seen = Releaser(store, TWO), []
    for exclusions in ("", AN_HOUR, AN_HOUR + TAKEN_BACK):
        if exclusions:
            stage.files.texts["Exclusions", "exclusions.yaml"] = HEAD + exclusions
        turn(stage, turns)
        (waiting,) = releaser.waiting()
        assert (waiting.proposal.stake_minor_units, waiting.approved_by) == (5_000, ())
        releaser.approve(waiting.proposal.digest, "ada", 1)
        seen.append(waiting.proposal)
    first, second, third = seen
    assert first.content == third.content != second.content
    assert len({one.digest for one in seen}) == 3
    for gone in (first, second):
        with pytest.raises(InputError, match="names no proposal that waits"):
            releaser.approve(gone.digest, "grace", 2)
    turn(stage, turns)
    assert [one.proposal for one in releaser.waiting()] == [third]
    releaser.approve(third.digest, "grace", 2)
    turn(stage, turns)
    assert stage.amounts("2026-07")[-1] == ("posted", 5_000)
    assert releaser.waiting() == ()
    assert store.proposals() == (first, second, third)


HEAD = "apiVersion: gpusla/v1\nkind: Exclusions\nexclusions:\n"
AN_HOUR = f"""\
  - {{id: e, slots: [c2/r01], contract: {ALPHA}, kind: maintenance, reason: r, clause: c,
     approver: tenant, from: 2026-07-10T00:00:00Z, until: 2026-07-10T01:00:00Z,
     recorded_at: 2026-08-04T00:00:00Z}}
"""
TAKEN_BACK = AN_HOUR.replace("{id: e,", "{id: f, supersedes: e, withdrawn: true,")


APPROVALS = """\
approvals:
  above_minor_units: {USD: 100}
  by: [ada, grace]
"""


def test_people_release_by_commands(tmp_path: Path, told: Told) -> None:
    """List, approve, approve; who decides is named and kept."""
    path = write_site(tmp_path, "http://agents", more=APPROVALS)
    (tmp_path / "data").mkdir()
    settings = ("--config", str(path))
    assert told("collector", "automatic", "alpha-2026", "--as", "ada", *settings) == (
        0,
        "alpha-2026 automatic\n",
        "gpusla: final months are posted at the collector's next turn\n",
    )
    database = open_database(settings_of(path).database)
    require_newest(database)
    store = SqlStore(database)
    lease = store.acquire("collector", "this", 0, 1_000)
    assert lease is not None
    held = proposal_of([replace(posted(), contract=ALPHA)])
    store.propose(lease, held, 0)
    line = f"{held.digest[:16]} alpha-2026 2026-07 USD 5.00"
    waits = f"{line} waits: approvals; approved by nobody\n"
    assert told("collector", "approvals", *settings) == (0, waits, "")
    for person, state in (("ada", "waits: approvals"), ("grace", "released")):
        code, out, _ = told("collector", "approve", held.digest[:8], "--as", person, *settings)
        assert code == 0
        assert out.startswith(f"{line} {state}")
    assert [one.person for one in store.approvals()] == ["ada", "grace"]
    database.close()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("approve", "00000000", "--as", "mallory"), "'mallory' may not approve"),
        (("approve", "00000000", "--as", "ada"), "'00000000' names no proposal that waits"),
        (("automatic", "gamma", "--as", "ada"), "no contract file defines 'gamma'"),
        (("automatic", "alpha-2026", "--as", "A b"), "'A b' is not a person's name"),
    ],
)
def test_what_cannot_be_decided_is_refused(
    tmp_path: Path, told: Told, words: tuple[str, ...], said: str
) -> None:
    """In one sentence."""
    path = write_site(tmp_path, "http://agents", more=APPROVALS)
    code, out, err = told("collector", *words, "--config", str(path))
    assert (code, out) == (2, "")
    assert said in err
    assert err.count("\n") == 1
