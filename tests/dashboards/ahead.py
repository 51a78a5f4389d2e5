"""What the collector says of a contract's future, as the story has it."""

from collections.abc import Iterator

from gpusla.catalogue import metrics as rows
from tests.dashboards.story import (
    ELAPSED_SECONDS,
    PERIOD_SECONDS,
    Sample,
    Sold,
    committed_seconds,
    credit,
    given,
    gpus,
    held,
    lost,
    lost_seconds,
    next_tier,
)

DAY_SECONDS = 86_400
WINDOWS = {"5m": 5, "30m": 30, "1h": 60, "2h": 120, "6h": 360, "24h": 1440, "72h": 4320}
BOUNDS = {"low": 1.02, "value": 1.0, "high": 0.99}
"""What is lost, as a multiple of its value."""
RIGHTS = (
    ("earliest_end", "none", 100, 0),
    ("long_stop_terminate", "tenant", 21, 700),
    ("notice", "both", -40, 610),
    ("term_end", "none", 701, 0),
)
"""By name: whose it is, and in how many days from the start it opens and closes."""


def ahead(sold: Sold, key: str, money: str, start: int) -> Iterator[Sample]:
    """Everything that the collector foresees of one contract."""
    objective = f'{key},objective="availability"'
    yield rows.OBJECTIVE_TARGET, objective, held(sold.target)
    yield rows.OBJECTIVE_WINDOW, objective, held(PERIOD_SECONDS)
    for bound, more in BOUNDS.items():
        label = f'{objective},bound="{bound}"'
        yield rows.OBJECTIVE_VALUE, label, given(value, sold, more)
        yield rows.OBJECTIVE_BUDGET_ALLOWED, label, held(allowed(sold))
        yield rows.OBJECTIVE_BUDGET_LEFT, label, given(left, sold, more)
        yield rows.OBJECTIVE_BREACH_CERTAIN, label, given(certain, sold, more)
    for window, minutes in WINDOWS.items():
        yield rows.OBJECTIVE_BURN_RATE, f'{objective},window="{window}"', given(burn, sold, minutes)
    yield rows.OBJECTIVE_NEXT_TIER_EXPECTED, objective, given(tier_at, sold, start)
    if not sold.house:
        yield from cases(sold, money)
    yield from dated(sold, key, money, start)


def cases(sold: Sold, money: str) -> Iterator[Sample]:
    """What the credit comes to in each case."""
    for case in ("now", "nothing_more", "at_rate", "all_lost"):
        label = f'{money},case="{case}",bound="value"'
        yield rows.CONTRACT_CREDIT_FORECAST, label, given(case_credit, sold, case)


def dated(sold: Sold, key: str, money: str, start: int) -> Iterator[Sample]:
    """Rights and claims."""
    for right, party, opens, closes in RIGHTS:
        label = f'{key},right="{right}",party="{party}"'
        yield rows.CONTRACT_RIGHT_OPENS, label, held(start + opens * DAY_SECONDS)
        if closes:
            yield rows.CONTRACT_RIGHT_CLOSES, label, held(start + closes * DAY_SECONDS)
    for period, days, share in (("2026-08", 10, 0.05), ("2026-09", 40, 0.0)):
        label = f'{key},period="{period}"'
        yield rows.CONTRACT_CLAIM_DEADLINE, label, held(start + days * DAY_SECONDS)
        yield rows.CONTRACT_CLAIMABLE, f'{money},period="{period}"', held(sold.fee * share)


def allowed(sold: Sold) -> float:
    """Give what the whole period may lose."""
    return gpus(sold) * float(PERIOD_SECONDS) * (1 - sold.target)


def value(sold: Sold, more: float, minute: float) -> float:
    """Give the value to date."""
    return 1 - more * lost_seconds(sold, minute) / committed_seconds(sold, minute)


def left(sold: Sold, more: float, minute: float) -> float:
    """Give what of the budget is left."""
    return allowed(sold) - more * lost_seconds(sold, minute)


def certain(sold: Sold, more: float, minute: float) -> int:
    """Say whether it is overspent."""
    return int(left(sold, more, minute) < 0)


def burn(sold: Sold, minutes: int, minute: float) -> float:
    """Give the burn rate; before the story began one GPU in a thousand was lost."""
    known = min(minutes, minute)
    gone = lost_seconds(sold, minute) - lost_seconds(sold, minute - known)
    gone += 0.001 * gpus(sold) * 60 * (minutes - known)
    return gone / (60 * minutes * gpus(sold)) / (1 - sold.target)


def tier_at(sold: Sold, start: int, minute: float) -> float | None:
    """Give when the next tier is reached at the rate of now; none if the period ends before."""
    ahead_seconds, rate = next_tier(sold, minute), lost(sold, minute)
    if ahead_seconds is None or not rate:
        return None
    seconds = ahead_seconds / rate
    left_seconds = PERIOD_SECONDS - ELAPSED_SECONDS - 60 * minute
    return start + 60 * minute + seconds if seconds < left_seconds else None


def case_credit(sold: Sold, case: str, minute: float) -> float:
    """Give the credit of a case: to date, or at the end if all, or nothing, or so much is lost."""
    rest = PERIOD_SECONDS - ELAPSED_SECONDS - 60 * minute
    rates = {"nothing_more": 0, "at_rate": lost(sold, minute), "all_lost": gpus(sold)}
    if case not in rates:
        return credit(sold, minute, "value")
    short = rates[case] * rest - left(sold, 1.0, minute)
    tenth = 0.01 * gpus(sold) * float(PERIOD_SECONDS)
    return sold.fee * (0.10 if short > tenth else 0.05 if short > 0 else 0.0)
