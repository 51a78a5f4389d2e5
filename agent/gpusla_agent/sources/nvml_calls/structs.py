"""
How NVML lays out what it writes, by nvml.h of CUDA 13.5.

A layout's form names only what is read or written; the rest is padding.  `places` are the members
of the C type in the order of the form's values, and a test holds all of it against the header.
"""

import ctypes
import struct
from typing import Any

_WORD = struct.Struct("=I")


class Layout:
    """
    One C struct.

    c_type: its name in nvml.h.  version: the number in its version word, 0 if it has none;
    is_plain: the word is that number alone, without the size.
    """

    def __init__(
        self, c_type: str, form: str, places: str, version: int = 0, *, is_plain: bool = False
    ) -> None:
        self.c_type = c_type
        self.places = tuple(places.split())
        self.form = struct.Struct(form)
        self.size = self.form.size
        self.version_word = version if is_plain else version and self.size | version << 24


class Buffer:
    """Memory for one struct of a layout, used again at every call; one thread at a time."""

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        self.memory = ctypes.create_string_buffer(layout.size)
        self.ref = ctypes.byref(self.memory)
        self.prepare()

    def prepare(self) -> None:
        """Write the version word, which a refusing driver may have overwritten."""
        if self.layout.version_word:
            _WORD.pack_into(self.memory, 0, self.layout.version_word)

    def values(self) -> tuple[Any, ...]:
        """Return what the layout names."""
        return self.layout.form.unpack_from(self.memory)


FIELD_VALUE = Layout("nvmlFieldValue_t", "=24xIIQ", "valueType nvmlReturn value")
FIELD_QUESTION = struct.Struct("=II")
"""Field id and scope, at the beginning of a field value."""

# The unversioned alias is version 2 in the binding and 3 in the header, so both are named here.
FABRIC_V3 = Layout(
    "nvmlGpuFabricInfo_v3_t",
    "=I16sIIB3xIB3x",
    "version clusterUuid status cliqueId state healthMask healthSummary",
    3,
)
FABRIC_V2 = Layout(
    "nvmlGpuFabricInfo_v2_t",
    "=I16sIIB3xI",
    "version clusterUuid status cliqueId state healthMask",
    2,
)
PLATFORM = Layout(
    "nvmlPlatformInfo_v2_t",
    "=I16x16sBBBBB3x",
    "version chassisSerialNumber slotNumber trayIndex hostId peerType moduleId",
    2,
)
PCI = Layout("nvmlPciInfo_t", "=36x32s", "busId")
MEMORY = Layout("nvmlMemory_v2_t", "=I4xQQQQ", "version total reserved free used", 2)
TEMPERATURE = Layout("nvmlTemperature_v1_t", "=IIi", "version sensorType temperature", 1)
MARGIN = Layout("nvmlMarginTemperature_v1_t", "=Ii", "version marginTemperature", 1)
UTILIZATION = Layout("nvmlUtilization_t", "=II", "gpu memory")
SRAM = Layout("nvmlEccSramErrorStatus_v1_t", "=I92xI4x", "version bThresholdExceeded", 1)
REPAIR = Layout(
    "nvmlRepairStatus_v1_t", "=III", "version bChannelRepairPending bTpcRepairPending", 1
)
UNREPAIRABLE = Layout("nvmlUnrepairableMemoryStatus_v1_t", "=I", "bUnrepairableMemory")
BANKS = Layout("nvmlRowRemapperHistogramValues_t", "=IIIII", "max high partial low none")
CONFIDENTIAL = Layout("nvmlConfComputeSystemState_t", "=III", "environment ccFeature devToolsMode")
PROCESS = Layout("nvmlProcessInfo_t", "=I4xQ8x", "pid usedGpuMemory")

# Structs of GPM have a version without the size.
GPM_SUPPORT = Layout("nvmlGpmSupport_t", "=II", "version isSupportedDevice", 1, is_plain=True)
GPM_METRIC = Layout("nvmlGpmMetric_t", "=IId24x", "metricId nvmlReturn value")
GPM_METRICS_MAX = 477
GPM_METRICS_GET = Layout(
    "nvmlGpmMetricsGet_t",
    f"=IIQQ{GPM_METRICS_MAX * 40}x",
    "version numMetrics sample1 sample2",
    1,
    is_plain=True,
)
GPM_HEADER = struct.Struct("=IIQQ")
"""What stands before the metrics; the layout above would overwrite them."""

EVENT = Layout("nvmlEventData_t", "=QQQ8x", "device eventType eventData")
EVENT_V3 = Layout(
    "nvmlEventSetWait_v3_t",
    "=II96s16xQQ16xQ64x",
    "timeoutMs dataType uuid eventType eventData timestampUsec",
)
OPERATIONAL_CONFIG = Layout(
    "nvmlGpuOperationalEventConfig_v1_t", "=96sII", "uuid minLogLevel minSeverity"
)
CONTEXT_COUNT = Layout("nvmlEventSetGetContextCount_v1_t", "=I", "count")
LEGACY_XID = Layout(
    "nvmlEventSetGetGpuOperationalEventContextLegacyXid_v1_t", "=II", "index xidCode"
)
SYSTEM_CREATE = Layout("nvmlSystemEventSetCreateRequest_v1_t", "=I4xQ", "version set", 1)
SYSTEM_REGISTER = Layout(
    "nvmlSystemRegisterEventRequest_v1_t", "=I4xQQ", "version eventTypes set", 1
)
SYSTEM_EVENT = Layout("nvmlSystemEventData_v1_t", "=QI4x", "eventType gpuId")
SYSTEM_WAIT = Layout(
    "nvmlSystemEventSetWaitRequest_v1_t",
    "=IIQQII",
    "version timeoutms set data dataSize numEvent",
    1,
)

LAYOUTS = tuple(one for one in list(globals().values()) if isinstance(one, Layout))
