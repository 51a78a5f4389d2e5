"""What was seen while an objective counted a unit as down: slots, states and the records behind."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from gpusla.catalogue.reasons import State
from gpusla.contracts.model import ContractVersion
from gpusla.identity import Slot
from gpusla.instants import Interval
from gpusla.sla.evaluation import Cause, Event, Outcome
from gpusla.sla.explaining.seen import SpansOf, reach_of, spans_of
from gpusla.sla.facts import Facts, Holding
from gpusla.sla.measure.roster import roster_of
from gpusla.sla.prices import WHOLE_CONTRACT
from gpusla.timeline.build import UNOBSERVED
from gpusla.timeline.intervals import clip, intersect
from gpusla.timeline.model import Evidence, StateSpan


def events(contract: ContractVersion, outcomes: Iterable[Outcome], facts: Facts) -> Iterator[Event]:
    """
    Yield every stretch of down time that reaches into an objective's window, and its causes.

    A stretch without causes was down by a rule alone: burning in, settling, a kind of GPU that the
    contract does not accept, or a measurement.
    """
    fleet: _Fleet | None = None
    for outcome in outcomes:
        objective, window = outcome.objective, outcome.measure.window
        for unit in outcome.measure.units:
            down = [one for one in unit.down.value if clip((one,), window)]
            if down and fleet is None:
                fleet = _Fleet.of(contract, facts)
            for stretch in down:
                assert fleet is not None  # made above, before the first stretch
                name = None if objective.kind in WHOLE_CONTRACT else unit.unit
                yield Event(objective.id, unit.unit, stretch, fleet.causes(name, stretch))


@dataclass(frozen=True, slots=True)
class _Fleet:
    """
    The slots of every unit, and of each slot the spans in which it was not ok.

    troubles: filled as they are asked for.
    """

    slots_of: Mapping[str, Sequence[Slot]]
    held: Mapping[Slot, Sequence[Holding]]
    seen: SpansOf
    reach: Interval
    troubles: dict[Slot, tuple[StateSpan, ...]] = field(default_factory=dict)

    @classmethod
    def of(cls, contract: ContractVersion, facts: Facts) -> "_Fleet":
        roster = roster_of(facts.held, facts.domain_of)
        numbers, names = roster.units(contract.capacity.unit)
        slots_of = defaultdict(list)
        for slot, number in zip(roster.slots, numbers, strict=True):
            slots_of[names[int(number)]].append(slot)
        everything = [one.interval for several in facts.held.values() for one in several]
        whole = Interval(
            min((one.start_ms for one in everything), default=0),
            max((one.end_ms for one in everything), default=0),
        )
        return cls(slots_of, facts.held, spans_of(facts.timeline), reach_of(facts.timeline, whole))

    def causes(self, unit: str | None, stretch: Interval) -> tuple[Cause, ...]:
        """Return what was seen of a unit's slots in a stretch, or of all slots."""
        slots = self.held if unit is None else self.slots_of.get(unit, ())
        return tuple(cause for slot in sorted(slots) for cause in self._of_slot(slot, stretch))

    def _of_slot(self, slot: Slot, stretch: Interval) -> Iterator[Cause]:
        """Yield one cause for each state and set of reasons, in order of time."""
        found: dict[tuple[State, tuple[str, ...]], list[StateSpan]] = defaultdict(list)
        held = [holding.interval for holding in self.held[slot]]
        for span in self._troubles(slot):
            if span.start_ms < stretch.end_ms and stretch.start_ms < span.end_ms:
                seen = clip((Interval(span.start_ms, span.end_ms),), stretch)
                if intersect(seen, held):
                    findings = span.condition.findings
                    reasons = tuple(finding.reason for finding in findings)
                    found[span.condition.state, reasons].append(span)
        for (state, _), spans in found.items():
            yield Cause(slot, state, spans[0].condition.findings, _evidence(spans))

    def _troubles(self, slot: Slot) -> tuple[StateSpan, ...]:
        if slot not in self.troubles:
            unseen = StateSpan(slot, self.reach.start_ms, self.reach.end_ms, UNOBSERVED)
            spans = self.seen(slot) or (unseen,)
            self.troubles[slot] = tuple(
                span for span in spans if span.condition.state is not State.OK
            )
        return self.troubles[slot]


def _evidence(spans: Sequence[StateSpan]) -> Evidence | None:
    """Return the records behind spans: all that the first node by name has to say."""
    found = [span.evidence for span in spans if span.evidence is not None]
    if not found:
        return None
    node = min(evidence.node for evidence in found)
    ours = [evidence for evidence in found if evidence.node == node]
    return Evidence(
        node,
        min(evidence.first_sequence for evidence in ours),
        max(evidence.last_sequence for evidence in ours),
    )
