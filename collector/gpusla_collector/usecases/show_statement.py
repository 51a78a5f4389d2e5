"""
Puts a statement together again from what is on record, and proves that it is the one booked.

How it is computed anew is told in `replay`.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from gpusla.catalogue.codes import NOTHING_TO_SHOW
from gpusla.errors import InputError
from gpusla.identity import ContractId, NodeName
from gpusla.instants import Interval
from gpusla.journal.chain import Head
from gpusla.ledger.entries import Entry, Status, month_of
from gpusla.sla.facts_file import RecordedFacts
from gpusla.statement import Inputs, Statement, build
from gpusla.statement.from_facts import grounds_of
from gpusla_collector.ports import Evidence, Judged, Scope, Store
from gpusla_collector.usecases.case import Case
from gpusla_collector.usecases.replay import Replay
from gpusla_collector.usecases.world import ASSIGNMENTS, CLAIMS, EXCLUSIONS, INVENTORY

LATE_MS = 2 * 3_600_000
"""How far before the end of the facts a block is looked for: hours have one each."""

BLOCK_MS_MAX = 7 * 24 * 3_600_000
"""No block is longer, on paper either."""


@dataclass(frozen=True, slots=True)
class Whole:
    """
    A statement, and all that it was put together from.

    entries: of the period, as they were booked.  inputs: as `Judged.inputs` names them.
    """

    statement: Statement
    entries: tuple[Entry, ...]
    facts: RecordedFacts
    case: Case
    inputs: Mapping[str, Any]


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
        return self.whole(scope, contract, period).statement

    def facts(self, scope: Scope, contract: ContractId, period: str) -> RecordedFacts:
        """
        Return the facts that a period was judged from, so that others can judge them anew.

        Raises as show does.
        """
        return self.whole(scope, contract, period).facts

    def whole(self, scope: Scope, contract: ContractId, period: str) -> Whole:
        """Return the statement of a period with what stands behind it; raises as show does."""
        entries = self.store.entries(scope, contract, period)
        judged = self._judged(scope, contract, period, entries)
        if judged is None:
            raise InputError(
                NOTHING_TO_SHOW,
                f"contract {contract!r} has no statement of period {period!r}",
                fix=self._others(scope, contract, period),
            )
        again = Replay(self.store, self.evidence).again(judged)
        case, named = again.case, json.loads(judged.inputs)
        facts, inputs = case.facts(again.spans, again.granted), _inputs(named)
        inputs = replace(inputs, signed_until_ms=dict(self._signed_until_ms(case, inputs)))
        statement = build(
            again.evaluation,
            entries,
            inputs,
            notes=self.store.credit_notes(scope, contract),
            grounds=grounds_of(again.evaluation, facts, inputs),
        )
        recorded = RecordedFacts(contract, case.period.key[:7], case.until_ms, facts)
        return Whole(statement, entries, recorded, case, named)

    def _others(self, scope: Scope, contract: ContractId, period: str) -> str:
        """Name what there is of the month: a claim is for all of it, a statement for a part."""
        parts = [
            other
            for of, other in self.store.judged_periods(scope)
            if of == contract and month_of(other) == month_of(period)
        ]
        if len(parts) > 1:
            month = month_of(period)
            return f"{month} is cut, and its parts have a statement each: {', '.join(parts)}."
        return f"There is one of {parts[0]}." if parts else ""

    def _signed_until_ms(self, case: Case, inputs: Inputs) -> Iterator[tuple[NodeName, int]]:
        """
        Yield the end of each node's last block that was known then and is signed as a whole.

        A clock that was ahead for a while makes a block seem to last for days: when that one was
        signed nobody can tell by it.
        """
        reach = case.reach
        late = Interval(max(reach.start_ms, reach.end_ms - LATE_MS), reach.end_ms)
        for node, last in inputs.signed.items():
            ends = [
                (hour.last_sequence, hour.until_ms)
                for hour in self.store.milestones(node, late).hours
                if hour.last_sequence <= last
                and hour.sequence <= inputs.journals[node].sequence
                and hour.until_ms - hour.from_ms <= BLOCK_MS_MAX
            ]
            if ends:
                yield node, max(ends)[1]

    def _judged(
        self, scope: Scope, contract: ContractId, period: str, entries: tuple[Entry, ...]
    ) -> Judged | None:
        taken_back = {entry.reverses for entry in entries}
        for entry in reversed(entries):
            is_standing = entry.reverses is None and entry.key not in taken_back
            if entry.status is Status.POSTED and is_standing:
                return self.store.judgement(scope, entry.evaluation_digest)
        return self.store.judged(scope, contract, period)


def _inputs(inputs: Mapping[str, Any]) -> Inputs:
    journals = {
        NodeName(node): Head(sequence, digest)
        for node, (sequence, digest) in inputs["journals"].items()
    }
    files = inputs["files"]
    return Inputs(
        journals,
        files[INVENTORY],
        files[ASSIGNMENTS],
        files[EXCLUSIONS],
        # Judgements from before claims were read name no such file.
        files.get(CLAIMS, ""),
        # And those from before signatures were looked at say of no journal how far it is signed.
        signed={NodeName(node): last for node, last in inputs.get("signed", {}).items()},
    )
