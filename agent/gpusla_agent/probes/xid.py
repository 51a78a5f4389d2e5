"""Xid events, as the driver's event set told them."""

from collections.abc import Sequence

from gpusla.identity import GpuUuid
from gpusla.readings import EventOrigin, XidEvent
from gpusla_agent.sources.raw import Told


def read(told: Sequence[Told]) -> tuple[XidEvent, ...]:
    """Return the events: UUID, number, when the worker heard of it, and from whom."""
    return tuple(
        XidEvent(GpuUuid(uuid), xid, wall_ms, EventOrigin(origin))
        for uuid, xid, wall_ms, origin in told
    )
