"""
Threat row T7: claiming twice and stacking clauses gives no more than the contract does once.

Any order of judgements, claims, retries and decisions that were made on an old ledger, against the
real booking and the store's promise to refuse another entry under a key.
"""

from collections import Counter
from contextlib import suppress
from dataclasses import replace

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from gpusla.errors import LedgerError
from gpusla.identity import ContractId
from gpusla.inventory.model import ClaimRecord
from gpusla.inventory.registry import Claims
from gpusla.ledger.booking import balance_minor_units, decide, live_entries
from gpusla.ledger.entries import Entry, Status
from gpusla.ledger.notes import is_documented
from gpusla.sla.evaluation import ClaimStanding, Evaluation
from gpusla_collector.ports import OPERATOR, Judged, Lease
from tests.collector.memory_store import MemoryStore
from tests.core.ledger.judged import CLAUSES, CONTRACT, PERIOD, owing

CAP = 1_000
DEADLINE_MS = PERIOD.interval.end_ms + 30 * 86_400_000
MONEY = CLAUSES[:2]
"""Clauses that give money; the third is only watched."""


def capped(amounts: tuple[int, int], claimed_ms: int | None) -> Evaluation:
    """What the engine says: 0 without a claim in time, and never more than the cap in all."""
    is_claimed = claimed_ms is not None and claimed_ms < DEADLINE_MS
    first = min(amounts[0], CAP)
    lines = (first, min(amounts[1], CAP - first)) if is_claimed else (0, 0)
    owed = owing(dict(zip(MONEY, lines, strict=True)))
    return replace(owed, claim=ClaimStanding(DEADLINE_MS, claimed_ms, CAP))


def judged(evaluation: Evaluation) -> Judged:
    """The same as stored; only its digest matters here."""
    digest = str(sorted((line.objective, line.minor_units) for line in evaluation.lines))
    return Judged(CONTRACT.id, CONTRACT.tenant, PERIOD.key, 10, "f", digest, "{}", "{}", 20)


class Claiming(RuleBasedStateMachine):
    """A tenant that claims as it likes, and collectors that crash, retry and lag behind."""

    def __init__(self) -> None:
        super().__init__()
        self.store = MemoryStore()
        lease = self.store.acquire("collector", "this", 0, 10**15)
        assert lease is not None
        self.lease: Lease = lease
        self.amounts = (0, 0)
        self.claims: list[int] = []
        self.posted: Evaluation | None = None
        self.stale: tuple[Evaluation, tuple[Entry, ...]] | None = None

    @property
    def evaluation(self) -> Evaluation:
        """The judgement of now: the earliest claim counts, however many there are."""
        return capped(self.amounts, min(self.claims, default=None))

    @rule(amounts=st.tuples(st.integers(0, 3_000), st.integers(0, 3_000)))
    def lose_time(self, amounts: tuple[int, int]) -> None:
        """Evidence changes what both clauses would give."""
        self.amounts = amounts

    @rule(days=st.integers(1, 90), times=st.integers(1, 3))
    def claim(self, days: int, times: int) -> None:
        """The tenant claims, once or several times, in time or too late."""
        self.claims += [PERIOD.interval.start_ms + days * 86_400_000] * times

    @rule()
    def withdraw(self) -> None:
        """All claims are taken back."""
        self.claims = []

    @rule(is_final=st.booleans(), times=st.integers(1, 3))
    def book(self, *, is_final: bool, times: int) -> None:
        """A collector books, and does so again after a crash."""
        evaluation = self.evaluation
        for _ in range(times):
            self._book(evaluation, is_final=is_final)
        if is_final:
            self.posted = evaluation

    @rule()
    def look(self) -> None:
        """Another collector reads the ledger and is stopped before it books."""
        evaluation = self.evaluation
        self.stale = evaluation, tuple(decide(self.store.ledger, evaluation, is_final=True))

    @precondition(lambda self: self.stale is not None)
    @rule()
    def wake(self) -> None:
        """It books what it decided on the ledger of then: refused, or what stands already."""
        assert self.stale is not None
        evaluation, entries = self.stale
        before = tuple(self.store.ledger)
        if entries and {e.key for e in entries} <= {e.key for e in before}:
            with suppress(LedgerError):  # refused, if it says something else than what stands
                self.store.book(self.lease, judged(evaluation), lambda _: entries, 20)
            assert tuple(self.store.ledger) == before
        self.stale = None

    def _book(self, evaluation: Evaluation, *, is_final: bool) -> None:
        self.store.book(
            self.lease,
            judged(evaluation),
            lambda standing: decide(standing, evaluation, is_final=is_final),
            20,
        )

    @invariant()
    def what_is_owed_is_the_last_posted_judgement(self) -> None:
        """No clause counts twice, and both together never pass the cap."""
        owed = balance_minor_units(self.store.ledger)
        expected = 0 if self.posted is None else self.posted.credit_minor_units.value
        assert owed == expected <= CAP

    @invariant()
    def debits_are_credits(self) -> None:
        """In each entry and in all."""
        for entry in self.store.ledger:
            assert sum(line.minor_units for line in entry.lines) == 0

    @invariant()
    def each_clause_has_one_live_entry_at_most(self) -> None:
        """And each pending one ended at most once: posted anew, void or expired."""
        live = Counter(entry.clause for entry in live_entries(self.store.ledger))
        assert all(count == 1 for count in live.values())
        taken = Counter(e.reverses for e in self.store.ledger if e.reverses is not None)
        assert all(count == 1 for count in taken.values())
        by_key = {entry.key: entry for entry in self.store.ledger}
        for entry in self.store.ledger:
            if entry.reverses is not None:
                other = by_key[entry.reverses]
                assert entry.amount_minor_units == -other.amount_minor_units
                is_pending = other.status is Status.PENDING
                assert is_pending == (entry.status in {Status.VOID, Status.EXPIRED})

    @invariant()
    def documents_are_numbered_without_gaps(self) -> None:
        """One for each posting that moves money."""
        numbers = [note.number for note in self.store.credit_notes(OPERATOR)]
        assert numbers == list(range(1, 1 + sum(map(is_documented, self.store.ledger))))


TestClaiming = Claiming.TestCase
TestClaiming.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)


def test_a_credit_whose_claim_turns_out_late_expires_once() -> None:
    """500 claimed on the 10th; an earlier incident puts the deadline on the 5th: -500, expired."""
    claimed = capped((500, 0), PERIOD.interval.start_ms)
    entries = list(decide((), claimed, is_final=False))
    late = replace(capped((0, 0), None), claim=ClaimStanding(5, 10, 500))
    entries += decide(entries, late, is_final=False)
    entries += decide(entries, late, is_final=False)
    found = [(entry.status.value, entry.amount_minor_units) for entry in entries]
    assert found == [("pending", 500), ("expired", -500)]
    assert balance_minor_units(entries) == 0
    closed = [*entries, *decide(entries, late, is_final=True)]
    assert [e.status.value for e in closed if e.clause == MONEY[0]] == [
        "pending",
        "expired",
        "posted",
    ]


def test_of_several_claims_the_earliest_counts_and_gives_once() -> None:
    """Whatever they are called and whoever made them."""

    def record(name: str, at_ms: int) -> ClaimRecord:
        return ClaimRecord(
            id=name, contract=ContractId("acme"), period="2026-10", from_ms=at_ms, until_ms=None,
            recorded_ms=at_ms, supersedes=None, withdrawn=False, by="tenant", reference="mail",
        )  # fmt: skip

    claims = Claims((record("one", 20), record("two", 10), record("three", 10)))
    assert claims.first_ms(ContractId("acme"), "2026-10") == 10
