"""
GPM: what the GPU's units did between two passes, and counters since boot.

Two samples are kept for each GPU and change places at every pass; rates are over the time between
them.  nvml.h: they must be more than 100 ms apart.
"""

import ctypes
from math import isfinite
from typing import Any

from gpusla_agent.sources.families import GPM_COUNTERS, GPM_METRICS
from gpusla_agent.sources.nvml_calls.answer import Answer
from gpusla_agent.sources.nvml_calls.binding import (
    ABSENT,
    NOT_SUPPORTED,
    SUCCESS,
    UNKNOWN,
    call,
)
from gpusla_agent.sources.nvml_calls.structs import (
    GPM_HEADER,
    GPM_METRIC,
    GPM_METRICS_GET,
    GPM_SUPPORT,
    Buffer,
)

APART_MS = 100

_IDS = (*GPM_METRICS.values(), *GPM_COUNTERS.values())
_HEADER = GPM_HEADER.size
_COUNTERS = frozenset(GPM_COUNTERS.values())


class Gpm:
    """The two samples of one GPU."""

    def __init__(self) -> None:
        """Allocate nothing: many GPUs are never asked."""
        self._metrics: Buffer | None = None
        self._samples: list[ctypes.c_void_p] = []
        self._absent: dict[int, int] = {}
        self._asked: tuple[int, ...] = ()
        self._taken_ms: int | None = None
        self._refused: int | None = None

    def forget(self) -> None:
        """Ask again for what the driver did not have."""
        self._absent, self._asked, self._refused = {}, (), None

    def drop(self) -> None:
        """Drop the last sample: what comes next must say nothing of the time until then."""
        self._taken_ms = None

    def read(self, handle: ctypes.c_void_p, now_ms: int) -> Answer | int | None:
        """
        Return metrics and counters in the order of the family's names, or why there are none.

        None: there is nothing to tell yet, because only one sample was taken or the last one is
        too young.
        """
        if self._taken_ms is not None and now_ms - self._taken_ms < APART_MS:
            return None
        code = self._refused or self._ready(handle) or self._take(handle)
        if code != SUCCESS:
            self.drop()
            return code
        is_first, self._taken_ms = self._taken_ms is None, now_ms
        return None if is_first else self._compare()

    def _ready(self, handle: ctypes.c_void_p) -> int:
        if self._metrics is None:
            support = Buffer(GPM_SUPPORT)
            code = call("nvmlGpmQueryDeviceSupport", handle, support.ref)
            if code == SUCCESS and not support.values()[1]:
                code = NOT_SUPPORTED
            if code != SUCCESS:
                self._refused = code if code in ABSENT else None
                return code
            self._metrics = Buffer(GPM_METRICS_GET)
        while len(self._samples) < 2:  # noqa: PLR2004
            sample = ctypes.c_void_p()
            code = call("nvmlGpmSampleAlloc", ctypes.byref(sample))
            if code != SUCCESS:
                return code
            self._samples.append(sample)
        return SUCCESS

    def _take(self, handle: ctypes.c_void_p) -> int:
        """Read into the older sample, which then is the newer one."""
        self._samples.reverse()
        code = call("nvmlGpmSampleGet", handle, self._samples[1])
        self._refused = code if code in ABSENT else None
        return code

    def _compare(self) -> Answer | int:
        assert self._metrics is not None  # _ready made it
        memory = self._metrics.memory
        asked = tuple(one for one in _IDS if one not in self._absent)
        if not asked:
            return NOT_SUPPORTED
        older, newer = (sample.value for sample in self._samples)
        GPM_HEADER.pack_into(memory, 0, 1, len(asked), older, newer)
        if asked != self._asked:
            self._asked = asked
            for place, one in enumerate(asked):
                GPM_METRIC.form.pack_into(memory, _HEADER + place * GPM_METRIC.size, one, 0, 0.0)
        code = call("nvmlGpmMetricsGet", self._metrics.ref)
        return self._told(memory) if code == SUCCESS else code

    def _told(self, memory: Any) -> Answer:
        end = _HEADER + len(self._asked) * GPM_METRIC.size
        told = {
            one: (code, value)
            for one, code, value in GPM_METRIC.form.iter_unpack(memoryview(memory)[_HEADER:end])
        }
        answer = Answer()
        for one in _IDS:
            code, value = told.get(one, (self._absent.get(one, UNKNOWN), 0.0))
            if code in ABSENT:
                self._absent[one] = code
            if code == SUCCESS and not isfinite(value):
                code = UNKNOWN
            if code == SUCCESS:
                value = int(value) if one in _COUNTERS else round(value, 4)
            answer.add(code, value)
        return answer
