"""Incidents over the slots of all contracts together, and each contract's part in them."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from gpusla.identity import ContractId, Slot
from gpusla.incidents import Incident, Lost, Scope, Watch, fold, incidents, places_of, share_out
from gpusla.instants import Interval
from gpusla.parity.history import History
from gpusla.parity.pain import Share, SharedIncident
from gpusla.timeline.build import cover
from gpusla.timeline.intervals import clip, total_ms
from gpusla.timeline.model import StateSpan


@dataclass(frozen=True, slots=True)
class Happened:
    """
    All incidents of a time.

    slots_of: the slots of each place, by scope and name.  serving: whom each slot served when.
    """

    incidents: tuple[Incident, ...]
    slots_of: Mapping[tuple[Scope, str], Sequence[Slot]]
    serving: Mapping[Slot, Sequence[tuple[Interval, ContractId]]]

    def hit(self, incident: Incident) -> frozenset[ContractId]:
        """Return whose slots an incident took while they were theirs."""
        return frozenset(
            contract
            for stretch in incident.stretches
            for held, contract in self.serving[stretch.slot]
            if held.start_ms < stretch.end_ms and stretch.start_ms < held.end_ms
        )

    def places(self, incident: Incident) -> Iterator[Slot]:
        """Yield every slot of the place that an incident takes in; of sites, of each of them."""
        for name in incident.place.split(", "):
            yield from self.slots_of[incident.scope, name]


def happened(histories: Sequence[History], window: Interval) -> Happened:
    """Fold the spans of all contracts together, so that one cause is one incident for all."""
    serving: dict[Slot, list[tuple[Interval, ContractId]]] = {}
    for history in histories:
        for slot, holdings in history.held.items():
            for holding in holdings:
                serving.setdefault(slot, []).append((holding.interval, history.contract))
    places = places_of(serving)
    spans = (span for history in histories for span in _spans(history, window))
    slots_of: dict[tuple[Scope, str], list[Slot]] = {}
    for slot in sorted(serving):
        for scope in Scope:
            slots_of.setdefault((scope, places.name(scope, slot)), []).append(slot)
    return Happened(incidents(fold(Watch(places), spans)), slots_of, serving)


def shared_incidents(
    everything: Happened, histories: Iterable[History], until_ms: int
) -> tuple[SharedIncident, ...]:
    """
    Return the incidents that took slots of at least two contracts, with everybody's part.

    A contract that had slots in the place and lost none of them has a part, too: it was spared.
    """
    known = tuple((history, _lost(everything, history)) for history in histories)
    return tuple(
        SharedIncident(one.id, one.place, shares)
        for one in everything.incidents
        if len(everything.hit(one)) > 1
        and len(shares := tuple(_shares(everything, one, known, until_ms))) > 1
    )


def _shares(
    everything: Happened,
    incident: Incident,
    known: Iterable[tuple[History, Mapping[str, Fraction]]],
    until_ms: int,
) -> Iterator[Share]:
    end_ms = until_ms if incident.end_ms is None else min(incident.end_ms, until_ms)
    slots = tuple(everything.places(incident))
    for history, lost in known:
        for during in clip((Interval(incident.start_ms, end_ms),), history.window):
            exposed_ms = sum(
                total_ms(clip((holding.interval for holding in history.held[slot]), during))
                for slot in slots
                if slot in history.held
            )
            if exposed_ms:
                committed_ms = history.committed_gpu_ms(during)
                gpu_ms = lost.get(incident.id, Fraction(0))
                yield Share(history.contract, gpu_ms, exposed_ms, committed_ms)


def _lost(everything: Happened, history: History) -> dict[str, Fraction]:
    """Return what a contract lost by incident, as its own terms count."""
    losses = (
        Lost(loss.interval, loss.gpu_ms, loss.slots)
        for one in history.evaluations
        for loss in one.losses
    )
    return share_out(losses, everything.incidents)


def _spans(history: History, window: Interval) -> Iterator[StateSpan]:
    """Yield the spans of each slot while it served the contract."""
    for slot, holdings in history.held.items():
        for holding in holdings:
            for held in clip((holding.interval,), window):
                yield from cover(slot, history.spans[slot], held)
