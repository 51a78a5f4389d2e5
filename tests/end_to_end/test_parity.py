"""
One scenario, run through the simulation and through the driver's stand-in, gives the same states.

On one side the source of a fleet on paper, on the other the real way to the driver: binding,
worker, probes, kernel log and the merging of its two witnesses.  Time is the scenario's on both:
instants where nothing changes are left out, and judgement sees the same ones.  A driver's slow
readings are read anew by a source that starts anew; one that must have known a GPU before it fell
silent goes on.
"""

import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from gpusla.catalogue.readings import GPU, Consent
from gpusla.clock import SystemClock
from gpusla.health import Judged, Memory, judge
from gpusla.identity import GpuUuid, Slot
from gpusla.readings import Expected, GpuReadings, Pass, Present, XidEvent
from gpusla.simulation.faults import Fault, FaultKind
from gpusla.simulation.profile import GB300
from gpusla.simulation.scenario import Scenario, struck
from gpusla_agent import standin
from gpusla_agent.fleet.standin_tray import StandinTray
from gpusla_agent.probes import PROBING
from gpusla_agent.sources.events import EventMerger
from gpusla_agent.sources.kernel_log import KernelLog
from gpusla_agent.sources.nvml import NvmlSource, NvmlTiming
from gpusla_agent.sources.simulated import SimulatedSource, paper_gpu
from gpusla_agent.sources.tray import TraySource
from tests.conftest import ROOT
from tests.fakes import FakeClock

START = 1_782_882_000_000
ACT_MS = 600_000
TRAY = tuple(Slot("c2", "r01", "t03", f"m{module}") for module in (2, 1, 4, 3))
GPUS = [
    paper_gpu(slot, int(slot.module[1:]), index, GpuUuid(f"GPU-{index}"), GB300)
    for index, slot in enumerate(TRAY)
]
EXPECTED = [Expected(gpu.slot, gpu.identity.module_id or 0, None, "gb300") for gpu in GPUS]
MODULES = {one.module_id: one.slot for one in EXPECTED}

K = FaultKind
ACTS: tuple[tuple[FaultKind, ...], ...] = (
    (K.GPU_LOST, K.RESET_REQUIRED, K.GPU_HUNG),
    (K.GPU_MISSING, K.RECOVERY_RESET, K.RECOVERY_DRAIN, K.NVLINK_DEGRADED),
    (K.MEMORY_MISSING, K.POWER_LIMIT, K.THERMAL_SLOWDOWN, K.POWER_BRAKE),
    (K.XID_ERROR, K.NVLINK_LINK_DOWN, K.PCIE_WIDTH, K.REMAP_PENDING),
    (K.ECC_STORM, K.CLOCK_FLOOR, K.UNREPAIRABLE_MEMORY),
    (K.NVLINK_SWITCH,),
    (K.NVLINK_STORY,),
    (K.SOURCE_DOWN,),
)
"""What goes wrong at the same time, on one GPU after the other."""

XIDS = {
    K.GPU_LOST: (79,),
    K.RECOVERY_RESET: (154,),
    K.XID_ERROR: (31, 13),
    K.UNREPAIRABLE_MEMORY: (64, 64),
}
NOTHING_TO_SEE = {K.AGENT_SILENT, K.TRAY_POWER}
"""Nobody samples then, whatever the source."""

TIMING = NvmlTiming(deadline_ms=300, slack_ms=1_500, spawn_ms=100)
PATIENCE_SECONDS = 10
APART_SECONDS = 0.12
"""A driver's rates are taken over a tenth of a second at least."""

RATE = "nvlink_tx_bytes_per_second"

# What a driver counts by itself, in its own time.
OWN_TIME = {name for name, row in GPU.items() if row.is_counter} - {
    "ecc_corrected_volatile",
    "ecc_corrected_aggregate",
    "rows_remapped_uncorrected",
}


def verdict(judged: Judged) -> list[str]:
    """A judgement without what differs in wording: a line for each slot and each event."""
    lines = []
    for slot, condition in judged.conditions.items():
        reasons = ",".join(sorted({finding.reason for finding in condition.findings}))
        lines.append(f"{slot.module}: {condition.state} [{reasons}] {judged.actions[slot]}")
    for one in judged.events:
        assert one.slot is not None
        lines.append(f"{one.slot.module}: Xid {one.event.xid} {one.role} {one.action}")
    return sorted(lines)


class Driver:
    """The driver's side: a stand-in tray, its kernel log, and a source that can start anew."""

    def __init__(self, library: Path, folder: Path) -> None:
        self._library = library
        self._log = standin.KernelLog(folder / "kmsg", SystemClock())
        control = standin.Control(folder / "tray.control")
        places = [gpu.identity.uuid for gpu in GPUS]
        self._tray = StandinTray(
            control, places, kernel_log=self._log, addresses=standin.GB300_ADDRESSES
        )
        self._source = self._start()

    def see(self, wanted: Pass) -> Pass:
        """Let the tray be as the simulation sees it, and return what the agent's source sees."""
        self._tray.show(wanted)
        if do_all_answer(wanted):
            self._source.close()
            self._source = self._start()
        self._source.sample()
        self._tray.tell(wanted.events)
        return self._listen(len(wanted.events))

    def close(self) -> None:
        """Let go of it all."""
        self._source.close()
        self._log.close()

    def _start(self) -> TraySource:
        clock = SystemClock()
        inner = NvmlSource(clock, PROBING, library_directory=self._library.parent, timing=TIMING)
        merger = EventMerger(clock.monotonic_ms())
        source = TraySource(
            inner, clock, merger=merger, kernel_log=KernelLog(clock, path=self._log.path)
        )
        known = source.sample().gpus
        source.allow({uuid: {Consent.ACTIVITY} for uuid in known})
        return source

    def _listen(self, events: int) -> Pass:
        """Take passes until all that happened was told; the last of them, with all of it."""
        told: list[XidEvent] = []
        end = time.monotonic() + PATIENCE_SECONDS
        while True:
            SystemClock().sleep(APART_SECONDS)
            seen = self._source.sample()
            told += seen.events
            is_told = len(told) >= events and all(map(has_rates, seen.gpus.values()))
            if is_told or time.monotonic() > end:
                return replace(seen, events=tuple(told))


def do_all_answer(seen: Pass) -> bool:
    """Whether no GPU that is there keeps silent; otherwise slow readings are not read anew."""
    return all(gpu.answered is None for gpu in seen.gpus.values())


def has_rates(gpu: GpuReadings) -> bool:
    """Whether a GPU that answers told its rates, which takes two passes some time apart."""
    return gpu.answered is not None or isinstance(gpu.numbers.get(RATE), Present)


@pytest.fixture
def driver(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Driver]:
    """A healthy tray behind the real way to the driver."""
    monkeypatch.setenv(standin.CONTROL_VARIABLE, str(tmp_path / "tray.control"))
    monkeypatch.setenv("GPUSLA_STANDIN_CHECK_MS", "0")
    made = Driver(standin.build(ROOT / ".cache" / "standin"), tmp_path)
    yield made
    made.close()


def scenario(acts: Sequence[Sequence[FaultKind]]) -> Scenario:
    """One act after the other, with some time of health before, between and after."""
    faults = []
    for number, kinds in enumerate(acts):
        start_ms = START + ACT_MS * (number + 1)
        for slot, kind in zip(TRAY, kinds, strict=False):
            hit = struck(kind, str(slot), TRAY)
            name = f"{number}-{kind}"
            faults.append(Fault(name, kind, hit, start_ms, start_ms + 200_000, XIDS.get(kind, ())))
    return Scenario(TRAY, tuple(faults))


def instants(fate: Scenario) -> list[int]:
    """Every instant at which something begins or ends, and where one must look a second time."""
    edges = {START, START + 1_000}
    for fault in fate.faults:
        begun, over = fault.signs_start_ms, fault.signs_end_ms
        edges |= {begun, fault.start_ms, over, fault.end_ms, fault.end_ms + 130_000}
    return sorted(edges)


@pytest.mark.slow
def test_one_scenario_gives_the_same_states_in_both(driver: Driver) -> None:
    """States, reasons and actions of every slot at every edge, and every Xid with its role."""
    fate = scenario(ACTS)
    clock = FakeClock(START, START)
    paper = SimulatedSource(fate, GPUS, clock, loaded_ms=START)
    paper.allow({gpu.identity.uuid: {Consent.ACTIVITY} for gpu in GPUS})
    memories = Memory(), Memory()
    shown: set[str] = set()
    for clock.now_ms in instants(fate):
        simulated = paper.sample()
        driven = at_instant(driver.see(simulated), clock)
        first, second = (
            judge(EXPECTED, simulated, memories[0]),
            judge(EXPECTED, driven, memories[1]),
        )
        memories = first[1], second[1]
        at = f"{(clock.now_ms - START) / 1000:.0f} s"
        assert verdict(first[0]) == verdict(second[0]), at
        assert not do_all_answer(simulated) or not list(differences(simulated, driven)), at
        shown |= {f.reason for one in first[0].conditions.values() for f in one.findings}
    wanted = {fault.effect.reason for fault in fate.faults} - {""}
    assert wanted <= shown


def test_every_kind_of_fault_has_its_act() -> None:
    """But those in which nobody samples."""
    assert {kind for act in ACTS for kind in act} == set(FaultKind) - NOTHING_TO_SEE


def at_instant(seen: Pass, clock: FakeClock) -> Pass:
    """A pass of now as if it had been taken at an instant of the scenario."""
    now_ms = clock.monotonic_ms()
    gpus = {
        uuid: replace(
            gpu,
            at_mono_ms=now_ms,
            read_at_mono_ms=dict.fromkeys(gpu.read_at_mono_ms, now_ms),
            family_read_at_mono_ms=dict.fromkeys(gpu.family_read_at_mono_ms, now_ms),
        )
        for uuid, gpu in seen.gpus.items()
    }
    return replace(
        seen,
        at_mono_ms=now_ms,
        gpus=gpus,
        events=tuple(replace(event, wall_ms=clock.now_ms) for event in seen.events),
    )


def differences(one: Pass, other: Pass) -> Iterator[str]:
    """Say which readings of the same slot are not the same within what the driver can show."""
    ours = {gpu.identity.module_id: gpu for gpu in one.gpus.values()}
    theirs = {gpu.identity.module_id: gpu for gpu in other.gpus.values()}
    for module, gpu in ours.items():
        if module in theirs and gpu.answered is None and theirs[module].answered is None:
            for name in gpu.numbers.keys() - OWN_TIME:
                yield from difference(name, gpu, theirs[module])


def difference(name: str, one: GpuReadings, other: GpuReadings) -> Iterator[str]:
    """Say how a reading differs: by over a percent, and by over a unit of the driver's."""
    mine, theirs = one.numbers[name], other.numbers.get(name)
    if not isinstance(mine, Present) or not isinstance(theirs, Present):
        if isinstance(mine, Present) != isinstance(theirs, Present):
            yield f"{name}: {mine} and {theirs}"
        return
    unit = 0.011 if name.endswith("_ratio") else 1.01
    apart = abs(mine.value - theirs.value)
    if apart > max(unit, abs(mine.value) * 0.01):
        yield f"{name}: {mine.value} and {theirs.value}"
