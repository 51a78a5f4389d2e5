"""Sections 11 and 12.2 to 12.8 of sla-engine.md: what one objective gives."""

from dataclasses import dataclass
from fractions import Fraction

from gpusla.contracts.promises import Comparison, Objective, ValueRounding
from gpusla.contracts.remedies import (
    Base,
    HourCount,
    HourWaiver,
    Lateness,
    Linear,
    LinearOf,
    Multiple,
    PerEventTable,
    Step,
    Tier,
)
from tests.reference.case import BOUNDS, HOUR_MS, MINUTE_MS, runs
from tests.reference.delivery import committed_gpus
from tests.reference.downtime import ALL
from tests.reference.measured import Measured, Thing, ratio
from tests.reference.slots import ZERO, Scene
from tests.reference.units import unit_name

EVENT_MINUTE, EVENT_HOUR = "minute_up", "hour_up"


@dataclass(frozen=True, slots=True)
class UnitJudged:
    """One unit with a credit of its own; of credit, low is the least."""

    name: str
    fee: Fraction
    value: dict[str, Fraction | None]
    tier: dict[str, Tier | None]
    credit: dict[str, Fraction]


@dataclass(slots=True)
class Judged:
    """One objective by bound of the value; of credit, low is the least."""

    objective: Objective
    measured: Measured
    value: dict[str, Fraction | None]
    compared: dict[str, Fraction | None]
    is_missed: bool
    tier: dict[str, Tier | None]
    base: Fraction | None
    credit: dict[str, Fraction]
    units: list[UnitJudged]


def judge(scene: Scene, objective: Objective, measured: Measured) -> Judged:
    """11 and 12."""
    value = in_order({bound: measured.value(bound) for bound in BOUNDS})
    compared = {bound: rounded_value(objective, value[bound]) for bound in BOUNDS}
    tier = {bound: _tier(objective, compared[bound]) for bound in BOUNDS}
    units = [_judge_unit(scene, objective, thing) for thing in measured.things]
    is_of_whole = isinstance(objective.credit, Step | Linear) and not measured.has_units
    credit = _of_whole(scene, objective, measured, value) if is_of_whole else _sum(units)
    return Judged(
        objective,
        measured,
        value,
        compared,
        is_missed(objective, compared["value"], objective.target),
        tier,
        _base_of_value(scene, objective, measured),
        _less_granted(scene, objective, credit),
        [] if is_of_whole else units,
    )


def in_order(value: dict[str, Fraction | None]) -> dict[str, Fraction | None]:
    """11: a bound on the wrong side of the value is set to it."""
    low, middle, high = value["low"], value["value"], value["high"]
    if middle is not None and low is not None:
        low = min(low, middle)
    if middle is not None and high is not None:
        high = max(high, middle)
    return {"low": low, "value": middle, "high": high}


def rounded_value(objective: Objective, value: Fraction | None) -> Fraction | None:
    """11."""
    if value is None or objective.value_rounding is ValueRounding.NONE:
        return value
    scaled = value * 100 * 10**objective.value_decimals
    if objective.value_rounding is ValueRounding.HALF_UP:
        scaled += Fraction(1, 2)
    whole = scaled.numerator // scaled.denominator
    return Fraction(whole, 100 * 10**objective.value_decimals)


def is_missed(objective: Objective, value: Fraction | None, threshold: Fraction) -> bool:
    """11."""
    if value is None:
        return False
    if objective.comparison is Comparison.AT_OR_BELOW:
        return value <= threshold
    return value < threshold


def _tier(objective: Objective, value: Fraction | None) -> Tier | None:
    if not isinstance(objective.credit, Step):
        return None
    missed = [tier for tier in objective.credit.tiers if is_missed(objective, value, tier.below)]
    return min(missed, key=lambda tier: tier.below) if missed else None


def unit_fee(scene: Scene, name: str) -> Fraction:
    """12.2, 12.5."""
    if name == ALL:
        return scene.case.fee
    committed = sum(committed_gpus(scene, tick) for tick in scene.to_date)
    held = {
        slot: sum(1 for tick in scene.to_date if skus[tick] is not None)
        for slot, skus in scene.held.items()
    }
    of_unit = sum(ticks for slot, ticks in held.items() if unit_name(scene, slot) == name)
    most = max(committed, sum(held.values()))
    return scene.case.fee * of_unit / most if most else ZERO


def affected(measured: Measured, bound: str) -> list[str]:
    """12.2: units that lost something."""
    return [thing.name for thing in measured.things if thing.lost[bound] > 0]


def _base_of_value(scene: Scene, objective: Objective, measured: Measured) -> Fraction | None:
    if isinstance(objective.credit, Step | Linear) and not measured.has_units:
        return _base(scene, objective.credit.base, measured, "value")
    return None


def _base(scene: Scene, base: Base, measured: Measured, bound: str) -> Fraction:
    if base is Base.PERIOD_FEE:
        return scene.case.fee
    if base is Base.ANNUAL_OVER_12:
        return scene.case.first_day_fee
    assert base is Base.AFFECTED_CHARGES
    return sum((unit_fee(scene, name) for name in affected(measured, bound)), ZERO)


def _of_whole(
    scene: Scene, objective: Objective, measured: Measured, value: dict[str, Fraction | None]
) -> dict[str, Fraction]:
    credit = objective.credit
    assert isinstance(credit, Step | Linear)
    given = {}
    for bound in BOUNDS:
        base = _base(scene, credit.base, measured, bound)
        lost = measured.lost[bound]
        given[bound] = _of_ratio(objective, value[bound], lost, measured.whole, base)
    return _least_and_most(given)


def _sum(units: list[UnitJudged]) -> dict[str, Fraction]:
    return {bound: sum((one.credit[bound] for one in units), ZERO) for bound in BOUNDS}


def _judge_unit(scene: Scene, objective: Objective, thing: Thing) -> UnitJudged:
    fee = unit_fee(scene, thing.name)
    value = in_order({bound: ratio(thing.lost[bound], thing.total[bound]) for bound in BOUNDS})
    compared = {bound: rounded_value(objective, value[bound]) for bound in BOUNDS}
    tier = {bound: _tier(objective, compared[bound]) for bound in BOUNDS}
    credit = _least_and_most(_of_thing(scene, objective, thing, value))
    return UnitJudged(thing.name, fee, value, tier, credit)


def _least_and_most(given: dict[str, Fraction]) -> dict[str, Fraction]:
    """12.7, its last rule."""
    return {"low": min(given.values()), "value": given["value"], "high": max(given.values())}


def _of_thing(
    scene: Scene, objective: Objective, thing: Thing, value: dict[str, Fraction | None]
) -> dict[str, Fraction]:
    """Return what one unit gives, by bound of the value."""
    credit = objective.credit
    fee = unit_fee(scene, thing.name)
    window_ms = scene.case.window.duration_ms
    hourly = fee * HOUR_MS / window_ms  # 12.2
    found = dict.fromkeys(BOUNDS, ZERO)
    for bound in BOUNDS:
        if isinstance(credit, Step | Linear):
            lost = thing.lost[bound]
            found[bound] = _of_ratio(objective, value[bound], lost, thing.whole, fee)
        elif isinstance(credit, Multiple | PerEventTable):
            lengths = events_ms(scene, thing.down[bound])
            hours = (_event_hours(credit, Fraction(length)) for length in lengths)
            found[bound] = sum(hours, ZERO) * hourly
        elif isinstance(credit, HourWaiver):
            found[bound] = _waived_hours(scene, credit, thing.down[bound]) * hourly
        elif isinstance(credit, Lateness):  # 12.7
            found[bound] = thing.late_steps[bound] * credit.percent / 100 * fee
    return found


def _of_ratio(
    objective: Objective,
    value: Fraction | None,
    lost: Fraction,
    whole: Fraction,
    base: Fraction,
) -> Fraction:
    """12.3 and 12.4; 11: without a value neither gives anything."""
    credit = objective.credit
    if value is None:
        return ZERO
    if isinstance(credit, Step):
        tier = _tier(objective, rounded_value(objective, value))
        return base * tier.percent / 100 if tier else ZERO
    assert isinstance(credit, Linear)
    if whole == 0:
        return ZERO
    if credit.of is LinearOf.SHORTFALL_BELOW_TARGET:
        lost = max(ZERO, lost - (1 - objective.target) * whole)
    return credit.multiple * base * lost / whole


def events_ms(scene: Scene, down: list[bool]) -> list[int]:
    """12.5: the lengths of the outages that belong to the window."""
    window, until_ms = scene.case.window, scene.case.until_ms
    found = []
    for run in runs(down, scene.reach):
        start_ms, end_ms = scene.ticks.begin_ms(run.start), scene.ticks.begin_ms(run.stop)
        still_runs = start_ms < until_ms < end_ms
        if still_runs and (until_ms < window.end_ms or scene.case.is_last):
            found.append(until_ms - start_ms)
        elif window.start_ms < end_ms <= until_ms:
            found.append(end_ms - start_ms)
    return found


def _event_hours(credit: Multiple | PerEventTable, length_ms: Fraction) -> Fraction:
    if isinstance(credit, PerEventTable):
        for row in credit.rows:
            if row.from_ms <= length_ms and (row.until_ms is None or length_ms < row.until_ms):
                return row.hours
        return ZERO
    counted_ms = length_ms * credit.multiple
    step_ms = {EVENT_MINUTE: MINUTE_MS, EVENT_HOUR: HOUR_MS}.get(credit.rounding.value)
    if step_ms is not None:
        counted_ms = Fraction(-(-counted_ms // step_ms) * step_ms)
    hours = counted_ms / HOUR_MS
    return min(hours, Fraction(credit.event_hours_max)) if credit.event_hours_max else hours


def _waived_hours(scene: Scene, credit: HourWaiver, down: list[bool]) -> int:
    """12.6: clock hours, in a zone whose hours are those of UTC."""
    down_ms: dict[int, int] = {}
    longest_ms: dict[int, int] = {}
    running_ms = 0
    hour = None
    for tick in scene.to_date:
        if scene.ticks.begin_ms(tick) // HOUR_MS != hour or not down[tick]:
            running_ms = 0
        hour = scene.ticks.begin_ms(tick) // HOUR_MS
        if down[tick]:
            running_ms += scene.ticks.length_ms
            down_ms[hour] = down_ms.get(hour, 0) + scene.ticks.length_ms
            longest_ms[hour] = max(longest_ms.get(hour, 0), running_ms)
    held_against = down_ms if credit.count is HourCount.SUM else longest_ms
    return sum(1 for length_ms in held_against.values() if length_ms > credit.more_than_ms)


def _less_granted(
    scene: Scene, objective: Objective, credit: dict[str, Fraction]
) -> dict[str, Fraction]:
    """12.8."""
    granted = scene.case.facts.granted_minor_units.get(objective.id, 0)
    if objective.window.grants_again:
        granted = 0
    return {bound: max(ZERO, credit[bound] - granted) for bound in BOUNDS}
