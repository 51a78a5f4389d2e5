"""Xid events, as the driver's event set told them."""

from collections.abc import Sequence

from gpusla.identity import GpuUuid
from gpusla.readings import XidEvent


def read(told: Sequence[tuple[str, int, int]]) -> tuple[XidEvent, ...]:
    """Return the events: UUID, number, and when the worker heard of it."""
    return tuple(XidEvent(GpuUuid(uuid), xid, wall_ms) for uuid, xid, wall_ms in told)
