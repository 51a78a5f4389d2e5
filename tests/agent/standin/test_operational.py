"""GPU Operational Events: the structured form of an error, for who subscribed to it."""

from ctypes import byref
from typing import Any

import pytest

from tests.agent.standin.tray import Tray

XID = 0x8
STRUCTURED, EVENT_BIT = 1, 0
SUCCESS, INVALID, NOT_SUPPORTED, NOT_FOUND, TIMEOUT = 0, 2, 3, 6, 10
FATAL = 40


def subscribe(tray: Tray, gpu: int, events: Any, severity: int = 0) -> int:
    """Subscribe a set to one GPU; the code."""
    config = tray.nvml.c_nvmlGpuOperationalEventConfig_v1_t()
    config.uuid = tray.nvml.nvmlDeviceGetUUID(tray.gpus[gpu])
    config.minSeverity = severity
    return call(tray, "nvmlEventSetRegisterGpuOperationalEvents_v1", events, config)


def call(tray: Tray, symbol: str, events: Any, params: Any) -> int:
    """Make a call of the binding that wants a pointer; the code."""
    code: int = tray.nvml._nvmlGetFunctionPointer(symbol)(events, byref(params))
    return code


def wait(tray: Tray, events: Any) -> tuple[int, Any]:
    """What the extended wait says at once."""
    params = tray.nvml.c_nvmlEventSetWait_v3_t()
    return call(tray, "nvmlEventSetWait_v3", events, params), params


@pytest.fixture
def events(tray: Tray) -> Any:
    """A set that asked for the structured events of the second GPU."""
    tray.set("operational_events", 1)
    made = tray.nvml.nvmlEventSetCreate()
    assert subscribe(tray, 1, made) == SUCCESS
    return made


def test_an_older_driver_does_not_support_them(tray: Tray) -> None:
    """Which is how the stand-in starts."""
    assert subscribe(tray, 0, tray.nvml.nvmlEventSetCreate()) == NOT_SUPPORTED


def test_a_structured_event_tells_severity_module_and_its_legacy_xid(
    tray: Tray, events: Any
) -> None:
    """The Xid stands in a context record, never in the event's own data."""
    tray.control.event(1, "operational", 79, FATAL)
    code, told = wait(tray, events)
    assert (code, told.dataType, told.eventType, told.eventData) == (SUCCESS, STRUCTURED, 0, 0)
    assert (told.severity, told.sourceModule) == (FATAL, "GPU-BUS")
    assert told.uuid == tray.nvml.nvmlDeviceGetUUID(tray.gpus[1])
    assert told.timestampUsec > 1_700_000_000_000_000
    record = tray.nvml.c_nvmlEventSetGetGpuOperationalEventContextLegacyXid_v1_t()
    symbol = "nvmlEventSetGetGpuOperationalEventContextLegacyXid_v1"
    assert call(tray, symbol, events, record) == SUCCESS
    assert record.xidCode == 79
    record.index = 1
    assert call(tray, symbol, events, record) == INVALID


def test_the_two_forms_of_one_error_are_told_apart(tray: Tray, events: Any) -> None:
    """A set with both subscriptions gets both; the plain one has no context."""
    tray.nvml.nvmlDeviceRegisterEvents(tray.gpus[1], XID, events)
    tray.control.event(1, "xid", 79)
    tray.control.event(1, "operational", 79, FATAL)
    assert [wait(tray, events)[1].dataType for _ in range(2)] == [EVENT_BIT, STRUCTURED]
    tray.control.event(1, "xid", 31)
    code, told = wait(tray, events)
    assert (code, told.eventData) == (SUCCESS, 31)
    count = tray.nvml.c_nvmlEventSetGetContextCount_v1_t()
    assert call(tray, "nvmlEventSetGetContextCount_v1", events, count) == SUCCESS
    assert count.count == 0


def test_only_what_is_bad_enough_on_the_right_gpu_is_told(tray: Tray, events: Any) -> None:
    """By the filters of the subscription."""
    strict = tray.nvml.nvmlEventSetCreate()
    assert subscribe(tray, 1, strict, FATAL) == SUCCESS
    tray.control.event(0, "operational", 13)
    tray.control.event(1, "operational", 13)
    assert wait(tray, events)[0] == SUCCESS
    assert wait(tray, events)[0] == TIMEOUT
    assert wait(tray, strict)[0] == TIMEOUT


def test_a_plain_wait_has_no_form_for_them(tray: Tray, events: Any) -> None:
    """It is never told of one."""
    tray.nvml.nvmlDeviceRegisterEvents(tray.gpus[1], XID, events)
    tray.control.event(1, "operational", 79, FATAL)
    with pytest.raises(tray.nvml.NVMLError_Timeout):
        tray.nvml.nvmlEventSetWait_v2(events, 0)
