"""
Batches of field values: one call for many readings, with one buffer that is used again.

Unpacked with struct, because reading the binding's own array takes eight times as long.  A field
that a driver does not have is not asked for again until `forget`.
"""

import ctypes
import struct
from collections.abc import Sequence
from math import isfinite

from gpusla_agent.sources.nvml_calls.answer import Answer
from gpusla_agent.sources.nvml_calls.binding import ABSENT, SUCCESS, UNKNOWN, call
from gpusla_agent.sources.nvml_calls.structs import FIELD_QUESTION, FIELD_VALUE

_SIZE = FIELD_VALUE.size

# nvmlValueType_t: how to read the eight bytes of a field's value.
_UNSIGNED_32, _UNSIGNED_LONG, _UNSIGNED_64 = 1, 2, 3
_VALUES = {0: "=d", 4: "=q", 5: "=i4x", 6: "=H6x"}


class FieldBatch:
    """Fields of one GPU that are read together, each with its scope."""

    def __init__(self, fields: Sequence[tuple[int, int]]) -> None:
        """Prepare a buffer; fields: id and scope of each value, in the order of the answer."""
        self._fields = fields
        self._memory = ctypes.create_string_buffer(_SIZE * len(fields))
        self._ref = ctypes.byref(self._memory)
        self._absent: dict[int, int] = {}
        self._asked: list[int] = []
        self.forget()

    def forget(self) -> None:
        """Ask for all fields again, those too that the driver did not have."""
        self._absent = {}
        self._prepare()

    def read(self, handle: ctypes.c_void_p) -> Answer | int:
        """Return all values by place, or the code if the whole batch failed."""
        if not self._asked:
            return next(iter(self._absent.values()))
        code = call("nvmlDeviceGetFieldValues", handle, self._count, self._ref)
        if code != SUCCESS:
            return code
        return self._told() if self._absent else self._told_all()

    def _prepare(self) -> None:
        """Lay out those that are asked for; the driver overwrites nothing of that."""
        self._asked = [place for place in range(len(self._fields)) if place not in self._absent]
        self._count = ctypes.c_int(len(self._asked))
        for at, place in enumerate(self._asked):
            FIELD_QUESTION.pack_into(self._memory, at * _SIZE, *self._fields[place])

    def _told_all(self) -> Answer:
        answer = Answer()
        values, codes = answer.values, answer.codes
        for value_type, code, raw in FIELD_VALUE.form.iter_unpack(self._memory):
            if code:
                codes[len(values)] = code
                values.append(None)
            elif value_type == _UNSIGNED_32:
                values.append(raw & 0xFFFFFFFF)
            elif value_type in {_UNSIGNED_LONG, _UNSIGNED_64}:
                values.append(raw)
            else:
                answer.add(*_converted(value_type, raw))
        self._remember(codes)
        return answer

    def _told(self) -> Answer:
        """Return what was asked for, with what was known to be absent in between."""
        content = memoryview(self._memory)[: len(self._asked) * _SIZE]
        told = dict(zip(self._asked, FIELD_VALUE.form.iter_unpack(content), strict=True))
        answer = Answer()
        for place in range(len(self._fields)):
            value_type, code, raw = told.get(place) or (0, self._absent[place], 0)
            answer.add(*(_converted(value_type, raw) if code == SUCCESS else (code, None)))
        self._remember(answer.codes)
        return answer

    def _remember(self, codes: dict[int, int]) -> None:
        absent = {place: code for place, code in codes.items() if code in ABSENT}
        if len(absent) > len(self._absent):
            self._absent = absent
            self._prepare()


def _converted(value_type: int, raw: int) -> tuple[int, float | None]:
    if value_type == _UNSIGNED_32:
        return SUCCESS, raw & 0xFFFFFFFF
    if value_type in {_UNSIGNED_LONG, _UNSIGNED_64}:
        return SUCCESS, raw
    form = _VALUES.get(value_type)
    if form is None:
        return UNKNOWN, None
    value: float = struct.unpack(form, raw.to_bytes(8, "little"))[0]
    return (SUCCESS, value) if isfinite(value) else (UNKNOWN, None)
