"""
What may go wrong with a GPU, the driver or the node, each beside three GPUs that are well.

Of each: the page is as quick as before, what changes on the other GPUs is seen, and the sick one is
told as what it is.
"""

import os
import signal
import subprocess
from pathlib import Path

import pytest

from gpusla.clock import SystemClock
from gpusla.journal.codec import decode
from gpusla.journal.model import ClockStepped
from gpusla_agent import standin
from tests.agent.faults.conftest import Start
from tests.agent.faults.node import POWER, FaultyNode, values
from tests.conftest import ROOT
from tests.programs import program

NEW_CALLS = (
    "nvmlDeviceGetGpuFabricInfoV",
    "nvmlDeviceGetTemperatureV",
    "nvmlDeviceGetMarginTemperature",
    "nvmlDeviceGetPlatformInfo",
    "nvmlDeviceGetRepairStatus",
    "nvmlDeviceGetUnrepairableMemoryFlag_v1",
    "nvmlDeviceGetSramEccErrorStatus",
    "nvmlGpmQueryDeviceSupport",
    "nvmlGpmSampleAlloc",
    "nvmlGpmSampleGet",
    "nvmlGpmMetricsGet",
    "nvmlEventSetWait_v3",
    "nvmlEventSetRegisterGpuOperationalEvents_v1",
    "nvmlSystemEventSetCreate",
    "nvmlSystemGetConfComputeGpusReadyState",
)
"""What drivers of some years ago had not yet."""

STORM = 10_000
KILL_SECONDS = int(os.environ.get("GPUSLA_KILL_SECONDS", "15"))
"""How long the worker is killed every second; `./run verify` asks for a minute."""

SICK, WELL = "c2/r01/t03/m2", "c2/r01/t03/m1"
STATE_SECONDS = "gpusla_slot_state_seconds_total"


def seconds_in(page: str, state: str, slot: str = SICK) -> float:
    """How long a slot was in a state; the sick one is in the tray's first place."""
    (found,) = values(page, STATE_SECONDS, f'slot="{slot}",state="{state}"')
    return found


def assert_others_are_well(node: FaultyNode, sick: tuple[int, ...] = (0,)) -> None:
    """The claim of the matrix."""
    node.assert_others_are_fresh(sick)
    node.assert_page_is_quick()


def test_a_hung_call(start: Start) -> None:
    """The GPU is unknown; the others' time goes on being ok."""
    node = start()
    node.control.set("gpu", 0, "hung")
    page = node.until(lambda page: seconds_in(page, "unknown") > 0, "unknown time")
    assert_others_are_well(node)
    assert_goes_on(node, seconds_in(page, "ok", WELL))
    node.control.clear("gpu", 0, "hung")
    node.until(lambda page: len(values(page, POWER)) == 4, "the GPU that answers again")


def test_two_hung_calls_replace_the_worker(start: Start) -> None:
    """And the page waits for neither."""
    node = start()
    node.control.set("gpu", 0, "hung")
    node.control.set("gpu", 1, "hung")
    node.until(lambda page: values(page, "gpusla_agent_source_restarts_total") > [0.0], "a restart")
    assert_others_are_well(node, (0, 1))


def test_a_lost_gpu(start: Start) -> None:
    """It is down, and its Xid is counted once although two witnesses tell of it."""
    node = start()
    with node.control.batch():
        node.control.set("gpu", 0, "lost")
        node.control.event(0, "xid", 79)
    node.kernel_log.xid(standin.GB300_ADDRESSES[0], 79, "GPU has fallen off the bus.")
    node.until(lambda page: seconds_in(page, "down") > 0, "time down")
    assert_others_are_well(node)
    page = node.page()
    assert sum(values(page, "gpusla_gpu_xid_class_events_total")) == 1


def test_a_driver_that_is_loaded_anew(start: Start) -> None:
    """While it is away nothing is known; afterwards counters begin again and all GPUs are back."""
    node = start()
    node.control.set("gpu", "*", "power_watts", 1_400_000)
    before = min(values(node.until(has_energy, "energy"), "gpusla_gpu_energy_joules_total"))
    with node.control.batch():
        node.control.clear("gpu")
        node.control.set("answer", "*", 9)  # "driver not loaded"
    node.until(lambda page: not values(page, POWER), "no readings")
    node.assert_page_is_quick()
    with node.control.batch():
        node.control.clear("answer")
        node.control.set("driver_loads", 1)
    page = node.until(lambda page: len(values(page, POWER)) == 4, "four GPUs")
    assert max(values(page, "gpusla_gpu_energy_joules_total")) < before
    assert_others_are_well(node, ())


def has_energy(page: str) -> bool:
    """Whether every GPU used a great deal more than it does in a second."""
    return min(values(page, "gpusla_gpu_energy_joules_total"), default=0) > 100_000


def test_missing_symbols_of_an_old_driver(start: Start) -> None:
    """What it lacks is absent; the rest is there, for all GPUs."""
    library = standin.build(ROOT / ".cache" / "standin-old", without=NEW_CALLS)
    node = start(library)
    page = node.page()
    assert not values(page, "gpusla_gpu_sm_active_ratio")
    assert len(values(page, "gpusla_gpu_temperature_celsius")) == 4
    assert_others_are_well(node, ())


def test_a_wrong_struct_version(start: Start) -> None:
    """An older one is taken where there is one; a call without is absent."""
    node = start()
    node.control.set("struct_version", "nvmlDeviceGetGpuFabricInfoV", 2)
    node.control.set("struct_version", "nvmlDeviceGetRepairStatus", 9)
    node.control.set("struct_version", "nvmlDeviceGetSramEccErrorStatus", 9)
    node.until(lambda page: seconds_in(page, "ok") > 0, "time that is ok")
    assert_others_are_well(node, ())


def test_no_permission(start: Start) -> None:
    """For a field, and for a call."""
    node = start()
    node.control.set("field", 186, 4)
    node.control.set("answer", "nvmlDeviceGetSramEccErrorStatus", 4)
    node.control.set("answer", "nvmlDeviceGetUtilizationRates", 4)
    node.until(lambda page: not values(page, "gpusla_gpu_utilization_ratio"), "it is absent")
    assert_others_are_well(node, ())


def test_a_storm_of_ten_thousand_xids(start: Start) -> None:
    """Every one of them is counted or said to be lost, none twice."""
    node = start()
    node.control.event(0, "xid", 13, STORM)
    assert_others_are_well(node)
    page = node.until(lambda page: accounted(page) >= STORM, "all of the storm")
    assert accounted(page) == STORM


def accounted(page: str) -> float:
    """Xids that were counted, and those that are known to be lost."""
    counted = sum(values(page, "gpusla_gpu_xid_class_events_total"))
    return counted + sum(values(page, "gpusla_agent_events_lost_total"))


HOUR_MS = 3_600_000


def test_clock_jumps_of_an_hour(start: Start, tmp_path: Path) -> None:
    """Back and forth again: the journal says so, and no time is made or lost by it."""
    offset = tmp_path / "offset"
    offset.write_text("0\n")
    node = start(before=["env", f"LD_PRELOAD={wall_clock(tmp_path)}", f"WALL_CLOCK={offset}"])
    for jump_ms in (-HOUR_MS, 0, HOUR_MS, 0):
        before = seconds_in(node.page(), "ok", WELL)
        write_whole(offset, f"{jump_ms}\n")
        assert_goes_on(node, before)
        assert_others_are_well(node, ())
        assert seconds_in(node.page(), "ok", WELL) < before + 60
    told = [decode(line)[1] for line in node.agent.get("/journal")[0].splitlines()]
    steps = [body.by_ms for body in told if isinstance(body, ClockStepped)]
    assert [round(step / HOUR_MS) for step in steps] == [-1, 1, 1, -1]


def assert_goes_on(node: FaultyNode, seconds: float) -> None:
    """The time of a GPU that is well grows beyond this."""
    node.until(lambda page: seconds_in(page, "ok", WELL) > seconds, f"over {seconds} s")


def wall_clock(folder: Path) -> Path:
    """A library that moves the wall clock of a process by what a file says, and nothing else."""
    library = folder / "wall_clock.so"
    source = Path(__file__).with_name("wall_clock.c")
    options = ["-shared", "-fPIC", "-Wall", "-Werror", "-o", str(library)]
    subprocess.run([program("cc"), *options, str(source)], check=True)
    return library


def write_whole(path: Path, text: str) -> None:
    """Write a file that is never seen half written."""
    aside = path.with_suffix(".new")
    aside.write_text(text)
    aside.replace(path)


def test_a_full_disk(start: Start) -> None:
    """Nothing can be made durable for a while; readings stay, and the journal goes on after it."""
    inject = "inject=fdatasync:error=ENOSPC:when=6..25"
    # -D: the tracer is nobody's parent, so that a signal to the process reaches the agent.
    node = start(before=[program("strace"), "-D", "-f", "--seccomp-bpf", "-qq", "-o", "/dev/null",
                         "-e", "trace=fdatasync", "-e", inject])  # fmt: skip
    assert_others_are_well(node, ())
    stuck = seconds_in(node.page(), "ok")
    node.until(lambda page: seconds_in(page, "ok") > stuck + 1, "state seconds again")


def test_an_unreadable_kernel_log(start: Start, tmp_path: Path) -> None:
    """A folder stands in its place: it opens and cannot be read, whoever asks."""
    node = start(log=tmp_path)
    assert_others_are_well(node, ())
    node.control.event(0, "xid", 13)
    node.until(lambda page: sum(values(page, "gpusla_gpu_xid_class_events_total")) == 1, "the Xid")


def test_a_worker_that_is_killed_every_second(start: Start) -> None:
    """There is always another one, and never a page that waits."""
    node = start()
    clock = SystemClock()
    killed = 0
    end_ms = clock.monotonic_ms() + KILL_SECONDS * 1_000
    while clock.monotonic_ms() < end_ms:
        for worker in workers(node):
            os.kill(worker, signal.SIGKILL)
            killed += 1
        due_ms = clock.monotonic_ms() + 1_000
        node.assert_page_is_quick()
        clock.sleep(max(0, due_ms - clock.monotonic_ms()) / 1_000)
    assert killed >= KILL_SECONDS // 4
    assert_others_are_well(node, ())


def workers(node: FaultyNode) -> list[int]:
    """Processes that the agent started."""
    found = subprocess.run(
        ["pgrep", "-P", str(node.agent.process.pid)], capture_output=True, text=True, check=False
    )
    return [int(pid) for pid in found.stdout.split()]


@pytest.mark.parametrize("place", [1, 3])
def test_any_gpu_may_be_the_sick_one(start: Start, place: int) -> None:
    """The order of the tray is no order of importance."""
    node = start()
    node.control.set("gpu", place, "hung")
    assert_others_are_well(node, (place,))
