"""
By when a credit must be asked for.

Source: docs/decisions/0095-months-and-days.md.
"""

from datetime import date, timedelta

from gpusla.contracts.calendar import (
    add_business_days,
    add_months,
    cycle_of,
    end_of_day_ms,
    local_date,
    local_days,
)
from gpusla.contracts.model import ContractVersion
from gpusla.contracts.remedies import ClaimAnchor
from gpusla.sla.periods import Period

_DAY = timedelta(days=1)


def deadline_ms(contract: ContractVersion, period: Period, first_incident_ms: int | None) -> int:
    """
    Return the first instant at which a claim for a period, or for a segment of it, is too late.

    first_incident_ms: None if nothing happened; then the end of the billing period stands for it.
    """
    claims = contract.claims
    day = add_months(_anchor_day(contract, period, first_incident_ms), claims.deadline_months)
    if claims.business_days:
        day = add_business_days(day, claims.deadline_days)
    else:
        day += claims.deadline_days * _DAY
    return end_of_day_ms(day, contract.term.timezone)


def is_in_time(claimed_ms: int, too_late_ms: int) -> bool:
    """Return whether a claim came before its deadline."""
    return claimed_ms < too_late_ms


def _anchor_day(contract: ContractVersion, period: Period, first_incident_ms: int | None) -> date:
    claims, timezone = contract.claims, contract.term.timezone
    if claims.anchor is ClaimAnchor.INCIDENT and first_incident_ms is not None:
        return local_date(first_incident_ms, timezone)
    _, after = local_days(period.whole, timezone)
    if claims.anchor is ClaimAnchor.END_OF_BILLING_CYCLE:
        for _ in range(claims.cycles):
            _, after = cycle_of(after, contract.fees.cycle_day)
    return after - _DAY
