"""What goes wrong with a GPU, a call or the driver, and what stays right beside it."""

import ctypes
import threading
from ctypes import byref
from time import perf_counter
from typing import Any

import pytest

from tests.agent.standin.tray import Tray

LOST, RESET_REQUIRED, FUNCTION_NOT_FOUND, VERSION_MISMATCH = 15, 16, 13, 25
LONG = 30.0


def power(tray: Tray, gpu: int) -> int:
    """The code that asking a GPU for its power gets."""
    return tray.code(tray.nvml.nvmlDeviceGetPowerUsage, tray.gpus[gpu])


def test_a_lost_gpu_loses_every_call_and_keeps_its_handle(tray: Tray) -> None:
    """And the others are fine."""
    tray.set("gpu", 1, "lost")
    assert [power(tray, gpu) for gpu in range(4)] == [0, LOST, 0, 0]
    assert tray.code(tray.nvml.nvmlDeviceGetHandleByIndex, 1) == 0
    assert tray.code(tray.nvml.nvmlDeviceGetFieldValues, tray.gpus[1], [230]) == LOST
    tray.control.clear("gpu", 1)
    assert power(tray, 1) == 0


def test_other_conditions_have_other_codes(tray: Tray) -> None:
    """A GPU that waits for a reset, and whatever code a test wants."""
    tray.set("gpu", 2, "reset_required")
    tray.set("gpu", 3, "answers", 999)
    assert [power(tray, gpu) for gpu in range(4)] == [0, 0, RESET_REQUIRED, 999]


def test_a_hung_gpu_blocks_its_own_caller_only(tray: Tray) -> None:
    """Until the line is gone; nobody else waits for it."""
    tray.set("gpu", 3, "hung")
    # One call reads the file; whoever asks meanwhile is answered as before.
    assert power(tray, 0) == 0
    asked, answers = threading.Event(), list[int]()

    def ask() -> None:
        asked.set()
        answers.append(power(tray, 3))

    thread = threading.Thread(target=ask)
    thread.start()
    assert asked.wait(LONG)
    assert [power(tray, gpu) for gpu in range(3)] == [0, 0, 0]
    thread.join(0.05)
    assert thread.is_alive()
    tray.control.clear("gpu", 3)
    thread.join(LONG)
    assert answers == [0]


def test_a_gpu_that_left_the_enumeration_is_lost_to_who_holds_it(tray: Tray) -> None:
    """Three are left, and the ones behind a missing one move up."""
    uuids = [tray.nvml.nvmlDeviceGetUUID(gpu) for gpu in tray.gpus]
    tray.set("gpu", 1, "absent")
    left = [
        tray.nvml.nvmlDeviceGetUUID(tray.nvml.nvmlDeviceGetHandleByIndex(index))
        for index in range(tray.nvml.nvmlDeviceGetCount())
    ]
    assert left == [uuids[0], uuids[2], uuids[3]]
    assert power(tray, 1) == LOST
    assert tray.nvml.nvmlDeviceGetIndex(tray.gpus[3]) == 2


def test_a_count_cuts_the_enumeration_short(tray: Tray) -> None:
    """The last GPU is gone, and its index is no longer one."""
    tray.set("count", 3)
    assert tray.nvml.nvmlDeviceGetCount() == 3
    invalid = tray.nvml.NVML_ERROR_INVALID_ARGUMENT
    assert tray.code(tray.nvml.nvmlDeviceGetHandleByIndex, 3) == invalid


def test_a_missing_call_is_a_function_not_found(tray: Tray) -> None:
    """The binding raises the same as for a symbol that is not there."""
    tray.set("missing", "nvmlDeviceGetGpuFabricInfoV")
    assert fabric(tray, 3) == FUNCTION_NOT_FOUND
    tray.control.clear("missing")
    assert fabric(tray, 3) == 0


def test_a_struct_of_another_version_is_refused(tray: Tray) -> None:
    """By the size in its version word, and by what the control file still takes."""
    assert [fabric(tray, version) for version in (2, 3)] == [0, 0]
    tray.set("struct_version", "nvmlDeviceGetGpuFabricInfoV", 2)
    assert [fabric(tray, version) for version in (2, 3)] == [0, VERSION_MISMATCH]
    info = tray.nvml.c_nvmlPlatformInfo_v2_t()
    info.version = 1
    platform = tray.nvml.nvmlDeviceGetPlatformInfo
    assert tray.code(platform, tray.gpus[0], byref(info)) == VERSION_MISMATCH


def test_an_older_struct_is_not_written_past_its_end(tray: Tray) -> None:
    """The second version of the fabric struct has 36 bytes, the third 40."""
    room = ctypes.create_string_buffer(b"\xee" * 64, 64)
    ctypes.memmove(room, byref(ctypes.c_uint(tray.nvml.nvmlGpuFabricInfo_v2)), 4)
    assert tray.code(tray.nvml.nvmlDeviceGetGpuFabricInfoV, tray.gpus[0], room) == 0
    assert room.raw[36:] == b"\xee" * 28


def test_a_slow_call_is_slow_alone(tray: Tray) -> None:
    """Latency is per call, in microseconds."""
    tray.set("latency", "nvmlDeviceGetPowerUsage", 30_000)
    started = perf_counter()
    assert power(tray, 0) == 0
    assert perf_counter() - started >= 0.03


@pytest.mark.parametrize("microseconds", [20, 100])
def test_a_latency_is_true(tray: Tray, microseconds: int) -> None:
    """Not later than by what it takes to wake a thread; the kernel's own leave is 50 us."""
    tray.set("latency", "nvmlDeviceGetPowerUsage", microseconds)
    took = []
    for _ in range(100):
        started = perf_counter()
        power(tray, 0)
        took.append((perf_counter() - started) * 1e6)
    assert microseconds <= min(took) < microseconds + 45


def test_a_driver_that_was_loaded_anew_counts_anew(tray: Tray) -> None:
    """Energy since the load, in the process that asked before it too."""
    tray.set("gpu", 0, "power_watts", 1_000_000)
    before = wait_for_energy(tray, 1)
    tray.set("driver_loads", 1)
    assert tray.nvml.nvmlDeviceGetTotalEnergyConsumption(tray.gpus[0]) < before


def test_every_call_can_be_slow(tray: Tray) -> None:
    """A driver under load."""
    tray.set("latency", "*", 10_000)
    started = perf_counter()
    tray.nvml.nvmlDeviceGetUUID(tray.gpus[0])
    assert perf_counter() - started >= 0.01


def test_a_slow_call_does_not_hold_up_another_thread(tray: Tray) -> None:
    """It waits outside the lock."""
    tray.set("latency", "nvmlDeviceGetPowerUsage", 1_000_000)
    thread = threading.Thread(target=power, args=(tray, 0))
    thread.start()
    started = perf_counter()
    tray.nvml.nvmlDeviceGetUUID(tray.gpus[0])
    assert perf_counter() - started < 0.9
    thread.join(LONG)


def test_a_driver_that_is_not_loaded_refuses_init(tray: Tray) -> None:
    """With its own code."""
    tray.set("answer", "nvmlInitWithFlags", tray.nvml.NVML_ERROR_DRIVER_NOT_LOADED)
    assert tray.code(tray.nvml.nvmlInit) == tray.nvml.NVML_ERROR_DRIVER_NOT_LOADED


def fabric(tray: Tray, version: int) -> int:
    """The code that the fabric struct of this version gets."""
    kinds: dict[int, Any] = {
        2: tray.nvml.c_nvmlGpuFabricInfo_v2_t,
        3: tray.nvml.c_nvmlGpuFabricInfo_v3_t,
    }
    value = kinds[version]()
    return tray.code(tray.nvml.nvmlDeviceGetGpuFabricInfoV, tray.gpus[0], byref(value))


def wait_for_energy(tray: Tray, millijoules: int) -> int:
    """Ask until the first GPU has used so much; how much it has used then."""
    while True:
        used: int = tray.nvml.nvmlDeviceGetTotalEnergyConsumption(tray.gpus[0])
        if used >= millijoules:
            return used
