"""
The driver's events: Xids and what else happened to a GPU, and drivers bound and unbound.

A classic event names its GPU by handle, which is looked up in a table of our own: a GPU that has
just fallen off the bus no longer says who it is, and its Xid must not be lost for that.  Where the
driver has GPU Operational Events they come through the same set, with contexts; one of these may
name the Xid that the driver would have printed.
"""

import ctypes
from typing import NamedTuple

from gpusla_agent.sources.nvml_calls import structs
from gpusla_agent.sources.nvml_calls.binding import SUCCESS, call
from gpusla_agent.sources.nvml_calls.gpu import Gpu
from gpusla_agent.sources.nvml_calls.structs import Buffer

XID = 0x8
WANTED = XID | 0x100 | 0x200 | 0x1000 | 0x2000 | 0x4000 | 0x8000
"""Xid, MIG changed, storm of corrected ECC errors, poison (not fatal, fatal), GPU unavailable,
recovery action changed: bits of nvml.h's nvmlEventType."""

BIND_OR_UNBIND = 0x1 | 0x2

_OPERATIONAL = 1
_NOTICE = 30
"""Log level below which are telemetry and diagnosis, in volume."""

_CONTEXTS_MAX = 64


class Happened(NamedTuple):
    """
    One event of one GPU.

    uuid: empty if the driver did not say.  xids: none if it was something else.
    is_operational: told as a GPU Operational Event.  epoch_us: 0 if the driver did not say.
    """

    uuid: str
    xids: tuple[int, ...]
    is_operational: bool
    epoch_us: int


class GpuEvents:
    """
    The set of events of all GPUs; waited for by one thread, registered with by others.

    code: the last failure.  can_wait: whether there is a set at all; one GPU that could not be
    registered does not keep us from hearing of the others.
    """

    def __init__(self) -> None:
        self._set = ctypes.c_void_p()
        self.code = call("nvmlEventSetCreate", ctypes.byref(self._set))
        self._is_operational = False
        self.can_wait = self.code == SUCCESS
        self._uuids: dict[int, str] = {}
        self._event = Buffer(structs.EVENT)
        self._event_v3 = Buffer(structs.EVENT_V3)

    def register(self, gpu: Gpu) -> None:
        """Ask for a GPU's events; that its Xids cannot be had stays in `code`."""
        if not self.can_wait or gpu.handle is None or gpu.uuid is None:
            return
        self._uuids[gpu.handle.value or 0] = gpu.uuid
        code = self._register(gpu.handle, WANTED & _supported(gpu.handle) | XID)
        if code != SUCCESS:
            code = self._register(gpu.handle, XID)
        if code != SUCCESS:
            self.code = code
        config = Buffer(structs.OPERATIONAL_CONFIG)
        config.layout.form.pack_into(config.memory, 0, gpu.uuid.encode(), _NOTICE, 0)
        name = "nvmlEventSetRegisterGpuOperationalEvents_v1"
        self._is_operational |= call(name, self._set, config.ref) == SUCCESS

    @property
    def is_operational(self) -> bool:
        """Whether one incident may be told twice, in both forms."""
        return self._is_operational

    def wait(self, milliseconds: int) -> tuple[int, Happened | None]:
        """Wait for the next event; return the code, and the event if that is 0."""
        return self._wait_v3(milliseconds) if self._is_operational else self._wait(milliseconds)

    def _register(self, handle: ctypes.c_void_p, types: int) -> int:
        return call("nvmlDeviceRegisterEvents", handle, ctypes.c_ulonglong(types), self._set)

    def _wait(self, milliseconds: int) -> tuple[int, Happened | None]:
        code = call("nvmlEventSetWait_v2", self._set, self._event.ref, ctypes.c_uint(milliseconds))
        if code != SUCCESS:
            return code, None
        device, kind, xid = self._event.values()
        xids = (xid,) if kind == XID else ()
        return code, Happened(self._uuids.get(device, ""), xids, is_operational=False, epoch_us=0)

    def _wait_v3(self, milliseconds: int) -> tuple[int, Happened | None]:
        buffer = self._event_v3
        buffer.layout.form.pack_into(buffer.memory, 0, milliseconds, 0, b"", 0, 0, 0)
        code = call("nvmlEventSetWait_v3", self._set, buffer.ref)
        if code != SUCCESS:
            return code, None
        _, form, uuid, kind, xid, epoch_us = buffer.values()
        is_operational = form == _OPERATIONAL
        xids = self._legacy_xids() if is_operational else (xid,) if kind == XID else ()
        words = uuid.partition(b"\0")[0].decode("ascii", "replace")
        return code, Happened(words, xids, is_operational, epoch_us)

    def _legacy_xids(self) -> tuple[int, ...]:
        """Return the Xids that the contexts of the event just waited for name."""
        count, context = Buffer(structs.CONTEXT_COUNT), Buffer(structs.LEGACY_XID)
        if call("nvmlEventSetGetContextCount_v1", self._set, count.ref) != SUCCESS:
            return ()
        found: list[int] = []
        for index in range(min(count.values()[0], _CONTEXTS_MAX)):
            context.layout.form.pack_into(context.memory, 0, index, 0)
            name = "nvmlEventSetGetGpuOperationalEventContextLegacyXid_v1"
            if call(name, self._set, context.ref) == SUCCESS:
                found.append(context.values()[1])
        return tuple(dict.fromkeys(found))


class SystemEvents:
    """The set of events that tell that the driver let go of a GPU, or took one."""

    def __init__(self) -> None:
        self._set = 0
        create = Buffer(structs.SYSTEM_CREATE)
        self.code = call("nvmlSystemEventSetCreate", create.ref)
        if self.code != SUCCESS:
            return
        self._set = create.values()[1]
        register = Buffer(structs.SYSTEM_REGISTER)
        words = (structs.SYSTEM_REGISTER.version_word, BIND_OR_UNBIND, self._set)
        register.layout.form.pack_into(register.memory, 0, *words)
        self.code = call("nvmlSystemRegisterEvents", register.ref)
        self._events = ctypes.create_string_buffer(structs.SYSTEM_EVENT.size)
        self._request = Buffer(structs.SYSTEM_WAIT)

    def wait(self, milliseconds: int) -> tuple[int, int]:
        """Wait; return the code and how many events there were."""
        request = self._request
        word, address = structs.SYSTEM_WAIT.version_word, ctypes.addressof(self._events)
        request.layout.form.pack_into(
            request.memory, 0, word, milliseconds, self._set, address, 1, 0
        )
        code = call("nvmlSystemEventSetWait", request.ref)
        return code, request.values()[5] if code == SUCCESS else 0


def _supported(handle: ctypes.c_void_p) -> int:
    mask = ctypes.c_ulonglong()
    code = call("nvmlDeviceGetSupportedEventTypes", handle, ctypes.byref(mask))
    return mask.value if code == SUCCESS else 0
