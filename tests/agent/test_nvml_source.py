"""
The way to the driver, over our own NVML stand-in: binding, worker process, watchdog.

The stand-in is told what is wrong through its control file, which one thread at a time reads, so a
pass may still show some GPUs as they were; the source must say what is wrong within its deadline,
keep the other GPUs fresh, and find what comes back.
"""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pynvml
import pytest

from gpusla.clock import SystemClock
from gpusla.health import Memory, judge
from gpusla.identity import GpuUuid, Slot
from gpusla.journal.model import Condition
from gpusla.readings import Absence, Absent, Expected, GpuReadings, Pass, Present
from gpusla_agent import standin
from gpusla_agent.probes import PROBING
from gpusla_agent.sources.nvml import NvmlSource, NvmlTiming
from gpusla_agent.sources.raw import absence_of
from tests.conftest import ROOT

TIMING = NvmlTiming(
    deadline_ms=250, slack_ms=1_500, ready_ms=5_000, rescan_ms=300, hung_ms=600, spawn_ms=100
)
MODULES = (2, 1, 4, 3)
EXPECTED = tuple(
    Expected(Slot("c2", "r01", "t03", f"m{module}"), module, None, "gb300") for module in MODULES
)
PATIENCE_SECONDS = 15


@dataclass(slots=True)
class Undead:
    """A worker in uninterruptible sleep, until it is gone."""

    is_gone: bool = False

    def has_ended(self) -> bool:
        """Whether it could be reaped."""
        return self.is_gone

    def wait(self, seconds: float) -> None:
        """Wait in vain."""


@pytest.fixture
def source(library: Path, control: standin.Control) -> Iterator[NvmlSource]:
    """A source on a healthy tray."""
    assert control.path.exists()
    running = start(library)
    yield running
    running.close()


def start(library: Path) -> NvmlSource:
    """Start a source on the stand-in."""
    return NvmlSource(SystemClock(), PROBING, library_directory=library.parent, timing=TIMING)


def states(seen: Pass) -> list[str]:
    """Return the state of each slot with its first reason, in the order of the index."""
    conditions = judge(EXPECTED, seen, Memory())[0].conditions
    return [described(conditions[one.slot]) for one in EXPECTED]


def described(condition: Condition) -> str:
    """Return a state, and its first reason if it has one."""
    reasons = [finding.reason for finding in condition.findings]
    return " ".join([condition.state, *reasons[:1]])


def sample_until(source: NvmlSource, is_wanted: Callable[[Pass], bool]) -> Pass:
    """Sample until a pass shows what is waited for."""
    ends = time.monotonic() + PATIENCE_SECONDS
    while True:
        seen = source.sample()
        if is_wanted(seen):
            return seen
        assert time.monotonic() < ends, states(seen)
        threading.Event().wait(0.02)


HEALTHY = ["ok"] * 4


def test_a_healthy_tray_is_read_and_ok(source: NvmlSource) -> None:
    """Every reading is there, in base units."""
    seen = source.sample()

    assert states(seen) == HEALTHY
    first = next(gpu for gpu in seen.gpus.values() if gpu.identity.index == 0)
    assert (first.identity.name, first.identity.module_id) == ("NVIDIA GB300", 2)
    assert (first.identity.tray_index, first.identity.pci_bus_id) == (15, "00000008:06:00.0")
    assert isinstance(first.identity.chassis_serial, str)
    expected = {
        "power_watts": 180.36,
        "power_limit_watts": 1_400,
        "temperature_celsius": 38,
        "temperature_margin_celsius": 49,
        "sm_clock_hertz": 120e6,
        "memory_clock_hertz": 3_996e6,
        "clock_event_reasons": 1,
        "memory_total_bytes": 284_208 * 1024 * 1024,
        "recovery_action": 0,
    }
    values = {name: r.value for name, r in first.numbers.items() if isinstance(r, Present)}
    assert {name: values[name] for name in expected} == pytest.approx(expected, rel=0.05)
    assert isinstance(first.fabric, Present)
    assert (first.fabric.value.mask, first.fabric.value.summary) == (0x1AA, 1)
    assert all(seen.probe_success.values())


def test_a_hung_gpu_costs_one_gpu(source: NvmlSource, control: standin.Control) -> None:
    """It is unobservable within the deadline, and fresh again as soon as its call returns."""
    hung = ["ok", "ok", "unknown gpu_unobservable", "ok"]
    control.set("gpu", 2, "hung")
    started = time.monotonic()
    seen = sample_until(source, lambda seen: states(seen) == hung)
    assert time.monotonic() - started < 1
    assert not seen.probe_success["presence"]

    control.clear("gpu", 2, "hung")
    sample_until(source, lambda seen: states(seen) == HEALTHY)


def test_a_gpu_that_hangs_for_long_gets_a_new_worker(
    source: NvmlSource, control: standin.Control
) -> None:
    """The hung GPU keeps its slot although the new worker cannot ask it who it is."""
    control.set("gpu", 0, "hung")
    hung = ["unknown gpu_unobservable", "ok", "ok", "ok"]
    sample_until(source, lambda seen: states(seen) == hung and source.restarts == 1)


def test_two_hung_gpus_get_a_new_worker_at_once(
    source: NvmlSource, control: standin.Control
) -> None:
    """And the others are not lost in between."""
    with control.batch():
        control.set("gpu", 1, "hung")
        control.set("gpu", 3, "hung")
    expected = ["ok", "unknown gpu_unobservable", "ok", "unknown gpu_unobservable"]
    sample_until(source, lambda seen: states(seen) == expected)
    last = sample_until(source, lambda seen: states(seen) == expected and source.restarts > 0)
    assert last.source is None

    control.clear()
    sample_until(source, lambda seen: states(seen) == HEALTHY)


def test_a_lost_gpu_is_down_and_found_again(source: NvmlSource, control: standin.Control) -> None:
    """It keeps its slot; the driver is asked anew what it lists until the GPU is back."""
    control.set("gpu", 1, "lost")
    lost = ["ok", "down gpu_lost", "ok", "ok"]
    sample_until(source, lambda seen: states(seen) == lost)
    assert states(sample_until(source, lambda _: source.restarts > 0)) == lost

    control.clear("gpu", 1, "lost")
    sample_until(source, lambda seen: states(seen) == HEALTHY)


def test_a_gpu_that_needs_a_reset_is_down(source: NvmlSource, control: standin.Control) -> None:
    """With the driver's own reason."""
    control.set("gpu", 3, "reset_required")
    sample_until(source, lambda seen: states(seen)[3] == "down reset_required")


def test_a_gpu_that_is_no_longer_listed_is_missing(
    source: NvmlSource, control: standin.Control
) -> None:
    """The driver lists another number, so it is asked anew."""
    control.set("gpu", 0, "absent")
    seen = sample_until(source, lambda seen: len(seen.gpus) == 3)
    assert states(seen) == ["down gpu_missing", "ok", "ok", "ok"]

    control.clear("gpu", 0, "absent")
    sample_until(source, lambda seen: states(seen) == HEALTHY)


def test_an_xid_arrives_with_its_gpu(source: NvmlSource, control: standin.Control) -> None:
    """Once each."""
    seen = source.sample()
    uuids = {gpu.identity.index: uuid for uuid, gpu in seen.gpus.items()}
    control.event(2, "xid", 79)
    first = sample_until(source, lambda seen: bool(seen.events))
    assert [(event.uuid, event.xid) for event in first.events] == [(uuids[2], 79)]
    assert source.sample().events == ()


@pytest.mark.parametrize(
    ("line", "reading", "absence"),
    [
        (("missing", "nvmlDeviceGetClockInfo"), "sm_clock_hertz", Absence.UNSUPPORTED),
        (("field", 185, 3), "power_watts", Absence.UNSUPPORTED),
        (("field", 83, 4), "energy_joules", Absence.NO_PERMISSION),
        (("answer", "nvmlDeviceGetMemoryInfo_v2", 999), "memory_total_bytes", Absence.ERROR),
    ],
)
def test_a_call_that_fails_costs_its_own_readings(
    source: NvmlSource,
    control: standin.Control,
    line: tuple[object, ...],
    reading: str,
    absence: Absence,
) -> None:
    """With the reason, and never as zero."""
    healthy = next(iter(source.sample().gpus.values()))
    control.set(*line)

    def costs_only_that(seen: Pass) -> bool:
        absent = [absences(gpu).items() - absences(healthy).items() for gpu in seen.gpus.values()]
        return all((reading, absence) in found and len(found) <= 2 for found in absent)

    sample_until(source, costs_only_that)


def absences(gpu: GpuReadings) -> dict[str, Absence]:
    """Return why readings have no value, by name."""
    return {name: r.absence for name, r in gpu.numbers.items() if isinstance(r, Absent)}


def test_an_older_fabric_structure_will_do(source: NvmlSource, control: standin.Control) -> None:
    """A driver that refuses version 3 is asked for version 2, which has no summary."""
    control.set("struct_version", "nvmlDeviceGetGpuFabricInfoV", 2)
    seen = sample_until(source, lambda seen: {summary(gpu) for gpu in seen.gpus.values()} == {None})
    assert states(seen) == HEALTHY


def summary(gpu: GpuReadings) -> int | None:
    """Return the fabric's health summary; -1 if there is no fabric."""
    return gpu.fabric.value.summary if isinstance(gpu.fabric, Present) else -1


def test_a_slow_gpu_is_unobservable(source: NvmlSource, control: standin.Control) -> None:
    """Beyond the deadline nothing is waited for; the late answer is not taken for a new one."""
    control.set("latency", "nvmlDeviceGetFieldValues", 600_000)
    sample_until(source, lambda seen: states(seen) == ["unknown gpu_unobservable"] * 4)
    control.clear()
    sample_until(source, lambda seen: states(seen) == HEALTHY)


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGSTOP])
def test_a_worker_that_dies_or_stops_is_replaced(source: NvmlSource, how: signal.Signals) -> None:
    """Within the next passes, counted, and the old one is reaped."""
    source.sample()
    assert source._worker is not None
    old = source._worker
    os.kill(old.pid, how)
    seen = sample_until(source, lambda seen: seen.source is None)
    assert states(seen) == HEALTHY
    assert source.restarts == 1
    sample_until(source, lambda _: old.has_ended())


def test_a_driver_that_is_not_loaded_makes_every_slot_unknown(
    library: Path, control: standin.Control
) -> None:
    """With the driver's own words, until it is loaded."""
    control.set("answer", "nvmlInitWithFlags", 9)
    source = start(library)
    seen = source.sample()
    assert seen.source == Absent(Absence.UNOBSERVABLE, "NVML 9: the driver is not loaded")
    assert states(seen) == ["unknown source_unavailable"] * 4

    control.clear()
    sample_until(source, lambda seen: states(seen) == HEALTHY)
    source.close()


def test_a_symbol_that_is_really_missing_is_not_supported(control: standin.Control) -> None:
    """An older driver's library has no such function at all."""
    assert control.path.exists()
    old = standin.build(ROOT / ".cache" / "standin-old", without=["nvmlDeviceGetGpuFabricInfoV"])
    source = start(old)
    seen = source.sample()
    source.close()
    assert {gpu.fabric.absence for gpu in seen.gpus.values() if isinstance(gpu.fabric, Absent)} == {
        Absence.UNSUPPORTED
    }


def test_at_most_two_workers_are_left_to_hang(source: NvmlSource) -> None:
    """A third one would only hang as well: the source says so instead."""
    source.sample()
    worker = source._worker
    assert worker is not None
    undead = Undead()
    source._unreaped += [undead, undead]  # type: ignore[list-item]
    os.kill(worker.pid, signal.SIGKILL)
    why = Absent(Absence.UNOBSERVABLE, "2 killed workers still hang in the driver")
    seen = sample_until(source, lambda seen: seen.source == why)
    assert states(seen) == ["unknown source_unavailable"] * 4

    undead.is_gone = True
    sample_until(source, lambda seen: seen.source is None)


def test_every_code_of_the_binding_has_its_absence() -> None:
    """A new code of the binding shows here, not as a reading that is silently something else."""
    codes = {value: name for name, value in vars(pynvml).items() if name.startswith("NVML_ERROR_")}
    assert len(codes) > 30
    assert not [name for code, name in codes.items() if "unknown code" in absence_of(code).detail]
    assert absence_of(15).absence is Absence.LOST
    assert absence_of(12345) == Absent(Absence.ERROR, "NVML 12345: unknown code")


def test_every_gpu_has_a_uuid_of_its_own(source: NvmlSource) -> None:
    """Identity comes from the driver, not from the order."""
    uuids = set(source.sample().gpus)
    assert len(uuids) == 4
    assert all(uuid.startswith("GPU-") for uuid in map(GpuUuid, uuids))


def test_the_worker_imports_next_to_nothing() -> None:
    """It is a second process on every node, and starts again when the driver is sick."""
    heavy = ["pydantic", "typer", "structlog", "yaml", "prometheus_client", "waitress", "asyncio"]
    program = (
        "import sys, gpusla_agent.sources.nvml_worker as _; "
        f"print([name for name in {heavy} if name in sys.modules])"
    )
    paths = os.pathsep.join(filter(None, sys.path))
    finished = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": paths},
    )
    assert finished.stdout == "[]\n"
