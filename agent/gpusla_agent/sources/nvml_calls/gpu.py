"""
One GPU: its families of calls (`gpusla_agent.sources.families`), read when they are due.

What the driver does not have is remembered for a while, so that it costs nothing at every pass;
what failed once is asked for again at the next.
"""

import ctypes
from collections.abc import Callable, Sequence
from time import perf_counter_ns
from typing import Any

from gpusla_agent.sources.families import (
    HEALTH_FIELDS,
    LINK_BYTES_FIELDS,
    LINK_ERROR_FIELDS,
    LINK_FIELDS,
)
from gpusla_agent.sources.nvml_calls import identity, lists, structs
from gpusla_agent.sources.nvml_calls.answer import Answer
from gpusla_agent.sources.nvml_calls.binding import (
    ABSENT,
    FUNCTION_NOT_FOUND,
    GPU_IS_LOST,
    NOT_SUPPORTED,
    RESET_REQUIRED,
    SUCCESS,
    UNKNOWN,
    VERSION_MISMATCH,
    call,
    handle_by_index,
)
from gpusla_agent.sources.nvml_calls.fields import FieldBatch
from gpusla_agent.sources.nvml_calls.gpm import Gpm
from gpusla_agent.sources.nvml_calls.links import LinkBatch, SlowFields
from gpusla_agent.sources.nvml_calls.structs import Buffer

ASK_AGAIN_MS = 60_000
"""How long it is remembered that the driver does not have something: MIG, ECC and confidential
computing can be switched while it stays loaded, so no "not supported" is for ever."""

Read = dict[str, list[Any]]
"""By family: microseconds, then its code; or its values, and if some failed, codes by place."""

_SM, _MEMORY_CLOCK = 1, 2
_SLOWDOWN_MARGIN, _SHUTDOWN_MARGIN = 194, 193
_GONE = frozenset({GPU_IS_LOST, RESET_REQUIRED})


class Gpu:
    """One GPU of the driver's list; used by one thread."""

    def __init__(self, index: int) -> None:
        self.index = index
        self.handle: ctypes.c_void_p | None = None
        self.uuid: str | None = None
        self._code = UNKNOWN
        self._mig = 0
        self._forget_ms = 0
        self._absent: dict[Any, int] = {}
        self._allocate()
        self._families: dict[str, Callable[[], Answer | int | None]] = {
            "health_fields": lambda: self._health.read(self._device),
            "temperature": self._read_temperature,
            "clocks": self._read_clocks,
            "memory": self._read_memory,
            "fabric": self._read_fabric,
            "utilization": self._read_utilization,
            "memory_use": self._read_memory_use,
            "gpm": self._read_gpm,
            "links": lambda: self._links.read(self._device),
            "link_bytes": lambda: self._link_bytes.read(self._device),
            "link_errors": lambda: self._link_errors.read(self._device),
            "slow_fields": lambda: self._slow.read(self._device),
            "pcie": self._read_pcie,
            "pcie_bytes": lambda: self._pcie_bytes.read(self._device),
            "repair": self._read_repair,
            "limits": self._read_limits,
            "instances": self._read_instances,
            "processes": self._read_processes,
        }

    def identity(self) -> identity.Told:
        """Return who it is; only the code of its UUID if the driver does not give a handle."""
        self._code, handle = handle_by_index(self.index)
        if self._code != SUCCESS:
            return {"uuid": (self._code, None)}
        self._mig = lists.mig_mode(handle)[1] or 0
        told = identity.read(handle)
        self.uuid = told["uuid"][1]
        self.handle = handle
        return told

    def sample(self, families: Sequence[str], now_ms: int) -> Read | int:
        """Read these families in their order; the code if there is no handle to read by."""
        if self.handle is None:
            return self._code
        self._remember_no_longer(now_ms)
        self._now_ms = now_ms
        if "gpm" not in families:
            self._gpm.drop()
        read: Read = {}
        for family in families:
            begin = perf_counter_ns()
            told = self._families[family]()
            if told is None:
                continue
            microseconds = (perf_counter_ns() - begin) // 1_000
            if isinstance(told, int):
                read[family] = [microseconds, told]
                if told in _GONE:
                    break  # Nobody is there to answer the rest.
            elif told.codes:
                read[family] = [microseconds, told.values, told.codes]
            else:
                read[family] = [microseconds, told.values]
        return read

    # --- what is kept ------------------------------------------------------------------------

    def _allocate(self) -> None:
        self._now_ms = 0
        self._memory_code = UNKNOWN
        self._number = ctypes.c_uint()
        self._number_ref = ctypes.byref(self._number)
        self._confidential = Buffer(structs.CONFIDENTIAL)
        self._mask = ctypes.c_ulonglong()
        self._mask_ref = ctypes.byref(self._mask)
        self._health = FieldBatch([(one, 0) for one in HEALTH_FIELDS.values()])
        self._links = LinkBatch(LINK_FIELDS)
        self._link_bytes = LinkBatch(LINK_BYTES_FIELDS)
        self._link_errors = LinkBatch(LINK_ERROR_FIELDS)
        self._slow = SlowFields()
        self._pcie_bytes = FieldBatch([(197, 0), (198, 0)])
        self._margins = FieldBatch([(_SLOWDOWN_MARGIN, 0), (_SHUTDOWN_MARGIN, 0)])
        self._gpm = Gpm()
        self._processes = lists.Processes()
        self._memory = Buffer(structs.MEMORY)
        self._temperature = Buffer(structs.TEMPERATURE)
        self._margin = Buffer(structs.MARGIN)
        self._rates = Buffer(structs.UTILIZATION)
        self._fabric_layouts: tuple[structs.Layout, ...] = (structs.FABRIC_V3, structs.FABRIC_V2)
        self._fabrics = {layout: Buffer(layout) for layout in self._fabric_layouts}

    def _remember_no_longer(self, now_ms: int) -> None:
        if now_ms < self._forget_ms:
            return
        self._forget_ms = now_ms + ASK_AGAIN_MS
        self._absent = {}
        for kept in (
            self._health,
            self._links,
            self._link_bytes,
            self._link_errors,
            self._slow,
            self._pcie_bytes,
            self._margins,
            self._gpm,
        ):
            kept.forget()

    @property
    def _device(self) -> ctypes.c_void_p:
        assert self.handle is not None  # sample saw to it
        return self.handle

    def _ask(self, name: str, *arguments: Any, key: Any = None) -> int:
        """Make a call on the GPU unless the driver is known not to have it."""
        key = key or name
        code = self._absent.get(key)
        if code is None:
            code = call(name, self._device, *arguments)
            if code in ABSENT:
                self._absent[key] = code
        return code

    def _one(self, answer: Answer, name: str, kind: int | None = None) -> None:
        """Put in the number that a call gives."""
        arguments = () if kind is None else (kind,)
        code = self._ask(name, *arguments, self._number_ref, key=(name, kind))
        answer.add(code, self._number.value)

    # --- families ----------------------------------------------------------------------------

    def _read_temperature(self) -> Answer:
        answer = Answer()
        code = self._ask("nvmlDeviceGetTemperatureV", self._temperature.ref)
        if code in {FUNCTION_NOT_FOUND, VERSION_MISMATCH}:
            self._one(answer, "nvmlDeviceGetTemperature", 0)
        else:
            answer.add(code, self._temperature.values()[2])
        code = self._ask("nvmlDeviceGetMarginTemperature", self._margin.ref)
        answer.add(code, self._margin.values()[1])
        return answer

    def _read_clocks(self) -> Answer:
        answer = Answer()
        self._one(answer, "nvmlDeviceGetClockInfo", _SM)
        self._one(answer, "nvmlDeviceGetClockInfo", _MEMORY_CLOCK)
        code = self._ask("nvmlDeviceGetCurrentClocksEventReasons", self._mask_ref)
        answer.add(code, self._mask.value)
        return answer

    def _read_memory(self) -> Answer | int:
        self._memory_code = self._ask("nvmlDeviceGetMemoryInfo_v2", self._memory.ref)
        return self._of_memory(1, 2)

    def _read_memory_use(self) -> Answer | int:
        """Of the call that was made for the family before, in the same pass."""
        return self._of_memory(4, 3)

    def _of_memory(self, *places: int) -> Answer | int:
        if self._memory_code != SUCCESS:
            return self._memory_code
        answer, values = Answer(), self._memory.values()
        answer.values = [values[place] for place in places]
        return answer

    def _read_utilization(self) -> Answer | int:
        code = self._ask("nvmlDeviceGetUtilizationRates", self._rates.ref)
        if code != SUCCESS:
            return code
        answer = Answer()
        answer.values = list(self._rates.values())
        return answer

    def _read_fabric(self) -> Answer | int:
        """Ask for the newest structure that the driver takes, found anew if it refuses that."""
        if (known := self._absent.get("fabric")) is not None:
            return known
        code = UNKNOWN
        for layout in self._fabric_layouts:
            buffer = self._fabrics[layout]
            buffer.prepare()
            code = call("nvmlDeviceGetGpuFabricInfoV", self._device, buffer.ref)
            if code != VERSION_MISMATCH:
                break
        if code != SUCCESS:
            if code in ABSENT:
                self._absent["fabric"] = code
            return code
        if layout is not self._fabric_layouts[0]:
            self._fabric_layouts = tuple(reversed(self._fabric_layouts))
        _, cluster, status, clique, state, mask, *summary = buffer.values()
        answer = Answer()
        answer.add(code, [state, status, cluster.hex(), clique, mask, *(summary or [None])])
        return answer

    def _read_gpm(self) -> Answer | int | None:
        if self._mig:
            self._gpm.drop()
            return NOT_SUPPORTED
        return self._gpm.read(self._device, self._now_ms)

    def _read_pcie(self) -> Answer:
        answer = Answer()
        self._one(answer, "nvmlDeviceGetCurrPcieLinkGeneration")
        self._one(answer, "nvmlDeviceGetMaxPcieLinkGeneration")
        self._one(answer, "nvmlDeviceGetCurrPcieLinkWidth")
        self._one(answer, "nvmlDeviceGetMaxPcieLinkWidth")
        return answer

    def _read_repair(self) -> Answer:
        """Seldom enough for buffers of its own each time."""
        answer = Answer()
        banks, sram = Buffer(structs.BANKS), Buffer(structs.SRAM)
        memory, repair = Buffer(structs.UNREPAIRABLE), Buffer(structs.REPAIR)
        code = self._ask("nvmlDeviceGetRowRemapperHistogram", banks.ref)
        answer.add(code, list(banks.values()))
        code = self._ask("nvmlDeviceGetSramEccErrorStatus", sram.ref)
        answer.add(code, sram.values()[1])
        code = self._ask("nvmlDeviceGetUnrepairableMemoryFlag_v1", memory.ref)
        answer.add(code, memory.values()[0])
        code = self._ask("nvmlDeviceGetRepairStatus", repair.ref)
        _, channel, tpc = repair.values()
        answer.add(code, channel)
        answer.add(code, tpc)
        return answer

    def _read_limits(self) -> Answer:
        answer = Answer()
        self._one(answer, "nvmlDeviceGetMaxClockInfo", _SM)
        self._one(answer, "nvmlDeviceGetMaxClockInfo", _MEMORY_CLOCK)
        margins = self._margins.read(self._device)
        for place in range(2):
            if isinstance(margins, int):
                answer.add(margins, None)
            else:
                answer.add(margins.codes.get(place, SUCCESS), margins.values[place])
        code, mode = lists.mig_mode(self._device)
        self._mig = mode or 0
        answer.add(code, mode)
        answer.add(*self._takes_confidential_work())
        return answer

    def _takes_confidential_work(self) -> tuple[int, int | None]:
        """Return whether the GPUs take work; no driver says what ready means with the mode off."""
        code = call("nvmlSystemGetConfComputeState", self._confidential.ref)
        if code != SUCCESS:
            return code, None
        if not self._confidential.values()[1]:
            return NOT_SUPPORTED, None
        code = call("nvmlSystemGetConfComputeGpusReadyState", self._number_ref)
        return code, self._number.value

    def _read_instances(self) -> Answer | int:
        return _listed(*lists.instances(self._device))

    def _read_processes(self) -> Answer | int:
        return _listed(*self._processes.read(self._device))


def _listed(code: int, found: list[list[Any]] | None) -> Answer | int:
    if code != SUCCESS:
        return code
    answer = Answer()
    answer.add(code, found)
    return answer
