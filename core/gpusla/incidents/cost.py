"""What incidents cost: lost GPU-time shared out among them, times a price; all of it exact."""

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import islice

from gpusla.identity import Slot
from gpusla.incidents.model import Incident, Stretch
from gpusla.instants import Interval


@dataclass(frozen=True, slots=True)
class Lost:
    """
    GPU-time that a contract lost over an interval, and the slots that it was lost through.

    What `gpusla.sla` gives as a loss, in plain values; gpu_ms may be a part of a millisecond.
    """

    interval: Interval
    gpu_ms: Fraction
    slots: Sequence[Slot]


def cost(incident: Incident, price_per_gpu_ms: Fraction, lost: Mapping[str, Fraction]) -> Fraction:
    """
    Return what an incident costs, exact, in whatever the price is in.

    lost: GPU-milliseconds by incident, as `share_out` gives; one that is not in it cost nothing.
    """
    return price_per_gpu_ms * lost.get(incident.id, Fraction(0))


def share_out(losses: Iterable[Lost], incidents: Iterable[Incident]) -> dict[str, Fraction]:
    """
    Return lost GPU-milliseconds by incident; what no incident explains stands under an empty id.

    Each loss falls in equal parts on those of its slots that were in an incident, and each part on
    the incidents of its slot over the interval, in proportion to their time: a rack below its
    minimum costs the slots that failed.  The sum is that of the losses exactly.
    """
    by_slot = _by_slot(incidents)
    shared: dict[str, Fraction] = {}
    for loss in losses:
        parts = [_in_incidents(by_slot.get(slot, ()), loss.interval) for slot in loss.slots]
        struck = [part for part in parts if part]
        if not struck:
            shared[""] = shared.get("", Fraction(0)) + loss.gpu_ms
        for part in struck:
            share = loss.gpu_ms / len(struck) / sum(part.values())
            for id_, duration_ms in part.items():
                shared[id_] = shared.get(id_, Fraction(0)) + share * duration_ms
    return shared


def _by_slot(incidents: Iterable[Incident]) -> dict[Slot, list[tuple[Stretch, str]]]:
    found: dict[Slot, list[tuple[Stretch, str]]] = {}
    for incident in incidents:
        for stretch in incident.stretches:
            found.setdefault(stretch.slot, []).append((stretch, incident.id))
    for rows in found.values():
        rows.sort(key=lambda row: row[0].start_ms)
    return found


def _in_incidents(rows: Sequence[tuple[Stretch, str]], interval: Interval) -> dict[str, int]:
    """Return for how long a slot was in which incident over an interval."""
    found: dict[str, int] = {}
    first = bisect_right(rows, interval.start_ms, key=lambda row: row[0].end_ms)
    for stretch, id_ in islice(rows, first, None):
        if stretch.start_ms >= interval.end_ms:
            break
        start_ms = max(stretch.start_ms, interval.start_ms)
        end_ms = min(stretch.end_ms, interval.end_ms)
        found[id_] = found.get(id_, 0) + end_ms - start_ms
    return found
