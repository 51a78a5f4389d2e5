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
from gpusla.sla.evaluation import Derivation, Evaluation
from gpusla.statement.derivation import derive


class Standing(StrEnum):
    """
    How far a statement can be relied on.

    open: the period still runs.  provisional: it is over and late evidence may still come.
    final: posted.  restated: posted, and corrected since.
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
    database.  program: what judged, with its version.
    """

    journals: Mapping[NodeName, Head]
    inventory_digest: str
    assignments_digest: str
    exclusions_digest: str
    claims_digest: str
    zone_edition: str = field(default_factory=zone_edition)
    program: str = f"gpusla {gpusla.__version__}"


@dataclass(frozen=True, slots=True)
class Statement:
    """One contract's period; entries by clause and revision."""

    evaluation: Evaluation
    entries: tuple[Entry, ...]
    inputs: Inputs
    standing: Standing
    derivation: Derivation


def build(evaluation: Evaluation, entries: Iterable[Entry], inputs: Inputs) -> Statement:
    """
    Put a statement together.

    entries: of the ledger; those of other contracts and periods are left out.
    """
    period = (evaluation.contract.id, evaluation.period.key)
    ours = sorted(
        {entry for entry in entries if (entry.contract, entry.period) == period},
        key=lambda entry: (entry.clause, entry.revision),
    )
    return Statement(
        evaluation, tuple(ours), inputs, _standing(evaluation, ours), derive(evaluation)
    )


def _standing(evaluation: Evaluation, entries: Iterable[Entry]) -> Standing:
    posted = Counter(entry.clause for entry in entries if entry.status is Status.POSTED)
    if posted:
        return Standing.RESTATED if max(posted.values()) > 1 else Standing.FINAL
    return Standing.PROVISIONAL if evaluation.is_complete else Standing.OPEN
