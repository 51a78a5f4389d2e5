"""Sections 12.9 to 12.12 of sla-engine.md: from the objectives' credits to money."""

from dataclasses import dataclass
from fractions import Fraction

from gpusla.contracts.model import Rounding
from gpusla.contracts.remedies import AcrossObjectives, Base, Cap, ClaimMode
from tests.reference.case import BOUNDS, Case
from tests.reference.credits import Judged, affected, unit_fee
from tests.reference.slots import ZERO, Scene


@dataclass(slots=True)
class Settled:
    """The period's credit in minor units; claimable: before anybody has to ask for it."""

    claimable: dict[str, int]
    credit: dict[str, int]
    lines: list[tuple[str, int]]


def settle(scene: Scene, judged: list[Judged]) -> Settled:
    """12.9 to 12.12."""
    case = scene.case
    claimable = {bound: _period_credit(scene, judged, bound) for bound in BOUNDS}
    if _is_given(case):
        return Settled(claimable, claimable, _lines(case, judged, claimable["value"]))
    return Settled(claimable, dict.fromkeys(BOUNDS, 0), [])


def _is_given(case: Case) -> bool:
    """12.12."""
    if case.contract.claims.mode is ClaimMode.AUTOMATIC:
        return True
    claimed_ms = case.facts.claimed_ms
    return claimed_ms is not None and claimed_ms < case.deadline_ms


def _period_credit(scene: Scene, judged: list[Judged], bound: str) -> int:
    combination = scene.case.contract.combination
    credit = _across(combination.across, judged, bound)
    limits = [_limit(scene, judged, cap, bound) for cap in combination.caps]
    limits.append(scene.case.fee)  # 12.10: last, the fee that is due
    credit = min(credit, *limits)
    if credit < combination.minimum_minor_units:  # 12.11
        return 0
    whole = rounded(credit, scene.case.contract.fees.rounding)
    return whole if all(whole <= limit for limit in limits) else credit.__floor__()


def _across(across: AcrossObjectives, judged: list[Judged], bound: str) -> Fraction:
    """12.9."""
    given = [one.credit[bound] for one in judged]
    if across is AcrossObjectives.SUM:
        return sum(given, ZERO)
    if across is AcrossObjectives.MAX:
        return max(given)
    if bound == "value":
        return next((credit for credit in given if credit > 0), ZERO)
    possible = []
    for one in judged:
        if one.credit["high"] > 0:
            possible.append(one.credit[bound])
        if one.credit["low"] > 0:
            break
    if not possible:
        return ZERO
    return min(possible) if bound == "low" else max(possible)


def _limit(scene: Scene, judged: list[Judged], cap: Cap, bound: str) -> Fraction:
    """12.10: of the three the least is the cap of low and the most that of high."""
    by_bound = {each: _limit_in(scene, judged, cap, each) for each in BOUNDS}
    if bound == "value":
        return by_bound["value"]
    return min(by_bound.values()) if bound == "low" else max(by_bound.values())


def _limit_in(scene: Scene, judged: list[Judged], cap: Cap, value_bound: str) -> Fraction:
    if cap.percent is None:
        assert cap.amount_minor_units is not None
        return Fraction(cap.amount_minor_units)
    if cap.of is Base.AFFECTED_CHARGES:
        names = {name for one in judged for name in affected(one.measured, value_bound)}
        base = sum((unit_fee(scene, name) for name in names), ZERO)
    else:
        base = scene.case.fee if cap.of is Base.PERIOD_FEE else scene.case.first_day_fee
    return cap.percent / 100 * base


def rounded(amount: Fraction, rounding: Rounding) -> int:
    """12.11: to a whole number of minor units."""
    down = amount.__floor__()
    rest = amount - down
    if rounding is Rounding.DOWN or rest < Fraction(1, 2):
        return down
    if rest > Fraction(1, 2) or rounding is Rounding.HALF_UP:
        return down + 1
    return down if down % 2 == 0 else down + 1


def _lines(case: Case, judged: list[Judged], credit: int) -> list[tuple[str, int]]:
    """12.11."""
    gave = [one.credit["value"] for one in judged]
    across = case.contract.combination.across
    if across is not AcrossObjectives.SUM:
        wanted = max(gave) if across is AcrossObjectives.MAX else None
        for number, amount in enumerate(gave):
            if amount > 0 and wanted in {None, amount}:
                gave = [amount if other == number else ZERO for other in range(len(gave))]
                break
    total = sum(gave, ZERO)
    if total == 0:
        return []
    exact = [credit * amount / total for amount in gave]
    lines = [part.__floor__() for part in exact]
    left = credit - sum(lines)
    by_remainder = sorted(range(len(exact)), key=lambda n: (lines[n] - exact[n], n))
    for number in by_remainder[:left]:
        lines[number] += 1
    return [(one.objective.id, line) for one, line in zip(judged, lines, strict=True) if line]
