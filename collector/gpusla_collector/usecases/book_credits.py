"""
Books what a judgement is worth: pending while the month is open, posted when it is settled.

What to book is decided inside the transaction that books it, from the entries as they stand there;
so a second process, a retry or a crash can neither double an entry nor leave one out.  A posting
that people must release first is proposed instead, and stays pending.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from gpusla.clock import Clock
from gpusla.identity import ContractId
from gpusla.ledger.booking import decide
from gpusla.ledger.entries import Entry
from gpusla.ledger.release import Hold, Policy, Proposal, proposal_of
from gpusla.logs import get_logger
from gpusla_collector.ports import OPERATOR, Finding, Lease, Store
from gpusla_collector.usecases.judge import Judgement

EVERYTHING_AT_ONCE = Policy()
"""Posts what is final, without asking anybody."""

POSTING_HELD = "posting_held"
"""Kind of the finding, and the event in the log, that people must release a posting."""

log = get_logger()


@dataclass(frozen=True, slots=True)
class Booker:
    """What booking needs."""

    store: Store
    clock: Clock
    policy: Policy = EVERYTHING_AT_ONCE

    def book(
        self,
        lease: Lease,
        judgement: Judgement,
        *,
        is_final: bool,
        held_by: Hold | None = None,
    ) -> tuple[Entry, ...]:
        """
        Append what the ledger lacks; returns it.

        held_by: why a posting is held back, whatever people say; None to ask what they say.
        Raises LedgerError `ledger_conflict` if the ledger holds another decision under the same
        key: nothing more may be booked until a person has looked.
        """
        judged = judgement.judged

        def decided(standing: Sequence[Entry]) -> Sequence[Entry]:
            return self._decide(judgement, standing, held_by, is_final=is_final)[0]

        now_ms = self.clock.wall_ms()
        standing = self.store.entries(OPERATOR, judged.contract)
        entries, held = self._decide(judgement, standing, held_by, is_final=is_final)
        booked = self.store.book(lease, judged, decided, now_ms) if entries else ()
        if held is not None:
            self._propose(lease, now_ms, *held)
        return booked

    def held(self, judgement: Judgement) -> Hold | None:
        """Return why the posting of a settled period waits; None if it does not, or is done."""
        judged = judgement.judged
        standing = self.store.entries(OPERATOR, judged.contract)
        _, held = self._decide(judgement, standing, None, is_final=True)
        return None if held is None else held[1]

    def is_shadow(self, contract: ContractId) -> bool:
        """Tell whether nothing of a contract is posted now."""
        return self.policy.is_shadow(self.store.modes().get(contract))

    def _decide(
        self,
        judgement: Judgement,
        standing: Sequence[Entry],
        held_by: Hold | None,
        *,
        is_final: bool,
    ) -> tuple[Sequence[Entry], tuple[Proposal, Hold] | None]:
        """Return what to append now, and what waits for people and why."""
        evaluation, keys = judgement.evaluation, judgement.keys
        posting = decide(standing, evaluation, is_final=is_final, keys=keys)
        if not is_final or not posting:
            return posting, None
        waiting = decide(standing, evaluation, is_final=False, keys=keys)
        after = (*standing, *waiting)
        due = decide(after, evaluation, is_final=True, keys=keys)
        proposal = proposal_of(due, self.store.proposals())
        hold = held_by or self._hold(proposal)
        return (posting, None) if hold is None else (waiting, (proposal, hold))

    def _hold(self, proposal: Proposal) -> Hold | None:
        people = {one.person for one in self.store.approvals() if one.proposal == proposal.digest}
        return self.policy.hold(proposal, self.store.modes().get(proposal.contract), people)

    def _propose(self, lease: Lease, now_ms: int, proposal: Proposal, hold: Hold) -> None:
        if any(known.digest == proposal.digest for known in self.store.proposals()):
            return
        amount = f"{proposal.stake_minor_units} minor units of {proposal.currency}"
        detail = f"{amount} for {proposal.period} wait: {hold}; proposal {proposal.digest}"
        found = Finding(
            f"{POSTING_HELD} {proposal.digest}", POSTING_HELD, proposal.contract, now_ms, detail
        )
        # First: what is proposed counts as told, and a crash between the two must not hide it.
        self.store.report(lease, found)
        if not self.store.propose(lease, proposal, now_ms):
            return
        log.warning(
            POSTING_HELD,
            contract=proposal.contract,
            period=proposal.period,
            stake_minor_units=proposal.stake_minor_units,
            currency=proposal.currency,
            reason=hold.value,
            proposal=proposal.digest,
        )
