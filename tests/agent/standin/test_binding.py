"""Every call that NVIDIA's binding can make: the ones with a value give it, the others say so."""

import inspect
import re
from typing import Any

import pytest

from gpusla_agent import standin
from tests.agent.standin.calls import VALUED, code_of
from tests.agent.standin.tray import Tray

NOT_SUPPORTED = 3
FUNCTION_NOT_FOUND = 13
UNKNOWN = 999

# Calls that never fail by what the control file says: it cannot be asked before them.
WITHOUT_RULE = {"nvmlErrorString"}

# The calls by which a GB300's metrics are read, by the names without a field id; from the table of
# metrics of the project's NVML notes (nvidia-ml-py 13.615.71, nvml.h of CUDA 13.5).
METRIC_CALLS = """
    nvmlDeviceGetUUID nvmlDeviceGetSerial nvmlDeviceGetName nvmlDeviceGetBoardPartNumber
    nvmlDeviceGetPciInfo_v3 nvmlDeviceGetModuleId nvmlDeviceGetPlatformInfo
    nvmlDeviceGetVbiosVersion nvmlSystemGetDriverVersion nvmlDeviceGetCudaComputeCapability
    nvmlSystemGetConfComputeState nvmlSystemGetConfComputeGpusReadyState
    nvmlDeviceGetGpuFabricInfoV nvmlDeviceGetUnrepairableMemoryFlag_v1 nvmlDeviceGetRepairStatus
    nvmlDeviceGetSramEccErrorStatus nvmlSystemEventSetWait nvmlSystemGetCPER_v1
    nvmlDeviceGetEccMode nvmlDeviceGetTotalEccErrors nvmlDeviceGetRowRemapperHistogram
    nvmlDeviceGetTemperatureV nvmlDeviceGetMarginTemperature nvmlDeviceGetPowerUsage
    nvmlDeviceGetEnforcedPowerLimit nvmlDeviceWorkloadPowerProfileGetCurrentProfiles
    nvmlDeviceGetClockInfo nvmlDeviceGetMaxClockInfo nvmlDeviceGetCurrentClocksEventReasons
    nvmlDeviceGetPerformanceState nvmlDeviceGetMemoryInfo_v2 nvmlDeviceGetBAR1MemoryInfo
    nvmlDeviceGetComputeRunningProcesses_v3 nvmlDeviceGetAccountingStats nvmlDeviceGetMigMode
    nvmlDeviceGetUtilizationRates nvmlDeviceGetEncoderUtilization nvmlDeviceGetDecoderUtilization
    nvmlDeviceGetCurrPcieLinkGeneration nvmlDeviceGetCurrPcieLinkWidth nvmlEventSetWait_v2
    nvmlGpmMetricsGet nvmlDeviceGetFieldValues
"""


@pytest.fixture
def busy(tray: Tray) -> Tray:
    """A tray on which every call has a value: for root, with a process and a MIG instance."""
    tray.set("permission", "root")
    tray.set("operational_events", 1)
    tray.set("gpu", 1, "mig_mode", 1)
    tray.set("gpu", 1, "instance", 1, 0, 32768)
    tray.set("gpu", 0, "accounting_mode", 1)
    tray.set("gpu", 0, "process", 4711, 1024, "train")
    return tray


def test_the_list_of_calls_with_a_value_is_complete(nvml: Any) -> None:
    """Whatever the binding can ask for is either listed or unsupported, and nothing is both."""
    unsupported = unsupported_calls()
    assert not unsupported & VALUED.keys()
    assert unsupported | VALUED.keys() == symbols(nvml)


@pytest.mark.parametrize("symbol", sorted(VALUED))
def test_a_call_with_a_value_gives_it(busy: Tray, symbol: str) -> None:
    """Made the way the binding makes it."""
    assert code_of(busy, symbol) == 0


@pytest.mark.parametrize("symbol", sorted(VALUED.keys() - WITHOUT_RULE))
def test_a_listed_call_reaches_the_symbol_it_is_listed_for(busy: Tray, symbol: str) -> None:
    """Told to fail, it fails: so the list above is about what it says."""
    busy.set("answer", symbol, UNKNOWN)
    assert code_of(busy, symbol) == UNKNOWN
    busy.control.clear("answer")
    if symbol == "nvmlShutdown":
        busy.nvml.nvmlShutdown()  # the one that was refused


def test_a_call_without_a_value_says_not_supported(tray: Tray) -> None:
    """All of them, each asked with a device in the first place."""
    answers = {name: ask_unsupported(tray, name) for name in unsupported_calls()}
    assert len(answers) > 200
    assert set(answers.values()) == {NOT_SUPPORTED}


def test_a_call_without_a_value_knows_a_lost_gpu(tray: Tray) -> None:
    """A GPU that is gone is gone for every call on it."""
    tray.set("gpu", 0, "lost")
    assert ask_unsupported(tray, "nvmlDeviceGetFanSpeed") == tray.nvml.NVML_ERROR_GPU_IS_LOST


def test_every_call_that_the_metrics_rest_on_has_a_value() -> None:
    """The agent reads these; none may fall back to "not supported" unnoticed."""
    assert not set(METRIC_CALLS.split()) - VALUED.keys()


def test_what_only_root_may_read_is_refused_to_others(tray: Tray) -> None:
    """The agent runs as an ordinary user unless somebody decides otherwise."""
    assert code_of(tray, "nvmlSystemGetCPER_v1") == tray.nvml.NVML_ERROR_NO_PERMISSION


def test_nothing_answers_before_init(nvml: Any) -> None:
    """As with the driver."""
    nvml.nvmlShutdown()
    try:
        with pytest.raises(nvml.NVMLError_Uninitialized):
            nvml.nvmlDeviceGetCount()
    finally:
        nvml.nvmlInit()


def symbols(nvml: Any) -> set[str]:
    """Every symbol that the binding may look up."""
    return set(re.findall(r'_nvmlGetFunctionPointer\("(\w+)"', inspect.getsource(nvml)))


def unsupported_calls() -> set[str]:
    """The calls that the stand-in has no value for."""
    text = (standin.SOURCES / "unsupported.c").read_text("utf-8")
    return set(re.findall(r"^UNSUPPORTED(?:_ON_DEVICE)?\((\w+)\)", text, re.MULTILINE))


def ask_unsupported(tray: Tray, symbol: str) -> int:
    """The code of a call that never looks past its first argument."""
    code: int = tray.nvml._nvmlGetFunctionPointer(symbol)(tray.gpus[0])
    return code
