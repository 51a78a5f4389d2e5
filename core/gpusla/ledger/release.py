"""
Whether what is owed may be posted: a contract that a person switched, and two people for much.

Machines propose, people release.  What is held back stays pending, with its amount.
Source: docs/decisions/0132-shadow-mode-and-two-people.md, 0153-what-was-proposed-before.md.
"""

import hashlib
import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from gpusla.identity import ContractId, TenantId
from gpusla.ledger.entries import Entry, Status

PEOPLE = 2
"""How many different people release an amount above the threshold."""


class Mode(StrEnum):
    """
    How a contract's credits come to be owed.

    shadow: they are worked out and never posted.  automatic: they are posted when a period is
    final, above the threshold once people have approved.
    """

    SHADOW = "shadow"
    AUTOMATIC = "automatic"


class Hold(StrEnum):
    """Why a proposal is not posted."""

    SHADOW = "shadow"
    APPROVALS = "approvals"


@dataclass(frozen=True, slots=True)
class Proposal:
    """
    What would be posted for one period of a contract.

    digest: of all that is posted, down to keys and the evaluation; another amount or another
    judgement is another proposal, and so is the same after another one.  stake_minor_units: what
    is given or what is taken back, whichever is more.
    """

    digest: str
    contract: ContractId
    tenant: TenantId
    period: str
    currency: str
    stake_minor_units: int
    content: str


@dataclass(frozen=True, slots=True)
class Policy:
    """
    What the operator set.

    mode: of contracts that nobody switched.  above_minor_units: by currency, the most that needs no
    people; None where nothing ever does.  A currency without a threshold needs them for all.
    approvers: who may approve.
    """

    mode: Mode = Mode.AUTOMATIC
    above_minor_units: Mapping[str, int] | None = None
    approvers: frozenset[str] = frozenset()

    def is_shadow(self, mode: Mode | None) -> bool:
        """Tell whether nothing of a contract is posted; mode: as of `hold`."""
        return (mode or self.mode) is Mode.SHADOW

    def hold(
        self, proposal: Proposal, mode: Mode | None, approved_by: Collection[str]
    ) -> Hold | None:
        """
        Return why a proposal is held back, or None if it may be posted.

        mode: what a person switched the contract to; None if nobody did.  approved_by: who approved
        this very proposal; people who may not approve do not count, nor does anybody twice.
        """
        if self.is_shadow(mode):
            return Hold.SHADOW
        if self.above_minor_units is None:
            return None
        if proposal.stake_minor_units <= self.above_minor_units.get(proposal.currency, 0):
            return None
        return None if len(self.approvers & set(approved_by)) >= PEOPLE else Hold.APPROVALS


def proposal_of(entries: Sequence[Entry], before: Iterable[Proposal] = ()) -> Proposal:
    """
    Return the proposal to append entries of one period, at least one, in their order.

    before: all that was proposed, in that order.  The last proposal of the period is in force, and
    stands if it says the same.  What was replaced by another one and is to be posted after all is
    proposed anew, under a digest of its own: nobody's word for the first time counts.
    """
    first, content = entries[0], _content(entries)
    place, said = (first.contract, first.period), (first.currency, content)
    told = [(one.currency, one.content) for one in before if (one.contract, one.period) == place]
    times = told.count(said) - (told[-1:] == [said])
    named = [first.contract, first.period, first.currency, content, *([times] if times else [])]
    amounts = [e.amount_minor_units for e in entries if e.status is Status.POSTED]
    given = sum(amount for amount in amounts if amount > 0)
    taken = -sum(amount for amount in amounts if amount < 0)
    return Proposal(
        hashlib.sha256(json.dumps(named).encode("ascii")).hexdigest(),
        first.contract,
        first.tenant,
        first.period,
        first.currency,
        max(given, taken),
        content,
    )


def _content(entries: Sequence[Entry]) -> str:
    return json.dumps(
        [
            [
                entry.key,
                entry.clause,
                entry.revision,
                entry.status.value,
                entry.amount_minor_units,
                entry.reverses,
                entry.evaluation_digest,
            ]
            for entry in entries
        ],
        separators=(",", ":"),
    )
