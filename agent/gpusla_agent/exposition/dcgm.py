"""
The same facts under the names of dcgm-exporter, for dashboards that people have already.

Two dialects: "4.8" has the names, units and labels up to dcgm-exporter 4.8, "4.9" those from 4.9
on.  Of the exporter's default list each has what we have a reading for; the rest is absent.
Its counters are of type unknown here: a counter's name ends with `_total` in this library, and
theirs does not.
Source: docs/decisions/0079-dialects-of-dcgm-exporter.md.
"""

from collections.abc import Callable, Iterable, Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from prometheus_client.metrics_core import Metric as Family

from gpusla.identity import GpuUuid, NodeName
from gpusla.readings import GpuReadings, Identity, Present
from gpusla_agent.exposition.views import NodeView

UP_TO_4_8, SINCE_4_9 = "4.8", "4.9"
DIALECTS = (UP_TO_4_8, SINCE_4_9)

_MIB = 1_048_576
_LABELS = {
    UP_TO_4_8: ("Hostname", "DCGM_FI_DRIVER_VERSION"),
    SINCE_4_9: ("hostname", "DCGM_FI_SYSTEM_DRIVER_VERSION"),
}

Convert = Callable[[float], float]


@dataclass(frozen=True, slots=True)
class Row:
    """
    One reading in both dialects.

    reading: our name.  old, new: name of the family without DCGM_FI_, and from our unit to its.
    is_counter: the exporter declares it so.
    """

    reading: str
    help: str
    old: tuple[str, Convert] | None
    new: tuple[str, Convert]
    is_counter: bool = False


def _same(value: float) -> float:
    return value


def _megahertz(value: float) -> float:
    return value / 1_000_000


def _percent(value: float) -> float:
    # A whole percentage became a ratio; the product would be off by its last bits.
    return round(value * 100, 6)


def _mebibytes(value: float) -> float:
    return int(value) // _MIB


def _millijoules(value: float) -> float:
    return round(value * 1_000)


def _whole(value: float) -> float:
    return int(value)


def _renamed(reading: str, help_: str, old: str, new: str, *, is_counter: bool = False) -> Row:
    return Row(reading, help_, (old, _same), (new, _same), is_counter)


ROWS: tuple[Row, ...] = (
    Row("sm_clock_hertz", "Clock of the multiprocessors.",
        ("DEV_SM_CLOCK", _megahertz), ("DEV_SM_CLOCK_HERTZ", _same)),
    Row("memory_clock_hertz", "Clock of the memory.",
        ("DEV_MEM_CLOCK", _megahertz), ("DEV_MEMORY_CLOCK_HERTZ", _same)),
    _renamed("memory_temperature_celsius", "Temperature of the memory.",
             "DEV_MEMORY_TEMP", "DEV_MEMORY_TEMP_CELSIUS"),
    _renamed("temperature_celsius", "Temperature of the GPU.",
             "DEV_GPU_TEMP", "DEV_GPU_TEMP_CELSIUS"),
    _renamed("power_watts", "Power draw of the GPU.",
             "DEV_POWER_USAGE", "DEV_BOARD_POWER_WATTS"),
    Row("energy_joules", "Energy since the driver was loaded.",
        ("DEV_TOTAL_ENERGY_CONSUMPTION", _millijoules),
        ("DEV_GPU_ENERGY_JOULES_TOTAL", _whole), is_counter=True),
    _renamed("pcie_replays", "PCIe retries.",
             "DEV_PCIE_REPLAY_COUNTER", "DEV_PCIE_REPLAY_TOTAL", is_counter=True),
    Row("utilization_ratio", "Share of the time in which a kernel ran.",
        ("DEV_GPU_UTIL", _percent), ("DEV_GPU_UTIL_RATIO", _same)),
    Row("memory_utilization_ratio", "Share of the time in which memory was read or written.",
        ("DEV_MEM_COPY_UTIL", _percent), ("DEV_MEMORY_UTIL_RATIO", _same)),
    Row("memory_free_bytes", "Memory not in use.",
        ("DEV_FB_FREE", _mebibytes), ("DEV_FB_FREE_BYTES", _same)),
    Row("memory_used_bytes", "Memory in use.",
        ("DEV_FB_USED", _mebibytes), ("DEV_FB_USED_BYTES", _same)),
    Row("memory_reserved_bytes", "Memory that the driver keeps for itself.",
        ("DEV_FB_RESERVED", _mebibytes), ("DEV_FB_RESERVED_BYTES", _same)),
    Row("memory_total_bytes", "Memory that the GPU has.",
        None, ("DEV_FB_CAPACITY_BYTES", _same)),
    _renamed("rows_remapped_uncorrected", "Memory rows remapped after uncorrected errors.",
             "DEV_UNCORRECTABLE_REMAPPED_ROWS", "DEV_ROW_REMAP_UNCORRECTABLE_TOTAL",
             is_counter=True),
    _renamed("rows_remapped_corrected", "Memory rows remapped after corrected errors.",
             "DEV_CORRECTABLE_REMAPPED_ROWS", "DEV_ROW_REMAP_CORRECTABLE_TOTAL",
             is_counter=True),
    _renamed("remap_failed", "1 if a row could not be remapped.",
             "DEV_ROW_REMAP_FAILURE", "DEV_ROW_REMAP_FAILED"),
    _renamed("graphics_active_ratio", "Share of the time in which the graphics engine was busy.",
             "PROF_GR_ENGINE_ACTIVE", "PROF_GR_ENGINE_UTIL_RATIO"),
    _renamed("tensor_active_ratio", "Share of cycles in which a tensor pipe was active.",
             "PROF_PIPE_TENSOR_ACTIVE", "PROF_TENSOR_UTIL_RATIO"),
    _renamed("dram_active_ratio", "Share of cycles in which memory was transferring.",
             "PROF_DRAM_ACTIVE", "PROF_DRAM_UTIL_RATIO"),
    _renamed("pcie_tx_bytes_per_second", "PCIe bytes sent a second.",
             "PROF_PCIE_TX_BYTES", "PROF_PCIE_TX_BYTES"),
    _renamed("pcie_rx_bytes_per_second", "PCIe bytes received a second.",
             "PROF_PCIE_RX_BYTES", "PROF_PCIE_RX_BYTES"),
)  # fmt: skip

_LAST_XID = {UP_TO_4_8: "DEV_XID_ERRORS", SINCE_4_9: "DEV_XID_ERROR"}
_LAST_XID_HELP = "Number of the last Xid; neither a count nor a state, and it never clears."


def dialect(spoken: AbstractSet[str]) -> Callable[[NodeView], Iterable[Family]]:
    """Return what makes the families of these dialects, any of DIALECTS, in one go."""

    def families(view: NodeView) -> Iterator[Family]:
        gpus = [gpu for gpu in view.gpus if gpu.answered is None]
        for row in ROWS:
            for name, convert, labelled in _told(row, spoken):
                yield from _family(name, row, [
                    (_labels(view.node, gpu.identity, labelled), convert(value))
                    for gpu in gpus
                    if (value := _number(gpu, row.reading)) is not None
                ])  # fmt: skip
        for one in _in_order(spoken):
            yield from _last_xids(view, one)

    return families


def _in_order(spoken: AbstractSet[str]) -> list[str]:
    return [one for one in DIALECTS if one in spoken]


def _told(row: Row, spoken: AbstractSet[str]) -> Iterator[tuple[str, Convert, tuple[str, ...]]]:
    """
    Yield a row's families: name, conversion and the dialects whose labels it has.

    A family that both dialects have is told once, with the labels of both: told twice, every sum
    over it would be double.
    """
    by_name: dict[str, tuple[Convert, list[str]]] = {}
    for one in _in_order(spoken):
        told = row.old if one == UP_TO_4_8 else row.new
        if told is not None:
            name, convert = told
            by_name.setdefault(name, (convert, []))[1].append(one)
    for name, (convert, dialects) in by_name.items():
        yield name, convert, tuple(dialects)


def _family(name: str, row: Row, samples: list[tuple[dict[str, str], float]]) -> Iterator[Family]:
    if samples:
        made = Family(f"DCGM_FI_{name}", row.help, "unknown" if row.is_counter else "gauge")
        for labels, value in samples:
            made.add_sample(made.name, labels, value)
        yield made


def _last_xids(view: NodeView, one: str) -> Iterator[Family]:
    last: dict[GpuUuid, tuple[int, int]] = {}
    for (uuid, xid), wall_ms in view.xid_last_wall_ms.items():
        last[uuid] = max(last.get(uuid, (0, 0)), (wall_ms, xid))
    row = Row("", _LAST_XID_HELP, None, (_LAST_XID[one], _same))
    yield from _family(_LAST_XID[one], row, [
        (_labels(view.node, gpu.identity, (one,)), last[gpu.identity.uuid][1])
        for gpu in view.gpus
        if gpu.identity.uuid in last
    ])  # fmt: skip


def _number(gpu: GpuReadings, name: str) -> float | None:
    reading = gpu.numbers.get(name)
    return reading.value if isinstance(reading, Present) else None


def _labels(node: NodeName, identity: Identity, dialects: tuple[str, ...]) -> dict[str, str]:
    """Return the labels of a GPU; what is not known has none."""
    named = {
        "gpu": str(identity.index),
        "UUID": identity.uuid,
        "pci_bus_id": identity.pci_bus_id or "",
        "device": f"nvidia{identity.index}",
        "modelName": _printable(identity.name),
    }
    for one in dialects:
        hostname, driver = _LABELS[one]
        named |= {hostname: node, driver: _printable(identity.driver_version or "")}
    return {label: value for label, value in named.items() if value}


def _printable(value: str) -> str:
    # One lone surrogate would lose the whole page.
    return value if value.isascii() else value.encode("utf-8", "replace").decode()
