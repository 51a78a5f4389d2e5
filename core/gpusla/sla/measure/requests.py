"""
Objectives of the kind `request_ratio`: docs/concepts/sla-engine.md, section 9.

Slots here are slots of time.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from gpusla.contracts.promises import RequestMode, Requests, UnknownPolicy
from gpusla.instants import Interval
from gpusla.sla.evaluation import Measure
from gpusla.sla.facts import RequestSlot
from gpusla.sla.measure.case import Case
from gpusla.sla.measure.down import times_of
from gpusla.sla.measure.lines import Line, Stretches, joined, subtract
from gpusla.sla.measure.results import by_bound, held_gpu_ms
from gpusla.sla.measure.runs import forgiven
from gpusla.sla.measure.tables import Bound
from gpusla.sla.measure.times import together


@dataclass(frozen=True, slots=True)
class _Slots:
    """
    The slots of the window to date.

    counted: those with a count.  unknown: starts of those without one.  excused, excused_unknown:
    the same of those that are left out because of exclusions.
    """

    requests: Requests
    counted: tuple[RequestSlot, ...]
    excused: tuple[RequestSlot, ...]
    unknown: tuple[int, ...]
    excused_unknown: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class _Figures:
    """Total and lost in one bound."""

    total: Fraction
    lost: Fraction


NONE = _Figures(Fraction(0), Fraction(0))


def measure_requests(case: Case) -> Measure:
    """Return what the window came to."""
    requests = case.objective.requests
    assert requests is not None
    slots = _slots(case, requests)
    judged = {bound: _judge(case, slots, bound) for bound in Bound}
    total = by_bound(lambda bound: judged[bound].total)
    return Measure(
        case.judged,
        total,
        by_bound(lambda bound: judged[bound].lost),
        total.value + _later(case, requests),
        (),
        int(held_gpu_ms(case).sum()),
    )


def _slots(case: Case, requests: Requests) -> _Slots:
    given = _given(case)
    starts = _starts(case.judged, requests.slot_ms)
    excused = _excused(case, starts, requests.slot_ms)
    return _Slots(
        requests,
        tuple(given[at] for at in starts if at in given and at not in excused),
        tuple(given[at] for at in starts if at in given and at in excused),
        tuple(at for at in starts if at not in given and at not in excused),
        tuple(at for at in starts if at not in given and at in excused),
    )


def _starts(window: Interval, slot_ms: int) -> range:
    """Return the starts of the slots that lie wholly in a window."""
    count = window.duration_ms // slot_ms
    return range(window.start_ms, window.start_ms + count * slot_ms, slot_ms)


def _given(case: Case) -> Mapping[int, RequestSlot]:
    """Return the slots that were counted, by start; several of one slot are added up."""
    given: dict[int, RequestSlot] = {}
    for one in case.facts.requests.get(case.objective.id, ()):
        before = given.get(one.start_ms, RequestSlot(one.start_ms, 0, 0))
        given[one.start_ms] = RequestSlot(
            one.start_ms, before.total + one.total, before.failed + one.failed
        )
    return given


def _excused(case: Case, starts: range, slot_ms: int) -> frozenset[int]:
    """Return the slots during which all held slots of the contract are excused throughout."""
    if not len(case.excused):
        return frozenset()
    line, times = case.grouping.units, times_of(case)
    exists = together(times.exists, line)
    others = together(subtract(times.exists, times.excused), line)
    excused = subtract(exists, others)
    start, end = line.instants(excused.start).tolist(), _ends(excused, line)
    found: set[int] = set()
    for first, past in zip(start, end, strict=True):
        skipped = max(0, -((starts.start - first) // slot_ms))
        inside = range(
            starts.start + skipped * slot_ms, min(past, starts.stop) - slot_ms + 1, slot_ms
        )
        found.update(inside)
    return frozenset(found)


def _ends(time: Stretches, line: Line) -> list[int]:
    return (time.end + line.reach.start_ms).tolist()  # type: ignore[no-any-return]


def _judge(case: Case, slots: _Slots, bound: Bound) -> _Figures:
    if sum(one.total for one in slots.counted) < slots.requests.min_requests:
        return NONE
    match slots.requests.mode:
        case RequestMode.MEAN_OF_SLOTS:
            return _mean(slots, unknown_is_down=_unknown_is_down(case, bound))
        case RequestMode.TOTAL:
            return _total(slots, bound)
        case RequestMode.ERROR_TIME:
            return _error_time(case, slots, unknown_is_down=_unknown_is_down(case, bound))


def _unknown_is_down(case: Case, bound: Bound) -> bool | None:
    """Return whether a slot that is not known counts as failed; None if it is left out."""
    match bound, case.objective.unknown.policy:
        case (Bound.LOW, _) | (Bound.VALUE, UnknownPolicy.PROVIDER_BEARS):
            return True
        case (Bound.HIGH, _) | (Bound.VALUE, UnknownPolicy.TENANT_BEARS):
            return False
        case _:
            return None


def _mean(slots: _Slots, *, unknown_is_down: bool | None) -> _Figures:
    failed = sum_exactly([_rate(one) for one in slots.counted if one.failed])
    unknown = 0 if unknown_is_down is None else len(slots.unknown)
    total = Fraction(len(slots.counted) + unknown)
    return _Figures(total, failed + (unknown if unknown_is_down else 0))


def _total(slots: _Slots, bound: Bound) -> _Figures:
    total = Fraction(sum(one.total for one in slots.counted))
    if slots.unknown and bound is not Bound.VALUE:
        return _Figures(total, total if bound is Bound.LOW else Fraction(0))
    return _Figures(total, Fraction(sum(one.failed for one in slots.counted)))


def _error_time(case: Case, slots: _Slots, *, unknown_is_down: bool | None) -> _Figures:
    requests, least = slots.requests, case.objective.min_outage
    failing = [one.start_ms for one in slots.counted if _rate(one) > requests.error_rate_above]
    failing += slots.unknown if unknown_is_down else ()
    excused = [one.start_ms for one in slots.excused if _rate(one) > requests.error_rate_above]
    excused += slots.excused_unknown if unknown_is_down else ()
    down = _time(failing, requests.slot_ms)
    raw = down if least.splits else _time(failing + excused, requests.slot_ms)
    lost = subtract(down, forgiven(raw, least))
    unknown = 0 if unknown_is_down is None else len(slots.unknown)
    total = (len(slots.counted) + unknown) * requests.slot_ms
    return _Figures(Fraction(total), Fraction(int(lost.length.sum())))


def _time(starts: Sequence[int], slot_ms: int) -> Stretches:
    start = np.array(starts, dtype=np.int64)
    return joined(start, start + slot_ms)


def _rate(one: RequestSlot) -> Fraction:
    return Fraction(one.failed, one.total) if one.total else Fraction(0)


def _later(case: Case, requests: Requests) -> int:
    """Return what the slots after the window to date will add to total."""
    if requests.mode is RequestMode.TOTAL:
        return 0
    slots = len(_starts(case.window, requests.slot_ms)) - len(
        _starts(case.judged, requests.slot_ms)
    )
    return slots * (requests.slot_ms if requests.mode is RequestMode.ERROR_TIME else 1)


def sum_exactly(fractions: Sequence[Fraction]) -> Fraction:
    """
    Return the sum of many fractions.

    In pairs, and those in pairs again: denominators grow, and so only few sums have long ones.
    """
    parts = list(fractions)
    while len(parts) > 1:
        pairs = [left + right for left, right in zip(parts[::2], parts[1::2], strict=False)]
        parts = pairs + parts[len(pairs) * 2 :]
    return parts[0] if parts else Fraction(0)
