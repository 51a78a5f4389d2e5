"""What a statement tells of the facts, read back from its canonical JSON."""

from collections.abc import Mapping
from typing import Any

from gpusla.identity import parse_slot
from gpusla.incidents.model import Scope
from gpusla.sla.digest import from_exact
from gpusla.statement.grades import Graded, Worth
from gpusla.statement.incidents import StatedIncident, StatedIncidents
from gpusla.statement.model import Grounds
from gpusla.statement.untold import instant, text, whole

Told = Mapping[str, Any]


def read_grounds(told: Told) -> Grounds:
    """Return what was written; raises KeyError, TypeError or ValueError if it is nothing such."""
    return Grounds(
        _graded(told["held"]),
        tuple((text(name), _graded(one)) for name, one in told["objectives"]),
        _incidents(told["incidents"]),
    )


def _graded(told: Told) -> Graded:
    return Graded(*(from_exact(told[worth.value]) for worth in Worth))


def _incidents(told: Told) -> StatedIncidents:
    return StatedIncidents(
        tuple(map(_incident, told["listed"])),
        whole(told["more"]),
        from_exact(told["more_gpu_ms"]),
        from_exact(told["more_minor_units"]),
        whole(told["harmless"]),
    )


def _incident(told: Told) -> StatedIncident:
    root, xid, end_ms = told["root"], told["xid"], told["end_ms"]
    return StatedIncident(
        text(told["id"]),
        Scope(told["scope"]),
        text(told["place"]),
        text(told["family"]),
        None if root is None else parse_slot(text(root)),
        text(told["reason"]),
        None if xid is None else whole(xid),
        instant(told["start_ms"]),
        None if end_ms is None else instant(end_ms),
        tuple(parse_slot(text(slot)) for slot in told["slots"]),
        whole(told["slots_total"]),
        whole(told["flaps"]),
        from_exact(told["gpu_ms"]),
        from_exact(told["minor_units"]),
    )
