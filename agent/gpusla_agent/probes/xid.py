"""Xid events, as the worker heard of them."""

from collections.abc import Iterator, Sequence

from gpusla.identity import GpuUuid
from gpusla.readings import EventOrigin, XidEvent
from gpusla_agent.probes.whole import is_whole
from gpusla_agent.sources.raw import Told

XID_MAX = 0xFFFF
"""The driver's numbers have three digits; a greater one than this is no Xid."""

_ORIGINS = {origin.value: origin for origin in EventOrigin}


def read(told: Sequence[Told]) -> tuple[XidEvent, ...]:
    """Return the events: UUID, number, when the worker heard of it, and from whom."""
    return tuple(_read(told))


def _read(told: Sequence[Told]) -> Iterator[XidEvent]:
    for one in told:
        match one:
            case [str(uuid), xid, wall_ms, str(origin)] if is_xid(xid) and is_whole(wall_ms):
                yield XidEvent(GpuUuid(uuid), xid, wall_ms, _ORIGINS.get(origin, EventOrigin.NVML))
            case _:
                continue


def is_xid(value: object) -> bool:
    """Return whether a value is a number that an Xid can have."""
    return type(value) is int and 0 < value <= XID_MAX
