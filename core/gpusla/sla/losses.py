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


NO_CAUSES = Causes((), ())
NOTHING_ASSIGNED = Causes((NOT_ASSIGNED.name,), ())
"""Why GPUs that are committed and never assigned are not delivered."""


def causes_of(failing: Iterable[Piece], *, is_below_minimum: bool) -> Causes:
    """Return why a unit misses capacity; failing: its slots that do not count in full."""
    judgements = (UNIT_BELOW_MINIMUM.name,) if is_below_minimum else ()
    slots = sorted((_cause(piece) for piece in failing), key=lambda cause: cause.slot)
    return Causes(judgements, tuple(slots))


def _cause(piece: Piece) -> Cause:
    span = piece.span
    if not piece.is_accepted:
        return Cause(span.slot, span.condition.state, (Finding(SKU_NOT_ACCEPTED.name),), None)
    return Cause(span.slot, span.condition.state, span.condition.findings, span.evidence)


@dataclass(slots=True)
class _Open:
    """A loss that may still go on: counted up to counted_ms, running at rate from there on."""

    start_ms: int
    counted_ms: int
    rate: int | Fraction
    scaled: int | Fraction
    causes: Causes
    evidence: dict[tuple[Slot, str], Evidence]


@dataclass(slots=True)
class LossBook:
    """Collects losses in time order; told only of what changes."""

    scale: int
    _open: dict[str, _Open] = field(default_factory=dict)
    _closed: list[Loss] = field(default_factory=list)

    def run(self, unit: str, at_ms: int, rate: int | Fraction, causes: Causes) -> None:
        """Let a unit lose so much of scale a millisecond from here on; nothing at rate zero."""
        going_on = self._open.get(unit)
        if going_on is not None:
            going_on.scaled += going_on.rate * (at_ms - going_on.counted_ms)
            going_on.counted_ms, going_on.rate = at_ms, rate
            if not rate or going_on.causes.signature() != causes.signature():
                self._close(unit)
                going_on = None
        if going_on is None and rate:
            going_on = self._open[unit] = _Open(at_ms, at_ms, rate, 0, causes, {})
        if going_on is not None:
            _remember(going_on, causes)

    def close(self, at_ms: int) -> tuple[Loss, ...]:
        """End what still runs; return all losses by start and unit."""
        for unit in list(self._open):
            self.run(unit, at_ms, 0, NO_CAUSES)
        return tuple(sorted(self._closed, key=lambda loss: (loss.interval, loss.unit)))

    def _close(self, unit: str) -> None:
        ended = self._open.pop(unit)
        causes = tuple(_with_evidence(cause, ended.evidence) for cause in ended.causes.slots)
        self._closed.append(
            Loss(
                unit,
                Interval(ended.start_ms, ended.counted_ms),
                Fraction(ended.scaled) / self.scale,
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
