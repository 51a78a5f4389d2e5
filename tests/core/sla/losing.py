"""
What a contract lost, one millisecond and one slot at a time, straight from the page.

Written without a look at the engine: for each millisecond it asks each slot anew.  Value alone.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from gpusla.catalogue.reasons import State
from gpusla.contracts.calendar import start_of_day_ms
from gpusla.contracts.model import CapacityUnit, ContractVersion, OverDelivery, Partial
from gpusla.contracts.promises import Denominator, RunCount, UnknownPolicy
from gpusla.identity import Slot
from gpusla.instants import Interval
from gpusla.sla.facts import Facts
from gpusla.timeline.model import StateSpan, Timeline


@dataclass(frozen=True, slots=True)
class Worth:
    """A slot at one millisecond: in the count or not, its level, its weight."""

    counts: bool
    level: Fraction
    full: Fraction


@dataclass(frozen=True, slots=True)
class World:
    """A contract and what happened."""

    contract: ContractVersion
    facts: Facts
    window: Interval
    until_ms: int
    excused: Mapping[Slot, tuple[Interval, ...]]

    @property
    def to_date(self) -> Interval:
        """The window to date."""
        start_ms = self.window.start_ms
        return Interval(start_ms, max(start_ms, min(self.window.end_ms, self.until_ms)))

    @property
    def reach(self) -> Interval:
        """The timeline's time, and what is judged beyond it."""
        assert isinstance(self.facts.timeline, Timeline)
        period = self.facts.timeline.period
        return Interval(
            min(period.start_ms, self.to_date.start_ms), max(period.end_ms, self.to_date.end_ms)
        )

    def state(self, slot: Slot, now: int) -> State:
        """What was seen."""
        span = self.span(slot, now)
        return State.UNKNOWN if span is None else span.condition.state

    def span(self, slot: Slot, now: int) -> StateSpan | None:
        """The span that holds."""
        assert isinstance(self.facts.timeline, Timeline)
        spans = self.facts.timeline.spans.get(slot, ())
        return next((one for one in spans if one.start_ms <= now < one.end_ms), None)


def lost_gpu_ms(world: World) -> Fraction:
    """Committed less delivered, over the window to date."""
    units = {_unit(world, slot) for slot in world.facts.held}
    forgiven = {unit: _forgiven(world, unit) for unit in units}
    deficit = over = Fraction(0)
    for now in range(world.to_date.start_ms, world.to_date.end_ms):
        worths = {slot: _worth(world, slot, now, raw=False) for slot in _held(world, now)}
        out = len([one for one in worths.values() if not one.counts])
        committed = max(0, _ramp(world, now) - out)
        delivered = sum(
            (
                Fraction(len([1 for worth in _of(world, unit, worths) if worth.counts]))
                if now in forgiven[unit]
                else _contribution(world, _of(world, unit, worths))
                for unit in units
            ),
            Fraction(0),
        )
        deficit += max(Fraction(0), committed - delivered)
        over += max(Fraction(0), delivered - committed)
    is_banked = world.contract.capacity.over_delivery is OverDelivery.BANKED_IN_WINDOW
    return max(Fraction(0), deficit - over) if is_banked else deficit


def _of(world: World, unit: str, worths: Mapping[Slot, Worth]) -> list[Worth]:
    return [worth for slot, worth in worths.items() if _unit(world, slot) == unit]


def _contribution(world: World, worths: list[Worth]) -> Fraction:
    healthy = len([worth for worth in worths if not worth.counts or worth.level > 0])
    counted = [worth for worth in worths if worth.counts]
    capacity = world.contract.capacity
    if capacity.partial is not Partial.PER_GPU and healthy < capacity.min_healthy_gpus:
        return Fraction(0)
    is_whole = capacity.partial is Partial.WHOLE_UNIT
    return sum((one.full if is_whole else one.level for one in counted), Fraction(0))


def _forgiven(world: World, unit: str) -> set[int]:
    rule = world.contract.objectives[0].min_outage
    short = [
        now for now in range(world.reach.start_ms, world.reach.end_ms) if _misses(world, unit, now)
    ]
    runs: list[list[int]] = []
    for now in short:
        if runs and runs[-1][-1] == now - 1:
            runs[-1].append(now)
        else:
            runs.append([now])
    forgiven: set[int] = set()
    for run in runs:
        if len(run) < rule.length_ms:
            forgiven |= set(run)
        elif rule.count is RunCount.EXCESS_ONLY:
            forgiven |= set(run[: rule.length_ms])
    return forgiven


def _misses(world: World, unit: str, now: int) -> bool:
    raw = not world.contract.objectives[0].min_outage.splits
    worths = [
        _worth(world, slot, now, raw=raw)
        for slot in _held(world, now)
        if _unit(world, slot) == unit
    ]
    return _contribution(world, worths) < len([one for one in worths if one.counts])


def _worth(world: World, slot: Slot, now: int, *, raw: bool) -> Worth:
    objective, capacity = world.contract.objectives[0], world.contract.capacity
    holding = next(one for one in world.facts.held[slot] if _in(one.interval, now))
    full = capacity.weight(holding.sku)
    if not raw and any(_in(part, now) for part in world.excused.get(slot, ())):
        is_out = objective.denominator is Denominator.MINUS_EXCLUSIONS
        return Worth(not is_out, full, full)
    if not full or _settles(world, slot, now) or _burns_in(world, slot, now):
        return Worth(counts=True, level=Fraction(0), full=full)
    level = _level(world, slot, now)
    if level is None:
        return Worth(counts=False, level=Fraction(0), full=Fraction(0))
    return Worth(counts=True, level=level * full, full=full)


def _level(world: World, slot: Slot, now: int) -> Fraction | None:
    unknown = world.contract.objectives[0].unknown
    if world.state(slot, now) is State.UNKNOWN:
        first = now
        while first > world.reach.start_ms and world.state(slot, first - 1) is State.UNKNOWN:
            first -= 1
        if first > world.reach.start_ms and now - first < unknown.carry_last_ms:
            return _level(world, slot, first - 1)
        if unknown.policy is UnknownPolicy.EXCLUDE:
            return None
        return Fraction(unknown.policy is UnknownPolicy.TENANT_BEARS)
    span = world.span(slot, now)
    assert span is not None
    if span.condition.state is State.DEGRADED:
        reasons = tuple(finding.reason for finding in span.condition.findings)
        return world.contract.objectives[0].degraded.fraction(reasons)
    return Fraction(span.condition.state is State.OK)


def _settles(world: World, slot: Slot, now: int) -> bool:
    settle_ms = world.contract.capacity.acceptance.settle_ms
    before = range(max(world.reach.start_ms, now - settle_ms), now)
    is_up = world.state(slot, now) is not State.DOWN
    return is_up and any(world.state(slot, then) is State.DOWN for then in before)


def _burns_in(world: World, slot: Slot, now: int) -> bool:
    since = now
    while any(_in(one.interval, since - 1) for one in world.facts.held[slot]):
        since -= 1
    return now - since < world.contract.capacity.acceptance.burn_in_ms


def _held(world: World, now: int) -> list[Slot]:
    held = world.facts.held
    return [slot for slot in held if any(_in(one.interval, now) for one in held[slot])]


def _unit(world: World, slot: Slot) -> str:
    match world.contract.capacity.unit:
        case CapacityUnit.GPU:
            return str(slot)
        case CapacityUnit.NODE:
            return f"{slot.site}/{slot.rack}/{slot.tray}"
        case CapacityUnit.NVL72_DOMAIN:
            return str(slot.domain)
        case CapacityUnit.CLUSTER:
            return "cluster"


def _ramp(world: World, now: int) -> int:
    zone = world.contract.term.timezone
    steps = world.contract.capacity.ramp
    due = [step.gpus for step in steps if start_of_day_ms(step.start, zone) <= now]
    return due[-1] if due else 0


def _in(interval: Interval, now: int) -> bool:
    return interval.start_ms <= now < interval.end_ms
