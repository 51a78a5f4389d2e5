"""Objectives by chance, as far as the page gives them a meaning."""

from collections.abc import Callable
from fractions import Fraction

from gpusla.contracts.promises import (
    ClockStart,
    Comparison,
    Degraded,
    Denominator,
    Granularity,
    Kind,
    MinOutage,
    Objective,
    Performance,
    PerformanceSource,
    Replacement,
    RequestMode,
    Requests,
    RunCount,
    Scope,
    Unknown,
    UnknownPolicy,
    ValueRounding,
    Window,
    WindowKind,
)
from gpusla.contracts.remedies import (
    Base,
    Credit,
    EventRounding,
    EventRow,
    HourCount,
    HourWaiver,
    Lateness,
    LatenessCount,
    Linear,
    LinearOf,
    Multiple,
    NoCredit,
    PerEventTable,
    Step,
    Tier,
)
from tests.reference.case import HOUR_MS
from tests.reference.dice import Dice

DOWN_TIME = (Kind.TIME_UNIT, Kind.TIME_ANY_DOWN, Kind.TIME_ALL_DOWN, Kind.PERFORMANCE)
UNIT_SCOPE = (Kind.TIME_UNIT, Kind.PERFORMANCE, Kind.REPLACEMENT_TIME)
THRESHOLDS = ("0.99", "0.999", "0.95", "0.9", "3/4", "1/2", "2/3", "9/10", "1")
FLOOR = Fraction(800)


def random_objective(dice: Dice, id_: str) -> Objective:
    """Return an objective over the billing period."""
    kind = dice.one((*Kind, Kind.CAPACITY, Kind.TIME_UNIT))
    is_timed = kind in DOWN_TIME
    scope = Scope.UNIT if kind in UNIT_SCOPE and dice.often(40) else Scope.CONTRACT
    rounding = dice.one(tuple(ValueRounding)) if dice.often(40) else ValueRounding.NONE
    target = Fraction(dice.one(THRESHOLDS))
    credit = random_credit(dice, kind, scope)
    if isinstance(credit, Step):  # none above the target: such a contract would be refused
        target = max(target, credit.tiers[0].below)
    return Objective(
        id=id_,
        kind=kind,
        target=target,
        comparison=Comparison.BELOW if target == 1 else dice.one(tuple(Comparison)),
        window=Window(WindowKind.BILLING_PERIOD, 0, grants_again=dice.often(10)),
        scope=scope,
        min_outage=random_minimum(dice) if dice.often(45) else NO_MINIMUM,
        granularity=dice.one(tuple(Granularity)) if is_timed else Granularity.EXACT,
        denominator=random_denominator(dice, kind),
        value_rounding=rounding,
        value_decimals=dice.one((0, 1, 2, 3)) if rounding is not ValueRounding.NONE else 0,
        unknown=Unknown(
            dice.one(tuple(UnknownPolicy)), dice.length((1, 2, 4)) if dice.often(35) else 0
        ),
        degraded=Degraded(dice.part(), {reason: dice.part() for reason in dice.some(DEGRADING, 2)}),
        clock_error_ms=dice.length((1, 2)) if dice.often(40) else 0,
        requests=_requests(dice) if kind is Kind.REQUEST_RATIO else None,
        performance=_performance(dice) if kind is Kind.PERFORMANCE else None,
        replacement=_replacement(dice) if kind is Kind.REPLACEMENT_TIME else None,
        credit=credit,
    )


DEGRADING = ("thermal_slowdown", "power_limit", "nvlink_degraded")
NO_MINIMUM = MinOutage(0, RunCount.WHOLE_RUN, splits=False)


def random_minimum(dice: Dice) -> MinOutage:
    """Return a shortest outage."""
    return MinOutage(dice.length((2, 3, 5, 10)), dice.one(tuple(RunCount)), splits=dice.often(30))


def random_denominator(dice: Dice, kind: Kind) -> Denominator:
    """Return one that the kind knows."""
    if kind in DOWN_TIME:
        return dice.one(tuple(Denominator))
    if kind is Kind.REPLACEMENT_TIME:
        return Denominator.FULL_WINDOW
    return dice.one((Denominator.FULL_WINDOW, Denominator.MINUS_EXCLUSIONS))


def _requests(dice: Dice) -> Requests:
    return Requests(
        mode=dice.one(tuple(RequestMode)),
        slot_ms=dice.length((1, 2, 5, 10)),
        min_requests=dice.one((0, 0, 10, 150)),
        error_rate_above=Fraction(dice.one(("0.1", "0", "1/2"))),
    )


def _performance(dice: Dice) -> Performance:
    source = dice.one(tuple(PerformanceSource))
    reasons = (*dice.some(DEGRADING, 2), "nvlink_degraded")
    return Performance(source, tuple(sorted(set(reasons))), "nccl-busbw", FLOOR)


def _replacement(dice: Dice) -> Replacement:
    return Replacement(dice.length((2, 4, 8)), dice.one(tuple(ClockStart)))


def random_credit(dice: Dice, kind: Kind, scope: Scope) -> Credit:
    """Return a credit that the kind knows."""
    if dice.often(5):
        return NoCredit()
    ratios: tuple[Callable[[Dice, Base], Credit], ...] = (_step, _step, _linear)
    others: tuple[Callable[[Dice], Credit], ...] = ()
    if kind in DOWN_TIME:
        others = (_multiple, _table, _waiver)
    if kind is Kind.REPLACEMENT_TIME:
        others = (_lateness, _lateness)
    number = dice.random.randrange(len(ratios) + len(others))
    if number >= len(ratios):
        return others[number - len(ratios)](dice)
    bases = [Base.PERIOD_FEE, Base.ANNUAL_OVER_12]
    if kind is not Kind.REQUEST_RATIO:
        bases.append(Base.AFFECTED_CHARGES)
    return ratios[number](dice, Base.UNIT_FEE if scope is Scope.UNIT else dice.one(bases))


def _step(dice: Dice, base: Base) -> Step:
    belows = sorted({Fraction(dice.one(THRESHOLDS)) for _ in range(3)}, reverse=True)
    percents = ("5", "10", "25") if dice.often(70) else ("0.125", "33.3", "100")
    pairs = zip(belows, percents, strict=False)
    return Step(base, tuple(Tier(below, Fraction(percent)) for below, percent in pairs))


def _linear(dice: Dice, base: Base) -> Linear:
    return Linear(base, dice.one(tuple(LinearOf)), Fraction(dice.one(("1", "0.5", "10"))))


def _multiple(dice: Dice) -> Multiple:
    multiple = Fraction(dice.one(("1", "1.5", "50")))
    return Multiple(multiple, dice.one(tuple(EventRounding)), dice.one((0, 0, 1, 24)))


def _table(dice: Dice) -> PerEventTable:
    lengths = sorted({dice.length((1, 2, 5, 10)) for _ in range(3)})
    starts = [0, *lengths]
    ends = [*lengths, None]
    hours = ("0.5", "12", "24", "672")
    rows = zip(starts, ends, hours, strict=False)
    return PerEventTable(tuple(EventRow(start, end, Fraction(h)) for start, end, h in rows))


def _waiver(dice: Dice) -> HourWaiver:
    limit_ms = dice.length((1, 3, 6)) if dice.often(70) else HOUR_MS // 10
    return HourWaiver(limit_ms, dice.one(tuple(HourCount)))


def _lateness(dice: Dice) -> Lateness:
    percent = Fraction(dice.one(("10", "1.5")))
    return Lateness(dice.length((1, 2, 5)), percent, dice.one(tuple(LatenessCount)))
