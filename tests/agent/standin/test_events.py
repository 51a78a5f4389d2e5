"""Events: told once to each set that asked before, and never what had happened by then."""

import threading
from collections.abc import Iterator
from time import thread_time
from typing import Any

import pytest

from tests.agent.standin.tray import Tray

XID, RECOVERY = 0x8, 0x8000
TIMEOUT, LOST = 10, 15


@pytest.fixture
def events(tray: Tray) -> Iterator[Any]:
    """A set that waits for Xids and recovery actions of all four GPUs."""
    made = tray.nvml.nvmlEventSetCreate()
    for gpu in tray.gpus:
        tray.nvml.nvmlDeviceRegisterEvents(gpu, XID | RECOVERY, made)
    yield made
    tray.nvml.nvmlEventSetFree(made)


def wait(tray: Tray, events: Any, timeout_ms: int = 0) -> Any:
    """The next event, or the code that came instead."""
    try:
        return tray.nvml.nvmlEventSetWait_v2(events, timeout_ms)
    except tray.nvml.NVMLError as error:
        return error.value


def index(tray: Tray, event: Any) -> int:
    """The GPU an event is about."""
    number: int = tray.nvml.nvmlDeviceGetIndex(event.device)
    return number


def test_an_xid_is_told_once(tray: Tray, events: Any) -> None:
    """With its number and its GPU; the line may stay in the file."""
    tray.control.event(2, "xid", 79)
    told = wait(tray, events)
    assert (index(tray, told), told.eventType, told.eventData) == (2, XID, 79)
    tray.set("gpu", 0, "temperature", 50)
    assert wait(tray, events) == TIMEOUT


def test_every_set_is_told(tray: Tray, events: Any) -> None:
    """Each at its own pace."""
    other = tray.nvml.nvmlEventSetCreate()
    tray.nvml.nvmlDeviceRegisterEvents(tray.gpus[0], XID, other)
    tray.control.event(0, "xid", 48)
    assert [wait(tray, each).eventData for each in (events, other)] == [48, 48]


def test_events_come_in_the_order_of_their_numbers(tray: Tray, events: Any) -> None:
    """Even if they were written at once."""
    with tray.control.batch():
        for xid in (149, 145, 145):
            tray.control.event(1, "xid", xid)
    assert [wait(tray, events).eventData for _ in range(3)] == [149, 145, 145]


def test_what_happened_before_is_not_told(tray: Tray) -> None:
    """The driver does not record what nobody asked for."""
    tray.control.event(0, "xid", 31)
    events = tray.nvml.nvmlEventSetCreate()
    tray.nvml.nvmlDeviceRegisterEvents(tray.gpus[0], XID, events)
    assert wait(tray, events) == TIMEOUT


def test_only_what_was_asked_for_is_told(tray: Tray) -> None:
    """By GPU and by kind."""
    events = tray.nvml.nvmlEventSetCreate()
    tray.nvml.nvmlDeviceRegisterEvents(tray.gpus[0], XID, events)
    tray.control.event(1, "xid", 79)
    tray.control.event(0, "double_bit_ecc_error")
    tray.control.event(0, "xid", 63)
    assert wait(tray, events).eventData == 63
    assert wait(tray, events) == TIMEOUT


def test_a_recovery_action_that_changes_is_told(tray: Tray, events: Any) -> None:
    """The value is read from field 230; the event only says that it changed."""
    tray.set("gpu", 3, "recovery_action", 2)
    told = wait(tray, events)
    assert (index(tray, told), told.eventType, told.eventData) == (3, RECOVERY, 0)
    assert tray.fields([230], 3)[0].value.uiVal == 2


def test_a_wait_ends_when_something_happens(tray: Tray, events: Any) -> None:
    """Not when its time is up."""
    told = list[Any]()
    thread = threading.Thread(target=lambda: told.append(wait(tray, events, 60_000)))
    thread.start()
    tray.control.event(0, "xid", 94)
    thread.join(30)
    assert [event.eventData for event in told] == [94]


def test_the_xid_of_a_lost_gpu_comes_before_the_loss(tray: Tray, events: Any) -> None:
    """After it every wait answers "lost" at once: a caller must not spin on it."""
    with tray.control.batch():
        tray.control.event(1, "xid", 79)
        tray.set("gpu", 1, "lost")
    assert tray.nvml.nvmlEventSetWait_v2(events, 0).eventData == 79
    assert [wait(tray, events, 1000) for _ in range(2)] == [LOST, LOST]


def test_a_driver_that_lets_go_of_a_gpu_is_a_system_event(tray: Tray) -> None:
    """Unbind and bind, with the GPU's PCI id."""
    nvml = tray.nvml
    events = nvml.nvmlSystemEventSetCreate(nvml.nvmlSystemEventSetCreateRequest_v1)
    nvml.nvmlSystemRegisterEvents(nvml.nvmlSystemRegisterEventRequest_v1, 3, events)
    tray.control.event(1, "unbind")
    tray.control.event(1, "bind")
    room = (nvml.c_nvmlSystemEventData_v1_t * 4)()
    told = nvml.nvmlSystemEventSetWait(nvml.nvmlSystemEventSetWaitRequest_v1, events, 1000, room, 4)
    assert told == [
        {"eventType": 1, "gpuId": 0x90600},
        {"eventType": 2, "gpuId": 0x90600},
    ]


def test_a_storm_is_told_in_full(tray: Tray, events: Any) -> None:
    """One line, ten thousand Xids, to each set that asked."""
    tray.control.event(1, "xid", 13, 10_000)
    told = [wait(tray, events).eventData for _ in range(10_000)]
    assert set(told) == {13}
    assert wait(tray, events) == TIMEOUT


def test_waiting_costs_next_to_nothing(tray: Tray, events: Any) -> None:
    """The kernel wakes a waiter, so that a benchmark measures the program and not the stand-in."""
    cpu_seconds = thread_time()
    assert wait(tray, events, 500) == TIMEOUT
    assert thread_time() - cpu_seconds < 0.005
