"""A statement: one judgement, its bookings, and the digests of all that went in."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

import gpusla
from gpusla.contracts.calendar import zone_edition
from gpusla.identity import NodeName
from gpusla.journal.chain import Head
from gpusla.ledger.entries import Entry, Status
from gpusla.ledger.notes import CreditNote
from gpusla.sla.evaluation import Derivation, Evaluation
from gpusla.statement.derivation import derive
from gpusla.statement.grades import Graded, Signed
from gpusla.statement.incidents import StatedIncidents

FORMAT = "gpusla/statement/4"
"""
What stands under `format`, so that a reader knows what it holds before it reads on.

3 added to 2 what printing a statement from its file needs: the contract's term, its papers, when
its statements become final, and the billing period that a segment is a part of.  4 adds what the
evidence is worth, the incidents behind the loss, the numbers of credit notes and the policies.
"""


class Standing(StrEnum):
    """
    How far a statement can be relied on.

    open: the period still runs.  provisional: it is over, and nothing is posted: late evidence may
    still come, or nothing is due for it and so nothing ever is; `standing.standing_name` tells the
    two apart.  final: posted.  restated: posted, and corrected since.
    """

    OPEN = "open"
    PROVISIONAL = "provisional"
    FINAL = "final"
    RESTATED = "restated"


@dataclass(frozen=True, slots=True)
class Inputs:
    """
    What went into the judgement beside the contract, by SHA-256 in hex.

    exclusions_digest, claims_digest: empty if there is no such file.
    journals: the last record of each node that was taken in.  zone_edition: of the time zone
    database.  program: what judged, with its version.  signed: the last record of each node that a
    signature of an enrolled key covers; a node that is not in it has none.
    signed_until_ms: by node, the instant of that record or of one before it, where it is known.
    """

    journals: Mapping[NodeName, Head]
    inventory_digest: str
    assignments_digest: str
    exclusions_digest: str
    claims_digest: str
    zone_edition: str = field(default_factory=zone_edition)
    program: str = f"gpusla {gpusla.__version__}"
    signed: Mapping[NodeName, int] = field(default_factory=dict)
    signed_until_ms: Mapping[NodeName, int] = field(default_factory=dict)

    @property
    def signatures(self) -> Signed:
        """How far signatures reach."""
        return Signed(self.signed, self.signed_until_ms)


@dataclass(frozen=True, slots=True)
class Grounds:
    """
    What is told of the facts: `gpusla.statement.from_facts` computes it.

    held: of the account, all time that slots served the contract to date, by grade.
    objectives: the same over the window of each objective that was judged, in their order.
    """

    held: Graded
    objectives: tuple[tuple[str, Graded], ...]
    incidents: StatedIncidents


@dataclass(frozen=True, slots=True)
class Statement:
    """
    One contract's period; entries by clause and revision.

    notes: the credit notes of these entries.  grounds: None where nobody gave the facts, as in
    formats before 4.  format: the one that it was read in, in which it is written again.
    """

    evaluation: Evaluation
    entries: tuple[Entry, ...]
    inputs: Inputs
    standing: Standing
    derivation: Derivation
    notes: tuple[CreditNote, ...] = ()
    grounds: Grounds | None = None
    format: str = FORMAT

    def document_of(self, entry: Entry) -> str | None:
        """Return the credit note of an entry as it is printed; None if it has none."""
        return next((note.document for note in self.notes if note.entry == entry.key), None)


def build(
    evaluation: Evaluation,
    entries: Iterable[Entry],
    inputs: Inputs,
    *,
    notes: Iterable[CreditNote] = (),
    grounds: Grounds | None = None,
) -> Statement:
    """
    Put a statement together.

    entries, notes: of the ledger; those of other contracts and periods are left out.
    grounds: of the facts that were judged, by `gpusla.statement.from_facts.grounds_of`.
    """
    period = (evaluation.contract.id, evaluation.period.key)
    ours = sorted(
        {entry for entry in entries if (entry.contract, entry.period) == period},
        key=lambda entry: (entry.clause, entry.revision),
    )
    keys = {entry.key for entry in ours}
    documents = {note for note in notes if note.entry in keys and note.contract == period[0]}
    return Statement(
        evaluation,
        tuple(ours),
        inputs,
        standing_of(ours, is_complete=evaluation.is_complete),
        derive(evaluation),
        tuple(sorted(documents, key=lambda note: note.number)),
        grounds,
    )


def standing_of(entries: Iterable[Entry], *, is_complete: bool) -> Standing:
    """
    Return how far a judgement with these entries can be relied on.

    is_complete: the whole period was judged.
    """
    posted = Counter(entry.clause for entry in entries if entry.status is Status.POSTED)
    if posted:
        return Standing.RESTATED if max(posted.values()) > 1 else Standing.FINAL
    return Standing.PROVISIONAL if is_complete else Standing.OPEN
