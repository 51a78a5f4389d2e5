"""Trays on paper of which everything is known: every reading, every port, every sum."""

from dataclasses import replace

from gpusla.catalogue.actions import Action
from gpusla.catalogue.readings import GPU, HOST, PORT
from gpusla.catalogue.reasons import State
from gpusla.identity import GpuUuid, NodeName, Slot
from gpusla.journal.model import Condition, Finding
from gpusla.readings import (
    Fabric,
    GpuReadings,
    HostReadings,
    Identity,
    NetworkPort,
    NvLink,
    Present,
    Process,
    Reading,
    Sensor,
)
from gpusla_agent.exposition import AgentView, KernelLogView, NodeView, SlotView, UsageView

NODE = NodeName("c2-r01-t03")
OK = Condition(State.OK)
AGENT = AgentView(
    version="0.1.0",
    source="nvml",
    samples=7,
    last_sample_wall_ms=1_790_000_000_500,
    journal_sequence=9,
    journal_sync_wall_ms=1_790_000_000_750,
    journal_errors=0,
    source_restarts=1,
    clock_error_ms=4,
    configuration={"inventory": True, "assignments": False},
    probe_success={"power": True, "fabric": False},
    probe_seconds={"power": 0.001, "fabric": 0.002},
    rejected={"utilization_ratio": 2},
    events_lost=0,
    kernel_log=KernelLogView(is_readable=True, lost_records=3, foreign_xids=1),
)


def slot_of(index: int) -> Slot:
    """Return the slot that a GPU sits in."""
    return Slot("c2", "r01", "t03", f"m{index}")


def uuid_of(index: int) -> GpuUuid:
    """Return a GPU's UUID."""
    return GpuUuid(f"GPU-{index:08x}-1111-2222-3333-444455556666")


def identity_of(index: int) -> Identity:
    """Return a GPU that says all of itself; two share a superchip."""
    return Identity(
        uuid_of(index),
        index,
        "NVIDIA GB300",
        serial=f"16512240000{index // 2}",
        module_id=index + 1,
        chassis_serial="1821024170099",
        tray_index=7,
        pci_bus_id=f"0008:0{index}:00.0",
        driver_version="580.95.05",
        vbios_version="97.10.4A.00.23",
        chassis_slot=21,
        host_id=1,
        peer_type=1,
        board_part_number="900-2G548-0081-000",
    )


def numbers(index: int = 0, seconds: int = 0) -> dict[str, Reading]:
    """
    Return every reading of a GPU, each with a value of its own.

    seconds: how much later; what goes on by itself has gone on.
    """
    found: dict[str, Reading] = {
        name: Present(_value(name, place + 200 * index)) for place, name in enumerate(GPU)
    }
    for name in ("power_watts", "utilization_ratio", "energy_joules", "tensor_active_ratio"):
        found[name] = Present(_value(name, 7 + index) + seconds)
    return found | {"recovery_action": Present(0)}


def _value(name: str, place: int) -> float:
    return 0.125 + place / 1_000 if name.endswith("_ratio") else 1_000 + place


def gpu_of(index: int, seconds: int = 0) -> GpuReadings:
    """Return a GPU of which everything was read."""
    return GpuReadings(
        identity_of(index),
        1_000 * seconds,
        numbers(index, seconds),
        Present(Fabric(3, 0, "5a1b8e4d-0000-4000-8000-000000000001", 32766, 0x1AA, 1)),
        links=Present(tuple(NvLink(link, is_active=True) for link in range(18))),
        processes=Present((Process(4711, 1 << 30, "train.py"),)),
    )


def host_of(ports: int = 8, sensors: int = 4) -> HostReadings:
    """Return a node of which everything was read."""
    return HostReadings(
        {name: Present(100 + place) for place, name in enumerate(HOST)},
        tuple(
            NetworkPort(f"mlx5_{one}", 1, {name: Present(one + i) for i, name in enumerate(PORT)})
            for one in range(ports)
        ),
        (
            *(Sensor(f"leak{one}", "leak", Present(0)) for one in range(sensors)),
            Sensor("manifold", "coolant_supply_celsius", Present(41.5)),
            Sensor("manifold", "coolant_supply_pascals", Present(250_000.0)),
            Sensor("manifold", "coolant_flow_cubic_meters_per_second", Present(0.0005)),
        ),
    )


def view_of(gpus: int = 4, seconds: int = 0) -> NodeView:
    """Return a healthy node of which everything is known."""
    indices = range(gpus)
    return NodeView(
        NODE,
        replace(AGENT, samples=AGENT.samples + seconds),
        tuple(_slot_view(index) for index in indices),
        tuple(gpu_of(index, seconds) for index in indices),
        {(slot_of(index), State.OK): 86_400_123 + 1_000 * seconds for index in indices},
        {},
        tuple(
            UsageView(
                uuid_of(index),
                index,
                "ref-2026",
                "reflection",
                busy_seconds=12.5 + 0.9 * seconds,
                energy_joules=9_000.0 + 800 * seconds,
                tensor_seconds=4.25 + 0.5 * seconds,
                nvlink_bytes=1e12,
                pcie_bytes=1e9,
            )
            for index in indices
        ),
        {},
        host_of(),
        tuple(identity_of(index) for index in indices),
    )


def faulty(view: NodeView, xids: tuple[int, ...] = (13, 48, 145, 999)) -> NodeView:
    """Return the node with a fault on its first GPU: a reason, an action and Xids."""
    first, *others = view.slots
    condition = Condition(State.DEGRADED, (Finding("thermal_slowdown", "hot"),))
    return replace(
        view,
        slots=(replace(first, condition=condition, action=Action.INSPECT), *others),
        xid_counts={(uuid_of(0), xid): 2 for xid in xids},
        xid_last_wall_ms={(uuid_of(0), xid): 1_790_000_000_000 + xid for xid in xids},
    )


def _slot_view(index: int) -> SlotView:
    return SlotView(slot_of(index), "gb300", identity_of(index), "ref-2026", "reflection", OK)
