"""Who a GPU is: what does not change while it sits in its slot."""

from collections.abc import Mapping
from typing import Any

from gpusla.identity import GpuUuid
from gpusla.readings import Absent, Identity
from gpusla_agent.probes.probe import said
from gpusla_agent.probes.whole import is_whole


def read(index: int, told: Mapping[str, tuple[int, Any]]) -> Identity | None:
    """Return who the GPU says it is, None if it does not say; what one call cannot tell is None."""
    uuid = _text(told, "uuid")
    if not uuid:
        return None
    return Identity(
        uuid=GpuUuid(uuid),
        index=index,
        name=_text(told, "name") or "",
        serial=_text(told, "serial"),
        module_id=_number(told, "module_id"),
        chassis_serial=_text(told, "chassis_serial"),
        tray_index=_number(told, "tray_index"),
        pci_bus_id=_text(told, "pci_bus_id"),
        driver_version=_text(told, "driver_version"),
        vbios_version=_text(told, "vbios_version"),
        chassis_slot=_number(told, "chassis_slot"),
        host_id=_number(told, "host_id"),
        peer_type=_number(told, "peer_type"),
        board_part_number=_text(told, "board_part_number"),
    )


def _text(told: Mapping[str, Any], name: str) -> str | None:
    found = said(told.get(name))
    return found if isinstance(found, str) else None


def _number(told: Mapping[str, Any], name: str) -> int | None:
    found = said(told.get(name))
    return None if isinstance(found, Absent) or not is_whole(found) else int(found)
