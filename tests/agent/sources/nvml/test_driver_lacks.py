"""A driver that is older, or does not let us: each thing it lacks costs that thing alone."""

from pathlib import Path

import pytest

from gpusla_agent import standin
from gpusla_agent.sources.families import FAMILIES
from tests.agent.sources.nvml.heard import EVERYTHING, Heard
from tests.conftest import ROOT

NO_SUCH_FUNCTION, NO_PERMISSION, NOT_SUPPORTED, OTHER_VERSION = 13, 4, 3, 25
# By field: the module's power is a field of the GPU's; without a count no C2C link is counted.
EXPECTED_REFUSALS = {83: 1, 186: 2, 5: 1, 213: 18, 170: 2}
OLD_DRIVER_LACKS = (
    "nvmlDeviceGetGpuFabricInfoV",
    "nvmlDeviceGetPlatformInfo",
    "nvmlDeviceGetTemperatureV",
    "nvmlDeviceGetMarginTemperature",
    "nvmlDeviceGetRepairStatus",
    "nvmlDeviceGetUnrepairableMemoryFlag_v1",
    "nvmlDeviceGetSramEccErrorStatus",
    "nvmlGpmQueryDeviceSupport",
    "nvmlGpmMetricsGet",
    "nvmlSystemEventSetCreate",
    "nvmlEventSetWait_v3",
    "nvmlEventSetRegisterGpuOperationalEvents_v1",
    "nvmlSystemGetConfComputeGpusReadyState",
    "nvmlDeviceGetModuleId",
)


@pytest.fixture(autouse=True)
def confidential(control: standin.Control) -> None:
    """Let the mode be on, so that a whole driver has an answer to everything."""
    control.set("confidential_computing_feature", 1)


def every_code(heard: Heard) -> dict[str, int]:
    """Return what failed of GPU 0 after all its families were read, by name."""
    heard.allow(EVERYTHING)
    heard.until(lambda _: heard.seen[0] == {family.name for family in FAMILIES})
    return {name: code for name, (code, _) in heard.values[0].items() if code}


def test_an_old_library_without_symbols_is_read_for_what_it_has(control: standin.Control) -> None:
    """The temperature comes by the older call; Xids arrive without the newer waits."""
    old = standin.build(ROOT / ".cache" / "standin-older", without=OLD_DRIVER_LACKS)
    heard = Heard(old)
    heard.sample()
    failed = every_code(heard)
    control.event(2, "xid", 63)
    events = heard.until(lambda seen: bool(seen.events)).events
    heard.source.close()
    gpm = {name for name in heard.values[0] if name.startswith("gpm_")}
    assert set(failed) == gpm | {
        "fabric",
        "temperature_margin",
        "channel_repair_pending",
        "tpc_repair_pending",
        "unrepairable_memory",
        "sram_threshold_exceeded",
        "confidential_computing_ready",
    }
    assert set(failed.values()) == {NO_SUCH_FUNCTION}
    assert heard.values[0]["temperature"] == (0, 38)
    assert [event.xid for event in events] == [63]
    assert heard.raw[0].identity.module_id is None


@pytest.mark.parametrize(
    ("call", "names"),
    [
        ("nvmlDeviceGetMemoryInfo_v2", {"memory_total_bytes", "memory_reserved_bytes"}),
        ("nvmlDeviceGetGpuFabricInfoV", {"fabric"}),
        ("nvmlDeviceGetMarginTemperature", {"temperature_margin"}),
        ("nvmlDeviceGetRepairStatus", {"channel_repair_pending", "tpc_repair_pending"}),
        ("nvmlDeviceGetSramEccErrorStatus", {"sram_threshold_exceeded"}),
    ],
)
def test_a_struct_that_the_driver_has_in_another_version_is_no_value(
    heard: Heard, control: standin.Control, call: str, names: set[str]
) -> None:
    """And never what happened to stand in the buffer."""
    control.set("struct_version", call, 9)
    fresh = heard.anew()
    failed = {name: code for name, (code, _) in fresh.values[0].items() if code}
    assert failed == dict.fromkeys(names, OTHER_VERSION)
    assert all(fresh.values[0][name][1] is None for name in names)


@pytest.mark.parametrize("field", EXPECTED_REFUSALS)
def test_a_field_without_permission_is_that_field(
    heard: Heard, control: standin.Control, field: int
) -> None:
    """The others of its batch stay, and it is asked for again: permission may come."""
    control.set("field", field, NO_PERMISSION)
    fresh = heard.anew()
    codes = [code for code, _ in fresh.values[0].values()]
    links = fresh.values[0]["link_errors"][1]
    codes += [code for link in links for code, _ in link.values()]
    assert set(codes) == {0, NO_PERMISSION}
    assert codes.count(NO_PERMISSION) == EXPECTED_REFUSALS[field]


def test_what_the_driver_lacks_is_not_asked_for_at_every_pass(
    heard: Heard, control: standin.Control
) -> None:
    """A function that would lose the GPU stays unasked once it was "not supported"."""
    control.set("answer", "nvmlDeviceGetMarginTemperature", NOT_SUPPORTED)
    fresh = heard.anew()
    assert fresh.values[0]["temperature_margin"] == (NOT_SUPPORTED, None)
    control.set("answer", "nvmlDeviceGetMarginTemperature", 15)
    for _ in range(5):
        fresh.sample()
        assert fresh.values[0]["temperature_margin"] == (NOT_SUPPORTED, None)


def test_what_failed_once_is_asked_for_again(heard: Heard, control: standin.Control) -> None:
    """No transient code is remembered."""
    control.set("answer", "nvmlDeviceGetMarginTemperature", 999)
    heard.until(lambda _: heard.values[0]["temperature_margin"] == (999, None))
    control.clear("answer")
    heard.until(lambda _: heard.values[0]["temperature_margin"] == (0, 49))


def test_a_gpu_that_is_gone_is_not_asked_for_the_rest(
    heard: Heard, control: standin.Control
) -> None:
    """One answer of that kind is enough, and each may take the driver long."""
    control.set("gpu", 2, "lost")
    heard.until(lambda _: heard.raw[2].values.get("power_milliwatts") == (15, None))
    assert heard.raw[2].families == {"health_fields"}
    assert len(heard.raw[1].families) > 4


def test_no_permission_for_the_worker_at_all_is_said(
    library: Path, control: standin.Control
) -> None:
    """In the driver's words, instead of an empty list of GPUs."""
    control.set("answer", "nvmlInitWithFlags", NO_PERMISSION)
    heard = Heard(library)
    silent = heard.source.sample().source
    heard.source.close()
    assert silent is not None
    assert silent.detail == "NVML 4: no permission"
