"""Where committed time went: losses by unit, each over the longest time with the same causes."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction

from gpusla.catalogue.reasons import (
    NOT_ASSIGNED,
    SKU_NOT_ACCEPTED,
    UNIT_BELOW_MINIMUM,
)
from gpusla.identity import Slot
from gpusla.instants import Interval
from gpusla.journal.model import Finding
from gpusla.sla.evaluation import Cause, Loss
from gpusla.sla.levels import Piece
from gpusla.timeline.model import Evidence

UNASSIGNED = "unassigned"
"""What stands for a unit where GPUs are committed and no slot was assigned for them."""


@dataclass(frozen=True, slots=True)
class Causes:
    """
    Why a unit misses capacity: judgements on the unit, and its slots that do not count in full.

    Two of them are the same cause if the judgements, slots, states and reasons are the same; what
    the records say in words may vary within one loss.
    """

    judgements: tuple[str, ...]
    slots: tuple[Cause, ...]

    def signature(self) -> tuple[object, ...]:
        """Return what tells one cause from another."""
        return self.judgements, tuple(
            (cause.slot, cause.state, tuple(finding.reason for finding in cause.findings))
            for cause in self.slots
        )

    def reasons(self) -> tuple[str, ...]:
        """Return every judgement and reason, sorted; the state's name where a slot gives none."""
        found = set(self.judgements)
        for cause in self.slots:
            found |= {finding.reason for finding in cause.findings} or {cause.state.value}
        return tuple(sorted(found))


def causes_of(pieces: Iterable[Piece], scale: int, *, is_below_minimum: bool) -> Causes:
    """Return why a unit whose slots are in these pieces misses capacity."""
    slots = [_cause(piece) for piece in pieces if piece.levels.value < scale]
    judgements = (UNIT_BELOW_MINIMUM.name,) if is_below_minimum else ()
    return Causes(judgements, tuple(sorted(slots, key=lambda cause: cause.slot)))


def unassigned() -> tuple[str, Causes]:
    """Return the unit and the cause that stand for GPUs committed and never assigned."""
    return UNASSIGNED, Causes((NOT_ASSIGNED.name,), ())


def _cause(piece: Piece) -> Cause:
    span = piece.span
    if not piece.is_accepted:
        return Cause(span.slot, span.condition.state, (Finding(SKU_NOT_ACCEPTED.name),), None)
    return Cause(span.slot, span.condition.state, span.condition.findings, span.evidence)


@dataclass(slots=True)
class _Open:
    """A loss that may still go on."""

    start_ms: int
    end_ms: int
    scaled: Fraction
    causes: Causes
    newest: Causes
    evidence: dict[tuple[Slot, str], Evidence]


@dataclass(slots=True)
class LossBook:
    """Collects losses stretch by stretch, in time order."""

    scale: int
    _open: dict[str, _Open] = field(default_factory=dict)
    _closed: list[Loss] = field(default_factory=list)

    def record(self, interval: Interval, shares: Mapping[str, tuple[Fraction, Causes]]) -> None:
        """Take in what each unit lost per millisecond over interval; others lost nothing."""
        for name in [name for name in self._open if name not in shares]:
            self._close(name)
        for name, (scaled, causes) in shares.items():
            going_on = self._open.get(name)
            if going_on is not None and going_on.newest is not causes:
                if going_on.causes.signature() != causes.signature():
                    self._close(name)
                    going_on = None
                else:
                    _remember(going_on, causes)
            if going_on is None:
                going_on = _Open(
                    interval.start_ms, interval.end_ms, Fraction(0), causes, causes, {}
                )
                _remember(going_on, causes)
                self._open[name] = going_on
            going_on.end_ms = interval.end_ms
            going_on.scaled += scaled * interval.duration_ms

    def close(self) -> tuple[Loss, ...]:
        """End what is still open; return all losses by start and unit."""
        for name in list(self._open):
            self._close(name)
        return tuple(sorted(self._closed, key=lambda loss: (loss.interval, loss.unit)))

    def _close(self, name: str) -> None:
        ended = self._open.pop(name)
        causes = tuple(_with_evidence(cause, ended.evidence) for cause in ended.causes.slots)
        self._closed.append(
            Loss(
                name,
                Interval(ended.start_ms, ended.end_ms),
                ended.scaled / self.scale,
                ended.causes.reasons(),
                causes,
            )
        )


def _remember(going_on: _Open, causes: Causes) -> None:
    """Widen the range of records behind a loss by those of its newest stretch."""
    going_on.newest = causes
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
