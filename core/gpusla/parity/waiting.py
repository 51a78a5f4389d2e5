"""Who was given a GPU, and who lacked one since when: the queue, from what is on record."""

from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from gpusla.identity import Slot
from gpusla.incidents import Incident
from gpusla.instants import Interval
from gpusla.parity.history import History, seen
from gpusla.parity.queue import HandOver, Shortfall
from gpusla.timeline.intervals import clip, subtract, union

UNASSIGNED = "unassigned"
"""The unit of a GPU that is missing because too few slots were assigned."""

TicketOf = Callable[[Slot, int], str]


@dataclass(frozen=True, slots=True)
class _Missing:
    """A GPU that is lacked; slot: the one that stopped to work, if one did."""

    slot: Slot | None
    since_ms: int


@dataclass(slots=True)
class _Queue:
    """What one contract lacks at an instant, the longest first, and what it lacked before."""

    missing: list[_Missing] = field(default_factory=list)
    closed: list[tuple[_Missing, int | None]] = field(default_factory=list)

    def step(self, at_ms: int, gpus: int, back: frozenset[Slot], gone: Iterable[Slot]) -> None:
        """
        Go on to an instant at which so many GPUs are lacked.

        A slot that is back ends what it had opened.  What else ends is what was lacked longest,
        and what begins is put down to a slot that stopped to work then, if there is one.
        """
        for one in [one for one in self.missing if one.slot in back]:
            self._close(one, at_ms)
        while len(self.missing) > gpus:
            self._close(self.missing[0], at_ms)
        stopped = iter(sorted(gone))
        while len(self.missing) < gpus:
            self.missing.append(_Missing(next(stopped, None), at_ms))

    def _close(self, one: _Missing, at_ms: int) -> None:
        self.missing.remove(one)
        self.closed.append((one, at_ms))


def shortfalls_of(history: History, window: Interval, ticket_of: TicketOf) -> tuple[Shortfall, ...]:
    """
    Return every GPU that a contract lacked within window: committed, and not working.

    A slot works while it is held, of a kind that the contract accepts, and not lost; what nobody
    saw is taken to work.  More than is committed makes up for what does not work.
    ticket_of: the name of what a slot suffers from at an instant.
    """
    capacity = history.evaluations[-1].contract.capacity
    at, skus = _changes(history, window)
    queue, working = _Queue(), set[Slot]()
    for at_ms in sorted({*at, *_commitment_changes(history, window)}):
        back, gone = at.get(at_ms, (set(), set()))
        working = (working - gone) | back
        gpus = history.committed_gpu_ms(Interval(at_ms, at_ms + 1)) - len(working)
        queue.step(at_ms, max(0, gpus), frozenset(back), gone)
    queue.closed += [(one, None) for one in queue.missing]
    heaviest = max(capacity.accepted_skus, key=lambda accepted: accepted.weight).sku
    pool = _usual_pool(history)
    found = (
        Shortfall(
            ticket=UNASSIGNED if one.slot is None else ticket_of(one.slot, one.since_ms),
            contract=history.contract,
            unit=UNASSIGNED if one.slot is None else str(one.slot),
            sku=heaviest if one.slot is None else skus[one.slot],
            pool=pool if one.slot is None else one.slot.site,
            gpus=1,
            opened_ms=one.since_ms,
            closed_ms=closed_ms,
        )
        for one, closed_ms in queue.closed
    )
    return tuple(sorted(found, key=lambda one: (one.opened_ms, one.unit)))


def hand_overs_in_facts(history: History, window: Interval) -> Iterator[HandOver]:
    """Yield what a contract was given inside window, by when its slots began to serve it."""
    for slot, holdings in history.held.items():
        begins = {one.start_ms for one in union(holding.interval for holding in holdings)}
        for holding in holdings:
            at_ms = holding.interval.start_ms
            if at_ms in begins and window.start_ms < at_ms < window.end_ms:
                yield HandOver(slot, history.contract, at_ms, holding.sku, slot.site)


def tickets(incidents: Iterable[Incident]) -> TicketOf:
    """Return how to look up the incident that a slot is in at an instant."""
    by_slot: dict[Slot, list[tuple[int, int, str]]] = {}
    for incident in incidents:
        for stretch in incident.stretches:
            row = (stretch.start_ms, stretch.end_ms, incident.id)
            by_slot.setdefault(stretch.slot, []).append(row)
    for rows in by_slot.values():
        rows.sort()

    def look_up(slot: Slot, at_ms: int) -> str:
        rows = by_slot.get(slot, [])
        place = bisect_right(rows, at_ms, key=lambda row: row[0]) - 1
        return rows[place][2] if place >= 0 and at_ms < rows[place][1] else UNASSIGNED

    return look_up


def _changes(
    history: History, window: Interval
) -> tuple[dict[int, tuple[set[Slot], set[Slot]]], dict[Slot, str]]:
    """Return by instant which slots begin to work and which stop; and the kind of each."""
    capacity = history.evaluations[-1].contract.capacity
    at: dict[int, tuple[set[Slot], set[Slot]]] = {window.start_ms: (set(), set())}
    skus: dict[Slot, str] = {}
    for slot, holdings in history.held.items():
        accepted = [one for one in holdings if capacity.weight(one.sku)]
        lost = seen(history, slot).lost
        if accepted:
            skus[slot] = accepted[-1].sku
        for one in clip(subtract((held.interval for held in accepted), lost), window):
            at.setdefault(one.start_ms, (set(), set()))[0].add(slot)
            if one.end_ms < window.end_ms:
                at.setdefault(one.end_ms, (set(), set()))[1].add(slot)
        # Down since before anybody looked: lacked from the first instant on.
        if any(one.start_ms <= window.start_ms < one.end_ms for one in lost) and accepted:
            at[window.start_ms][1].add(slot)
    return at, skus


def _commitment_changes(history: History, window: Interval) -> Iterator[int]:
    yield window.start_ms
    for at_ms in history.commitment_changes_ms():
        if window.start_ms < at_ms < window.end_ms:
            yield at_ms


def _usual_pool(history: History) -> str:
    """Return the site that most of a contract's slots stand in; of equals the first by name."""
    sites: Mapping[str, int] = Counter(slot.site for slot in history.held)
    return min(sites, key=lambda site: (-sites[site], site), default="")
