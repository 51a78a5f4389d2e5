"""A divided GPU: its instances have handles, numbers, memory and UUIDs of their own."""

from typing import Any

import pytest

from tests.agent.standin.tray import Tray

NOT_SUPPORTED, NOT_FOUND = 3, 6
MIB = 1 << 20


@pytest.fixture
def divided(tray: Tray) -> Tray:
    """The first GPU with two instances."""
    tray.set("gpu", 0, "mig_mode", 1)
    tray.set("gpu", 0, "instance", 1, 0, 71_000)
    tray.set("gpu", 0, "instance", 2, 0, 142_000)
    return tray


def instances(tray: Tray) -> list[Any]:
    """The instances of the first GPU, asked for by every place there can be."""
    nvml = tray.nvml
    found = []
    for place in range(nvml.nvmlDeviceGetMaxMigDeviceCount(tray.gpus[0])):
        try:
            found.append(nvml.nvmlDeviceGetMigDeviceHandleByIndex(tray.gpus[0], place))
        except nvml.NVMLError_NotFound:
            continue
    return found


def test_instances_have_numbers_memory_and_uuids(divided: Tray) -> None:
    """And a UUID finds its instance again."""
    nvml, found = divided.nvml, instances(divided)
    assert [nvml.nvmlDeviceGetGpuInstanceId(one) for one in found] == [1, 2]
    assert [nvml.nvmlDeviceGetComputeInstanceId(one) for one in found] == [0, 0]
    totals = [nvml.nvmlDeviceGetMemoryInfo(one, nvml.nvmlMemory_v2).total for one in found]
    assert totals == [71_000 * MIB, 142_000 * MIB]
    uuids = [nvml.nvmlDeviceGetUUID(one) for one in found]
    assert all(uuid.startswith("MIG-") for uuid in uuids)
    assert len(set(uuids)) == 2
    again = nvml.nvmlDeviceGetHandleByUUID(uuids[1].encode())
    assert nvml.nvmlDeviceGetGpuInstanceId(again) == 2
    assert nvml.nvmlDeviceIsMigDeviceHandle(again).value == 1
    parent = nvml.nvmlDeviceGetDeviceHandleFromMigDeviceHandle(again)
    assert nvml.nvmlDeviceGetIndex(parent) == 0


def test_most_calls_are_not_for_an_instance(divided: Tray) -> None:
    """Health and power are the GPU's."""
    instance = instances(divided)[0]
    assert divided.code(divided.nvml.nvmlDeviceGetPowerUsage, instance) == NOT_SUPPORTED


def test_a_gpu_that_is_not_divided_has_no_instances(divided: Tray) -> None:
    """Whatever the control file says of them."""
    divided.set("gpu", 0, "mig_mode", 0)
    assert instances(divided) == []


def test_an_instance_that_is_gone_is_no_handle(divided: Tray) -> None:
    """Somebody divided the GPU otherwise."""
    instance = instances(divided)[1]
    divided.control.clear("gpu", 0, "instance", 2)
    code = divided.code(divided.nvml.nvmlDeviceGetUUID, instance)
    assert code == divided.nvml.NVML_ERROR_INVALID_ARGUMENT


def test_activity_of_a_divided_gpu_comes_by_instance(divided: Tray) -> None:
    """Utilisation is refused, GPM of the GPU too; that of an instance is there."""
    nvml, gpu = divided.nvml, divided.gpus[0]
    assert divided.code(nvml.nvmlDeviceGetUtilizationRates, gpu) == NOT_SUPPORTED
    assert not nvml.nvmlGpmQueryDeviceSupport(gpu).isSupportedDevice
    sample = nvml.nvmlGpmSampleAlloc()
    assert divided.code(nvml.nvmlGpmMigSampleGet, gpu, 2, sample) == 0
    assert divided.code(nvml.nvmlGpmMigSampleGet, gpu, 5, sample) == NOT_FOUND
