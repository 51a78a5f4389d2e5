"""
Which credits must be asked for, by when, and what became of each.

A billing period's item is worth what all its segments together give, because a claim is for the
whole of it.  It stays open until it is claimed, waived or too late.
Source: docs/decisions/0148-a-list-of-claims.md.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from gpusla.contracts.load import load_contract
from gpusla.contracts.model import ContractVersion
from gpusla.contracts.remedies import ClaimMode
from gpusla.documents import parse
from gpusla.identity import ContractId, TenantId
from gpusla.inventory.load import read_claims
from gpusla.inventory.registry import Claims
from gpusla.ledger.booking import balance_minor_units
from gpusla.ledger.entries import Entry, is_posted, month_of
from gpusla.sla.claims import is_in_time
from gpusla.sla.evaluation import ClaimStanding
from gpusla_collector.ports import Judged, Scope, Store
from gpusla_collector.usecases.closed_periods import ClosedPeriod, claim_of
from gpusla_collector.usecases.judge import Judgement
from gpusla_collector.usecases.world import CLAIMS

DAY_MS = 86_400_000


class ClaimStatus(StrEnum):
    """
    What became of a credit that must be asked for.

    open: it can be claimed.  claimed: asked for in time, and not posted yet.  credited: asked for
    in time and posted.  waived: the tenant said that it will not ask.  expired: nobody asked in
    time, and it is lost.
    """

    OPEN = "open"
    CLAIMED = "claimed"
    CREDITED = "credited"
    WAIVED = "waived"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class Part:
    """What the newest judgement of a period, or of a segment of it, says of its claim."""

    key: str
    claim: ClaimStanding
    is_over: bool


@dataclass(frozen=True, slots=True)
class Claimable:
    """
    The credit of one billing period that must be asked for.

    period: key of the whole billing period, `2026-10`.  worth_minor_units: what a claim gives;
    to date only while is_over is False.  deadline_ms: first instant at which it is too late.
    claimed_ms: when it was asked for, in time or not.
    """

    contract: ContractId
    tenant: TenantId
    period: str
    currency: str
    timezone: str
    worth_minor_units: int
    status: ClaimStatus
    deadline_ms: int
    claimed_ms: int | None
    is_over: bool

    def days_left(self, now_ms: int) -> int | None:
        """Return how many whole days are left to claim it; None if it is not open."""
        if self.status is not ClaimStatus.OPEN:
            return None
        return (self.deadline_ms - now_ms) // DAY_MS


@dataclass(frozen=True, slots=True)
class ClaimList:
    """Reads from a store what there is to claim."""

    store: Store

    def of(self, scope: Scope, now_ms: int) -> tuple[Claimable, ...]:
        """Return what a scope may see: by deadline, then contract and period; see `claimables`."""
        claims, versions = self._claims(), self._versions(scope)
        parts: dict[ContractId, list[Part]] = defaultdict(list)
        for contract, period in self.store.judged_periods(scope):
            if contract in versions:
                judged = self.store.judged(scope, contract, period)
                parts[contract] += () if judged is None else _part(judged)
        found = [
            one
            for contract, of_contract in parts.items()
            for one in claimables(
                versions[contract],
                of_contract,
                self.store.entries(scope, contract),
                claims,
                now_ms,
            )
        ]
        return tuple(sorted(found, key=lambda one: (one.deadline_ms, one.contract, one.period)))

    def _claims(self) -> Claims:
        file = self.store.latest(CLAIMS)
        return Claims() if file is None else read_claims(parse(file.content, file.name))

    def _versions(self, scope: Scope) -> dict[ContractId, ContractVersion]:
        """Return the newest version of each contract that ever asked for claims."""
        newest: dict[ContractId, ContractVersion] = {}
        asking: set[ContractId] = set()
        for kept in self.store.contracts(scope):
            version = load_contract(kept.file.content, kept.file.name)
            newest[version.id] = version
            if version.claims.mode is ClaimMode.ON_CLAIM:
                asking.add(version.id)
        return {contract: newest[contract] for contract in asking}


def claimables(
    contract: ContractVersion,
    parts: Iterable[Part],
    entries: Sequence[Entry],
    claims: Claims,
    now_ms: int,
) -> Iterator[Claimable]:
    """
    Yield what there is to claim under a contract, by period.

    contract: any version of it; currency, zone and tenant are the same in all.  parts: of every
    period once.  entries: of the contract.  What is worth nothing and was not asked for is left
    out.  Segments under versions with other deadlines are items of their own.
    """
    together: dict[tuple[str, int], list[Part]] = defaultdict(list)
    for part in parts:
        together[month_of(part.key), part.claim.deadline_ms].append(part)
    for (_, deadline_ms), some in sorted(together.items()):
        asked = (part.claim.claimed_ms for part in some)
        claimed_ms = min((at_ms for at_ms in asked if at_ms is not None), default=None)
        worth = sum(part.claim.claimable_minor_units for part in some)
        if worth or claimed_ms is not None:
            item = _item(contract, some, worth, deadline_ms, claimed_ms)
            yield replace(item, status=_status(item, some, entries, claims, now_ms))


def _item(
    contract: ContractVersion,
    parts: Sequence[Part],
    worth_minor_units: int,
    deadline_ms: int,
    claimed_ms: int | None,
) -> Claimable:
    return Claimable(
        contract.id,
        contract.tenant,
        month_of(parts[0].key),
        contract.fees.currency,
        contract.term.timezone,
        worth_minor_units,
        ClaimStatus.OPEN,
        deadline_ms,
        claimed_ms,
        all(part.is_over for part in parts),
    )


def _status(
    item: Claimable,
    parts: Sequence[Part],
    entries: Sequence[Entry],
    claims: Claims,
    now_ms: int,
) -> ClaimStatus:
    if item.claimed_ms is not None and is_in_time(item.claimed_ms, item.deadline_ms):
        keys = {part.key for part in parts}
        booked = [entry for entry in entries if entry.period in keys]
        return _after_claim(booked, item.worth_minor_units)
    if claims.is_waived(item.contract, item.period):
        return ClaimStatus.WAIVED
    return ClaimStatus.OPEN if now_ms < item.deadline_ms else ClaimStatus.EXPIRED


def parts_of(closed: Iterable[ClosedPeriod], judgements: Iterable[Judgement]) -> Iterator[Part]:
    """Yield what was judged: closed periods, and what is open."""
    for period in closed:
        if period.claim is not None:
            yield Part(period.key, period.claim, is_over=True)
    for judgement in judgements:
        evaluation = judgement.evaluation
        if judgement.is_open and evaluation.claim is not None and not evaluation.is_shadow:
            yield Part(evaluation.period.key, evaluation.claim, is_over=False)


def _after_claim(booked: Sequence[Entry], worth_minor_units: int) -> ClaimStatus:
    """A posting of what was owed before the claim is not the claim's."""
    if is_posted(booked) and balance_minor_units(booked) == worth_minor_units:
        return ClaimStatus.CREDITED
    return ClaimStatus.CLAIMED


def _part(judged: Judged) -> Iterator[Part]:
    content: dict[str, Any] = json.loads(judged.content)
    claim = claim_of(content)
    if claim is not None:
        yield Part(judged.period, claim, is_over=content["end_ms"] <= judged.until_ms)
