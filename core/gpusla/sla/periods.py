"""Billing periods, the segments that versions cut them into, and the windows of objectives."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import groupby, pairwise

from gpusla.catalogue.codes import NOTHING_TO_SHOW
from gpusla.contracts.calendar import (
    cycle_of,
    cycle_start,
    local_date,
    local_days,
    start_of_day_ms,
)
from gpusla.contracts.model import ContractVersion
from gpusla.contracts.promises import Objective, WindowKind
from gpusla.errors import InputError
from gpusla.instants import Interval

_KEY = re.compile(r"(\d{4})-(0[1-9]|1[0-2])(?:-v[1-9]\d*)?", re.ASCII)
_DAY = timedelta(days=1)
_QUARTER_MONTHS = 3


@dataclass(frozen=True, slots=True, order=True)
class Period:
    """
    A billing period, or the segment of one that is judged by itself.

    key: the month that the billing period begins in, `2026-10`; of a segment that is not all of it
    with the version, `2026-10-v2`.  whole: the billing period that it is, or is a segment of.
    """

    key: str
    first_day: date
    interval: Interval
    whole: Interval

    @property
    def is_whole(self) -> bool:
        """Whether nothing of the billing period lies outside."""
        return self.interval == self.whole


def period_at(contract: ContractVersion, instant_ms: int) -> Period:
    """Return the whole billing period that an instant lies in, whatever the term."""
    day = local_date(instant_ms, contract.term.timezone)
    period = period_on(contract, day)
    # Where clocks go back over midnight, the end of the day before comes a second time.
    return period if instant_ms < period.interval.end_ms else period_on(contract, day + _DAY)


def period_on(contract: ContractVersion, day: date) -> Period:
    """Return the whole billing period that a local day lies in, whatever the term."""
    first_day, following = cycle_of(day, contract.fees.cycle_day)
    timezone = contract.term.timezone
    whole = days_interval(first_day, following, timezone)
    return Period(f"{first_day:%Y-%m}", first_day, whole, whole)


def period_of(
    contract: ContractVersion, key: str, versions: Sequence[ContractVersion] = ()
) -> Period:
    """
    Return the whole billing period of a key such as `2026-10`, or the segment of `2026-10-v2`.

    versions: of the contract, for keys of segments; if there is no other, contract alone.
    Raises InputError (`nothing_to_show`) if key is none of the contract's.
    """
    first, last = (period_on(contract, day) for day in (contract.term.start, contract.term.end))
    found = _KEY.fullmatch(key)
    if found and first.key <= key[:7] <= last.key:
        start = cycle_start(int(found[1]), int(found[2]), contract.fees.cycle_day)
        whole = period_on(contract, start)
        parts = (segment for _, segment in segments(versions or (contract,), whole))
        for period in (whole, *parts):
            if period.key == key:
                return period
    raise InputError(
        NOTHING_TO_SHOW,
        f"contract {contract.id} has no period {key!r}",
        fix=f"Its periods run from {first.key} to {last.key}.",
    )


def period_before(contract: ContractVersion, period: Period) -> Period:
    """Return the whole billing period before the one that a period is, or is a segment of."""
    return period_at(contract, period.whole.start_ms - 1)


def version_on(versions: Sequence[ContractVersion], day: date) -> ContractVersion | None:
    """Return the version that a local day is judged under; None outside the term."""
    begun = [version for version in versions if version.effective_from <= day]
    newest = max(begun, key=lambda version: version.version, default=None)
    is_in_term = newest is not None and newest.term.start <= day <= newest.term.end
    return newest if is_in_term else None


def segments(
    versions: Sequence[ContractVersion], period: Period
) -> tuple[tuple[ContractVersion, Period], ...]:
    """
    Cut a billing period where the term begins or ends, and where another version takes effect.

    versions: of one contract, in any order; they agree on time zone and cycle day.
    Returns each segment with its version in time order; nothing for days outside the term.
    """
    whole, timezone = period.whole, versions[0].term.timezone
    pieces = (
        (version_on(versions, first), first, after) for first, after in _pieces(versions, whole)
    )
    found = []
    for version, group in groupby(pieces, key=lambda piece: piece[0]):
        days = [day for _, first, after in group for day in (first, after)]
        inside = clipped(days_interval(days[0], days[-1], timezone), whole)
        if version is not None and inside.duration_ms:
            key = period.key[:7] if inside == whole else f"{period.key[:7]}-v{version.version}"
            found.append((version, Period(key, days[0], inside, whole)))
    return tuple(found)


def windows(
    versions: Sequence[ContractVersion], segment: Period, objective: Objective
) -> Interval | None:
    """
    Return the time that an objective is judged over in a segment; None if it ends in another.

    A window ends with the term at the latest, and begins no earlier.
    """
    version = version_on(versions, segment.first_day)
    assert version is not None, "a segment lies in the term of its version"
    term = term_of(version)
    window = clipped(_unclipped(version, segment, objective), term)
    ends_here = window.end_ms == segment.interval.end_ms and window.duration_ms > 0
    return window if ends_here else None


def term_of(contract: ContractVersion) -> Interval:
    """Return the whole term, from the start of its first local day to the end of its last."""
    term = contract.term
    return days_interval(term.start, term.end + _DAY, term.timezone)


def days_interval(first: date, after: date, timezone: str) -> Interval:
    """Return the time from the start of one local day to the start of another."""
    return Interval(start_of_day_ms(first, timezone), start_of_day_ms(after, timezone))


def clipped(interval: Interval, within: Interval) -> Interval:
    """Return the part of an interval that lies within another; one of no length if none does."""
    start_ms = max(interval.start_ms, within.start_ms)
    return Interval(start_ms, max(start_ms, min(interval.end_ms, within.end_ms)))


def _pieces(versions: Sequence[ContractVersion], whole: Interval) -> Iterable[tuple[date, date]]:
    """Yield the first day of each piece that has one version at most, and the day after it."""
    first, after = local_days(whole, versions[0].term.timezone)
    days = {first, after}
    for version in versions:
        days |= {version.effective_from, version.term.start, version.term.end + _DAY}
    return pairwise(sorted(day for day in days if first <= day <= after))


def _unclipped(version: ContractVersion, segment: Period, objective: Objective) -> Interval:
    timezone, cycle_day = version.term.timezone, version.fees.cycle_day
    _, after = local_days(segment.whole, timezone)
    match objective.window.kind:
        case WindowKind.BILLING_PERIOD:
            return segment.interval
        case WindowKind.ROLLING_DAYS:
            start_ms = start_of_day_ms(after - objective.window.days * _DAY, timezone)
            return Interval(start_ms, segment.whole.end_ms)
        case WindowKind.QUARTER:
            year, month = int(segment.key[:4]), int(segment.key[5:7])
            month -= (month - 1) % _QUARTER_MONTHS
            first = cycle_start(year, month, cycle_day)
            return days_interval(
                first, cycle_start(year, month + _QUARTER_MONTHS, cycle_day), timezone
            )
        case WindowKind.TERM:
            return term_of(version)
