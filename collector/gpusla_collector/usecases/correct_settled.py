"""
Corrects settled periods whose credit must be asked for, where the claims on record say otherwise.

A reconciler: it compares the claim that a settled period was judged with to the one on record now.
Only the claim is new.  Everything else is what it was when the period was settled, so that neither
late evidence nor a late exclusion comes in beside it.
Source: docs/decisions/0124-claims-on-record.md.
"""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from gpusla.clock import Clock
from gpusla.contracts.remedies import ClaimMode
from gpusla.identity import ContractId
from gpusla.ledger.entries import Entry
from gpusla.sla.digest import canonical
from gpusla_collector.ports import OPERATOR, Evidence, Judged, Lease, Store
from gpusla_collector.usecases.book_credits import Booker
from gpusla_collector.usecases.case import Case
from gpusla_collector.usecases.going_on import is_of_all
from gpusla_collector.usecases.judge import judgement_of, posted_periods
from gpusla_collector.usecases.replay import Replay
from gpusla_collector.usecases.world import CLAIMS, World


@dataclass(frozen=True, slots=True)
class Corrector:
    """What correcting needs."""

    store: Store
    evidence: Evidence
    clock: Clock
    booker: Booker

    def correct_all(self, lease: Lease, world: World) -> Iterator[Entry]:
        """
        Judge anew what another claim was settled with, and book the difference; yields entries.

        One period that cannot be judged again does not keep the others from it; the first error is
        raised at the end.  A lease or a database that is gone ends it at once.
        """
        failures: list[Exception] = []
        for contract in sorted(world.versions):
            if _asks_for_claims(world, contract):
                for judged in self._outdated(world, contract):
                    try:
                        yield from self._correct(lease, world, judged)
                    except Exception as error:  # whatever is wrong, others are corrected
                        if is_of_all(error):
                            raise
                        failures.append(error)
        if failures:
            raise failures[0]

    def _outdated(self, world: World, contract: ContractId) -> Iterator[Judged]:
        for period in sorted(posted_periods(self.store, contract)):
            judged = self.store.judged(OPERATOR, contract, period)
            if judged is not None:
                standing = json.loads(judged.content)["claim"]
                claimed_ms = world.claims.first_ms(contract, period[:7])
                if standing is not None and standing["claimed_ms"] != claimed_ms:
                    yield judged

    def _correct(self, lease: Lease, world: World, judged: Judged) -> tuple[Entry, ...]:
        """Judge with what was known then and the claims of now."""
        again = Replay(self.store, self.evidence).again(judged)
        case = _with_claims(again.case, world)
        evaluation = case.weigh(again.spans, again.granted)
        inputs = _inputs(json.loads(judged.inputs), world)
        fingerprint = hashlib.sha256(inputs.encode("ascii")).hexdigest()
        judgement = judgement_of(evaluation, fingerprint, inputs, self.clock.wall_ms())
        booked = self.booker.book(lease, judgement, is_final=True)
        # Only now: what is kept counts as done, and a crash before must leave it to be done.
        if self.booker.held(judgement) is None:
            self.store.keep(lease, judgement.judged)
        return booked


def _asks_for_claims(world: World, contract: ContractId) -> bool:
    return any(one.claims.mode is ClaimMode.ON_CLAIM for one in world.versions[contract])


def _with_claims(case: Case, world: World) -> Case:
    now = tuple(file for file in world.files if file.kind == CLAIMS)
    then = tuple(file for file in case.world.files if file.kind != CLAIMS)
    return replace(case, world=replace(case.world, claims=world.claims, files=(*then, *now)))


def _inputs(then: dict[str, Any], world: World) -> str:
    files = {**then["files"], CLAIMS: world.digest(CLAIMS)}
    return canonical({**then, "files": files}).decode("ascii")
