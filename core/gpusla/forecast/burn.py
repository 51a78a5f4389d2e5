"""
How fast an error budget goes: burn rates over pairs of windows, held against their thresholds.

A burn rate of 1 uses the budget up exactly when the window is over.  Source of the rules: "The Site
Reliability Workbook" (Google, 2018), chapter 5, "Multiwindow, Multi-Burn-Rate Alerts", with the
one-day pair of Sloth; thresholds are scaled to the exact length of the window.
"""

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

from gpusla.forecast.lost import LostBetween
from gpusla.instants import Interval

_MINUTE_MS = 60_000
_HOUR_MS = 60 * _MINUTE_MS


@dataclass(frozen=True, slots=True)
class BurnRule:
    """
    So much of the budget gone within the long window is too much, if it still goes on.

    short_ms: the window that must burn as fast, so that the alert ends soon after the loss does.
    is_page: it wakes somebody; otherwise it is a ticket.
    """

    share: Fraction
    long_ms: int
    short_ms: int
    is_page: bool

    def threshold(self, window_ms: int) -> Fraction:
        """Return share * window / long window: the burn rate that uses share within long_ms."""
        return self.share * window_ms / self.long_ms


RULES = (
    BurnRule(Fraction(2, 100), _HOUR_MS, 5 * _MINUTE_MS, is_page=True),
    BurnRule(Fraction(5, 100), 6 * _HOUR_MS, 30 * _MINUTE_MS, is_page=True),
    BurnRule(Fraction(10, 100), 24 * _HOUR_MS, 2 * _HOUR_MS, is_page=False),
    BurnRule(Fraction(10, 100), 72 * _HOUR_MS, 6 * _HOUR_MS, is_page=False),
)


@dataclass(frozen=True, slots=True)
class Burn:
    """
    One rule and how fast the budget goes in both of its windows, which end at the same instant.

    long, short: None where nothing was committed, or where nothing may be lost at all.
    """

    rule: BurnRule
    threshold: Fraction
    long: Fraction | None
    short: Fraction | None

    @property
    def is_burning(self) -> bool:
        """Whether both windows are over the threshold."""
        return all(rate is not None and rate > self.threshold for rate in (self.long, self.short))


def burn_rate(lost: Fraction, committed: Fraction, target: Fraction) -> Fraction | None:
    """Return (lost / committed) / (1 - target); None where that has no meaning."""
    allowed = (1 - target) * committed
    return lost / allowed if allowed else None


def burns(
    window: Interval,
    until_ms: int,
    target: Fraction,
    lost_between: LostBetween,
    committed_between: Callable[[Interval], Fraction],
) -> tuple[Burn, ...]:
    """
    Return the burn of every rule at until_ms.

    window: the objective's whole window; the thresholds go with its length.  The rules' windows
    may begin before it: lost_between says what it knows of that time.
    """

    def rate(length_ms: int) -> Fraction | None:
        interval = Interval(until_ms - length_ms, until_ms)
        return burn_rate(lost_between(interval), committed_between(interval), target)

    return tuple(
        Burn(rule, rule.threshold(window.duration_ms), rate(rule.long_ms), rate(rule.short_ms))
        for rule in RULES
    )
