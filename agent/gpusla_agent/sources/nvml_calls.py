"""
NVML through its binding: the one module that imports pynvml.

Every call gives its return code beside its value, because "not supported" and "fell off the bus"
must part ways at once.  Calls that the binding leaves to the caller's pointers, where a mistake is
a segmentation fault, are made here and nowhere else.  Runs in the worker process, so it imports as
little as it can.
"""

import ctypes
import struct
from collections.abc import Callable
from time import perf_counter
from typing import Any

import pynvml as nvml

Result = list[Any]
"""A return code and a value, which is None unless the code is 0; a list, as it travels as JSON."""

SUCCESS, TIMEOUT, FUNCTION_NOT_FOUND, VERSION_MISMATCH, UNKNOWN = 0, 10, 13, 25, 999

FIELDS = {
    "power_milliwatts": 185,
    "power_limit_milliwatts": 190,
    "energy_millijoules": 83,
    "recovery_action": 230,
}
"""What goes into the one batch; ids of nvml.h of CUDA 13.5."""

_FIELD_BYTES = ctypes.sizeof(nvml.c_nvmlFieldValue_t)
_FIELD = struct.Struct("=4x4x8x8xII8s")
"""fieldId, scopeId, timestamp, latencyUsec, valueType, nvmlReturn, value."""

# nvmlValueType_t: how to read the eight bytes of a field's value.
_VALUES = {0: "=d", 1: "=I4x", 2: "=Q", 3: "=Q", 4: "=q", 5: "=i4x", 6: "=H6x"}

_CLOCK_SM, _CLOCK_MEMORY = 1, 2
_XID_EVENTS = 0x8

# Version word, cluster UUID, status, clique, state, health mask, health summary; the unversioned
# alias of the binding is version 2 and of the header version 3, so both are named by number.
_FABRIC = struct.Struct("=I16sIIB3xIB3x")
_FABRIC_VERSIONS = ((3, 40), (2, 36))

# nvmlPlatformInfo_v2_t: version, IB GUID at 4, chassis serial at 20, then slot, tray, host, peer,
# module from 36.  Read raw: the binding takes the bytes for text and fails on the first above 0x7F.
_PLATFORM_BYTES, _PLATFORM_VERSION = 44, 2
_CHASSIS_AT, _TRAY_AT = slice(20, 36), 37


def result(call: Callable[..., Any], *arguments: Any) -> Result:
    """Make one call of the binding and return its code and value."""
    try:
        return [SUCCESS, call(*arguments)]
    except nvml.NVMLError as error:
        return [int(error.value), None]
    except (UnicodeDecodeError, ctypes.ArgumentError):
        return [UNKNOWN, None]


def start() -> int:
    """Load the library and initialise it; return the code."""
    return int(result(nvml.nvmlInit)[0])


def count() -> Result:
    """Return how many GPUs the driver lists."""
    return result(nvml.nvmlDeviceGetCount)


def driver_version() -> Result:
    """Return the driver's version."""
    return result(nvml.nvmlSystemGetDriverVersion)


class Gpu:
    """One GPU of the driver's list, with buffers that are used again at every pass."""

    def __init__(self, index: int) -> None:
        self.index = index
        self.handle: Any = None
        self._handle_code = UNKNOWN
        self._fields = (nvml.c_nvmlFieldValue_t * len(FIELDS))()
        self._fabric_versions: tuple[tuple[int, int], ...] = _FABRIC_VERSIONS
        self._calls: dict[str, Callable[[], dict[str, Result]]] = {
            "fields": self._read_fields,
            "temperature": self._temperature,
            "clocks": self._clocks,
            "memory": self._memory,
            "utilization": self._utilization,
            "fabric": self._fabric,
        }

    def identity(self) -> dict[str, Result]:
        """Return what does not change, by the names of gpusla.readings.Identity."""
        self._handle_code, handle = result(nvml.nvmlDeviceGetHandleByIndex, self.index)
        if handle is None:
            return {"uuid": [self._handle_code, None]}
        self.handle = handle
        return {
            "uuid": _text(result(nvml.nvmlDeviceGetUUID, handle)),
            "name": _text(result(nvml.nvmlDeviceGetName, handle)),
            "serial": _text(result(nvml.nvmlDeviceGetSerial, handle)),
            "module_id": _module_id(handle),
            "vbios_version": _text(result(nvml.nvmlDeviceGetVbiosVersion, handle)),
            "pci_bus_id": _text(result(lambda: nvml.nvmlDeviceGetPciInfo_v3(handle).busId)),
            "driver_version": _text(driver_version()),
            **_platform(handle),
        }

    def sample(self) -> tuple[dict[str, Result], dict[str, float]]:
        """Return all readings by name, and how long each family of calls took."""
        if self.handle is None:
            return {"handle": [self._handle_code, None]}, {}
        readings: dict[str, Result] = {}
        seconds: dict[str, float] = {}
        for family, call in self._calls.items():
            begin = perf_counter()
            readings.update(call())
            seconds[family] = perf_counter() - begin
        return readings, seconds

    def _read_fields(self) -> dict[str, Result]:
        for place, field_id in enumerate(FIELDS.values()):
            self._fields[place].fieldId = field_id
        code = _raw_call(
            "nvmlDeviceGetFieldValues",
            self.handle,
            ctypes.c_int32(len(FIELDS)),
            ctypes.byref(self._fields),
        )
        if code != SUCCESS:
            return {name: [code, None] for name in FIELDS}
        content = bytes(self._fields)
        return {
            name: _field(content[place * _FIELD_BYTES : (place + 1) * _FIELD_BYTES])
            for place, name in enumerate(FIELDS)
        }

    def _temperature(self) -> dict[str, Result]:
        degrees = result(nvml.nvmlDeviceGetTemperatureV, self.handle, 0)
        if degrees[0] in {FUNCTION_NOT_FOUND, VERSION_MISMATCH}:
            degrees = result(nvml.nvmlDeviceGetTemperature, self.handle, 0)
        margin = result(nvml.nvmlDeviceGetMarginTemperature, self.handle)
        return {"temperature": degrees, "temperature_margin": margin}

    def _clocks(self) -> dict[str, Result]:
        handle = self.handle
        return {
            "sm_clock_megahertz": result(nvml.nvmlDeviceGetClockInfo, handle, _CLOCK_SM),
            "memory_clock_megahertz": result(nvml.nvmlDeviceGetClockInfo, handle, _CLOCK_MEMORY),
            "clock_event_reasons": result(nvml.nvmlDeviceGetCurrentClocksEventReasons, handle),
        }

    def _memory(self) -> dict[str, Result]:
        code, memory = result(nvml.nvmlDeviceGetMemoryInfo, self.handle, nvml.nvmlMemory_v2)
        return {
            "memory_total_bytes": [code, None if memory is None else memory.total],
            "memory_used_bytes": [code, None if memory is None else memory.used],
        }

    def _utilization(self) -> dict[str, Result]:
        code, rates = result(nvml.nvmlDeviceGetUtilizationRates, self.handle)
        return {"utilization_percent": [code, None if rates is None else rates.gpu]}

    def _fabric(self) -> dict[str, Result]:
        code = FUNCTION_NOT_FOUND
        for version, size in self._fabric_versions:
            buffer = ctypes.create_string_buffer(_FABRIC.size)
            struct.pack_into("=I", buffer, 0, size | version << 24)
            code = _raw_call("nvmlDeviceGetGpuFabricInfoV", self.handle, ctypes.byref(buffer))
            if code == VERSION_MISMATCH:
                continue
            self._fabric_versions = ((version, size),)
            if code == SUCCESS:
                return {"fabric": [SUCCESS, _fabric_values(buffer.raw, version)]}
            return {"fabric": [code, None]}
        self._fabric_versions = _FABRIC_VERSIONS  # All of them, at the next pass.
        return {"fabric": [code, None]}


class XidEvents:
    """The driver's Xid events of some GPUs."""

    def __init__(self) -> None:
        self.code, self._set = result(nvml.nvmlEventSetCreate)

    def register(self, gpu: Gpu) -> None:
        """Ask for a GPU's events; a failure stays in `code`."""
        if self._set is None or gpu.handle is None:
            return
        code = result(nvml.nvmlDeviceRegisterEvents, gpu.handle, _XID_EVENTS, self._set)[0]
        if code != SUCCESS:
            self.code = code

    def wait(self, milliseconds: int) -> Result:
        """Wait for the next event; its value is a UUID and an Xid number."""
        code, event = result(nvml.nvmlEventSetWait_v2, self._set, milliseconds)
        if code != SUCCESS:
            return [code, None]
        code, uuid = _text(result(nvml.nvmlDeviceGetUUID, event.device))
        return [code, None if uuid is None else [uuid, int(event.eventData)]]


def _raw_call(name: str, *arguments: Any) -> int:
    try:
        # The binding's only way to a symbol; it knows which library was loaded, and from where.
        function = nvml._nvmlGetFunctionPointer(name)  # noqa: SLF001
    except nvml.NVMLError as error:
        return int(error.value)
    return int(function(*arguments))


def _field(content: bytes) -> Result:
    value_type, code, value = _FIELD.unpack(content)
    if code != SUCCESS:
        return [code, None]
    form = _VALUES.get(value_type)
    return [UNKNOWN, None] if form is None else [SUCCESS, struct.unpack(form, value)[0]]


def _fabric_values(content: bytes, version: int) -> list[Any]:
    """Return state, status, cluster UUID, clique, mask and summary."""
    _, cluster, status, clique, state, mask, summary = _FABRIC.unpack(content)
    return [state, status, cluster.hex(), clique, mask, summary if version > 2 else None]  # noqa: PLR2004


def _module_id(handle: Any) -> Result:
    module = ctypes.c_uint()  # The binding's own default is shared between calls.
    code = _raw_call("nvmlDeviceGetModuleId", handle, ctypes.byref(module))
    return [code, module.value if code == SUCCESS else None]


def _platform(handle: Any) -> dict[str, Result]:
    buffer = ctypes.create_string_buffer(_PLATFORM_BYTES)
    struct.pack_into("=I", buffer, 0, _PLATFORM_BYTES | _PLATFORM_VERSION << 24)
    code = _raw_call("nvmlDeviceGetPlatformInfo", handle, ctypes.byref(buffer))
    if code != SUCCESS:
        return {"chassis_serial": [code, None], "tray_index": [code, None]}
    chassis = buffer.raw[_CHASSIS_AT].rstrip(b"\0").decode("ascii", "replace")
    return {"chassis_serial": [SUCCESS, chassis], "tray_index": [SUCCESS, buffer.raw[_TRAY_AT]]}


def _text(found: Result) -> Result:
    code, value = found
    return [code, value.decode("utf-8", "replace") if isinstance(value, bytes) else value]
