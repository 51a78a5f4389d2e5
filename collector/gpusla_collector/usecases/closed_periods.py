"""What is known of a contract's closed periods: how they ended, and what may still be claimed."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from gpusla.contracts.model import ContractVersion
from gpusla.contracts.remedies import ClaimMode, NoCredit
from gpusla.ledger.entries import Entry, Status
from gpusla.sla.chronic import FinalOutcome
from gpusla.sla.digest import from_exact, plain
from gpusla.sla.evaluation import ClaimStanding, Evaluation
from gpusla_collector.ports import OPERATOR, Judged, Store
from gpusla_collector.usecases.judge import Judgement


@dataclass(frozen=True, slots=True)
class Ended:
    """How an objective ended in a final statement."""

    objective: str
    outcome: FinalOutcome


@dataclass(frozen=True, slots=True)
class ClosedPeriod:
    """
    A period that is over.

    final_ms: when its statement became final; None while late evidence may still come, and then
    there are no outcomes.
    """

    key: str
    final_ms: int | None
    outcomes: tuple[Ended, ...]
    claim: ClaimStanding | None

    def final_from(self, final_ms: int) -> "ClosedPeriod":
        """Return the same with outcomes that were final earlier."""
        ended = (
            replace(one, outcome=replace(one.outcome, final_ms=final_ms)) for one in self.outcomes
        )
        return replace(self, final_ms=final_ms, outcomes=tuple(ended))


@dataclass(slots=True)
class ClosedPeriods:
    """Reads closed periods; what is posted is read from the store once."""

    store: Store
    _posted: dict[str, ClosedPeriod] = field(default_factory=dict)

    def of(
        self, contract: ContractVersion, judgements: Iterable[Judgement], now_ms: int
    ) -> tuple[ClosedPeriod, ...]:
        """
        Return a contract's closed periods, oldest first; none where nothing hangs on them.

        judgements: of all that is not posted.
        """
        if contract.chronic is None and contract.claims.mode is not ClaimMode.ON_CLAIM:
            return ()
        posted = posted_judgements(self.store.entries(OPERATOR, contract.id))
        found = {key: self._read(contract, digests) for key, digests in posted.items()}
        for judgement in judgements:
            evaluation = judgement.evaluation
            if not judgement.is_open and evaluation.period.key not in found:
                found[evaluation.period.key] = unposted(judgement, now_ms)
        return tuple(period for _, period in sorted(found.items()) if period is not None)

    def _read(self, contract: ContractVersion, digests: Iterable[str]) -> ClosedPeriod | None:
        """A correction that leaves the outcomes as they were does not make them final anew."""
        newest: ClosedPeriod | None = None
        for digest in digests:
            if digest not in self._posted:
                judged = self.store.judgement(OPERATOR, digest)
                if judged is None:
                    continue
                self._posted[digest] = _posted(contract, judged)
            before, newest = newest, self._posted[digest]
            if before is not None and before.final_ms is not None:
                since = newest.final_from(before.final_ms)
                newest = since if since.outcomes == before.outcomes else newest
        return newest


def posted_judgements(entries: Iterable[Entry]) -> dict[str, list[str]]:
    """Return by period the digests of what was posted for it, each once, the newest last."""
    found: dict[str, list[str]] = {}
    for entry in entries:
        if entry.status is Status.POSTED and entry.reverses is None:
            digests = found.setdefault(entry.period, [])
            if entry.evaluation_digest in digests:
                digests.remove(entry.evaluation_digest)
            digests.append(entry.evaluation_digest)
    return found


def unposted(judgement: Judgement, now_ms: int) -> ClosedPeriod:
    """
    Return a closed period that has no posting.

    Where nothing is ever booked it is final as soon as the contract says so.
    """
    evaluation = judgement.evaluation
    final_ms = evaluation.period.interval.end_ms + evaluation.contract.statement.final_after_ms
    is_final = _is_never_booked(evaluation) and final_ms <= now_ms
    return _closed(plain(evaluation), final_ms if is_final else None)


def _posted(contract: ContractVersion, judged: Judged) -> ClosedPeriod:
    """Return a posted period; final from its judgement on, and not before the contract lets it."""
    content = json.loads(judged.content)
    agreed_ms = content["end_ms"] + contract.statement.final_after_ms
    return _closed(content, max(judged.judged_ms, agreed_ms))


def _is_never_booked(evaluation: Evaluation) -> bool:
    objectives = evaluation.contract.objectives
    return evaluation.is_unpaid or all(isinstance(one.credit, NoCredit) for one in objectives)


def _closed(content: Mapping[str, Any], final_ms: int | None) -> ClosedPeriod:
    """Take what matters here from an evaluation's stored form."""
    return ClosedPeriod(
        content["period"],
        final_ms,
        () if final_ms is None else tuple(_outcomes(content, final_ms)),
        claim_of(content),
    )


def _outcomes(content: Mapping[str, Any], final_ms: int) -> Iterator[Ended]:
    for outcome in content["outcomes"]:
        value = outcome["compared"]["value"]
        yield Ended(
            outcome["objective"],
            FinalOutcome(
                content["period"],
                final_ms,
                outcome["is_missed"],
                None if value is None else from_exact(value),
            ),
        )


def is_unpaid(content: Mapping[str, Any]) -> bool:
    """Tell from an evaluation's stored form whether nothing is due for its period."""
    return content["is_shadow"] or not from_exact(content["fee_minor_units"])


def claim_of(content: Mapping[str, Any]) -> ClaimStanding | None:
    """Take the claim from an evaluation's stored form; what a shadow price gives is no money."""
    claim = None if content["is_shadow"] else content["claim"]
    return None if claim is None else ClaimStanding(**claim)
