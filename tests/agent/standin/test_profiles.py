"""Trays of other kinds: eight GPUs, and H100, which answers less than a GB300."""

from ctypes import byref
from typing import Any

import pytest

from tests.agent.standin.tray import Tray

NOT_SUPPORTED = 3


def handles(tray: Tray) -> list[Any]:
    """Every GPU that the driver lists."""
    count = tray.nvml.nvmlDeviceGetCount()
    return [tray.nvml.nvmlDeviceGetHandleByIndex(index) for index in range(count)]


@pytest.mark.parametrize("profile", ["gb300x8", "h100x8"])
def test_a_tray_of_eight_has_eight_gpus_that_differ(tray: Tray, profile: str) -> None:
    """By UUID, PCI address and module; its fifth to eighth can be lost like the others."""
    tray.set("profile", profile)
    tray.set("gpu", 7, "lost")
    gpus = handles(tray)
    nvml = tray.nvml
    assert len(gpus) == 8
    assert len({nvml.nvmlDeviceGetUUID(gpu) for gpu in gpus[:7]}) == 7
    assert len({nvml.nvmlDeviceGetPciInfo_v3(gpu).busId for gpu in gpus[:7]}) == 7
    assert tray.code(nvml.nvmlDeviceGetPowerUsage, gpus[7]) == nvml.NVML_ERROR_GPU_IS_LOST
    assert tray.code(nvml.nvmlDeviceGetPowerUsage, gpus[6]) == 0


def test_a_gpu_that_left_a_tray_of_four_is_not_made_up_by_a_fifth(tray: Tray) -> None:
    """The library has room for eight; a tray of four has four."""
    tray.set("gpu", 3, "absent")
    assert tray.nvml.nvmlDeviceGetCount() == 3


def test_an_h100_is_what_its_capture_shows(tray: Tray) -> None:
    """Name, memory, limits, clocks and module ids of eight H100, driver 580.105.08."""
    tray.set("profile", "h100x8")
    nvml, gpus = tray.nvml, handles(tray)
    assert nvml.nvmlDeviceGetName(gpus[0]) == "NVIDIA H100 80GB HBM3"
    assert nvml.nvmlDeviceGetMemoryInfo(gpus[0]).total == 81_559 << 20
    assert nvml.nvmlDeviceGetPowerManagementLimitConstraints(gpus[0]) == [200_000, 700_000]
    assert nvml.nvmlDeviceGetCudaComputeCapability(gpus[0]) == (9, 0)
    clocks = nvml.nvmlDeviceGetSupportedGraphicsClocks(gpus[0], 2619)
    assert (clocks[0], clocks[1], clocks[-1]) == (1980, 1965, 345)
    assert nvml.nvmlSystemGetDriverVersion() == "580.105.08"
    links = nvml.nvmlDeviceGetFieldValues(gpus[0], [(164, 0), (166, 0)])
    assert [value.value.uiVal for value in links] == [26_562, 6]


def test_an_h100_has_the_fields_of_its_time(tray: Tray) -> None:
    """Old NVLink errors are there; what came with Blackwell or needs a Grace CPU is not."""
    tray.set("profile", "h100x8")
    values = tray.nvml.nvmlDeviceGetFieldValues(
        tray.gpus[0], [161, 170, 202, 213, 220, 231, 251, 289, 309, (186, 1), 186, 230]
    )
    answers = {(value.fieldId, value.scopeId): value.nvmlReturn for value in values}
    good = {(161, 0), (186, 0), (230, 0)}
    assert {key for key, code in answers.items() if code == 0} == good
    assert {code for key, code in answers.items() if key not in good} == {NOT_SUPPORTED}


def test_an_h100_has_no_platform_info(tray: Tray) -> None:
    """Chassis and slot came with Blackwell."""
    tray.set("profile", "h100x8")
    info = tray.nvml.c_nvmlPlatformInfo_v2_t()
    assert tray.code(tray.nvml.nvmlDeviceGetPlatformInfo, tray.gpus[0], byref(info)) == (
        NOT_SUPPORTED
    )


def test_names_hold_behind_a_profile_wherever_they_were_said(tray: Tray) -> None:
    """The control file puts the profile first, because it begins anew."""
    tray.set("node", "c2-r01-t03")
    named = tray.nvml.nvmlDeviceGetUUID(tray.gpus[0])
    tray.set("profile", "gb300x8")
    assert tray.nvml.nvmlDeviceGetUUID(tray.gpus[0]) == named
