"""A period by local days: what was committed and what was lost, and by which cause."""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction

from gpusla.contracts.calendar import local_days, start_of_day_ms
from gpusla.contracts.model import ContractVersion
from gpusla.instants import Interval
from gpusla.sla.evaluation import Evaluation
from gpusla.sla.periods import clipped

Reasons = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Day:
    """
    The part of a local day that lies in the period.

    judged: its part that was judged.  committed_gpu_ms: of that part; None where the contract's
    ramp is not all that was committed.  lost_gpu_ms: by reasons; a loss over several days is
    shared among them by time.
    """

    day: date
    interval: Interval
    judged: Interval
    committed_gpu_ms: int | None
    lost_by_reasons: Mapping[Reasons, Fraction]

    @property
    def lost_gpu_ms(self) -> Fraction:
        """All that was lost on this day."""
        return sum(self.lost_by_reasons.values(), Fraction(0))


def days_of(evaluation: Evaluation) -> tuple[Day, ...]:
    """Return the days of a period in order; their losses add up to the account's."""
    contract, whole = evaluation.contract, evaluation.period.interval
    intervals = _intervals(whole, contract.term.timezone)
    until = Interval(whole.start_ms, evaluation.until_ms)
    judged = [clipped(interval, until) for _, interval in intervals]
    lost = _lost(evaluation, [interval for _, interval in intervals])
    committed: list[int | None] = [_committed(contract, part) for part in judged]
    if sum(ms or 0 for ms in committed) != evaluation.account.committed_gpu_ms:
        committed = [None] * len(judged)
    rows = zip(intervals, judged, committed, lost, strict=True)
    return tuple(Day(day, interval, *more) for (day, interval), *more in rows)  # type: ignore[arg-type]


def _intervals(whole: Interval, timezone: str) -> list[tuple[date, Interval]]:
    first, after = local_days(whole, timezone)
    found = []
    for number in range((after - first).days):
        day = first + timedelta(days=number)
        start_ms = start_of_day_ms(day, timezone)
        end_ms = start_of_day_ms(day + timedelta(days=1), timezone)
        interval = clipped(Interval(start_ms, end_ms), whole)
        if interval.duration_ms:
            found.append((day, interval))
    return found


def _lost(evaluation: Evaluation, days: Sequence[Interval]) -> list[dict[Reasons, Fraction]]:
    lost: list[dict[Reasons, Fraction]] = [{} for _ in days]
    starts = [day.start_ms for day in days]
    for loss in evaluation.losses:
        span = loss.interval
        number = max(bisect_right(starts, span.start_ms) - 1, 0)
        while number < len(days) and days[number].start_ms < span.end_ms:
            part = clipped(span, days[number]).duration_ms
            share = loss.gpu_ms * part / span.duration_ms
            lost[number][loss.reasons] = lost[number].get(loss.reasons, Fraction(0)) + share
            number += 1
    return lost


def _committed(contract: ContractVersion, part: Interval) -> int:
    """Return what the ramp commits over a part of a day; a step begins with a local day."""
    term, timezone = contract.term, contract.term.timezone
    total = 0
    ramp = sorted(contract.capacity.ramp, key=lambda step: step.start)
    ends = [*(step.start for step in ramp[1:]), term.end + timedelta(days=1)]
    for step, end in zip(ramp, ends, strict=True):
        first, after = max(step.start, term.start), min(end, term.end + timedelta(days=1))
        if first < after:
            span = Interval(start_of_day_ms(first, timezone), start_of_day_ms(after, timezone))
            total += step.gpus * clipped(span, part).duration_ms
    return total
