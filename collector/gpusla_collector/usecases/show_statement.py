"""
Puts a statement together again from what is on record, and proves that it is the one booked.

The judgement is computed anew from the files and records that it names.  Where the spans that are
kept have changed since (evidence that came after the posting), they are folded again from the
journals' bytes, up to the very records that were known then.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gpusla.catalogue.codes import NOTHING_TO_SHOW, STATEMENT_ALTERED
from gpusla.errors import InputError, StoreError
from gpusla.identity import ContractId, NodeName
from gpusla.journal.chain import EMPTY, Head, follow
from gpusla.ledger.entries import Entry, Status
from gpusla.sla.digest import canonical, plain
from gpusla.sla.evaluation import Evaluation
from gpusla.sla.facts_file import RecordedFacts
from gpusla.sla.periods import period_of
from gpusla.statement import Inputs, Statement, build
from gpusla.timeline.fold import Carry, advance
from gpusla.timeline.model import StateSpan
from gpusla_collector.ports import OPERATOR, Evidence, Judged, Scope, Store
from gpusla_collector.usecases.case import Case
from gpusla_collector.usecases.take_in import join
from gpusla_collector.usecases.world import ASSIGNMENTS, EXCLUSIONS, INVENTORY, World, read_world


@dataclass(frozen=True, slots=True)
class Statements:
    """What showing statements needs."""

    store: Store
    evidence: Evidence

    def show(self, scope: Scope, contract: ContractId, period: str) -> Statement:
        """
        Return the statement of a period: the posted one if there is one, else the newest.

        Raises InputError `nothing_to_show` if it was never judged, or is not the scope's to see;
        StoreError `statement_altered` if what is on record does not give the figures booked.
        """
        entries = self.store.entries(scope, contract, period)
        judged = self._judged(scope, contract, period, entries)
        if judged is None:
            raise InputError(
                NOTHING_TO_SHOW, f"contract {contract!r} has no statement of period {period!r}"
            )
        inputs = json.loads(judged.inputs)
        _, _, evaluation = self._again(judged, inputs)
        return build(evaluation, entries, _inputs(inputs))

    def facts(self, scope: Scope, contract: ContractId, period: str) -> RecordedFacts:
        """
        Return the facts that a period was judged from, so that others can judge them anew.

        Raises as show does.
        """
        judged = self._judged(scope, contract, period, self.store.entries(scope, contract, period))
        if judged is None:
            raise InputError(
                NOTHING_TO_SHOW, f"contract {contract!r} has no facts of period {period!r}"
            )
        inputs = json.loads(judged.inputs)
        case, spans, _ = self._again(judged, inputs)
        facts = case.facts(spans, inputs["granted_minor_units"])
        return RecordedFacts(contract, case.period.key[:7], case.until_ms, facts)

    def _judged(
        self, scope: Scope, contract: ContractId, period: str, entries: tuple[Entry, ...]
    ) -> Judged | None:
        taken_back = {entry.reverses for entry in entries}
        for entry in reversed(entries):
            is_standing = entry.reverses is None and entry.key not in taken_back
            if entry.status is Status.POSTED and is_standing:
                return self.store.judgement(scope, entry.evaluation_digest)
        return self.store.judged(scope, contract, period)

    def _again(
        self, judged: Judged, inputs: Mapping[str, Any]
    ) -> tuple[Case, Sequence[StateSpan], Evaluation]:
        """Judge once more: what is kept, or else the journals up to the records known then."""
        case = _case(self._world(judged.contract, inputs), judged, inputs)
        granted = inputs["granted_minor_units"]
        kept = self.store.account(case.slots, case.reach).spans
        evaluation = case.weigh(kept, granted)
        if _digest(evaluation) == judged.digest:
            return case, kept, evaluation
        folded = tuple(self._fold(inputs))
        evaluation = case.weigh(folded, granted)
        if _digest(evaluation) == judged.digest:
            return case, folded, evaluation
        raise StoreError(
            STATEMENT_ALTERED,
            f"what is on record of contract {judged.contract}, period {judged.period}, gives "
            f"{_digest(evaluation)[:12]}, the judgement booked is {judged.digest[:12]}",
        )

    def _world(self, contract: ContractId, inputs: Mapping[str, Any]) -> World:
        """
        Return the files as they were then.

        Of the contract itself only the versions that were known then: a later one may cut its
        periods differently.
        """
        files = [
            file
            for kind in (INVENTORY, ASSIGNMENTS, EXCLUSIONS)
            if (file := self.store.file(kind, inputs["files"][kind])) is not None
        ]
        known = set(inputs["contracts"])
        versions = (
            one.file
            for one in self.store.contracts(OPERATOR)
            if one.contract != contract or one.file.digest in known
        )
        return read_world([*files, *versions])

    def _fold(self, inputs: Mapping[str, Any]) -> Iterator[StateSpan]:
        for node, (sequence, _) in inputs["journals"].items():
            yield from join(self._spans(NodeName(node), sequence))

    def _spans(self, node: NodeName, last_sequence: int) -> Iterator[StateSpan]:
        head, carry = EMPTY, Carry()
        for segment in self.store.segments(node):
            for line in self.evidence.read(node, segment):
                if head.sequence == last_sequence:
                    return
                head, envelope, body = follow(head, line)
                carry, spans = advance(carry, envelope.sequence, body)
                yield from spans


def _case(world: World, judged: Judged, inputs: Mapping[str, Any]) -> Case:
    versions = world.versions[judged.contract]
    digest = json.loads(judged.content)["contract_digest"]
    version = next(one for one in versions if one.digest == digest)
    period = period_of(version, judged.period, versions)
    return Case(world, version, period, inputs["known_until_ms"])


def _digest(evaluation: Evaluation) -> str:
    return hashlib.sha256(canonical(plain(evaluation))).hexdigest()


def _inputs(inputs: Mapping[str, Any]) -> Inputs:
    journals = {
        NodeName(node): Head(sequence, digest)
        for node, (sequence, digest) in inputs["journals"].items()
    }
    files = inputs["files"]
    return Inputs(journals, files[INVENTORY], files[ASSIGNMENTS], files[EXCLUSIONS])
