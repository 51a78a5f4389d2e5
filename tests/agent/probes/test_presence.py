"""Whether a GPU answers, and who it is."""

from typing import Any

import pytest

from gpusla.identity import GpuUuid
from gpusla.readings import Absence, Absent, EventOrigin, Identity, XidEvent
from gpusla_agent.probes import PROBING
from gpusla_agent.sources.raw import RawGpu
from tests.agent.probes.said import FAST, IDENTITY, VALUES, raw

HUNG = Absent(Absence.UNOBSERVABLE, "no answer within the deadline")


def answered(**changed: Any) -> Absent | None:
    """Return why a GPU that says this does not answer."""
    return PROBING.interpret(raw(FAST, **changed), None).readings.answered


@pytest.mark.parametrize(("code", "absence"), [(15, Absence.LOST), (16, Absence.RESET_REQUIRED)])
def test_one_call_is_enough_to_know_that_a_gpu_is_gone(code: int, absence: Absence) -> None:
    """Other calls may still be answered from what the driver remembers."""
    found = answered(temperature=(code, None))
    assert found is not None
    assert found.absence is absence


def test_one_call_that_fails_does_not_make_a_gpu_absent() -> None:
    """If none succeeds, nobody is there."""
    assert answered(temperature=(999, None)) is None
    nothing = answered(**dict.fromkeys(VALUES, (999, None)))
    assert nothing == Absent(Absence.ERROR, "NVML 999: unknown error of the driver")


def test_a_silent_gpu_has_no_readings() -> None:
    """Neither zero nor the last ones."""
    before = PROBING.interpret(raw(), None).readings
    found = PROBING.interpret(RawGpu(IDENTITY, 7, {}, {}, HUNG), before)
    assert found.readings.numbers == {}
    assert (found.readings.answered, found.readings.fabric) == (HUNG, HUNG)
    assert not any(found.success.values())


def test_a_lost_gpu_keeps_nothing_of_the_passes_before() -> None:
    """That 18 links were active ten seconds ago is not true of a GPU that is gone."""
    before = PROBING.interpret(raw(), None).readings
    refused: dict[str, Any] = dict.fromkeys(VALUES, (15, None))
    lost = raw(FAST, at_ms=1_001_000, **refused)
    found = PROBING.interpret(lost, before).readings
    assert "nvlink_links_active" not in found.numbers
    assert found.links == found.answered == Absent(Absence.LOST, "NVML 15: the GPU is lost")
    assert found.numbers["power_watts"] == Absent(Absence.LOST, "NVML 15: the GPU is lost")


def test_who_does_not_say_its_uuid_is_nobody() -> None:
    """What one other call cannot tell is merely not known."""
    assert PROBING.identify(0, {"uuid": (15, None)}) is None
    told: dict[str, Any] = {"uuid": (0, "GPU-1"), "serial": (3, None), "module_id": (0, 2)}
    assert PROBING.identify(3, told) == Identity(GpuUuid("GPU-1"), 3, "", None, 2)


def test_identity_says_where_the_gpu_sits() -> None:
    """All that the platform call tells, and the board."""
    told: dict[str, Any] = {
        "uuid": (0, "GPU-1"),
        "name": (0, "NVIDIA GB300"),
        "serial": (0, "1"),
        "module_id": (0, 2),
        "chassis_serial": (0, "c"),
        "tray_index": (0, 15),
        "pci_bus_id": (0, "00000008:06:00.0"),
        "driver_version": (0, "580.173.02"),
        "vbios_version": (0, "97.10.4A.00.1A"),
        "chassis_slot": (0, 25),
        "host_id": (0, 1),
        "peer_type": (0, 1),
        "board_part_number": (0, "900-2G548-0081-000"),
    }
    expected = Identity(index=0, **{name: value for name, (_, value) in told.items()})
    assert PROBING.identify(0, told) == expected


def test_what_is_no_name_and_no_number_is_not_known() -> None:
    """A worker that went mad does not name a GPU."""
    told: dict[str, Any] = {"uuid": (0, "GPU-1"), "name": (0, 7), "module_id": (0, -1), "serial": 4}
    assert PROBING.identify(0, told) == Identity(GpuUuid("GPU-1"), 0, "")
    assert PROBING.identify(0, {"uuid": (0, 12)}) is None


def test_an_xid_comes_with_who_told_of_it() -> None:
    """What cannot be an Xid is dropped."""
    told: list[Any] = [("GPU-1", 79, 5, "nvml"), ("GPU-1", -1, 5, "nvml"), "x", ("GPU-1", 13, 6)]
    assert PROBING.events(told) == (XidEvent(GpuUuid("GPU-1"), 79, 5, EventOrigin.NVML),)
