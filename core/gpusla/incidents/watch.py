"""
The fold: spans and Xids go in, in any order and any portions; incidents come out.

A watch remembers what is known of every slot that may still matter.  What its incidents are is a
function of that alone, so folding day by day gives what folding the month at once does.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from gpusla.catalogue.reasons import State
from gpusla.health.verdict import Role
from gpusla.identity import Slot
from gpusla.incidents.describe import describe
from gpusla.incidents.episodes import Episode, episodes
from gpusla.incidents.families import GAP_MS, XID_MS
from gpusla.incidents.groups import Group, Grouped, grouped
from gpusla.incidents.known import clipped, forget, learn, stretch_of
from gpusla.incidents.links import Bond, XidFact, bonds
from gpusla.incidents.model import Incident, Stretch
from gpusla.incidents.places import Places
from gpusla.journal.model import XidSeen
from gpusla.timeline.model import StateSpan

_EVER_MS = 2**62
Told = frozenset[tuple[Slot, int]]


@dataclass(frozen=True, slots=True)
class Watch:
    """
    What is known so far.

    known: by slot, in time order.  told: beginnings of stretches whose incidents were handed over.
    from_ms: what is told of the time before it is not taken in any more.
    """

    places: Places
    known: Mapping[Slot, tuple[Stretch, ...]] = field(default_factory=dict)
    xids: frozenset[XidFact] = frozenset()
    told: Told = frozenset()
    from_ms: int = -_EVER_MS


@dataclass(frozen=True, slots=True)
class Settled:
    """Incidents that nothing can change any more, and the watch that goes on without them."""

    incidents: tuple[Incident, ...]
    watch: Watch


def fold(watch: Watch, spans: Iterable[StateSpan], xids: Iterable[XidSeen] = ()) -> Watch:
    """
    Take in spans of slots, working time too, and Xids.

    Order, portions and repetition make no difference.  Slots that the watch's places do not have
    are left out.
    """
    portions: dict[Slot, list[Stretch]] = {}
    for span in spans:
        if span.slot in watch.places.names:
            portions.setdefault(span.slot, []).append(stretch_of(span))
    known = dict(watch.known)
    for slot, told in portions.items():
        known[slot] = learn(known.get(slot, ()), list(clipped(told, watch.from_ms)))
    facts = {fact for fact in map(_fact, xids) if fact and fact.slot in watch.places.names}
    return replace(watch, known=known, xids=watch.xids | facts)


def incidents(watch: Watch) -> tuple[Incident, ...]:
    """Return every incident that was not handed over yet, by its beginning."""
    found, bound = _derived(watch, _EVER_MS)
    return tuple(describe(bond, found.groups, watch.places) for bond in bound)


def settle(watch: Watch, before_ms: int) -> Settled:
    """
    Hand over what is finished, given that nothing is told any more of the time before an instant.

    Finished is an incident whose slots were all seen otherwise for longer than what would join it,
    and with it all that may yet turn out to belong to it.
    """
    found, bound = _derived(watch, before_ms)
    open_ = _open(found)
    finished = [bond for bond in bound if not any(number in open_ for number in bond.numbers)]
    told = {
        (one.slot, stretch.start_ms)
        for bond in finished
        for number in bond.numbers
        for one in found.groups[number].episodes
        for stretch in one.stretches
    }
    return Settled(
        tuple(describe(bond, found.groups, watch.places) for bond in finished),
        _without(watch, found, open_, Told(told), before_ms),
    )


def _fact(seen: XidSeen) -> XidFact | None:
    """Return what an Xid says about who followed from whom; None if nothing."""
    if seen.role not in {Role.ROOT.value, Role.AFTER_EFFECT.value}:
        return None
    at_ms = seen.at.wall_ms if seen.happened_wall_ms is None else seen.happened_wall_ms
    return XidFact(at_ms, seen.slot, seen.xid, seen.role == Role.ROOT.value)


def _derived(watch: Watch, until_ms: int) -> tuple[Grouped, list[Bond]]:
    """Return the groups and bonds of what is known of the time up to an instant."""
    told: list[Episode] = []
    for known in watch.known.values():
        if len(known) > 1 or (known and known[0].state is not State.OK):
            told += episodes(_cut(known, until_ms), watch.told)
    found = grouped(told, watch.places)
    facts = [fact for fact in watch.xids if fact.at_ms < until_ms]
    return found, bonds(found, facts, watch.places)


def _cut(known: tuple[Stretch, ...], until_ms: int) -> tuple[Stretch, ...]:
    if not known or known[-1].end_ms <= until_ms:
        return known
    return tuple(
        one if one.end_ms <= until_ms else replace(one, end_ms=until_ms)
        for one in known
        if one.start_ms < until_ms
    )


def _open(found: Grouped) -> set[int]:
    """Return the groups that are not finished, or may yet be one with such a group."""
    number_of = {
        (one.slot, one.start_ms): number
        for number, group in enumerate(found.groups)
        for one in group.episodes
    }
    beside: dict[int, set[int]] = {}
    for tie in found.ties:
        first, *rest = (number_of[one.slot, one.start_ms] for one in tie)
        for other in rest:
            beside.setdefault(first, set()).add(other)
            beside.setdefault(other, set()).add(first)
    waiting = [number for number, group in enumerate(found.groups) if not _is_over(group)]
    open_ = set(waiting)
    while waiting:
        more = beside.get(waiting.pop(), set()) - open_
        open_ |= more
        waiting += more
    return open_


def _is_over(group: Group) -> bool:
    return all(one.clear_ms > GAP_MS for one in group.episodes)


def _without(watch: Watch, found: Grouped, open_: set[int], told: Told, before_ms: int) -> Watch:
    """Return the watch without what was handed over, nor anything that only that needed."""
    needed_ms: dict[Slot, int] = {}
    for number in open_:
        for one in found.groups[number].episodes:
            needed_ms[one.slot] = min(one.start_ms, needed_ms.get(one.slot, before_ms))
    known = {
        slot: forget(stretches, min(needed_ms.get(slot, before_ms), before_ms))
        for slot, stretches in watch.known.items()
    }
    oldest_ms = min(needed_ms.values(), default=before_ms) - XID_MS
    first_ms = {slot: stretches[0].start_ms for slot, stretches in known.items() if stretches}
    return replace(
        watch,
        known=known,
        xids=frozenset(fact for fact in watch.xids if fact.at_ms >= oldest_ms),
        told=Told(
            (slot, start_ms)
            for slot, start_ms in watch.told | told
            if start_ms >= first_ms.get(slot, start_ms)
        ),
        from_ms=max(watch.from_ms, before_ms),
    )
