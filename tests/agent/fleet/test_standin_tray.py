"""A pass as lines of a control file: what is gone, what is read, and what happened."""

from pathlib import Path

import pytest

from gpusla.catalogue.readings import Consent
from gpusla.identity import GpuUuid, Slot
from gpusla.simulation.faults import Fault, FaultKind
from gpusla.simulation.profile import GB300
from gpusla.simulation.scenario import Scenario, struck
from gpusla_agent.fleet.standin_tray import StandinTray
from gpusla_agent.sources.simulated import SimulatedSource, paper_gpu
from gpusla_agent.standin import Control
from tests.fakes import FakeClock

START = 1_782_882_000_000
TRAY = tuple(Slot("c2", "r01", "t01", f"m{module}") for module in (2, 1, 4, 3))
GPUS = [
    paper_gpu(slot, int(slot.module[1:]), index, GpuUuid(f"GPU-{index}"), GB300)
    for index, slot in enumerate(TRAY)
]


def shown(folder: Path, kind: FaultKind | None) -> list[str]:
    """The lines of a tray whose second GPU has a fault."""
    control = Control(folder / "tray.control")
    tray = StandinTray(control, [gpu.identity.uuid for gpu in GPUS])
    hit = struck(kind, str(TRAY[1]), TRAY) if kind else ()
    faults = (Fault("f", kind, hit, START),) if kind else ()
    source = SimulatedSource(Scenario(TRAY, faults), GPUS, FakeClock(START), loaded_ms=START)
    source.allow({gpu.identity.uuid: set(Consent) for gpu in GPUS})
    seen = source.sample()
    tray.show(seen)
    tray.tell(seen.events)
    return control.path.read_text("utf-8").splitlines()


@pytest.mark.parametrize(
    ("kind", "line"),
    [
        (FaultKind.GPU_HUNG, "gpu 1 hung"),
        (FaultKind.GPU_LOST, "gpu 1 lost"),
        (FaultKind.RESET_REQUIRED, "gpu 1 reset_required"),
        (FaultKind.GPU_MISSING, "gpu 1 absent"),
        (FaultKind.NVLINK_LINK_DOWN, "gpu 1 link 14 state 0"),
        (FaultKind.NVLINK_STORY, "gpu 1 link 14 recoveries_successful 505"),
        (FaultKind.NVLINK_STORY, "event 2 gpu 1 xid 149"),
        (FaultKind.POWER_LIMIT, "gpu 1 enforced_limit 840.000000"),
        (FaultKind.PCIE_WIDTH, "gpu 1 pcie_width 8"),
        (FaultKind.NVLINK_SWITCH, "gpu 3 fabric_state 2"),
        (FaultKind.SOURCE_DOWN, "answer * 9"),
    ],
)
def test_a_fault_is_a_line(tmp_path: Path, kind: FaultKind, line: str) -> None:
    """Which is not there without it; what happened stays so."""
    lines = shown(tmp_path, kind)
    assert any(one == line or one.startswith(f"{line} ") for one in lines)
    assert line.startswith("event") or line not in shown(tmp_path, None)


def test_a_pass_takes_the_place_of_the_one_before(tmp_path: Path) -> None:
    """No line of it is left, and none is there twice."""
    broken = shown(tmp_path, FaultKind.GPU_LOST)
    well = shown(tmp_path, None)
    assert "gpu 1 lost" in broken
    assert len({tuple(line.split()[:3]) for line in well if line.startswith("gpu")}) == len(
        [line for line in well if line.startswith("gpu")]
    )
    assert [line for line in well if line.startswith("gpu 1 temperature ")]
