"""Losses by what caused them, the dearest cause first."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from gpusla.catalogue.reasons import JUDGEMENTS, REASONS
from gpusla.instants import Interval
from gpusla.sla.evaluation import Evaluation, Loss


@dataclass(frozen=True, slots=True)
class CauseGroup:
    """All losses with the same reasons, in order of time, and what they came to together."""

    reasons: tuple[str, ...]
    losses: tuple[Loss, ...]
    gpu_ms: Fraction

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
    found: dict[tuple[str, ...], list[Loss]] = {}
    for loss in sorted(evaluation.losses, key=lambda loss: (loss.interval, loss.unit)):
        found.setdefault(loss.reasons, []).append(loss)
    groups = [
        CauseGroup(reasons, tuple(losses), sum((loss.gpu_ms for loss in losses), Fraction(0)))
        for reasons, losses in found.items()
    ]
    return tuple(sorted(groups, key=lambda group: (-group.gpu_ms, group.reasons)))


def cause_name(reasons: Sequence[str]) -> str:
    """Return reasons as people read them."""
    return ", ".join(reason.replace("_", " ") for reason in reasons) or "no reason given"


def cause_meaning(reasons: Sequence[str]) -> str:
    """Return what the catalogue says of reasons; nothing of a name that it does not know."""
    known = (REASONS.get(reason) or JUDGEMENTS.get(reason) for reason in reasons)
    return " ".join(one.meaning for one in known if one is not None)
