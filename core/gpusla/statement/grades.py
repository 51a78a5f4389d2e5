"""
GPU-time by what the evidence behind it is worth.

A: the records behind it are covered by a signature of a key that is enrolled.  B: it is in the
chain of a node's journal.  No grade: there is no record, for nobody observed or a rule of the
contract alone decided.  Source: docs/concepts/evidence.md.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from fractions import Fraction

from gpusla.identity import NodeName
from gpusla.instants import Interval
from gpusla.sla.evaluation import Cause, Evaluation, Loss
from gpusla.timeline.model import Evidence


@dataclass(frozen=True, slots=True)
class Signed:
    """
    How far signatures of enrolled keys reach.

    last: by node, the last record that one covers; a node that is not in it has none.
    until_ms: by node, an instant at which all records of before it are covered.  Where it is not
    known, a span of which some records are not covered counts as not signed at all.
    """

    last: Mapping[NodeName, int] = field(default_factory=dict)
    until_ms: Mapping[NodeName, int] = field(default_factory=dict)

    def end_ms(self, evidence: Evidence, end_ms: int) -> int | None:
        """Return up to when a span that ends at end_ms is signed; None if it is not."""
        last = self.last.get(evidence.node, 0)
        if evidence.last_sequence <= last:
            return end_ms
        until_ms = self.until_ms.get(evidence.node)
        return None if evidence.first_sequence > last else until_ms


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


def by_worth(
    evidence: Evidence | None, time: Interval, signed: Signed
) -> Iterator[tuple[Worth, int]]:
    """Yield a slot's time by what the records behind it are worth."""
    if evidence is None:
        yield Worth.NONE, time.duration_ms
        return
    end_ms = signed.end_ms(evidence, time.end_ms)
    signed_ms = (
        0 if end_ms is None else min(max(end_ms, time.start_ms), time.end_ms) - time.start_ms
    )
    yield Worth.SIGNED, signed_ms
    yield Worth.CHAINED, time.duration_ms - signed_ms


def graded(parts: Iterable[tuple[Worth, Fraction | int]]) -> Graded:
    """Add up GPU-milliseconds by grade."""
    found = dict.fromkeys(Worth, Fraction(0))
    for worth, gpu_ms in parts:
        found[worth] += gpu_ms
    return Graded(found[Worth.SIGNED], found[Worth.CHAINED], found[Worth.NONE])


def lost_by_grade(evaluation: Evaluation, signed: Signed) -> Graded:
    """Return what was lost by grade; it adds up to the account's loss exactly."""
    return graded(part for loss in evaluation.losses for part in loss_by_grade(loss, signed).rows())


def loss_by_grade(loss: Loss, signed: Signed) -> Graded:
    """
    Return one loss by grade: in equal parts by the slots that caused it, none without any.

    A part is not divided any further: it is signed if all of its time is.
    """
    worths = [_worth_of(cause, loss.interval, signed) for cause in loss.causes] or [Worth.NONE]
    return graded((worth, loss.gpu_ms / len(worths)) for worth in worths)


def _worth_of(cause: Cause, time: Interval, signed: Signed) -> Worth:
    if cause.evidence is None:
        return Worth.NONE
    end_ms = signed.end_ms(cause.evidence, time.end_ms)
    return Worth.SIGNED if end_ms is not None and time.end_ms <= end_ms else Worth.CHAINED
