"""From what units miss, instant by instant, to losses over the longest time with one cause."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction

from gpusla.identity import Slot
from gpusla.instants import Interval
from gpusla.sla.evaluation import Cause, Loss
from gpusla.sla.explaining.units import Causes
from gpusla.timeline.model import Evidence


@dataclass(slots=True)
class Share:
    """
    Which part of what units miss is lost, and its integral over time.

    Whole and broken parts are kept apart: almost always the share is one.
    """

    now: int | Fraction = 1
    whole_ms: int = 0
    part_ms: Fraction = Fraction(0)

    def advance(self, duration_ms: int) -> None:
        """Let so much time pass at the present share."""
        if isinstance(self.now, int):
            self.whole_ms += self.now * duration_ms
        else:
            self.part_ms += self.now * duration_ms

    @property
    def passed_ms(self) -> Fraction:
        """The integral so far."""
        return self.whole_ms + self.part_ms


@dataclass(slots=True)
class _Open:
    """A loss that may still go on: counted up to passed_ms of the share, missing from there on."""

    start_ms: int
    passed_ms: Fraction
    missing: int
    scaled_gpu_ms: Fraction
    causes: Causes
    evidence: dict[tuple[Slot, str], Evidence]


@dataclass(slots=True)
class LossBook:
    """Collects losses; is told only of what changes, each unit's in time order."""

    scale: int
    share: Share
    _open: dict[str, _Open] = field(default_factory=dict)
    _closed: list[Loss] = field(default_factory=list)

    def run(self, unit: str, at_ms: int, missing: int, causes: Causes) -> None:
        """Let a unit miss so much of scale from here on; its loss ends where it misses nothing."""
        going_on = self._open.get(unit)
        if going_on is not None:
            self._count(going_on)
            going_on.missing = missing
            if not missing or going_on.causes.signature() != causes.signature():
                self._close(unit, at_ms)
                going_on = None
        if going_on is None and missing:
            passed_ms = self.share.passed_ms
            going_on = _Open(at_ms, passed_ms, missing, Fraction(0), causes, {})
            self._open[unit] = going_on
        if going_on is not None:
            _remember(going_on, causes)

    def close(self, at_ms: int) -> None:
        """End everything that still runs."""
        for unit in list(self._open):
            self._count(self._open[unit])
            self._close(unit, at_ms)

    def losses(self, factor: Fraction) -> tuple[Loss, ...]:
        """Return what was closed, each times factor, by start and unit; none of nothing."""
        found = (
            loss
            if factor == 1
            else Loss(loss.unit, loss.interval, loss.gpu_ms * factor, loss.reasons, loss.causes)
            for loss in self._closed
        )
        return tuple(
            sorted(
                (loss for loss in found if loss.gpu_ms), key=lambda loss: (loss.interval, loss.unit)
            )
        )

    def _count(self, going_on: _Open) -> None:
        passed_ms = self.share.passed_ms
        going_on.scaled_gpu_ms += going_on.missing * (passed_ms - going_on.passed_ms)
        going_on.passed_ms = passed_ms

    def _close(self, unit: str, at_ms: int) -> None:
        ended = self._open.pop(unit)
        causes = tuple(_with_evidence(cause, ended.evidence) for cause in ended.causes.slots)
        self._closed.append(
            Loss(
                unit,
                Interval(ended.start_ms, at_ms),
                ended.scaled_gpu_ms / self.scale,
                ended.causes.reasons(),
                causes,
            )
        )


def _remember(going_on: _Open, causes: Causes) -> None:
    """Widen the range of records behind a loss by those of its newest stretch."""
    for cause in causes.slots:
        if cause.evidence is None:
            continue
        key = (cause.slot, cause.evidence.node)
        known = going_on.evidence.get(key, cause.evidence)
        going_on.evidence[key] = Evidence(
            known.node,
            min(known.first_sequence, cause.evidence.first_sequence),
            max(known.last_sequence, cause.evidence.last_sequence),
        )


def _with_evidence(cause: Cause, evidence: Mapping[tuple[Slot, str], Evidence]) -> Cause:
    if cause.evidence is None:
        return cause
    return Cause(cause.slot, cause.state, cause.findings, evidence[cause.slot, cause.evidence.node])
