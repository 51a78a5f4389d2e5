"""
The calls that have a value, and how to make each through NVIDIA's binding.

Key: the symbol. Value: what to call, given the binding and a handle. Calls that are not listed
answer "not supported". Where the binding wants a struct by reference, the class stands here.
"""

from collections.abc import Callable
from ctypes import byref, c_uint
from typing import Any

from tests.agent.standin.tray import Tray

Ask = Callable[[Any, Any], object]


def plain(name: str, *arguments: object) -> Ask:
    """A call of the binding that takes the handle, and perhaps numbers."""
    return lambda nvml, gpu: getattr(nvml, name)(gpu, *arguments)


def of_system(name: str) -> Ask:
    """A call of the binding that takes nothing."""
    return lambda nvml, _: getattr(nvml, name)()


def by_reference(name: str, struct: str, version: str = "") -> Ask:
    """A call that wants a pointer to a struct, with its version word if it has one."""

    def ask(nvml: Any, gpu: Any) -> object:
        value = getattr(nvml, struct)()
        if version:
            value.version = getattr(nvml, version)
        # Most calls of the binding raise an error's code; some few give it.
        nvml._nvmlCheckReturn(getattr(nvml, name)(gpu, byref(value)) or 0)
        return value

    return ask


def settings(nvml: Any, _: Any) -> object:
    """Confidential computing's settings."""
    value = nvml.c_nvmlSystemConfComputeSettings_v1_t()
    nvml._nvmlCheckReturn(nvml.nvmlSystemGetConfComputeSettings(byref(value)))
    return value


def cper(nvml: Any, _: Any) -> object:
    """Platform error records, in no room at all."""
    value = nvml.c_nvmlGetCPER_v1_t()
    nvml.nvmlSystemGetCPER_v1(value)
    return value


def by_serial(nvml: Any, gpu: Any) -> object:
    """A handle by serial number."""
    return nvml.nvmlDeviceGetHandleBySerial(nvml.nvmlDeviceGetSerial(gpu).encode())


def by_uuid(nvml: Any, gpu: Any) -> object:
    """A handle by UUID."""
    return nvml.nvmlDeviceGetHandleByUUID(nvml.nvmlDeviceGetUUID(gpu).encode())


def by_bus_id(nvml: Any, gpu: Any) -> object:
    """A handle by PCI address."""
    return nvml.nvmlDeviceGetHandleByPciBusId(nvml.nvmlDeviceGetPciInfo(gpu).busId.encode())


def common_ancestor(nvml: Any, gpu: Any) -> object:
    """What two GPUs share on the way to the CPU."""
    return nvml.nvmlDeviceGetTopologyCommonAncestor(gpu, gpu)


def process_details(nvml: Any, gpu: Any) -> object:
    """Processes of every kind."""
    return nvml.nvmlDeviceGetRunningProcessDetailList(gpu, nvml.nvmlProcessDetailList_v1, 3)


def by_uuid_struct(nvml: Any, gpu: Any) -> object:
    """A handle by the UUID in a struct."""
    return nvml.nvmlDeviceGetHandleByUUIDV(nvml.nvmlDeviceGetUUID(gpu).encode(), 1)


def registered(nvml: Any, gpu: Any) -> Any:
    """An event set that waits for Xids."""
    events = nvml.nvmlEventSetCreate()
    nvml.nvmlDeviceRegisterEvents(gpu, nvml.nvmlEventTypeXidCriticalError, events)
    return events


def wait_extended(nvml: Any, gpu: Any) -> object:
    """Wait in the extended form; nothing happens, which is a timeout and not a missing call."""
    params = nvml.c_nvmlEventSetWait_v3_t()
    events = registered(nvml, gpu)
    code = nvml._nvmlGetFunctionPointer("nvmlEventSetWait_v3")(events, byref(params))
    if code != nvml.NVML_ERROR_TIMEOUT:
        nvml._nvmlCheckReturn(code)
    return params


def wait(nvml: Any, gpu: Any) -> object:
    """Wait for an event; the binding raises a timeout."""
    try:
        return nvml.nvmlEventSetWait_v2(registered(nvml, gpu), 0)
    except nvml.NVMLError_Timeout:
        return None


def system_events(nvml: Any) -> Any:
    """A set that waits for the driver to let go of a GPU."""
    events = nvml.nvmlSystemEventSetCreate(nvml.nvmlSystemEventSetCreateRequest_v1)
    nvml.nvmlSystemRegisterEvents(nvml.nvmlSystemRegisterEventRequest_v1, 3, events)
    return events


def wait_for_system(nvml: Any, _: Any) -> object:
    """Wait for a system event."""
    room = (nvml.c_nvmlSystemEventData_v1_t * 2)()
    return nvml.nvmlSystemEventSetWait(
        nvml.nvmlSystemEventSetWaitRequest_v1, system_events(nvml), 0, room, 2
    )


def free_system_events(nvml: Any, _: Any) -> object:
    """Make a set and free it."""
    return nvml.nvmlSystemEventSetFree(nvml.nvmlSystemEventSetFreeRequest_v1, system_events(nvml))


def sampled(nvml: Any, gpu: Any) -> object:
    """One GPM sample."""
    return nvml.nvmlGpmSampleGet(gpu, nvml.nvmlGpmSampleAlloc())


def metrics(nvml: Any, gpu: Any) -> object:
    """GPM metrics between two samples."""
    wanted = nvml.c_nvmlGpmMetricsGet_t()
    wanted.version = nvml.NVML_GPM_METRICS_GET_VERSION
    wanted.numMetrics = 1
    wanted.sample1, wanted.sample2 = sampled(nvml, gpu), sampled(nvml, gpu)
    wanted.metrics[0].metricId = nvml.NVML_GPM_METRIC_SM_UTIL
    return nvml.nvmlGpmMetricsGet(wanted)


def subscribed(nvml: Any, gpu: Any) -> Any:
    """An event set that waits for GPU Operational Events."""
    config = nvml.c_nvmlGpuOperationalEventConfig_v1_t()
    config.uuid = nvml.nvmlDeviceGetUUID(gpu)
    events = nvml.nvmlEventSetCreate()
    call = nvml._nvmlGetFunctionPointer("nvmlEventSetRegisterGpuOperationalEvents_v1")
    nvml._nvmlCheckReturn(call(events, byref(config)))
    return events


def context(symbol: str, struct: str) -> Ask:
    """A call about the context of no event: not found."""

    def ask(nvml: Any, gpu: Any) -> object:
        params = getattr(nvml, struct)()
        code = nvml._nvmlGetFunctionPointer(symbol)(registered(nvml, gpu), byref(params))
        if code != nvml.NVML_ERROR_NOT_FOUND:
            nvml._nvmlCheckReturn(code)
        return params

    return ask


def instance(nvml: Any, _: Any) -> Any:
    """The first MIG instance of the second GPU, which is divided."""
    return nvml.nvmlDeviceGetMigDeviceHandleByIndex(nvml.nvmlDeviceGetHandleByIndex(1), 0)


def of_instance(name: str) -> Ask:
    """A call of the binding that takes a MIG instance."""
    return lambda nvml, gpu: getattr(nvml, name)(instance(nvml, gpu))


def sampled_instance(nvml: Any, _: Any) -> object:
    """One GPM sample of a MIG instance."""
    divided = nvml.nvmlDeviceGetHandleByIndex(1)
    return nvml.nvmlGpmMigSampleGet(divided, 1, nvml.nvmlGpmSampleAlloc())


def code_of(tray: Tray, symbol: str) -> int:
    """What a listed call answers on the first GPU."""
    return tray.code(VALUED[symbol], tray.nvml, tray.gpus[0])


# Calls of the binding that take the handle alone.
PLAIN = """
    nvmlDeviceGetAccountingBufferSize nvmlDeviceGetAccountingMode
    nvmlDeviceGetAccountingPids nvmlDeviceGetAddressingMode nvmlDeviceGetArchitecture
    nvmlDeviceGetBAR1MemoryInfo nvmlDeviceGetBoardId nvmlDeviceGetBoardPartNumber
    nvmlDeviceGetBrand nvmlDeviceGetBusType nvmlDeviceGetComputeMode
    nvmlDeviceGetComputeRunningProcesses_v2 nvmlDeviceGetComputeRunningProcesses_v3
    nvmlDeviceGetConfComputeMemSizeInfo nvmlDeviceGetConfComputeProtectedMemoryUsage
    nvmlDeviceGetCudaComputeCapability nvmlDeviceGetCurrPcieLinkGeneration
    nvmlDeviceGetCurrPcieLinkWidth nvmlDeviceGetCurrentClocksEventReasons
    nvmlDeviceGetCurrentClocksThrottleReasons nvmlDeviceGetDecoderUtilization
    nvmlDeviceGetDefaultEccMode nvmlDeviceGetDisplayActive nvmlDeviceGetDisplayMode
    nvmlDeviceGetEccMode nvmlDeviceGetEncoderUtilization nvmlDeviceGetEnforcedPowerLimit
    nvmlDeviceGetGpuMaxPcieLinkGeneration nvmlDeviceGetGraphicsRunningProcesses_v2
    nvmlDeviceGetGraphicsRunningProcesses_v3 nvmlDeviceGetGspFirmwareMode
    nvmlDeviceGetGspFirmwareVersion nvmlDeviceGetHostname_v1 nvmlDeviceGetIndex
    nvmlDeviceGetInforomImageVersion nvmlDeviceGetJpgUtilization
    nvmlDeviceGetMPSComputeRunningProcesses_v2 nvmlDeviceGetMPSComputeRunningProcesses_v3
    nvmlDeviceGetMarginTemperature nvmlDeviceGetMaxMigDeviceCount
    nvmlDeviceGetMaxPcieLinkGeneration nvmlDeviceGetMaxPcieLinkWidth nvmlDeviceGetMemoryInfo
    nvmlDeviceGetMigMode nvmlDeviceGetMinorNumber nvmlDeviceGetMultiGpuBoard
    nvmlDeviceGetName nvmlDeviceGetOfaUtilization nvmlDeviceGetPciInfo_v3
    nvmlDeviceGetPcieReplayCounter nvmlDeviceGetPdi nvmlDeviceGetPerformanceState
    nvmlDeviceGetPersistenceMode nvmlDeviceGetPowerManagementDefaultLimit
    nvmlDeviceGetPowerManagementLimit nvmlDeviceGetPowerManagementLimitConstraints
    nvmlDeviceGetPowerManagementMode nvmlDeviceGetPowerSource nvmlDeviceGetPowerState
    nvmlDeviceGetPowerUsage nvmlDeviceGetRemappedRows nvmlDeviceGetRepairStatus
    nvmlDeviceGetRowRemapperHistogram nvmlDeviceGetSerial
    nvmlDeviceGetSupportedClocksEventReasons nvmlDeviceGetSupportedClocksThrottleReasons
    nvmlDeviceGetSupportedEventTypes nvmlDeviceGetSupportedMemoryClocks
    nvmlDeviceGetSupportedPerformanceStates nvmlDeviceGetTotalEnergyConsumption
    nvmlDeviceGetUUID nvmlDeviceGetUnrepairableMemoryFlag_v1 nvmlDeviceGetUtilizationRates
    nvmlDeviceGetVbiosVersion nvmlDeviceGetVirtualizationMode nvmlDeviceIsMigDeviceHandle
    nvmlGpmQueryDeviceSupport nvmlGpmQueryIfStreamingEnabled
"""

# Calls of the binding that take nothing.
OF_SYSTEM = """
    nvmlSystemGetDriverVersion nvmlSystemGetNVMLVersion nvmlSystemGetCudaDriverVersion
    nvmlSystemGetCudaDriverVersion_v2 nvmlSystemGetDriverBranch
    nvmlSystemGetConfComputeCapabilities nvmlSystemGetConfComputeState
    nvmlSystemGetConfComputeGpusReadyState nvmlUnitGetCount nvmlGetExcludedDeviceCount
    nvmlEventSetCreate nvmlGpmSampleAlloc
"""

WITH_NUMBERS: dict[str, tuple[object, ...]] = {
    "nvmlDeviceGetInforomVersion": (1,),
    "nvmlDeviceGetTemperature": (0,),
    "nvmlDeviceGetTemperatureV": (0,),
    "nvmlDeviceGetClockInfo": (1,),
    "nvmlDeviceGetMaxClockInfo": (1,),
    "nvmlDeviceGetClock": (1, 0),
    "nvmlDeviceGetMaxCustomerBoostClock": (0,),
    "nvmlDeviceGetApplicationsClock": (0,),
    "nvmlDeviceGetDefaultApplicationsClock": (0,),
    "nvmlDeviceGetSupportedGraphicsClocks": (3996,),
    "nvmlDeviceGetViolationStatus": (0,),
    "nvmlDeviceGetTotalEccErrors": (0, 0),
    "nvmlDeviceGetMemoryErrorCounter": (0, 0, 2),
    "nvmlDeviceGetProcessUtilization": (0,),
    "nvmlDeviceGetProcessesUtilizationInfo": (0,),
    "nvmlDeviceGetAccountingStats": (4711,),
    "nvmlDeviceGetPcieThroughput": (0,),
    "nvmlDeviceGetNvLinkState": (0,),
    "nvmlDeviceGetNvLinkVersion": (0,),
    "nvmlDeviceGetNvLinkCapability": (0, 0),
    "nvmlDeviceGetNvLinkRemoteDeviceType": (0,),
    "nvmlDeviceGetFieldValues": ([230],),
    "nvmlDeviceGetC2cModeInfoV": (),
}

# Calls that want a pointer to a struct of this class.
BY_REFERENCE = {
    "nvmlDeviceGetPlatformInfo": "c_nvmlPlatformInfo_v2_t",
    "nvmlDeviceGetCapabilities": "c_nvmlDeviceCapabilities_v1_t",
    "nvmlDeviceWorkloadPowerProfileGetProfilesInfo": "c_nvmlWorkloadPowerProfileProfilesInfo_v1_t",
    "nvmlDeviceWorkloadPowerProfileGetCurrentProfiles": (
        "c_nvmlWorkloadPowerProfileCurrentProfiles_v1_t"
    ),
    "nvmlDeviceGetSramEccErrorStatus": "c_nvmlEccSramErrorStatus_v1_t",
    "nvmlDeviceGetRemappedRows_v2": "c_nvmlRemappedRowsInfo_v2_t",
    "nvmlDeviceGetBankRemapperStatus_v1": "c_nvmlEccBankRemapperStatus_v1_t",
    "nvmlDeviceGetNvLinkInfo": "c_nvmlNvLinkInfo_v2_t",
    "nvmlDeviceGetNvlinkSupportedBwModes": "c_nvmlNvlinkSupportedBwModes_v1_t",
    "nvmlDeviceGetNvlinkBwMode": "c_nvmlNvlinkGetBwMode_v1_t",
    "nvmlDeviceGetGpuFabricInfo": "c_nvmlGpuFabricInfo_t",
    "nvmlDeviceGetGpuFabricInfoV": "c_nvmlGpuFabricInfo_v3_t",
    "nvmlDeviceGetGpuFabricInfo_v4": "c_nvmlGpuFabricInfo_v4_t",
}

SPECIAL: dict[str, Ask] = {
    "nvmlErrorString": lambda nvml, _: nvml.nvmlErrorString(0),
    "nvmlInitWithFlags": lambda nvml, _: (nvml.nvmlInitWithFlags(0), nvml.nvmlShutdown()),
    "nvmlShutdown": lambda nvml, _: (nvml.nvmlInit(), nvml.nvmlShutdown()),
    "nvmlSystemGetProcessName": lambda nvml, _: nvml.nvmlSystemGetProcessName(4711),
    "nvmlSystemGetConfComputeSettings": settings,
    "nvmlSystemGetCPER_v1": cper,
    "nvmlDeviceGetCount_v2": lambda nvml, _: nvml.nvmlDeviceGetCount(),
    "nvmlDeviceGetHandleByIndex_v2": lambda nvml, _: nvml.nvmlDeviceGetHandleByIndex(1),
    "nvmlDeviceGetHandleBySerial": by_serial,
    "nvmlDeviceGetHandleByUUID": by_uuid,
    "nvmlDeviceGetHandleByUUIDV": by_uuid_struct,
    "nvmlDeviceGetHandleByPciBusId_v2": by_bus_id,
    "nvmlDeviceGetPciInfoExt": by_reference(
        "nvmlDeviceGetPciInfoExt", "nvmlPciInfoExt_v1_t", "nvmlPciInfoExt_v1"
    ),
    "nvmlDeviceGetModuleId": lambda nvml, gpu: nvml.nvmlDeviceGetModuleId(gpu, c_uint()),
    "nvmlDeviceOnSameBoard": lambda nvml, gpu: nvml.nvmlDeviceOnSameBoard(gpu, gpu),
    "nvmlDeviceGetTopologyCommonAncestor": common_ancestor,
    "nvmlDeviceGetP2PStatus": lambda nvml, gpu: nvml.nvmlDeviceGetP2PStatus(gpu, gpu, 0),
    "nvmlDeviceGetMigDeviceHandleByIndex": instance,
    "nvmlDeviceGetGpuInstanceId": of_instance("nvmlDeviceGetGpuInstanceId"),
    "nvmlDeviceGetComputeInstanceId": of_instance("nvmlDeviceGetComputeInstanceId"),
    "nvmlDeviceGetDeviceHandleFromMigDeviceHandle": of_instance(
        "nvmlDeviceGetDeviceHandleFromMigDeviceHandle"
    ),
    "nvmlGpmMigSampleGet": sampled_instance,
    "nvmlDeviceGetMemoryInfo_v2": lambda nvml, gpu: nvml.nvmlDeviceGetMemoryInfo(
        gpu, nvml.nvmlMemory_v2
    ),
    "nvmlDeviceGetRunningProcessDetailList": process_details,
    "nvmlEventSetFree": lambda nvml, _: nvml.nvmlEventSetFree(nvml.nvmlEventSetCreate()),
    "nvmlDeviceRegisterEvents": registered,
    "nvmlEventSetWait_v2": wait,
    "nvmlEventSetWait_v3": wait_extended,
    "nvmlEventSetRegisterGpuOperationalEvents_v1": subscribed,
    "nvmlEventSetGetContextCount_v1": context(
        "nvmlEventSetGetContextCount_v1", "c_nvmlEventSetGetContextCount_v1_t"
    ),
    "nvmlEventSetGetContextInfo_v1": context(
        "nvmlEventSetGetContextInfo_v1", "c_nvmlEventSetGetContextInfo_v1_t"
    ),
    "nvmlEventSetGetContextData_v1": context(
        "nvmlEventSetGetContextData_v1", "c_nvmlEventSetGetContextData_v1_t"
    ),
    "nvmlEventSetGetGpuOperationalEventContextLegacyXid_v1": context(
        "nvmlEventSetGetGpuOperationalEventContextLegacyXid_v1",
        "c_nvmlEventSetGetGpuOperationalEventContextLegacyXid_v1_t",
    ),
    "nvmlSystemEventSetCreate": lambda nvml, _: system_events(nvml),
    "nvmlSystemRegisterEvents": lambda nvml, _: system_events(nvml),
    "nvmlSystemEventSetFree": free_system_events,
    "nvmlSystemEventSetWait": wait_for_system,
    "nvmlGpmSampleFree": lambda nvml, _: nvml.nvmlGpmSampleFree(nvml.nvmlGpmSampleAlloc()),
    "nvmlGpmSampleGet": sampled,
    "nvmlGpmMetricsGet": metrics,
}

VALUED: dict[str, Ask] = (
    {name: plain(name) for name in PLAIN.split()}
    | {name: of_system(name) for name in OF_SYSTEM.split()}
    | {name: plain(name, *numbers) for name, numbers in WITH_NUMBERS.items()}
    | {name: by_reference(name, struct) for name, struct in BY_REFERENCE.items()}
    | SPECIAL
)
