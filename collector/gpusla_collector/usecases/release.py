"""What waits for people before it is posted, and what people do about it."""

import json
import re
from collections.abc import Collection
from dataclasses import dataclass

from gpusla.catalogue.codes import UNKNOWN_REFERENCE
from gpusla.errors import InputError
from gpusla.identity import ContractId
from gpusla.ledger.entries import Entry
from gpusla.ledger.release import Hold, Mode, Policy, Proposal
from gpusla_collector.ports import OPERATOR, Approval, Store

PERSON = re.compile(r"[a-z0-9][a-z0-9.@_-]{0,62}")
KEY_LENGTH_MIN = 8


@dataclass(frozen=True, slots=True)
class Waiting:
    """
    A proposal that is not posted yet.

    hold: None if nothing is in its way any more and the collector's next turn posts it.
    """

    proposal: Proposal
    hold: Hold | None
    approved_by: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Releaser:
    """What releasing needs."""

    store: Store
    policy: Policy

    def waiting(self) -> tuple[Waiting, ...]:
        """Return what waits, in the order of contract and period."""
        newest = {(one.contract, one.period): one for one in self.store.proposals()}
        modes, approvals = self.store.modes(), self.store.approvals()
        found = []
        for (contract, period), proposal in sorted(newest.items()):
            if not _is_posted(proposal, self.store.entries(OPERATOR, contract, period)):
                people = {one.person for one in approvals if one.proposal == proposal.digest}
                hold = self.policy.hold(proposal, modes.get(contract), people)
                found.append(Waiting(proposal, hold, tuple(sorted(people))))
        return tuple(found)

    def approve(self, key: str, person: str, now_ms: int) -> Waiting:
        """
        Keep a person's approval of the proposal whose digest begins with key.

        Raises InputError if there is no such proposal, or the person may not approve.
        """
        if person not in self.policy.approvers:
            raise InputError(
                UNKNOWN_REFERENCE,
                f"{person!r} may not approve",
                fix="Name somebody whom approvals.by of the settings lists.",
            )
        proposal = self._named(key)
        self.store.approve(Approval(proposal.digest, person, now_ms))
        return next(one for one in self.waiting() if one.proposal == proposal)

    def switch(
        self, contract: str, mode: Mode, person: str, now_ms: int, known: Collection[ContractId]
    ) -> None:
        """
        Put a contract into a mode.

        Raises InputError if there is no such contract, or the name is none.
        """
        if contract not in known:
            raise InputError(UNKNOWN_REFERENCE, f"no contract file defines {contract!r}")
        if not PERSON.fullmatch(person):
            raise InputError(
                UNKNOWN_REFERENCE,
                f"{person!r} is not a person's name",
                fix="Write it in small letters, digits and .@_-, as in approvals.by.",
            )
        self.store.switch(ContractId(contract), mode, person, now_ms)

    def _named(self, key: str) -> Proposal:
        found = [
            one.proposal for one in self.waiting() if one.proposal.digest.startswith(key.lower())
        ]
        if len(key) < KEY_LENGTH_MIN or len(found) != 1:
            raise InputError(
                UNKNOWN_REFERENCE,
                f"{key!r} names no proposal that waits",
                fix=f"`gpusla collector approvals` lists them; {KEY_LENGTH_MIN} digits are enough.",
            )
        return found[0]


def _is_posted(proposal: Proposal, entries: Collection[Entry]) -> bool:
    """A proposal is posted as a whole: its last entry stands, or something went on beyond it."""
    key, clause, revision, *_ = json.loads(proposal.content)[-1]
    last = [e for e in entries if e.clause == clause and e.revision >= revision]
    return any(entry.key == key and entry.status.value == "posted" for entry in last)
