"""
What is due for a stretch of time: fees by date, reduced, re-based and prorated; exact.

Source: docs/concepts/sla-engine.md, section 12.1; docs/decisions/0096-thirty-day-months.md.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from fractions import Fraction
from itertools import pairwise

from gpusla.contracts.calendar import local_days
from gpusla.contracts.model import ContractVersion, Fees, Proration
from gpusla.contracts.rights import earliest_end
from gpusla.instants import Interval
from gpusla.sla.periods import (
    Period,
    clipped,
    days_interval,
    period_at,
    segments,
    term_of,
    version_on,
)

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class FeeDue:
    """An exact amount of minor units; if is_shadow a price to look at, and no money owed."""

    minor_units: Fraction
    is_shadow: bool

    @property
    def is_unpaid(self) -> bool:
        """Whether no money is due, so that nothing is ever booked for it."""
        return self.is_shadow or not self.minor_units


@dataclass(frozen=True, slots=True)
class MinimumSpend:
    """
    What a tenant pays at least if the contract is ended as early as can be, under one reading.

    is_agreed: whether the contract reads so; the other readings show what its words are worth.
    """

    notice_during_initial: bool
    proration: Proration
    last_day: date
    minor_units: Fraction
    is_agreed: bool


@dataclass(frozen=True, slots=True)
class _Part:
    fees: Fees
    timezone: str
    interval: Interval
    whole: Interval
    proration: Proration


def fee_due(
    contract: ContractVersion | Sequence[ContractVersion],
    over: Period | Interval,
    proration: Proration | None = None,
) -> FeeDue:
    """
    Return what is due for a segment, or for the segments' parts of an interval together.

    contract: for a segment its version; for an interval all versions of the contract, as what none
    of them covers costs nothing.  proration: None if each version's own is meant.
    The shadow price stands in where nothing at all is due.
    """
    versions = (contract,) if isinstance(contract, ContractVersion) else tuple(contract)
    if isinstance(over, Period):
        stretches: Iterable[_Stretch] = [(_version_of(versions, over), over.interval, over.whole)]
    else:
        stretches = _stretches(versions, over)
    parts = [
        _Part(each.fees, each.term.timezone, interval, whole, proration or each.fees.proration)
        for each, interval, whole in stretches
    ]
    return _owed_or_shadow(_total(parts, fee_on), _total(parts, _shadow_on))


def full_fee(contract: ContractVersion, day: date) -> FeeDue:
    """Return what a whole billing period costs at the fee in force on a local day."""
    return _owed_or_shadow(fee_on(contract.fees, day), _shadow_on(contract.fees, day))


def fee_on(fees: Fees, day: date) -> Fraction:
    """Return the fee of a whole billing period on a local day: reduced, re-based, no shadow."""
    begun = [fee for fee in fees.recurring if fee.start <= day]
    if not begun:
        return Fraction(0)
    fee = Fraction(max(begun, key=lambda one: one.start).minor_units)
    for ramp in fees.ramp:
        if ramp.start <= day <= ramp.end:
            fee *= ramp.fraction
    rebases = [rebase for rebase in fees.rebases if rebase.start <= day]
    if rebases:
        newest = max(rebases, key=lambda one: one.start)
        fee *= Fraction(newest.accepted_gpus, newest.committed_gpus)
    return fee


def term_total(contract: ContractVersion, proration: Proration | None = None) -> FeeDue:
    """Return what is due for the whole term, as if this version held from its first day."""
    always = replace(contract, effective_from=contract.term.start)
    return fee_due(always, term_of(contract), proration)


def minimum_spend(contract: ContractVersion) -> tuple[MinimumSpend, ...]:
    """Return what is paid at least, for both readings of the notice and all four prorations."""
    always = replace(contract, effective_from=contract.term.start)
    agreed = contract.term.termination.notice_during_initial, contract.fees.proration
    found = []
    for during_initial in (False, True):
        last_day = earliest_end(contract, notice_during_initial=during_initial)
        spent = days_interval(contract.term.start, last_day + _DAY, contract.term.timezone)
        for proration in Proration:
            due = fee_due(always, spent, proration).minor_units
            is_agreed = (during_initial, proration) == agreed
            found.append(MinimumSpend(during_initial, proration, last_day, due, is_agreed))
    return tuple(found)


_Stretch = tuple[ContractVersion, Interval, Interval]


def _version_of(versions: Sequence[ContractVersion], segment: Period) -> ContractVersion:
    if len(versions) == 1:
        return versions[0]
    version = version_on(versions, segment.first_day)
    assert version is not None, "a segment lies in the term of its version"
    return version


def _stretches(versions: Sequence[ContractVersion], interval: Interval) -> Iterator[_Stretch]:
    at_ms = interval.start_ms
    while at_ms < interval.end_ms:
        period = period_at(versions[0], at_ms)
        for version, segment in segments(versions, period):
            part = clipped(segment.interval, interval)
            if part.duration_ms:
                yield version, part, segment.whole
        at_ms = period.interval.end_ms


def _total(parts: Iterable[_Part], price: Callable[[Fees, date], Fraction]) -> Fraction:
    return sum((_due(part, price) for part in parts), Fraction(0))


def _due(part: _Part, price: Callable[[Fees, date], Fraction]) -> Fraction:
    runs = list(_runs(part))
    if part.proration is Proration.NONE:
        return price(part.fees, runs[0][0])
    dues = (price(part.fees, first) * _share(part, first, after) for first, after in runs)
    return sum(dues, Fraction(0))


def _runs(part: _Part) -> Iterable[tuple[date, date]]:
    """Yield the stretches of local days with one fee: the first day, and the one after the last."""
    first, after = local_days(part.interval, part.timezone)
    fees = part.fees
    days = {first, after}
    days |= {fee.start for fee in fees.recurring} | {rebase.start for rebase in fees.rebases}
    days |= {day for ramp in fees.ramp for day in (ramp.start, ramp.end + _DAY)}
    return pairwise(sorted(day for day in days if first <= day <= after))


def _share(part: _Part, first: date, after: date) -> Fraction:
    """Return which part of a billing period some of its local days are."""
    if part.proration is Proration.ACTUAL_TIME:
        time = clipped(days_interval(first, after, part.timezone), part.interval)
        return Fraction(time.duration_ms, part.whole.duration_ms)
    whole_first, whole_after = local_days(part.whole, part.timezone)
    if part.proration is Proration.THIRTY_360:
        return Fraction(_days_of_360(first, after), _days_of_360(whole_first, whole_after))
    return Fraction((after - first).days, (whole_after - whole_first).days)


def _days_of_360(first: date, after: date) -> int:
    """Return the days between two dates if each month had 30 and the 31st were the 30th."""
    months = (after.year - first.year) * 12 + after.month - first.month
    return months * 30 + min(after.day, 30) - min(first.day, 30)


def _shadow_on(fees: Fees, _: date) -> Fraction:
    return Fraction(fees.shadow_minor_units)


def _owed_or_shadow(owed: Fraction, shadow: Fraction) -> FeeDue:
    is_shadow = not owed and shadow > 0
    return FeeDue(shadow if is_shadow else owed, is_shadow)
