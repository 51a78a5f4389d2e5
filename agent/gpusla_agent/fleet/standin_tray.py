"""
What one source sees, shown on the NVML stand-in: so that one scenario runs through both.

A pass becomes lines of a control file: the GPUs that are gone or do not answer, the readings of the
others, their links, fabric and processes, and what happened as events, in the kernel's log too
where its words are known.
"""

from collections.abc import Iterator, Sequence
from math import floor

from gpusla.identity import GpuUuid
from gpusla.readings import Absence, Absent, GpuReadings, Pass, Present, XidEvent
from gpusla_agent.standin import Control, KernelLog

MIB = 1 << 20
DRIVER_NOT_LOADED = 9
"""NVML's code for it."""

Words = tuple[object, ...]

_CONDITIONS = {
    Absence.UNOBSERVABLE: "hung",
    Absence.LOST: "lost",
    Absence.RESET_REQUIRED: "reset_required",
}

_SETTINGS: dict[str, tuple[str, float]] = {
    "power_watts": ("power_watts", 1),
    "module_power_watts": ("module_power_watts", 1),
    "power_limit_watts": ("enforced_limit", 1),
    "power_limit_requested_watts": ("requested_limit", 1),
    "temperature_celsius": ("temperature", 1),
    "memory_temperature_celsius": ("memory_temperature", 1),
    "memory_total_bytes": ("memory_total", 1 / MIB),
    "memory_used_bytes": ("memory_used", 1 / MIB),
    **{
        f"{name}_bytes_per_second": (f"{name}_rate", 1 / MIB)
        for name in ("nvlink_tx", "nvlink_rx", "pcie_tx", "pcie_rx")
    },
    **{
        f"{name}_ratio": (name, 100)
        for name in (
            "graphics_active",
            "sm_active",
            "sm_occupancy",
            "integer_active",
            "tensor_active",
            "dram_active",
            "fp64_active",
            "fp32_active",
            "fp16_active",
        )
    },
}
"""Readings that a setting of the stand-in gives, and the setting's units in one of the reading."""

_WHOLE: dict[str, tuple[str, float]] = {
    "sm_clock_hertz": ("sm_clock", 1e-6),
    "memory_clock_hertz": ("memory_clock", 1e-6),
    "clock_event_reasons": ("clock_event_reasons", 1),
    "recovery_action": ("recovery_action", 1),
    "utilization_ratio": ("utilization", 100),
    "memory_utilization_ratio": ("memory_utilization", 100),
    "energy_joules": ("energy_millijoules", 1000),
    "ecc_corrected_volatile": ("ecc_dram_corrected_volatile", 1),
    "ecc_corrected_aggregate": ("ecc_dram_corrected_aggregate", 1),
    "remap_pending": ("remap_pending", 1),
    "rows_remapped_uncorrected": ("remapped_rows_uncorrected", 1),
    "unrepairable_memory": ("unrepairable_memory", 1),
    "pcie_width": ("pcie_width", 1),
}
"""The same where the setting is a whole number."""


class StandinTray:
    """
    A control file that follows another source, pass by pass.

    places: the GPUs of that source by the stand-in's places.  addresses: those of the stand-in's
    GPUs in the kernel's log.
    """

    def __init__(
        self,
        control: Control,
        places: Sequence[GpuUuid],
        *,
        kernel_log: KernelLog | None = None,
        addresses: Sequence[str] = (),
    ) -> None:
        self._control = control
        self._places = tuple(places)
        self._kernel_log = kernel_log
        self._addresses = tuple(addresses)

    def show(self, seen: Pass) -> None:
        """Let the tray be as a pass says, all of it at one moment, but for what happened."""
        with self._control.batch():
            self._control.clear("answer")
            self._control.clear("gpu")
            if seen.source is not None:
                self._control.set("answer", "*", DRIVER_NOT_LOADED)
                return
            for place, uuid in enumerate(self._places):
                for line in _lines(seen.gpus.get(uuid)):
                    self._control.set("gpu", place, *line)

    def tell(self, events: Sequence[XidEvent]) -> None:
        """Let these happen, in the kernel's log first, as a driver does it."""
        for event in events:
            if event.uuid not in self._places:
                continue
            place = self._places.index(event.uuid)
            if self._kernel_log is not None:
                text = event.detail.text if event.detail is not None else ""
                self._kernel_log.xid(self._addresses[place], event.xid, text)
            self._control.event(place, "xid", event.xid)


def _lines(gpu: GpuReadings | None) -> Iterator[Words]:
    if gpu is None:
        yield ("absent",)
        return
    if gpu.answered is not None:
        yield (_CONDITIONS[gpu.answered.absence],)
        return
    yield from _settings(gpu)
    yield from _links(gpu)
    if isinstance(gpu.fabric, Present):
        fabric = gpu.fabric.value
        yield "fabric_state", fabric.state
        yield "fabric_status", fabric.status
        yield "clique", fabric.clique
        yield "fabric_mask", fabric.mask or 0
        yield "fabric_summary", fabric.summary or 0
    for process in gpu.processes.value if isinstance(gpu.processes, Present) else ():
        name = (process.name,) if process.name else ()
        yield "process", process.pid, (process.memory_bytes or 0) // MIB, *name


def _settings(gpu: GpuReadings) -> Iterator[Words]:
    for name, (key, scale) in _SETTINGS.items():
        value = _value(gpu, name)
        if value is not None:
            yield key, f"{value * scale:.6f}"
    for name, (key, scale) in _WHOLE.items():
        value = _value(gpu, name)
        if value is not None:
            yield key, floor(value * scale + 0.5)


def _links(gpu: GpuReadings) -> Iterator[Words]:
    links = gpu.links.value if isinstance(gpu.links, Present) else ()
    recoveries = _value(gpu, "nvlink_recoveries")
    down = [link.number for link in links if not link.is_active]
    for number in down:
        yield "link", number, "state", 0
    if recoveries:
        yield "link", (down or [0])[0], "recoveries_successful", int(recoveries)


def _value(gpu: GpuReadings, name: str) -> float | None:
    reading = gpu.numbers.get(name)
    return None if reading is None or isinstance(reading, Absent) else reading.value
