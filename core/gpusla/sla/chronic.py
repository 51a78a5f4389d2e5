"""
Rights that chronic failure opens: from the final outcomes of an objective, and from nothing else.

Whoever restates a statement asks again with the outcomes that now hold, and gets what they give.
Source: docs/decisions/0098-chronic-failure.md.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from fractions import Fraction
from itertools import groupby

from gpusla.contracts.calendar import end_of_day_ms, local_date, local_days
from gpusla.contracts.model import ContractVersion
from gpusla.contracts.remedies import Chronic
from gpusla.contracts.rights import Right
from gpusla.instants import Interval

_DAY = timedelta(days=1)
_MONTH_KEY_LENGTH = 7


@dataclass(frozen=True, slots=True)
class FinalOutcome:
    """
    What the newest final statement of a period, or of a segment, says of the chronic objective.

    final_ms: when that statement became final.  value: as it was compared; None if there is none.
    """

    period: str
    final_ms: int
    is_missed: bool
    value: Fraction | None


class ChronicState(StrEnum):
    """What has become of a right: may still be cured, was, can be used, was not used in time."""

    OPEN = "open"
    CURED = "cured"
    EXERCISABLE = "exercisable"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class ChronicRight:
    """
    A right that a billing period opened.

    opened_by, cured_by: keys of billing periods; cured_by empty if none did.  opened_ms: when the
    last statement that it takes became final.  exercise: when it can be used unless it is cured.
    """

    opened_by: str
    cured_by: str
    opened_ms: int
    exercise: Interval
    state: ChronicState


@dataclass(frozen=True, slots=True)
class _Judged:
    """A billing period with all its segments; number: of its month, counted on over the years."""

    key: str
    number: int
    final_ms: int
    is_missed: bool
    value: Fraction | None

    @property
    def is_met(self) -> bool:
        return not self.is_missed and self.value is not None


def chronic_rights(
    contract: ContractVersion, outcomes: Iterable[FinalOutcome], now_ms: int
) -> tuple[ChronicRight, ...]:
    """
    Return the rights that outcomes have opened by an instant, in order of the opening periods.

    outcomes: in any order, one for each period or segment; those that are not yet final by then
    do not count.  Every further miss that fulfils the rule opens a right of its own.
    """
    if contract.chronic is None:
        return ()
    judged = _by_period(outcome for outcome in outcomes if outcome.final_ms <= now_ms)
    found: list[ChronicRight] = []
    cures: list[int] = []
    for place, period in enumerate(judged):
        # What was cured is not held against the provider a second time.
        counted_from = max((number for number in cures if number < period.number), default=0)
        counted = [one for one in judged[: place + 1] if one.number >= counted_from]
        opened_ms = _opened_ms(contract.chronic, period, counted)
        if opened_ms is not None:
            cure, exercise = _windows(contract, contract.chronic, opened_ms)
            cured_by = _cured_by(judged[place + 1 :], cure)
            cures += [cured_by.number] if cured_by else []
            state = _state(cured_by, exercise, now_ms)
            key = cured_by.key if cured_by else ""
            found.append(ChronicRight(period.key, key, opened_ms, exercise, state))
    return tuple(found)


def as_rights(contract: ContractVersion, found: Iterable[ChronicRight]) -> Iterator[Right]:
    """Yield those that were not cured as dated events of the contract."""
    for one in found:
        if contract.chronic is not None and one.state is not ChronicState.CURED:
            first_day, after = local_days(one.exercise, contract.term.timezone)
            yield Right(
                name=f"chronic_{contract.chronic.right}",
                first_day=first_day,
                last_day=after - _DAY,
                opens_ms=one.exercise.start_ms,
                closes_ms=one.exercise.end_ms,
                by=("tenant",),
                rule=f"{contract.chronic.objective} was missed too often by {one.opened_by}",
                field="chronic",
            )


def _by_period(outcomes: Iterable[FinalOutcome]) -> list[_Judged]:
    ordered = sorted(outcomes, key=lambda outcome: outcome.period)
    grouped = groupby(ordered, key=lambda outcome: outcome.period[:_MONTH_KEY_LENGTH])
    return [_judged(key, tuple(group)) for key, group in grouped]


def _judged(key: str, segments: Sequence[FinalOutcome]) -> _Judged:
    return _Judged(
        key=key,
        number=int(key[:4]) * 12 + int(key[5:]),
        final_ms=max(segment.final_ms for segment in segments),
        is_missed=any(segment.is_missed for segment in segments),
        value=min((s.value for s in segments if s.value is not None), default=None),
    )


def _opened_ms(chronic: Chronic, period: _Judged, counted: Sequence[_Judged]) -> int | None:
    """Return when a period opened the right; None if it did not."""
    opened = []
    if chronic.floor is not None and period.value is not None and period.value < chronic.floor:
        opened.append(period.final_ms)
    first = period.number - chronic.within_periods + 1
    finals = sorted(one.final_ms for one in counted if one.is_missed and one.number >= first)
    if period.is_missed and 0 < chronic.misses <= len(finals):
        opened.append(max(period.final_ms, finals[chronic.misses - 1]))
    return min(opened, default=None)


def _windows(
    contract: ContractVersion, chronic: Chronic, opened_ms: int
) -> tuple[Interval, Interval]:
    """Return in which time the right can be cured, and then used."""
    timezone = contract.term.timezone
    cure_day = local_date(opened_ms, timezone) + chronic.cure_days * _DAY
    cure_ms = end_of_day_ms(cure_day, timezone) if chronic.cure_days else opened_ms
    end_ms = end_of_day_ms(cure_day + chronic.exercise_days * _DAY, timezone)
    return Interval(opened_ms, cure_ms), Interval(cure_ms, end_ms)


def _cured_by(later: Iterable[_Judged], cure: Interval) -> _Judged | None:
    cures = (one for one in later if one.is_met and cure.start_ms < one.final_ms < cure.end_ms)
    return next(cures, None)


def _state(cured_by: _Judged | None, exercise: Interval, now_ms: int) -> ChronicState:
    if cured_by is not None:
        return ChronicState.CURED
    if now_ms < exercise.start_ms:
        return ChronicState.OPEN
    return ChronicState.EXERCISABLE if now_ms < exercise.end_ms else ChronicState.EXPIRED
