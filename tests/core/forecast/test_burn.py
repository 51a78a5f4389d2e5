"""Burn rates: the thresholds of the workbook for months of every length, and rates by hand."""

from fractions import Fraction

import pytest

from gpusla.forecast.burn import RULES, Burn, burn_rate, burns
from gpusla.instants import Interval

HOUR_MS = 3_600_000

# Hours of the month; then 2 % in 1 h, 5 % in 6 h, 10 % in 72 h, written as in
# sla-semantics 3.2: factor = share * hours of the month / hours of the window.
TABLE = """
672  13.44  5.60   0.933
720  14.40  6.00   1.000
721  14.42  6.008  1.001
743  14.86  6.192  1.032
744  14.88  6.20   1.033
"""


@pytest.mark.parametrize("row", TABLE.strip().splitlines())
def test_thresholds_go_with_the_exact_month(row: str) -> None:
    """Each number of the table, to its last digit."""
    hours, *written = row.split()
    by_window = {rule.long_ms // HOUR_MS: rule for rule in RULES}
    for window, text in zip((1, 6, 72), written, strict=True):
        step = Fraction(1, 10 ** len(text.partition(".")[2]))
        exact = by_window[window].threshold(int(hours) * HOUR_MS)
        assert abs(exact - Fraction(text)) <= step / 2, (window, exact)


def test_a_threshold_is_the_rate_that_uses_the_share_of_the_budget() -> None:
    """Burning at it over the long window takes exactly the share of the month's budget."""
    month_ms, gpus, target = 721 * HOUR_MS, 72, Fraction(999, 1000)
    budget = (1 - target) * gpus * month_ms
    for rule in RULES:
        committed = Fraction(gpus * rule.long_ms)
        lost = rule.threshold(month_ms) * (1 - target) * committed
        assert burn_rate(lost, committed, target) == rule.threshold(month_ms)
        assert lost == rule.share * budget


def test_a_burn_rate_by_hand() -> None:
    """Two GPUs of a hundred for an hour at 99 percent: 2 % lost of 1 % allowed burns at 2."""
    assert burn_rate(Fraction(2 * HOUR_MS), Fraction(100 * HOUR_MS), Fraction(99, 100)) == 2


@pytest.mark.parametrize(("committed", "target"), [(0, Fraction(99, 100)), (5, Fraction(1))])
def test_where_nothing_may_be_lost_there_is_no_rate(committed: int, target: Fraction) -> None:
    """No division by an empty budget, and no zero that would look calm."""
    assert burn_rate(Fraction(0), Fraction(committed), target) is None


def test_exactly_at_its_threshold_nothing_burns() -> None:
    """The workbook's alerts ask for more than it; what is not known is no more than anything."""
    rule = RULES[0]
    threshold = rule.threshold(720 * HOUR_MS)
    assert not Burn(rule, threshold, threshold, threshold).is_burning
    assert Burn(rule, threshold, threshold + 1, threshold + 1).is_burning
    assert not Burn(rule, threshold, None, threshold + 1).is_burning


def test_an_alert_needs_both_of_its_windows() -> None:
    """15 of 100 GPUs out for two hours burn at 15; a quarter of an hour after, no more."""
    until_ms = 100 * HOUR_MS
    window = Interval(0, 720 * HOUR_MS)

    def burning(end_ms: int) -> list[bool]:
        outage = Interval(until_ms - 2 * HOUR_MS, end_ms)

        def lost(asked: Interval) -> Fraction:
            overlap = min(asked.end_ms, outage.end_ms) - max(asked.start_ms, outage.start_ms)
            return Fraction(15 * max(0, overlap))

        def committed(asked: Interval) -> Fraction:
            return Fraction(100 * asked.duration_ms)

        found = burns(window, until_ms, Fraction(99, 100), lost, committed)
        return [burn.is_burning for burn in found]

    assert burning(until_ms) == [True, False, False, False]
    assert burning(until_ms - HOUR_MS // 4) == [False, False, False, False]
