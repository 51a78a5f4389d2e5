"""Losses by what caused them, the dearest cause first."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from gpusla.catalogue.reasons import JUDGEMENTS, REASONS
from gpusla.instants import Interval
from gpusla.sla.evaluation import Evaluation, Loss
from gpusla.statement.hours import loss_hours


@dataclass(frozen=True, slots=True)
class CauseGroup:
    """
    All losses with the same reasons, in order of time, and what they came to together.

    hours: thousandths of GPU-hours, as they are printed; over all groups they add up to the loss.
    """

    reasons: tuple[str, ...]
    losses: tuple[Loss, ...]
    gpu_ms: Fraction
    hours: int

    @property
    def units(self) -> tuple[str, ...]:
        """Where they were, sorted."""
        return tuple(sorted({loss.unit for loss in self.losses}))

    @property
    def stretches(self) -> int:
        """How many unbroken stretches of a unit they are."""
        ended: dict[str, int] = {}
        count = 0
        for loss in self.losses:
            count += ended.get(loss.unit) != loss.interval.start_ms
            ended[loss.unit] = loss.interval.end_ms
        return count

    @property
    def hull(self) -> Interval:
        """From the first start to the last end."""
        return Interval(
            min(loss.interval.start_ms for loss in self.losses),
            max(loss.interval.end_ms for loss in self.losses),
        )


def causes_of(evaluation: Evaluation) -> tuple[CauseGroup, ...]:
    """Return an evaluation's losses grouped by their reasons."""
    found: dict[tuple[str, ...], list[tuple[Loss, int]]] = {}
    told = zip(evaluation.losses, loss_hours(evaluation), strict=True)
    for loss, hours in sorted(told, key=lambda one: (one[0].interval, one[0].unit)):
        found.setdefault(loss.reasons, []).append((loss, hours))
    groups = [
        CauseGroup(
            reasons,
            tuple(loss for loss, _ in several),
            sum((loss.gpu_ms for loss, _ in several), Fraction(0)),
            sum(hours for _, hours in several),
        )
        for reasons, several in found.items()
    ]
    return tuple(sorted(groups, key=lambda group: (-group.gpu_ms, group.reasons)))


def cause_name(reasons: Sequence[str]) -> str:
    """Return reasons as people read them."""
    return ", ".join(reason.replace("_", " ") for reason in reasons) or "no reason given"


def cause_meaning(reasons: Sequence[str]) -> str:
    """Return what the catalogue says of reasons; nothing of a name that it does not know."""
    known = (REASONS.get(reason) or JUDGEMENTS.get(reason) for reason in reasons)
    return " ".join(one.meaning for one in known if one is not None)
