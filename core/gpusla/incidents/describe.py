"""From a bond of groups to the incident that people read."""

import hashlib
from collections.abc import Iterable, Iterator, Sequence

from gpusla.catalogue.reasons import REASONS, State
from gpusla.incidents.episodes import Episode
from gpusla.incidents.groups import Group
from gpusla.incidents.links import Bond
from gpusla.incidents.model import AfterEffect, Incident, Root, Scope, Stretch
from gpusla.incidents.places import Places
from gpusla.timeline.model import Evidence

ID_LENGTH = 16
"""Hexadecimal digits of an id: 64 bits; no two of a billion incidents share one by chance."""

_NOT_OK = (State.DEGRADED, State.DOWN, State.UNKNOWN)

WORDS_MAX = 8
"""So many reasons why an incident is one are told; a wide one has them by the hundred."""


def describe(bond: Bond, groups: Sequence[Group], places: Places) -> Incident:
    """Return the incident that the groups of a bond are."""
    ours = [groups[number] for number in bond.numbers]
    told = [one for group in ours for one in group.episodes]
    stretches = tuple(
        sorted(
            (stretch for one in told for stretch in one.stretches),
            key=lambda stretch: (stretch.slot, stretch.start_ms),
        )
    )
    scope, place = places.smallest({one.slot for one in told})
    leading = _leading(bond, ours)
    root = _root(bond, leading, scope)
    start_ms = min(one.start_ms for one in told)
    is_running = any(one.is_last for one in told)
    end_ms = max(one.end_ms for one in told)
    return Incident(
        id=_id(ours),
        scope=scope,
        place=place,
        family=leading.episodes[0].family.name,
        root=root,
        after_effects=_after_effects(bond, stretches, root),
        stretches=stretches,
        start_ms=start_ms,
        end_ms=None if is_running else end_ms,
        ending="" if is_running else _ending(told, end_ms),
        gpu_ms=_gpu_ms(stretches),
        flaps=max(one.flaps for one in told),
        why=_why(bond, ours),
    )


def _id(ours: Iterable[Group]) -> str:
    """Return a digest of where and when it began; no other incident has that slot's time."""
    start_ms, slot = min(group.order for group in ours)
    return hashlib.sha256(f"{slot} {start_ms}".encode()).hexdigest()[:ID_LENGTH]


def _leading(bond: Bond, ours: Sequence[Group]) -> Group:
    """Return the group that explains the others: that of the driver's word, or the first."""
    if len(ours) == 1:
        return ours[0]
    root = bond.roots[0] if bond.roots and bond.followers else None
    return min(
        ours,
        key=lambda group: (
            root is not None and root.slot not in group.slots,
            group.start_ms,
            group.episodes[0].family.is_blind,
            group.order,
        ),
    )


def _root(bond: Bond, leading: Group, scope: Scope) -> Root:
    slots = leading.slots
    fact = next((one for one in bond.roots if one.slot in slots), None)
    is_slot = scope is Scope.SLOT or (fact is not None and bool(bond.followers))
    if fact is not None and is_slot:
        slots = {fact.slot}
    first = [one.stretches[0] for one in leading.episodes if one.slot in slots]
    first.sort(key=lambda stretch: (stretch.start_ms, stretch.slot))
    evidence: dict[str, Evidence] = {}
    for stretch in first:
        if stretch.evidence is not None:
            known = evidence.get(stretch.evidence.node, stretch.evidence)
            evidence[stretch.evidence.node] = Evidence(
                known.node,
                min(known.first_sequence, stretch.evidence.first_sequence),
                max(known.last_sequence, stretch.evidence.last_sequence),
            )
    return Root(
        slot=first[0].slot if is_slot else None,
        reason=_reason(leading, first[0]),
        xid=fact.xid if fact is not None else None,
        evidence=tuple(evidence[node] for node in sorted(evidence)),
    )


def _reason(leading: Group, first: Stretch) -> str:
    """Return the reason of the leading family that was seen first; the state if there is none."""
    family = leading.episodes[0].family
    fitting = [reason for reason in family.reasons if reason in first.reasons]
    return next(iter([*fitting, *first.reasons]), first.state.value)


def _after_effects(bond: Bond, stretches: Iterable[Stretch], root: Root) -> tuple[AfterEffect, ...]:
    """Return every reason of every slot, and every Xid that followed, at its first time."""
    found: dict[tuple[str, str], AfterEffect] = {}
    for one in stretches:
        for reason in one.reasons or (one.state.value,):
            if one.slot != root.slot or reason != root.reason:
                found.setdefault(
                    (str(one.slot), reason), AfterEffect(one.start_ms, one.slot, reason)
                )
    for fact in bond.followers:
        what = f"xid {fact.xid}"
        found.setdefault((str(fact.slot), what), AfterEffect(fact.at_ms, fact.slot, what))
    return tuple(sorted(found.values()))


def _ending(told: Iterable[Episode], end_ms: int) -> str:
    """Return what ended it: the evidence that clears the reasons seen last."""
    last = [one for one in told if one.end_ms == end_ms]
    reasons = sorted({reason for one in last for reason in one.stretches[-1].reasons})
    words = " ".join(REASONS[reason].clears for reason in reasons if reason in REASONS)
    if all(one.clear_ms for one in last):
        return words or "It was seen no more."
    return f"It was seen no more; nobody observed how it ended. {words}".rstrip()


def _gpu_ms(stretches: Iterable[Stretch]) -> dict[State, int]:
    totals: dict[State, int] = dict.fromkeys(_NOT_OK, 0)
    for one in stretches:
        totals[one.state] += one.duration_ms
    return totals


def _why(bond: Bond, ours: Sequence[Group]) -> tuple[str, ...]:
    words = list(dict.fromkeys([*_words(bond, ours)]))
    rest = len(words) - WORDS_MAX
    return tuple(words[:WORDS_MAX]) + ((f"and {rest} more",) if rest > 0 else ())


def _words(bond: Bond, ours: Sequence[Group]) -> Iterator[str]:
    if bond.roots and bond.followers:
        root = bond.roots[0]
        slots = len({fact.slot for fact in bond.followers})
        yield f"Xid {root.xid} of {root.slot} began it; {slots} other slots reported what followed"
    for group in ours:
        yield from group.why
    yield from bond.why
    if not any(group.why for group in ours) and not bond.why and not bond.followers:
        yield "one slot by itself"
