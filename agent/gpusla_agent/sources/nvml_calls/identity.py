"""Who a GPU is: what does not change while it sits in its slot."""

import ctypes
from typing import Any

from gpusla_agent.sources.nvml_calls.binding import SUCCESS, call
from gpusla_agent.sources.nvml_calls.structs import PCI, PLATFORM, Buffer

_TEXT_BYTES = 96

_PLATFORM_NAMES = ("chassis_slot", "tray_index", "host_id", "peer_type")

Told = dict[str, tuple[int, Any]]


def read(handle: ctypes.c_void_p) -> Told:
    """Return codes and values by the names of `gpusla.readings.Identity`."""
    return {
        "uuid": device_text("nvmlDeviceGetUUID", handle),
        "name": device_text("nvmlDeviceGetName", handle),
        "serial": device_text("nvmlDeviceGetSerial", handle),
        "module_id": _module_id(handle),
        "vbios_version": device_text("nvmlDeviceGetVbiosVersion", handle),
        "board_part_number": device_text("nvmlDeviceGetBoardPartNumber", handle),
        "pci_bus_id": _pci_bus_id(handle),
        "driver_version": _text("nvmlSystemGetDriverVersion"),
        **_platform(handle),
    }


def device_text(name: str, handle: ctypes.c_void_p) -> tuple[int, str | None]:
    """Return the code and the text that a call on a device or MIG instance gives."""
    return _text(name, handle)


def _text(name: str, *arguments: Any) -> tuple[int, str | None]:
    memory = ctypes.create_string_buffer(_TEXT_BYTES)
    code = call(name, *arguments, memory, ctypes.c_uint(_TEXT_BYTES))
    return code, memory.value.decode("utf-8", "replace") if code == SUCCESS else None


def _module_id(handle: ctypes.c_void_p) -> tuple[int, int | None]:
    module = ctypes.c_uint()
    code = call("nvmlDeviceGetModuleId", handle, ctypes.byref(module))
    return code, module.value if code == SUCCESS else None


def _pci_bus_id(handle: ctypes.c_void_p) -> tuple[int, str | None]:
    pci = Buffer(PCI)
    code = call("nvmlDeviceGetPciInfo_v3", handle, pci.ref)
    return code, _until_zero(pci.values()[0]) if code == SUCCESS else None


def _platform(handle: ctypes.c_void_p) -> Told:
    """Return where in the rack the GPU sits; the binding would take the bytes for UTF-8."""
    platform = Buffer(PLATFORM)
    code = call("nvmlDeviceGetPlatformInfo", handle, platform.ref)
    if code != SUCCESS:
        return dict.fromkeys(("chassis_serial", *_PLATFORM_NAMES), (code, None))
    _, chassis, *numbers, _ = platform.values()
    places: Told = {
        name: (SUCCESS, number) for name, number in zip(_PLATFORM_NAMES, numbers, strict=True)
    }
    return {"chassis_serial": (SUCCESS, _until_zero(chassis)), **places}


def _until_zero(content: bytes) -> str:
    return content.partition(b"\0")[0].decode("ascii", "replace")
