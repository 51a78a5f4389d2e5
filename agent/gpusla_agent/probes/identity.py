"""Who a GPU is: what does not change while it sits in its slot."""

from collections.abc import Mapping
from typing import Any

from gpusla.identity import GpuUuid
from gpusla.readings import Identity
from gpusla_agent.sources.raw import SUCCESS


def read(index: int, told: Mapping[str, tuple[int, Any]]) -> Identity | None:
    """Return who the GPU says it is, None if it does not say; what one call cannot tell is None."""
    known = {name: value for name, (code, value) in told.items() if code == SUCCESS}
    if "uuid" not in known:
        return None
    return Identity(
        uuid=GpuUuid(known["uuid"]),
        index=index,
        name=known.get("name", ""),
        serial=known.get("serial"),
        module_id=known.get("module_id"),
        chassis_serial=known.get("chassis_serial"),
        tray_index=known.get("tray_index"),
        pci_bus_id=known.get("pci_bus_id"),
        driver_version=known.get("driver_version"),
        vbios_version=known.get("vbios_version"),
    )
