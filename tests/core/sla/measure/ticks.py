"""
Judging a small world tick by tick, as docs/concepts/sla-engine.md says and with none of its code.

Slow and plain: sets of ticks, and loops.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction

from gpusla.contracts.model import CapacityUnit, OverDelivery, Partial
from gpusla.contracts.promises import (
    Denominator,
    Granularity,
    Kind,
    PerformanceSource,
    RunCount,
    UnknownPolicy,
)
from gpusla.identity import Slot
from gpusla.instants import Interval
from tests.core.sla.measure.slot_ticks import VALUE, SlotTicks
from tests.core.sla.measure.worlds import DAY, ORIGIN_MS, SLOTS, TICK_MS, at


@dataclass(frozen=True)
class Come:
    """What a world came to in one bound: of all, and of each unit (total, lost)."""

    total: Fraction
    lost: Fraction
    whole: Fraction
    units: dict[str, tuple[Fraction, Fraction]]
    down: dict[str, set[int]]


class Ticks(SlotTicks):
    """One bound of a world."""

    # --- units ------------------------------------------------------------------------------------

    def _unit_of(self, slot: Slot) -> str:
        match self.capacity.unit:
            case CapacityUnit.GPU:
                return str(slot)
            case CapacityUnit.NODE:
                return f"{slot.site}/{slot.rack}/{slot.tray}"
            case CapacityUnit.NVL72_DOMAIN:
                return f"{slot.site}/{slot.rack}"
            case CapacityUnit.CLUSTER:
                return "cluster"

    def _units(self) -> dict[str, list[Slot]]:
        units: dict[str, list[Slot]] = {}
        for slot in SLOTS:
            units.setdefault(self._unit_of(slot), []).append(slot)
        return units

    def _held(self, slots: Iterable[Slot], tick: int) -> list[Slot]:
        return [slot for slot in slots if self._holding(slot, tick) is not None]

    def _contribution(self, levels: list[Fraction], healthy: int, full: Fraction) -> Fraction:
        total = sum(levels, Fraction(0))
        if self.capacity.partial is Partial.PER_GPU:
            return total
        if healthy < self.capacity.min_healthy_gpus:
            return Fraction(0)
        return full if self.capacity.partial is Partial.WHOLE_UNIT else total

    # --- capacity ---------------------------------------------------------------------------------

    def _counted(
        self, slots: list[Slot], tick: int, *, excluding: bool
    ) -> tuple[Fraction, int, int]:
        """Return a unit's contribution, its held slots in the count, and those out of it."""
        out = {slot for slot in slots if self._is_out(slot, tick, excluding=excluding)}
        levels = [self._level(s, tick, excluding=excluding) for s in slots if s not in out]
        full = sum((self._weight(s, tick) for s in slots if s not in out), Fraction(0))
        healthy = len(out) + sum(level > 0 for level in levels)
        return self._contribution(levels, healthy, full), len(levels), len(out)

    def _is_out(self, slot: Slot, tick: int, *, excluding: bool) -> bool:
        is_taken = self.objective.denominator is Denominator.MINUS_EXCLUSIONS
        if excluding and is_taken and self._is_excused(slot, tick):
            return True
        return self._is_doubtful(slot, tick, excluding=excluding)

    def capacity_come_to(self, *, excluding: bool = True) -> Come:
        """Judge an objective of capacity."""
        units, window = self._units(), range(self.start, self.end)
        delivered = dict.fromkeys(window, Fraction(0))
        out = dict.fromkeys(window, 0)
        lost_by_unit, total_by_unit = {}, {}
        for name, slots in units.items():
            now = {
                t: self._counted(self._held(slots, t), t, excluding=excluding) for t in self.reach
            }
            raw = now
            if not self.objective.min_outage.splits:
                raw = {
                    t: self._counted(self._held(slots, t), t, excluding=False) for t in self.reach
                }
            missing = {t for t, (given, held, _) in raw.items() if held > given}
            forgiven = self._forgiven(missing)
            lost = Fraction(0)
            for tick in window:
                given, held, gone = now[tick]
                given = Fraction(held) if tick in forgiven else given
                delivered[tick] += given
                out[tick] += gone
                lost += held - given
            lost_by_unit[name] = lost
            total_by_unit[name] = Fraction(sum(now[t][1] for t in window))
        total, lost = self._balance(delivered, out)
        units_ = {n: (total_by_unit[n] * TICK_MS, lost_by_unit[n] * TICK_MS) for n in units}
        later = sum(map(self._committed, range(self.end, self.world.window[1])))
        return Come(total, lost, total + later * TICK_MS, units_, {})

    def _balance(
        self, delivered: dict[int, Fraction], out: dict[int, int]
    ) -> tuple[Fraction, Fraction]:
        committed = {t: max(0, self._committed(t) - out[t]) for t in delivered}
        total = Fraction(sum(committed.values()))
        if self.capacity.over_delivery is OverDelivery.NOT_BANKED:
            parts = [min(delivered[t], Fraction(committed[t])) for t in delivered]
            given = sum(parts, Fraction(0))
        else:
            given = min(sum(delivered.values(), Fraction(0)), total)
        return total * TICK_MS, (total - given) * TICK_MS

    def _committed(self, tick: int) -> int:
        midnight = 34
        first, second = self.capacity.ramp
        assert second.start == DAY
        return second.gpus if tick >= midnight else first.gpus

    # --- runs -------------------------------------------------------------------------------------

    def _runs(self, down: set[int]) -> list[range]:
        runs: list[range] = []
        for tick in sorted(down):
            if runs and runs[-1].stop == tick:
                runs[-1] = range(runs[-1].start, tick + 1)
            else:
                runs.append(range(tick, tick + 1))
        return runs

    def _forgiven(self, down: set[int]) -> set[int]:
        least = self.objective.min_outage
        forgiven: set[int] = set()
        for run in self._runs(down):
            if len(run) * TICK_MS < least.length_ms:
                forgiven |= set(run)
            elif least.count is RunCount.EXCESS_ONLY:
                forgiven |= set(run[: least.length_ms // TICK_MS])
        return forgiven

    def _granular(self, down: set[int]) -> set[int]:
        counted: set[int] = set()
        match self.objective.granularity:
            case Granularity.EXACT:
                return down
            case Granularity.ELAPSED_MINUTES:
                for run in self._runs(down):
                    counted |= set(run[: len(run) // 3 * 3])
            case Granularity.CLOCK_MINUTES:
                assert ORIGIN_MS % 60_000 % TICK_MS == 0
                shift = ORIGIN_MS % 60_000 // TICK_MS
                for minute in range(len(self.reach)):
                    group = set(range(minute * 3 - shift, minute * 3 - shift + 3))
                    counted |= group if group <= down else set()
            case granularity:
                for first in range(self.start, self.end, 15):
                    group = set(range(first, min(first + 15, self.end)))
                    is_touched = bool(group & down)
                    is_down = is_touched if granularity is Granularity.SLOTS_ANY else group <= down
                    counted |= group if is_down else set()
        return counted

    # --- down time --------------------------------------------------------------------------------

    def _is_down(
        self, name: str, slots: list[Slot], tick: int, *, excluding: bool, full: bool
    ) -> bool:
        """Whether a unit is down, doubtful slots taken as full or as 0."""
        held = self._held(slots, tick)
        if not held or (excluding and all(self._is_excused(s, tick) for s in held)):
            return False
        performance = self.objective.performance
        if performance is not None and performance.source is PerformanceSource.MEASUREMENTS:
            return self._is_measured_down(name, tick, full=full)
        levels = []
        for slot in held:
            level = self._level(slot, tick, excluding=excluding)
            if self._is_doubtful(slot, tick, excluding=excluding):
                whole = Fraction(1) if self.is_performance else self._weight(slot, tick)
                level = whole if full else Fraction(0)
            levels.append(level)
        weights = sum((self._weight(slot, tick) for slot in held), Fraction(0))
        if self.is_performance:
            return min(levels) == 0 or weights == 0
        healthy = sum(level > 0 for level in levels)
        return self._contribution(levels, healthy, weights) == 0

    def _is_measured_down(self, name: str, tick: int, *, full: bool) -> bool:
        assert self.objective.performance is not None
        values = [
            one.value
            for one in self.world.measured.get(name, ())
            if one.interval.start_ms <= at(tick) < one.interval.end_ms
        ]
        if values:
            return min(values) < self.objective.performance.floor
        policy = self.objective.unknown.policy
        if self.bound != VALUE or policy is not UnknownPolicy.EXCLUDE:
            return (True, policy is UnknownPolicy.PROVIDER_BEARS, False)[self.bound]
        return not full

    def _down_by_unit(self, *, excluding: bool, full: bool) -> dict[str, set[int]]:
        return {
            name: {
                t
                for t in self.reach
                if self._is_down(name, slots, t, excluding=excluding, full=full)
            }
            for name, slots in self._units().items()
        }

    def _things(self) -> dict[str, list[Slot]]:
        is_joint = self.objective.kind in {Kind.TIME_ANY_DOWN, Kind.TIME_ALL_DOWN}
        return {"all": list(SLOTS)} if is_joint else self._units()

    def _down(self, *, excluding: bool, full: bool) -> dict[str, set[int]]:
        found = self._down_by_unit(excluding=excluding, full=full)
        units = self._units()
        exists = {n: {t for t in self.reach if self._held(units[n], t)} for n in units}
        everything = set().union(*exists.values())
        match self.objective.kind:
            case Kind.TIME_ANY_DOWN:
                return {"all": set().union(*found.values())}
            case Kind.TIME_ALL_DOWN:
                return {"all": everything - set().union(*(exists[n] - found[n] for n in units))}
            case _:
                return found

    def times_come_to(self) -> Come:
        """Judge an objective that counts down time."""
        sure = self._down(excluding=True, full=True)
        possible = self._down(excluding=True, full=False)
        splits = self.objective.min_outage.splits
        raw = sure if splits else self._down(excluding=False, full=True)
        units, whole, counted = {}, Fraction(0), {}
        for name, slots in self._things().items():
            lasting = sure[name] - self._forgiven(raw[name])
            counted[name] = self._granular(lasting)
            total = self._judged(slots) - (possible[name] - sure[name])
            lost = counted[name] & total
            units[name] = Fraction(len(total) * TICK_MS), Fraction(len(lost) * TICK_MS)
            whole += (len(total) + self._later(slots)) * TICK_MS
        total_, lost_ = (sum((u[i] for u in units.values()), Fraction(0)) for i in (0, 1))
        return Come(total_, lost_, whole, units, counted)

    def _judged(self, slots: list[Slot]) -> set[int]:
        window = set(range(self.start, self.end))
        exists = {t for t in window if self._held(slots, t)}
        match self.objective.denominator:
            case Denominator.EXISTENCE_OF_UNIT:
                return exists
            case Denominator.FULL_WINDOW:
                return window if exists else set()
            case Denominator.MINUS_EXCLUSIONS:
                excused = {
                    t for t in exists if all(self._is_excused(s, t) for s in self._held(slots, t))
                }
                return window - excused if exists else set()

    def _later(self, slots: list[Slot]) -> int:
        rest = range(self.end, self.world.window[1])
        exists = [t for t in rest if self._held(slots, t)]
        if self.objective.denominator is Denominator.EXISTENCE_OF_UNIT:
            return len(exists)
        if any(self._held(slots, t) for t in range(self.start, self.end)):
            return len(rest)
        return self.world.window[1] - self.start if exists else 0


def intervals(ticks: set[int]) -> list[Interval]:
    """Return ticks as intervals, normal."""
    found: list[Interval] = []
    for tick in sorted(ticks):
        if found and found[-1].end_ms == at(tick):
            found[-1] = Interval(found[-1].start_ms, at(tick + 1))
        else:
            found.append(Interval(at(tick), at(tick + 1)))
    return found
