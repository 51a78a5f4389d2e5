"""A healthy, idle tray: the figures of a GB300 capture (nvidia-smi -q -x, driver 580.173.02)."""

from ctypes import byref, c_uint, string_at
from typing import Any

from tests.agent.standin.tray import Tray

MIB = 1024 * 1024


def each(tray: Tray, name: str, *arguments: object) -> list[Any]:
    """What each of the four GPUs answers."""
    return [getattr(tray.nvml, name)(gpu, *arguments) for gpu in tray.gpus]


def struct(tray: Tray, name: str, kind: str, gpu: int = 0) -> Any:
    """A struct that the binding wants by reference, filled."""
    value = getattr(tray.nvml, kind)()
    getattr(tray.nvml, name)(tray.gpus[gpu], byref(value))
    return value


def test_a_tray_has_four_gpus_whose_modules_are_not_in_index_order(tray: Tray) -> None:
    """Index and module are two numberings."""
    assert tray.nvml.nvmlDeviceGetCount() == 4
    modules = [tray.nvml.nvmlDeviceGetModuleId(gpu, c_uint()) for gpu in tray.gpus]
    assert modules == [2, 1, 4, 3]
    assert set(each(tray, "nvmlDeviceGetName")) == {"NVIDIA GB300"}
    assert set(each(tray, "nvmlDeviceGetBoardPartNumber")) == {"900-2G548-0081-000"}
    assert set(each(tray, "nvmlDeviceGetVbiosVersion")) == {"97.10.4A.00.1A"}
    assert each(tray, "nvmlDeviceGetMinorNumber") == [0, 1, 2, 3]


def test_pci_addresses_and_board_ids_are_those_of_the_capture(tray: Tray) -> None:
    """Domains 8, 9, 18 and 19."""
    buses = [info.busId for info in each(tray, "nvmlDeviceGetPciInfo")]
    assert buses == [f"{domain:08X}:06:00.0" for domain in (0x8, 0x9, 0x18, 0x19)]
    assert each(tray, "nvmlDeviceGetBoardId") == [0x80600, 0x90600, 0x180600, 0x190600]


def test_two_gpus_of_a_superchip_share_a_serial_number_and_no_uuid(tray: Tray) -> None:
    """A serial number is no key."""
    serials, uuids = each(tray, "nvmlDeviceGetSerial"), each(tray, "nvmlDeviceGetUUID")
    assert serials[0] == serials[1] != serials[2] == serials[3]
    assert len(set(uuids)) == 4


def test_uuids_stay_the_same_and_differ_between_nodes(tray: Tray) -> None:
    """Another node has other GPUs; the same node the same."""
    before = each(tray, "nvmlDeviceGetUUID")
    tray.set("node", "c2-r01-t03")
    other = each(tray, "nvmlDeviceGetUUID")
    tray.control.clear("node")
    assert not set(before) & set(other)
    assert each(tray, "nvmlDeviceGetUUID") == before


def test_trays_of_a_rack_share_the_domain(tray: Tray) -> None:
    """Cluster UUID and chassis come from the rack's name, whatever the node's."""
    tray.set("rack", "c2-r01")
    before = cluster(tray)
    tray.set("node", "c2-r01-t04")
    assert cluster(tray) == before
    tray.set("rack", "c2-r02")
    assert cluster(tray) != before


def test_memory_is_what_the_driver_shows_and_not_what_is_sold(tray: Tray) -> None:
    """284,208 MiB, of which 947 are reserved; 512 GiB of BAR1."""
    memory = tray.nvml.nvmlDeviceGetMemoryInfo(tray.gpus[0], tray.nvml.nvmlMemory_v2)
    assert (memory.total, memory.reserved, memory.used) == (284208 * MIB, 947 * MIB, 0)
    assert memory.free == memory.total - memory.reserved
    assert tray.nvml.nvmlDeviceGetBAR1MemoryInfo(tray.gpus[0]).bar1Total == 512 * 1024 * MIB


def test_idle_heat_power_and_clocks_are_those_of_the_capture(tray: Tray) -> None:
    """Margin and temperature add up to 87."""
    temperatures = each(tray, "nvmlDeviceGetTemperatureV", 0)
    assert temperatures == [38, 39, 39, 39]
    margins = each(tray, "nvmlDeviceGetMarginTemperature")
    assert [87 - margin for margin in margins] == temperatures
    assert each(tray, "nvmlDeviceGetPowerUsage") == [180360, 176260, 175920, 180050]
    assert each(tray, "nvmlDeviceGetClockInfo", 1) == [120] * 4
    assert each(tray, "nvmlDeviceGetClockInfo", 2) == [3996] * 4
    assert each(tray, "nvmlDeviceGetMaxClockInfo", 1) == [2070] * 4
    assert each(tray, "nvmlDeviceGetCurrentClocksEventReasons") == [1] * 4


def test_supported_clocks_fall_by_seven_and_eight_megahertz(tray: Tray) -> None:
    """The capture lists 261 of them."""
    clocks = tray.nvml.nvmlDeviceGetSupportedGraphicsClocks(tray.gpus[0], 3996)
    assert (len(clocks), clocks[:4], clocks[-1]) == (261, [2070, 2062, 2055, 2047], 120)


def test_the_fabric_is_complete_and_healthy(tray: Tray) -> None:
    """The mask of a healthy GB300 is not zero."""
    fabric = struct(tray, "nvmlDeviceGetGpuFabricInfoV", "c_nvmlGpuFabricInfo_v3_t")
    assert (fabric.state, fabric.status, fabric.cliqueId) == (3, 0, 32766)
    assert (fabric.healthMask, fabric.healthSummary) == (0x1AA, 1)


def test_platform_info_is_read_as_bytes(tray: Tray) -> None:
    """Slot, tray, host, peer and module stand at 36 to 40; the GUID has bytes that are no text."""
    info = struct(tray, "nvmlDeviceGetPlatformInfo", "c_nvmlPlatformInfo_v2_t")
    data = string_at(byref(info), 44)
    assert list(data[36:41]) == [25, 15, 1, 1, 2]
    assert data[20:33].decode().startswith("182")
    assert data[4:6] == b"\xb0\xcf"


def test_nothing_has_failed_yet(tray: Tray) -> None:
    """All banks can be remapped, no error counted, no process, no MIG, ready for work."""
    histogram = tray.nvml.nvmlDeviceGetRowRemapperHistogram(tray.gpus[0])
    assert (histogram.max, histogram.none) == (5952, 0)
    assert tray.nvml.nvmlDeviceGetTotalEccErrors(tray.gpus[0], 1, 1) == 0
    assert tray.nvml.nvmlDeviceGetComputeRunningProcesses(tray.gpus[0]) == []
    assert tray.nvml.nvmlDeviceGetMigMode(tray.gpus[0]) == [0, 0]
    assert tray.nvml.nvmlSystemGetConfComputeGpusReadyState() == 1
    assert tray.fields([230])[0].value.uiVal == 0


def cluster(tray: Tray) -> bytes:
    """The cluster UUID that the fabric gives."""
    return bytes(
        struct(tray, "nvmlDeviceGetGpuFabricInfoV", "c_nvmlGpuFabricInfo_v3_t").clusterUuid
    )
