"""
GPU-time by what the evidence behind it is worth.

A: the last record behind it is covered by a signature of a key that is enrolled.  B: it is in the
chain of a node's journal.  No grade: there is no record, for nobody observed or a rule of the
contract alone decided.  Source: docs/concepts/evidence.md.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction

from gpusla.identity import NodeName
from gpusla.sla.evaluation import Evaluation
from gpusla.timeline.model import Evidence

Signed = Mapping[NodeName, int]
"""By node: the last record of its journal that an enrolled key signed; none if it is not there."""


class Worth(StrEnum):
    """What a line of evidence is worth; `none` for time without any record."""

    SIGNED = "A"
    CHAINED = "B"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Graded:
    """GPU-milliseconds of each grade; together they are all of the time that was graded."""

    signed: Fraction = Fraction(0)
    chained: Fraction = Fraction(0)
    none: Fraction = Fraction(0)

    @property
    def total(self) -> Fraction:
        """All of it."""
        return self.signed + self.chained + self.none

    def rows(self) -> tuple[tuple[Worth, Fraction], ...]:
        """Return each grade with its time, the best first."""
        return (
            (Worth.SIGNED, self.signed),
            (Worth.CHAINED, self.chained),
            (Worth.NONE, self.none),
        )


def worth_of(evidence: Evidence | None, signed: Signed) -> Worth:
    """Return what records are worth: as much as the last of them."""
    if evidence is None:
        return Worth.NONE
    is_signed = evidence.last_sequence <= signed.get(evidence.node, 0)
    return Worth.SIGNED if is_signed else Worth.CHAINED


def graded(parts: Iterable[tuple[Worth, Fraction | int]]) -> Graded:
    """Add up GPU-milliseconds by grade."""
    found = dict.fromkeys(Worth, Fraction(0))
    for worth, gpu_ms in parts:
        found[worth] += gpu_ms
    return Graded(found[Worth.SIGNED], found[Worth.CHAINED], found[Worth.NONE])


def lost_by_grade(evaluation: Evaluation, signed: Signed) -> Graded:
    """
    Return what was lost by grade; it adds up to the account's loss exactly.

    A loss falls in equal parts on the slots that caused it; one without any has no grade.
    """
    return graded(
        (worth, loss.gpu_ms / max(1, len(loss.causes)))
        for loss in evaluation.losses
        for worth in ([worth_of(cause.evidence, signed) for cause in loss.causes] or [Worth.NONE])
    )
