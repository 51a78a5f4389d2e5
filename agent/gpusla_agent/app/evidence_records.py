"""What the journal keeps of readings, and of GPUs that come, go and begin anew."""

from collections.abc import Iterator, Mapping

from gpusla.identity import GpuUuid, Slot
from gpusla.journal.model import Flag, GpuChange, GpuChanged, Instant, ReadingsTaken
from gpusla.readings import Absence, GpuReadings, Present

READINGS_MS = 60_000
"""Readings are recorded at most so often."""

_RECORDED = {
    "power_watts": ("power_milliwatts", 1_000),
    "temperature_celsius": ("temperature_celsius", 1),
    "temperature_margin_celsius": ("temperature_margin_celsius", 1),
    "sm_clock_hertz": ("sm_clock_hertz", 1),
    "clock_event_reasons": ("clock_event_reasons", 1),
    "ecc_corrected_aggregate": ("ecc_corrected_aggregate", 1),
    "ecc_uncorrected_aggregate": ("ecc_uncorrected_aggregate", 1),
    "nvlink_links": ("nvlink_links", 1),
    "nvlink_links_active": ("nvlink_links_active", 1),
}
"""Of the catalogue's readings, all about capacity: the name in the journal, and how many of its
units one of the reading's is."""

_FLAGS = {Absence.UNSUPPORTED: Flag.UNSUPPORTED, Absence.STALE: Flag.STALE}
_COUNTER = "energy_joules"
"""Grows with every second of a GPU that has power, and begins anew with its driver or a reset."""


class EvidenceRecords:
    """Makes the records of one life of the agent, pass by pass."""

    def __init__(self) -> None:
        self._taken_ms: int | None = None
        self._listed: dict[Slot, GpuUuid] | None = None
        self._counted: dict[GpuUuid, float] = {}

    def of(
        self, at: Instant, located: Mapping[Slot, GpuReadings | None]
    ) -> Iterator[GpuChanged | ReadingsTaken]:
        """Yield what a pass that the source answered adds to the journal."""
        yield from self._changes(at, located)
        if self._taken_ms is not None and at.mono_ms - self._taken_ms < READINGS_MS:
            return
        gpus = {slot: readings_of(gpu) for slot, gpu in located.items() if _answers(gpu)}
        if gpus:
            self._taken_ms = at.mono_ms
            yield ReadingsTaken(at, gpus)

    def _changes(
        self, at: Instant, located: Mapping[Slot, GpuReadings | None]
    ) -> Iterator[GpuChanged]:
        before = self._listed
        now = {slot: gpu.identity.uuid for slot, gpu in located.items() if gpu is not None}
        self._listed = now
        for slot, gpu in located.items():
            was = None if before is None else before.get(slot)
            uuid = now.get(slot)
            if before is not None and was != uuid:
                if was is not None:
                    yield GpuChanged(at, slot, was, GpuChange.REMOVED.value)
                if uuid is not None:
                    yield GpuChanged(at, slot, uuid, GpuChange.ADDED.value)
            if gpu is not None and self._began_anew(gpu):
                yield GpuChanged(at, slot, gpu.identity.uuid, GpuChange.RESET.value)

    def _began_anew(self, gpu: GpuReadings) -> bool:
        reading, uuid = gpu.numbers.get(_COUNTER), gpu.identity.uuid
        if not isinstance(reading, Present):
            return False
        before = self._counted.get(uuid)
        self._counted[uuid] = reading.value
        return before is not None and reading.value < before


def readings_of(gpu: GpuReadings | None) -> dict[str, int | str]:
    """Return what a record holds of one GPU: integers, and why there is none."""
    return {} if gpu is None else dict(_readings(gpu))


def _readings(gpu: GpuReadings) -> Iterator[tuple[str, int | str]]:
    for name, (recorded, per_unit) in _RECORDED.items():
        reading = gpu.numbers.get(name)
        if isinstance(reading, Present):
            yield recorded, round(reading.value * per_unit)
        elif name in gpu.rejected:
            yield recorded, Flag.REJECTED.value
        elif reading is not None:
            yield recorded, _FLAGS.get(reading.absence, Flag.ERROR).value


def _answers(gpu: GpuReadings | None) -> bool:
    return gpu is not None and gpu.answered is None
