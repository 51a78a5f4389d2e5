"""
From the graded events of a pass to records of the journal.

Equal errors of one pass share a record that counts them: a program can make the driver report
thousands a second, and must not be able to fill the disk that holds the evidence.
"""

from collections.abc import Iterator, Mapping, Sequence

from gpusla.health import Graded
from gpusla.identity import GpuUuid, Slot
from gpusla.journal.model import Instant, XidSeen


def xid_records(
    at: Instant, events: Sequence[Graded], slots: Mapping[GpuUuid, Slot]
) -> Iterator[XidSeen]:
    """
    Yield the records of a pass, in the order in which each kind of error first came.

    slots: where each GPU was last known to sit.  A GPU that the inventory does not have is nobody's
    capacity and has no record.  Of errors that share one, the last says when, and up to where the
    kernel's log is accounted for.
    """
    alike: dict[tuple[object, ...], list[Graded]] = {}
    for one in events:
        event = one.event
        is_witnessed = event.kernel_sequence is not None
        key = (event.uuid, event.xid, one.role, one.evidence, event.is_past, is_witnessed)
        alike.setdefault(key, []).append(one)
    for group in alike.values():
        last = group[-1]
        slot = last.slot or slots.get(last.event.uuid)
        if slot is not None:
            yield _record(at, slot, group)


def _record(at: Instant, slot: Slot, group: Sequence[Graded]) -> XidSeen:
    last = group[-1]
    event = last.event
    told = [one.event.kernel_sequence for one in group if one.event.kernel_sequence is not None]
    return XidSeen(
        at,
        slot,
        event.uuid,
        event.xid,
        last.role,
        last.evidence,
        max(told, default=None),
        event.wall_ms if event.is_past else None,
        len(group),
    )
