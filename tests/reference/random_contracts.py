"""Contracts by chance: every field of promises and remedies that can be had, combined."""

from datetime import date
from fractions import Fraction

from gpusla.contracts.model import (
    Acceptance,
    AcceptedSku,
    Capacity,
    CapacityUnit,
    Fees,
    MonthlyFee,
    OverDelivery,
    Partial,
    Proration,
    RampFee,
    RampStep,
    Rebase,
    Rounding,
)
from gpusla.contracts.remedies import (
    AcrossObjectives,
    Base,
    Cap,
    ClaimAnchor,
    ClaimMode,
    Claims,
    Combination,
    ExclusionRule,
    HoursPer,
)
from tests.reference.dice import Dice

SKUS = (
    AcceptedSku("gb300", Fraction(1)),
    AcceptedSku("b200", Fraction(2, 3)),
    AcceptedSku("h200", Fraction(1, 2)),
)
FEES = (15_000_000_000, 1_000_000, 360_000, 999_999_999, 777_777, 10_000, 199, 298, 30, 11)


def random_capacity(dice: Dice, days: list[date]) -> Capacity:
    """Return what is committed, and how it counts; days: on which its ramp may step."""
    unit = dice.one(tuple(CapacityUnit))
    size = 1 if unit is CapacityUnit.GPU else dice.random.randint(1, 4)
    partial = dice.one(tuple(Partial))
    is_counted = partial is Partial.PER_GPU
    steps = [days[0], *dice.some(days[1:], 2)] if dice.often(80) else dice.some(days, 3)
    return Capacity(
        unit=unit,
        gpus_per_unit=size,
        min_healthy_gpus=1 if is_counted else dice.random.randint(1, size),
        partial=partial,
        ramp=tuple(RampStep(day, dice.random.randint(0, 6)) for day in steps),
        over_delivery=dice.one(tuple(OverDelivery)),
        accepted_skus=SKUS[: dice.one((1, 2, 3))],
        long_stop=None,
        acceptance=Acceptance(
            dice.length((1, 2, 5, 9)) if dice.often(25) else 0,
            dice.length((1, 2, 3, 6)) if dice.often(30) else 0,
        ),
        spare_gpus=0,
    )


def random_fees(dice: Dice, start: date, end: date) -> Fees:
    """Return fees that need no calendar: what is in force is so over the whole term."""
    amount = 0 if dice.often(5) else dice.one(FEES)
    return Fees(
        currency="USD",
        exponent=2,
        rounding=dice.one(tuple(Rounding)),
        proration=dice.one((Proration.NONE, Proration.ACTUAL_TIME)),
        cycle_day=1,
        recurring=(MonthlyFee(start, amount),),
        ramp=(RampFee(start, end, Fraction(dice.one(("1/2", "0.3")))),)
        if amount and dice.often(15)
        else (),
        rebases=(Rebase(start, dice.one((2, 90)), dice.one((100, 93))),)
        if amount and dice.often(15)
        else (),
        shadow_minor_units=0 if amount else 33_333,
    )


def fee_in_force(fees: Fees) -> Fraction:
    """12.1, for fees of random_fees."""
    amount = Fraction(fees.recurring[0].minor_units or fees.shadow_minor_units)
    for ramp in fees.ramp:
        amount *= ramp.fraction
    for rebase in fees.rebases:
        amount *= Fraction(rebase.accepted_gpus, rebase.committed_gpus)
    return amount


def random_combination(dice: Dice, fee: Fraction) -> Combination:
    """Return how credits combine."""
    caps = tuple(_cap(dice, fee) for _ in range(dice.one((0, 0, 1, 1, 2))))
    most = max(1, int(fee))
    minimum = dice.one((1, most // 1000, most // 100, most // 10)) if dice.often(15) else 0
    return Combination(dice.one(tuple(AcrossObjectives)), caps, minimum)


def _cap(dice: Dice, fee: Fraction) -> Cap:
    base = dice.one((Base.PERIOD_FEE, Base.AFFECTED_CHARGES, Base.ANNUAL_OVER_12))
    if dice.often(25):
        return Cap(None, base, dice.one((max(1, int(fee)) // 2, max(1, int(fee)) // 10, 1, 0)))
    return Cap(Fraction(dice.one(("100", "50", "18", "12.5", "100", "30", "0", "1"))), base, None)


def random_claims(dice: Dice) -> Claims:
    """Return automatic credits, mostly."""
    mode = ClaimMode.ON_CLAIM if dice.often(12) else ClaimMode.AUTOMATIC
    return Claims(mode, ClaimAnchor.END_OF_PERIOD, 0, 30, business_days=False, cycles=0)


def random_rules(dice: Dice) -> tuple[ExclusionRule, ...]:
    """Return under which exclusions count."""
    named = (("planned", "maintenance"), ("urgent", "emergency"))[: dice.one((0, 1, 1, 2))]
    return tuple(_rule(dice, id_, kind) for id_, kind in named)


def _rule(dice: Dice, id_: str, kind: str) -> ExclusionRule:
    return ExclusionRule(
        id=id_,
        kind=kind,
        notice_ms=dice.one((0, 604_800_000, 3_600_000)),
        hours_max_ms=dice.length((2, 4, 10)) if dice.often(40) else 0,
        hours_per=dice.one(tuple(HoursPer)),
        length_max_ms=dice.length((2, 3, 7)) if dice.often(30) else 0,
        needs_approval=dice.often(30),
    )
