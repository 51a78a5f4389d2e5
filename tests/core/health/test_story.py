"""
The field story of a GB200 rack (marin-community/marin issues 8934, 9086), told by 16 agents.

One link of one GPU recovered 505 times and went down (Xid 149, link 14); the 63 other GPUs of the
job found the far end gone (Xid 145).  Each node judges alone; a fleet finds one root.
"""

from collections import Counter
from dataclasses import replace

from gpusla.health import Memory, judge
from gpusla.health.verdict import Graded, Judged
from gpusla.identity import GpuUuid, Slot
from gpusla.readings import Expected, GpuReadings, NvLink, Pass, Present, XidDetail, XidEvent
from tests.core.health.gpus import gpu

NODES = range(16)
MODULES = (2, 1, 4, 3)
SICK = (5, 2)
DOWN_LINK = 14
WENT_DOWN = XidDetail("NETIR_LINK_EVT", "fatal", DOWN_LINK, 0x0020_0011, 0)
FAR_END_GONE = XidDetail("RLW_SRC_TRACK", "non-fatal", None, 0x0408_2907, 0x8)
WALL_MS = 1_788_628_000_000


def uuid(node: int, module: int) -> GpuUuid:
    """Return the UUID of a GPU of the rack."""
    return GpuUuid(f"GPU-{node:02}{module}")


def slot(node: int, module: int) -> Slot:
    """Return its slot."""
    return Slot("dh1", "r137", f"t{node:02}", f"m{module}")


def readings(node: int, module: int, recoveries: int, *, is_down: bool) -> GpuReadings:
    """Return what a GB200 of the rack reads."""
    one = gpu(
        module,
        memory_total_bytes=Present(189_471 * 1024 * 1024),
        power_limit_watts=Present(1_200.0),
        nvlink_recoveries=Present(recoveries),
        nvlink_links_active=Present(17 if is_down else 18),
        recovery_action=Present(1 if is_down else 0),
    )
    links = tuple(NvLink(n, not (is_down and n == DOWN_LINK)) for n in range(18))
    identity = replace(one.identity, uuid=uuid(node, module), driver_version="580.95.05")
    return replace(one, identity=identity, links=Present(links))


def one_node(node: int) -> list[Judged]:
    """Judge a node before the fault and at it."""
    expected = [Expected(slot(node, m), m, uuid(node, m), "gb200") for m in MODULES]
    memory = Memory()
    verdicts = []
    for at_ms, is_down in ((0, False), (60_000, False), (61_000, True)):
        gpus, events = {}, []
        for module in MODULES:
            is_sick = (node, module) == SICK
            count = 505 if is_sick and at_ms else 0
            one = readings(node, module, count, is_down=is_down and is_sick)
            gpus[one.identity.uuid] = one
            detail = WENT_DOWN if is_sick else FAR_END_GONE
            xid = 149 if is_sick else 145
            when_ms = WALL_MS + (0 if is_sick else 300)
            events.append(XidEvent(one.identity.uuid, xid, when_ms, detail=detail))
        seen = Pass(at_ms, gpus, tuple(events) if is_down else ())
        judged, memory = judge(expected, seen, memory)
        verdicts.append(judged)
    return verdicts


def test_one_root_and_sixty_three_after_effects() -> None:
    """Of 64 events on 16 nodes."""
    told: list[Graded] = [one for node in NODES for one in one_node(node)[-1].events]
    assert Counter((one.event.xid, one.role.value) for one in told) == {
        (149, "root"): 1,
        (145, "after_effect"): 63,
    }
    (root,) = (one for one in told if one.role == "root")
    assert root.slot == slot(*SICK)
    assert root.action == "reset_gpu"
    assert root.evidence.startswith("driver: recovery action 1, GPU reset; NVLink 5 decode: ")
    assert "link 14" in root.evidence


def test_one_slot_is_lost_and_the_others_are_not() -> None:
    """An after-effect ends a program; the GPU computes on."""
    states = Counter(
        condition.state.value
        for node in NODES
        for condition in one_node(node)[-1].conditions.values()
    )
    assert states == {"down": 1, "ok": 63}


def test_the_lost_slot_says_why() -> None:
    """What the driver asks for, the error, and the link."""
    condition = one_node(SICK[0])[-1].conditions[slot(*SICK)]
    found = {finding.reason: finding.evidence for finding in condition.findings}
    assert set(found) == {"recovery_action", "xid_fatal", "nvlink_degraded", "nvlink_recoveries"}
    assert found["nvlink_degraded"] == "driver: 17 of 18 NVLinks active, inactive: 14"


def test_the_recoveries_are_an_early_sign() -> None:
    """A second before the link went down the slot is ok, and somebody is asked to look."""
    before = one_node(SICK[0])[1]
    condition = before.conditions[slot(*SICK)]
    assert condition.state == "ok"
    assert [finding.reason for finding in condition.findings] == ["nvlink_recoveries"]
    assert before.actions[slot(*SICK)] == "inspect"
    assert before.actions[slot(SICK[0], 1)] == "none"
