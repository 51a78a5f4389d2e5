"""What a page shows where there is no now: a GPU that left, a metering that stands still."""

from dataclasses import replace
from pathlib import Path

from gpusla.identity import GpuUuid
from gpusla.readings import Absence, Absent, XidEvent
from gpusla_agent.app.node import Timing
from tests.agent.test_node import Rig
from tests.core.health.gpus import UUID, gpu, one_pass

SLOT_STATE = 'gpusla_slot_state{slot="c2/r01/t03/m2",state="'
HARDWARE_XIDS = f'xid_class_events_total{{class="hardware",gpu="0",gpu_uuid="{UUID}"}}'


def test_a_metering_that_stands_still_shows_no_state_as_that_of_now(tmp_path: Path) -> None:
    """A disk that does not answer holds up the steps while the pages are served on."""
    rig = Rig(tmp_path)
    rig.run(2)
    assert SLOT_STATE + 'ok"} 1.0' in rig.page()

    rig.clock.pass_ms(10_001)
    page = rig.page()
    assert SLOT_STATE + 'ok"} 0.0' in page
    assert SLOT_STATE + 'unknown"} 1.0' in page
    assert 'gpusla_slot_reason{reason="not_observed",slot="c2/r01/t03/m2"} 1.0' in page
    assert "gpusla_gpu_power_limit_watts{" not in page
    assert "gpusla_agent_probe_success{" not in page
    assert 'state_seconds_total{slot="c2/r01/t03/m2",state="ok"} 1.0' in page

    rig.run(1)
    assert SLOT_STATE + 'ok"} 1.0' in rig.page()


def test_rare_passes_are_no_silence(tmp_path: Path) -> None:
    """Where a sample speaks for a minute, a page half a minute later is one of now."""
    rig = Rig(tmp_path, timing=Timing(interval_ms=30_000, valid_ms=60_000))
    rig.run(1)
    rig.clock.pass_ms(29_000)

    assert SLOT_STATE + 'ok"} 1.0' in rig.page()
    assert rig.node.troubles() == []


def test_the_xids_of_a_gpu_outlast_its_place_in_the_drivers_list(tmp_path: Path) -> None:
    """A GPU that fell off the bus is not listed any more after the worker was replaced."""
    rig = Rig(tmp_path)
    fell = XidEvent(UUID, 79, 0)
    rig.run(1, lambda: replace(one_pass(gpu()), events=(fell,)))
    assert HARDWARE_XIDS + " 1.0" in rig.page()

    rig.run(2, lambda: one_pass(None))
    assert SLOT_STATE + 'down"} 1.0' in rig.page()
    assert HARDWARE_XIDS + " 1.0" in rig.page()

    rig.run(2, lambda: one_pass(None, source=Absent(Absence.ERROR, "no driver")))
    assert HARDWARE_XIDS + " 1.0" in rig.page()


def test_a_gpu_in_no_slot_has_no_zero_for_xids_that_nobody_records(tmp_path: Path) -> None:
    """The inventory does not have it, so its Xids are in no journal."""
    rig = Rig(tmp_path)
    fifth = replace(
        gpu(), identity=replace(gpu().identity, uuid=GpuUuid("GPU-5"), index=4, module_id=5)
    )
    seen = one_pass(gpu())
    seen.gpus[fifth.identity.uuid] = fifth
    rig.run(1, lambda: replace(seen, events=(XidEvent(fifth.identity.uuid, 79, 0),)))

    assert "gpusla_gpu_info{" in rig.page()
    assert "GPU-5" in rig.page()
    assert not [line for line in rig.page().splitlines() if "xid" in line and "GPU-5" in line]
