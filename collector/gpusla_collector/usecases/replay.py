"""
Judges a period once more from what its judgement names, and proves that the same comes out.

The files and records are those of then.  Where the spans that are kept have changed since (evidence
that came after the posting), they are folded again from the journals' bytes, up to the very records
that were known then.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gpusla.catalogue.codes import STATEMENT_ALTERED
from gpusla.documents import digest as digest_of
from gpusla.errors import StoreError
from gpusla.identity import ContractId, NodeName
from gpusla.journal.chain import EMPTY, follow
from gpusla.sla.digest import canonical, plain
from gpusla.sla.evaluation import Evaluation
from gpusla.sla.periods import period_of
from gpusla.timeline.advice import unadvised
from gpusla.timeline.fold import Carry, advance
from gpusla.timeline.join import join
from gpusla.timeline.model import StateSpan
from gpusla_collector.ports import OPERATOR, Evidence, InputFile, Judged, Store
from gpusla_collector.usecases.case import Case
from gpusla_collector.usecases.world import RECORDS, World, read_world


@dataclass(frozen=True, slots=True)
class Replayed:
    """What a judgement was made of, and the same evaluation again; granted: as `Case.weigh`."""

    case: Case
    spans: Sequence[StateSpan]
    granted: Mapping[str, int]
    evaluation: Evaluation


@dataclass(frozen=True, slots=True)
class Replay:
    """What judging once more needs."""

    store: Store
    evidence: Evidence

    def again(self, judged: Judged) -> Replayed:
        """
        Judge once more: from what is kept, or else the journals up to the records known then.

        Raises StoreError `statement_altered` if what is on record does not give the figures booked.
        """
        inputs = json.loads(judged.inputs)
        case = _case(self._world(judged.contract, inputs), judged, inputs)
        granted = inputs["granted_minor_units"]
        kept = self.store.account(case.slots, case.reach).spans
        evaluation = case.weigh(kept, granted)
        if _digest(evaluation) == judged.digest:
            return Replayed(case, kept, granted, evaluation)
        folded = tuple(self._fold(inputs))
        evaluation = case.weigh(folded, granted)
        if _digest(evaluation) == judged.digest:
            return Replayed(case, folded, granted, evaluation)
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
            self._file(kind, digest)
            for kind, digest in inputs["files"].items()
            if kind in RECORDS and digest
        ]
        known = set(inputs["contracts"])
        versions = [
            one.file
            for one in self.store.contracts(OPERATOR)
            if one.contract != contract or one.file.digest in known
        ]
        found = {digest_of(file.content) for file in versions}
        for digest in sorted(known - found):
            raise _altered(f"contract {contract} of digest {digest[:12]}")
        return read_world([*files, *versions])

    def _file(self, kind: str, digest: str) -> InputFile:
        """Return a file of then; triggers guard what is on record, and this does not rely on it."""
        file = self.store.file(kind, digest)
        if file is None or digest_of(file.content) != digest:
            raise _altered(f"the file of kind {kind} and digest {digest[:12]}")
        return file

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
                carry, spans = advance(carry, envelope.sequence, unadvised(body))
                yield from spans


def _case(world: World, judged: Judged, inputs: Mapping[str, Any]) -> Case:
    versions = world.versions[judged.contract]
    digest = json.loads(judged.content)["contract_digest"]
    version = next(one for one in versions if one.digest == digest)
    period = period_of(version, judged.period, versions)
    return Case(world, version, period, inputs["known_until_ms"])


def _altered(what: str) -> StoreError:
    return StoreError(
        STATEMENT_ALTERED, f"{what} went into a judgement and is not on record as it was"
    )


def _digest(evaluation: Evaluation) -> str:
    return hashlib.sha256(canonical(plain(evaluation))).hexdigest()
