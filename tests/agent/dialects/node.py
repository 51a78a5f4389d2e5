"""A node of two GPUs whose page is told in dcgm-exporter's names."""

from gpusla.identity import GpuUuid, NodeName
from gpusla.readings import Absence, Absent, GpuReadings, Identity, Present, Reading
from gpusla_agent.exposition import AgentView, NodeView, render
from gpusla_agent.exposition.dcgm import dialect

UUIDS = (
    GpuUuid("GPU-604ac76c-d9cf-fef3-62e9-d92044ab6e52"),
    GpuUuid("GPU-bc5610b9-79c8-fedd-8899-07539c7f868a"),
)
NUMBERS: dict[str, Reading] = {
    "sm_clock_hertz": Present(1_920_000_000),
    "memory_clock_hertz": Present(3_996_000_000),
    "memory_temperature_celsius": Present(61),
    "temperature_celsius": Present(55),
    "power_watts": Present(900.514),
    "energy_joules": Present(15_152_422.938),
    "pcie_replays": Present(3),
    "utilization_ratio": Present(0.29),
    "memory_utilization_ratio": Present(0.57),
    "memory_total_bytes": Present(298_013_687_808),
    "memory_free_bytes": Present(297_890_194_431),
    "memory_used_bytes": Present(123_456_789),
    "memory_reserved_bytes": Present(36_588),
    "rows_remapped_uncorrected": Present(1),
    "rows_remapped_corrected": Present(0),
    "remap_failed": Present(0),
    "graphics_active_ratio": Present(0.904112),
    "tensor_active_ratio": Present(0.512311),
    "dram_active_ratio": Present(0.398001),
    "pcie_tx_bytes_per_second": Present(4_791_810.0),
    "pcie_rx_bytes_per_second": Present(6_935_930.0),
}
AGENT = AgentView("0.1.0", "nvml", 0, None, 0, None, 0, 0, None)


def readings(index: int, /, **numbers: Reading) -> GpuReadings:
    """Return a GPU with every reading that a dialect shows, some of them changed."""
    identity = Identity(
        UUIDS[index],
        index,
        "NVIDIA GB300",
        pci_bus_id=f"{8 + index:08X}:06:00.0",
        driver_version="590.48.01",
    )
    absent = Absent(Absence.UNSUPPORTED)
    return GpuReadings(identity, 0, {**NUMBERS, **numbers}, absent)


def node(*gpus: GpuReadings) -> NodeView:
    """Return the node; its first GPU had an Xid 13 after a 79."""
    seen = {(UUIDS[0], 79): 1_790_000_000_000, (UUIDS[0], 13): 1_790_000_001_000}
    listed = gpus or (readings(0), readings(1, power_watts=Absent(Absence.NO_PERMISSION)))
    return NodeView(NodeName("c2-r01-t03"), AGENT, gpus=listed, xid_last_wall_ms=seen)


def page(view: NodeView, *spoken: str) -> bytes:
    """Return what a node's page has in these dialects, without our own names."""
    text, _ = render(view, dialects=(dialect(frozenset(spoken)),))
    lines = text.decode().splitlines(keepends=True)
    return "".join(line for line in lines if "DCGM_" in line).encode()
