"""
What contracts used of a GPU, added up from one pass to the next; no sum ever goes down.

Two kinds of readings, two rules:

- A *share* (utilisation, activity) says what the time since the pass before was like.  It counts
  for that time, and not at all if the passes are further apart than a sample is valid.
- A *counter* (energy, bytes, cycles) says what happened since its last reading, however long ago
  that was: a gap loses nothing.  One that went down began anew with the driver, and nothing is
  added.  A difference that reaches back past a hand-over belongs to nobody in particular and is
  left out, so that no contract is shown what another one did; only the time between the last two
  passes belongs to who holds the GPU at the later of them.

Source: docs/decisions/0082-usage.md.
"""

from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from enum import StrEnum

from gpusla.catalogue.readings import GPU, Consent
from gpusla.identity import GpuUuid
from gpusla.readings import Absence, Absent, GpuReadings, Pass, Present
from gpusla_agent.sampler.holder import Holder

HOUR_MS = 3_600_000
SHOWN_MS = HOUR_MS
"""For so long after a hand-over the sums of who held a GPU before are still shown."""
KEPT_MS = 40 * 24 * HOUR_MS
"""For so long they are kept, in case it holds the GPU again."""


WITH_THE_PASS_MS = 250
"""A reading that is older than its pass by no more than this was taken with it."""


class Quantity(StrEnum):
    """What is added up."""

    BUSY_SECONDS = "busy_seconds"
    TENSOR_SECONDS = "tensor_seconds"
    ENERGY_JOULES = "energy_joules"
    NVLINK_BYTES = "nvlink_bytes"
    PCIE_BYTES = "pcie_bytes"


@dataclass(frozen=True, slots=True)
class UsageKey:
    """What one sum is about."""

    uuid: GpuUuid
    index: int
    holder: Holder


@dataclass(frozen=True, slots=True)
class _Measured:
    """
    How a quantity is read.

    counters: added up.  cycles: a counter whose share of another one is a share of time.
    rates: per second, added up, where the driver has no such counter.
    """

    consent: Consent
    counters: tuple[str, ...] = ()
    cycles: tuple[str, str] | None = None
    rates: tuple[str, ...] = ()

    @property
    def read(self) -> tuple[str, ...]:
        """The counters that have to be read."""
        return self.cycles or self.counters


MEASURED: dict[Quantity, _Measured] = {
    Quantity.BUSY_SECONDS: _Measured(Consent.ACTIVITY, rates=("utilization_ratio",)),
    Quantity.TENSOR_SECONDS: _Measured(
        Consent.ACTIVITY,
        cycles=("tensor_cycles_active", "sm_cycles_elapsed"),
        rates=("tensor_active_ratio",),
    ),
    Quantity.ENERGY_JOULES: _Measured(Consent.CAPACITY, counters=("energy_joules",)),
    Quantity.NVLINK_BYTES: _Measured(
        Consent.ACTIVITY,
        counters=("nvlink_tx_bytes", "nvlink_rx_bytes"),
        rates=("nvlink_tx_bytes_per_second", "nvlink_rx_bytes_per_second"),
    ),
    Quantity.PCIE_BYTES: _Measured(
        Consent.ACTIVITY,
        counters=("pcie_tx_bytes", "pcie_rx_bytes"),
        rates=("pcie_tx_bytes_per_second", "pcie_rx_bytes_per_second"),
    ),
}


@dataclass(frozen=True, slots=True)
class Counted:
    """Counters as they were last read, and when."""

    at_mono_ms: int
    values: tuple[float, ...]


@dataclass(slots=True)
class Last:
    """A GPU as it was last seen."""

    at_mono_ms: int
    key: UsageKey
    counted: dict[Quantity, Counted] = field(default_factory=dict)


@dataclass(slots=True)
class Sums:
    """What one holder used of one GPU; held_mono_ms: when it last held it."""

    held_mono_ms: int
    totals: dict[Quantity, float] = field(default_factory=dict)


class Usage:
    """The sums so far."""

    def __init__(self, valid_ms: int) -> None:
        self.sums: dict[UsageKey, Sums] = {}
        self.last: dict[GpuUuid, Last] = {}
        self._valid_ms = valid_ms
        self._now_ms = 0

    def add(
        self,
        seen: Pass,
        holders: Mapping[GpuUuid, Holder],
        allowed: Mapping[GpuUuid, AbstractSet[Consent]] | None = None,
    ) -> bool:
        """
        Take in one pass; return whether something had to be forgotten.

        allowed: what was agreed of each GPU, None for everything.  Sums of who holds it are
        forgotten where they are not agreed any more, and so is what they would go on from.
        """
        self._now_ms = seen.at_mono_ms
        has_forgotten = False
        for uuid, gpu in seen.gpus.items():
            key = UsageKey(uuid, gpu.identity.index, holders.get(uuid, Holder()))
            sums = self.sums.setdefault(key, Sums(self._now_ms))
            sums.held_mono_ms = self._now_ms
            if allowed is not None:
                has_forgotten |= self._forget(uuid, sums, allowed.get(uuid, frozenset()))
            if gpu.answered is None:
                self._add(sums, gpu, key)
        self._drop_old()
        return has_forgotten

    def shown(self) -> Iterator[tuple[UsageKey, Mapping[Quantity, float]]]:
        """Yield the sums of who holds a GPU now, or did within the last hour."""
        for key, sums in self.sums.items():
            if sums.totals and self._now_ms - sums.held_mono_ms <= SHOWN_MS:
                yield key, sums.totals

    def _add(self, sums: Sums, gpu: GpuReadings, key: UsageKey) -> None:
        last = self.last.get(key.uuid)
        now = Last(gpu.at_mono_ms, key, dict(last.counted) if last else {})
        for quantity, how in MEASURED.items():
            added = self._counted(quantity, how, gpu, last, now)
            if added is None:
                added = self._rated(how, gpu, last)
            if added is not None:
                sums.totals[quantity] = sums.totals.get(quantity, 0.0) + added
        self.last[key.uuid] = now

    def _counted(
        self, quantity: Quantity, how: _Measured, gpu: GpuReadings, last: Last | None, now: Last
    ) -> float | None:
        """Return what counters say was used; None if the driver does not have them."""
        before = now.counted.get(quantity)
        values = _values(gpu, how.read)
        if values is None:
            if _is_unsupported(gpu, how.read):
                now.counted.pop(quantity, None)
                return None
            return None if before is None else 0.0
        after = Counted(_read_at(gpu, how.read[0]), values)
        if before is not None and after.at_mono_ms <= before.at_mono_ms:
            return 0.0
        now.counted[quantity] = after
        if before is None or last is None:
            return 0.0
        if last.key != now.key and before.at_mono_ms < last.at_mono_ms - WITH_THE_PASS_MS:
            return 0.0
        return _difference(how, before, after)

    def _rated(self, how: _Measured, gpu: GpuReadings, last: Last | None) -> float | None:
        values = _values(gpu, how.rates)
        if values is None:
            return None
        elapsed_ms = gpu.at_mono_ms - last.at_mono_ms if last is not None else 0
        return sum(values) * elapsed_ms / 1_000 if 0 < elapsed_ms <= self._valid_ms else 0.0

    def _forget(self, uuid: GpuUuid, sums: Sums, allowed: AbstractSet[Consent]) -> bool:
        last = self.last.get(uuid)
        has_forgotten = False
        for quantity, how in MEASURED.items():
            if how.consent not in allowed and how.consent is not Consent.CAPACITY:
                has_forgotten |= sums.totals.pop(quantity, None) is not None
                if last is not None:
                    last.counted.pop(quantity, None)
        return has_forgotten

    def _drop_old(self) -> None:
        for key in [k for k, s in self.sums.items() if self._now_ms - s.held_mono_ms > KEPT_MS]:
            del self.sums[key]
            if self.last.get(key.uuid) is not None and self.last[key.uuid].key == key:
                del self.last[key.uuid]


def _difference(how: _Measured, before: Counted, after: Counted) -> float:
    """Return what was used between two readings; a counter that went down adds nothing."""
    steps = [now - then for now, then in zip(after.values, before.values, strict=True)]
    if how.cycles is None:
        return sum(max(0.0, step) for step in steps)
    active, elapsed = steps
    if elapsed <= 0 or active < 0:
        return 0.0
    return min(1.0, active / elapsed) * (after.at_mono_ms - before.at_mono_ms) / 1_000


def _values(gpu: GpuReadings, names: tuple[str, ...]) -> tuple[float, ...] | None:
    """Return the readings, None if there are none or one of them was not read."""
    found = [gpu.numbers.get(name) for name in names]
    values = tuple(one.value for one in found if isinstance(one, Present))
    return values if found and len(values) == len(found) else None


def _is_unsupported(gpu: GpuReadings, names: tuple[str, ...]) -> bool:
    found = [gpu.numbers.get(name) for name in names]
    return any(isinstance(one, Absent) and one.absence is Absence.UNSUPPORTED for one in found)


def _read_at(gpu: GpuReadings, name: str) -> int:
    return gpu.read_at_mono_ms.get(GPU[name].probe, gpu.at_mono_ms)
