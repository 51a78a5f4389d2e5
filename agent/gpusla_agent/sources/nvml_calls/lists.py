"""Calls that give lists: the processes on a GPU, and its MIG instances."""

import ctypes
from typing import Any

from gpusla_agent.sources.nvml_calls.binding import (
    INSUFFICIENT_SIZE,
    INVALID_ARGUMENT,
    NOT_FOUND,
    SUCCESS,
    call,
)
from gpusla_agent.sources.nvml_calls.identity import device_text
from gpusla_agent.sources.nvml_calls.structs import MEMORY, PROCESS, Buffer

_ROOM, _ROOM_MAX = 8, 65_536
_NOT_AVAILABLE = 2**64 - 1

Told = tuple[int, list[list[Any]] | None]


class Processes:
    """Compute processes of one GPU; the memory for them grows when there are more."""

    def __init__(self) -> None:
        """Take memory when it is asked for: many GPUs never are."""
        self._memory: Any = None
        self._room = _ROOM

    def read(self, handle: ctypes.c_void_p) -> Told:
        """Return the code, and pid and bytes (None where the driver does not say) of each."""
        code, count = self._ask(handle)
        while code == INSUFFICIENT_SIZE and count > self._room <= _ROOM_MAX:
            self._room, self._memory = 2 * count, None
            code, count = self._ask(handle)
        if code != SUCCESS:
            return code, None
        content = memoryview(self._memory)[: count * PROCESS.size]
        return code, [
            [pid, None if used == _NOT_AVAILABLE else used]
            for pid, used in PROCESS.form.iter_unpack(content)
        ]

    def _ask(self, handle: ctypes.c_void_p) -> tuple[int, int]:
        if self._memory is None:
            self._memory = ctypes.create_string_buffer(self._room * PROCESS.size)
        count = ctypes.c_uint(self._room)
        name = "nvmlDeviceGetComputeRunningProcesses_v3"
        return call(name, handle, ctypes.byref(count), self._memory), count.value


def mig_mode(handle: ctypes.c_void_p) -> tuple[int, int | None]:
    """Return the code, and 1 if the GPU is divided into instances now, 0 if not."""
    current, pending = ctypes.c_uint(), ctypes.c_uint()
    code = call("nvmlDeviceGetMigMode", handle, ctypes.byref(current), ctypes.byref(pending))
    return code, current.value if code == SUCCESS else None


def instances(handle: ctypes.c_void_p) -> Told:
    """Return the code, and [uuid, GPU instance, compute instance, bytes or None] of each."""
    code, mode = mig_mode(handle)
    if code != SUCCESS or not mode:
        return code, None if code != SUCCESS else []
    count = ctypes.c_uint()
    code = call("nvmlDeviceGetMaxMigDeviceCount", handle, ctypes.byref(count))
    found: list[list[Any]] = []
    for index in range(count.value if code == SUCCESS else 0):
        instance = ctypes.c_void_p()
        name = "nvmlDeviceGetMigDeviceHandleByIndex"
        had = call(name, handle, ctypes.c_uint(index), ctypes.byref(instance))
        if had in {NOT_FOUND, INVALID_ARGUMENT}:
            continue  # The driver leaves gaps in the numbers.
        if had != SUCCESS:
            return had, None
        found.append(_instance(instance))
    return code, found if code == SUCCESS else None


def _instance(handle: ctypes.c_void_p) -> list[Any]:
    _, uuid = device_text("nvmlDeviceGetUUID", handle)
    memory = Buffer(MEMORY)
    code = call("nvmlDeviceGetMemoryInfo_v2", handle, memory.ref)
    return [
        uuid or "",
        _id("nvmlDeviceGetGpuInstanceId", handle),
        _id("nvmlDeviceGetComputeInstanceId", handle),
        memory.values()[1] if code == SUCCESS else None,
    ]


def _id(name: str, handle: ctypes.c_void_p) -> int:
    found = ctypes.c_uint()
    return found.value if call(name, handle, ctypes.byref(found)) == SUCCESS else -1
