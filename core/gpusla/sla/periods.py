"""Billing periods: calendar months of the contract's own time zone, half-open."""

import re
from dataclasses import dataclass
from datetime import date

from gpusla.catalogue.codes import NOTHING_TO_SHOW
from gpusla.contracts.calendar import local_date, next_month, start_of_day_ms
from gpusla.contracts.model import ContractVersion
from gpusla.errors import InputError
from gpusla.instants import Interval

_KEY = re.compile(r"(\d{4})-(0[1-9]|1[0-2])", re.ASCII)


@dataclass(frozen=True, slots=True, order=True)
class Period:
    """One calendar month: key such as `2026-10`, first local day, and the instants it covers."""

    key: str
    first_day: date
    interval: Interval


def period_at(contract: ContractVersion, instant_ms: int) -> Period:
    """Return the month that an instant lies in; its length is whatever the zone gives it."""
    return month_period(contract, local_date(instant_ms, contract.term.timezone))


def period_of(contract: ContractVersion, key: str) -> Period:
    """
    Return the month of a key such as `2026-10`.

    Raises InputError (`nothing_to_show`) if key is no month or lies outside the term.
    """
    found = _KEY.fullmatch(key)
    term = contract.term
    first_day = date(int(found[1]), int(found[2]), 1) if found and int(found[1]) else None
    if first_day is None or not term.start <= first_day <= term.end:
        raise InputError(
            NOTHING_TO_SHOW,
            f"contract {contract.id} has no period {key!r}",
            fix=f"Its periods run from {term.start:%Y-%m} to {term.end:%Y-%m}.",
        )
    return month_period(contract, first_day)


def period_before(contract: ContractVersion, period: Period) -> Period:
    """Return the month before."""
    return period_at(contract, period.interval.start_ms - 1)


def month_period(contract: ContractVersion, day: date) -> Period:
    """Return the month that a local day lies in."""
    first_day, timezone = day.replace(day=1), contract.term.timezone
    interval = Interval(
        start_of_day_ms(first_day, timezone), start_of_day_ms(next_month(first_day), timezone)
    )
    return Period(f"{first_day:%Y-%m}", first_day, interval)
