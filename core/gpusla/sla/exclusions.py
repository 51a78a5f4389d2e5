"""
Which exclusion records count under a contract, which do not, and why: sla-engine.md, section 5.

Kind, notice, approval and length decide about a record by itself; the hours of a billing period are
shared by all records of a rule, and go to the earliest time.
"""

from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain, pairwise

from gpusla.contracts.model import ContractVersion
from gpusla.contracts.remedies import ExclusionRule, HoursPer
from gpusla.identity import Slot
from gpusla.instants import INSTANT_MIN_MS, Interval, format_instant
from gpusla.inventory.model import ExclusionRecord
from gpusla.sla.evaluation import RefusedExclusion
from gpusla.sla.facts import Holding
from gpusla.sla.slot_groups import BySlot, Roll
from gpusla.timeline.intervals import Intervals, clip, earliest, intersect, subtract, union

TENANT = "tenant"
"""The approver whose approval a rule may ask for."""


@dataclass(frozen=True, slots=True)
class Allowed:
    """
    What exclusions give back, inside the reach that was asked about.

    excused: by slot, normal; slots without any are left out.
    by_record: by id, then by slot: the same time, told once, by the record that began first (of
    several, the first by id).  refused: in order of time, then of ids.
    """

    excused: BySlot
    by_record: Mapping[str, BySlot]
    refused: tuple[RefusedExclusion, ...]


@dataclass(frozen=True, slots=True)
class _Part:
    """What of a record may count, before the hours of its rule are looked at."""

    record: ExclusionRecord
    interval: Interval


@dataclass(frozen=True, slots=True)
class _Alike:
    """
    Slots that one rule treats alike: the same records name them, and they were held alike.

    times: for each of the records the time in which it names them and they are held.
    granted: what of these the hours of the rule allow.
    """

    slots: Sequence[Slot]
    parts: tuple[_Part, ...]
    times: tuple[Intervals, ...]
    granted: Intervals


def allowed(
    contract: ContractVersion,
    records: Iterable[ExclusionRecord],
    held: Mapping[Slot, Sequence[Holding]],
    billing_periods: Sequence[Interval],
    reach: Interval,
) -> Allowed:
    """
    Judge exclusion records.

    records: in force, of this contract, in any order; also those before the reach, whose hours of
    a billing period are used up.  held: as in Facts, at least from the start of the first billing
    period on.  billing_periods: whole, all that share time with reach.
    """
    ordered = sorted(records, key=lambda record: (record.from_ms, record.id))
    rules = {rule.id: rule for rule in contract.exclusion_rules}
    refused: list[RefusedExclusion] = []
    parts: dict[str, list[_Part]] = {id_: [] for id_ in rules}
    for record in ordered:
        interval = _until(record, reach)
        rule = rules.get(record.clause)
        why = _why_none(rules, record) if rule is None else _why_not(rule, record)
        if rule is None or why:
            refused += _refusals(record, (interval,), reach, why)
            continue
        whole, interval = interval, _shortened(rule, interval)
        if interval != whole:
            refused += _refusals(record, subtract((whole,), (interval,)), reach, _too_long(rule))
        parts[rule.id].append(_Part(record, interval))
    counted: list[list[_Alike]] = []
    roll = held if isinstance(held, Roll) else Roll(held)
    for id_, of_rule in parts.items():
        alike = _alike(rules[id_], of_rule, roll, billing_periods)
        refused += _not_held(of_rule, alike, reach)
        refused += _over_hours(rules[id_], alike, billing_periods, reach)
        counted.append(alike)
    return Allowed(*_told(counted, roll, reach), tuple(sorted(refused, key=_when)))


def _until(record: ExclusionRecord, reach: Interval) -> Interval:
    """Return the time of a record; one without an end is followed to the end of the reach."""
    end_ms = max(record.from_ms, reach.end_ms) if record.until_ms is None else record.until_ms
    return Interval(record.from_ms, end_ms)


def _shortened(rule: ExclusionRule, interval: Interval) -> Interval:
    if not rule.length_max_ms:
        return interval
    end_ms = min(interval.end_ms, interval.start_ms + rule.length_max_ms)
    return Interval(interval.start_ms, end_ms)


def _why_none(rules: Mapping[str, ExclusionRule], record: ExclusionRecord) -> str:
    known = ", ".join(repr(id_) for id_ in rules) or "none"
    return f"the contract has no exclusion rule {record.clause!r}; it has {known}"


def _why_not(rule: ExclusionRule, record: ExclusionRecord) -> str:
    """Return why a whole record does not count under its rule; empty if nothing says so."""
    if record.kind != rule.kind:
        return f"its kind is {record.kind!r}, and rule {rule.id!r} is for {rule.kind!r}"
    due_ms = record.from_ms - rule.notice_ms
    if rule.notice_ms and (record.notice_ms is None or record.notice_ms > due_ms):
        return _too_late(rule, record.notice_ms, due_ms)
    if rule.notice_ms and record.recorded_ms > due_ms and record.approver != TENANT:
        # Whoever keeps the file says when notice was given; when it was put on record is harder
        # to say otherwise, and the other side's word stands in for both.
        return _on_record_too_late(rule, record.recorded_ms, due_ms)
    if rule.needs_approval and record.approver != TENANT:
        return (
            f"rule {rule.id!r} asks for the approval of {TENANT!r}, "
            f"and the approver is {record.approver!r}"
        )
    return ""


def _too_late(rule: ExclusionRule, notice_ms: int | None, due_ms: int) -> str:
    asks = f"rule {rule.id!r} asks for notice {_length(rule.notice_ms)} before the start"
    if notice_ms is None:
        return f"{asks}, and no notice is recorded"
    # What begins with the first instant that can be written was due at none that can.
    by = f", by {format_instant(due_ms)}" if due_ms >= INSTANT_MIN_MS else ""
    return f"{asks}{by}, and it was given at {format_instant(notice_ms)}"


def _on_record_too_late(rule: ExclusionRule, recorded_ms: int, due_ms: int) -> str:
    return (
        f"rule {rule.id!r} asks for notice {_length(rule.notice_ms)} before the start, by "
        f"{format_instant(due_ms)}, and it was put on record at {format_instant(recorded_ms)} "
        f"without the approval of {TENANT!r}"
    )


def _too_long(rule: ExclusionRule) -> str:
    return f"rule {rule.id!r} gives a record at most {_length(rule.length_max_ms)} from its start"


def _alike(
    rule: ExclusionRule, parts: Sequence[_Part], roll: Roll, billing_periods: Sequence[Interval]
) -> list[_Alike]:
    """Return the slots that a rule's records name, by what is the same for them."""
    wanted = []
    for alike in roll.alike([part.record.slots for part in parts]):
        own = tuple(parts[number] for number in alike.lists)
        times = tuple(_inside(alike.held, part.interval) for part in own)
        wanted.append(_Alike(alike.slots, own, times, _together(times)))
    if rule.hours_per is HoursPer.CONTRACT:
        anything = union(chain.from_iterable(group.granted for group in wanted))
        shared = _within_hours(rule, anything, billing_periods)
        return [replace(group, granted=intersect(group.granted, shared)) for group in wanted]
    return [
        _limited(group, _within_hours(rule, group.granted, billing_periods)) for group in wanted
    ]


def _limited(group: _Alike, granted: Intervals) -> _Alike:
    return group if granted is group.granted else replace(group, granted=granted)


def _within_hours(
    rule: ExclusionRule, time: Intervals, billing_periods: Sequence[Interval]
) -> Intervals:
    """Return of normal time what the hours of each billing period allow, earliest first."""
    if not rule.hours_max_ms or sum(run.duration_ms for run in time) <= rule.hours_max_ms:
        return time
    edges = sorted({time[0].start_ms, *_edges(billing_periods), time[-1].end_ms})
    granted: list[Interval] = []
    for start_ms, end_ms in pairwise(edges):
        granted += earliest(clip(time, Interval(start_ms, end_ms)), rule.hours_max_ms)
    return union(granted)


def _edges(billing_periods: Sequence[Interval]) -> list[int]:
    return sorted({edge for period in billing_periods for edge in (period.start_ms, period.end_ms)})


def _not_held(
    parts: Sequence[_Part], alike: Sequence[_Alike], reach: Interval
) -> Iterator[RefusedExclusion]:
    """Yield the records none of whose slots is held in their time."""
    held = {
        part.record.id
        for group in alike
        for part, time in zip(group.parts, group.times, strict=True)
        if _inside(time, reach)
    }
    for part in parts:
        if part.record.id not in held:
            why = f"none of its {len(part.record.slots)} slots is held then"
            yield from _refusals(part.record, (part.interval,), reach, why)


def _over_hours(
    rule: ExclusionRule,
    alike: Sequence[_Alike],
    billing_periods: Sequence[Interval],
    reach: Interval,
) -> Iterator[RefusedExclusion]:
    """Yield what exceeds the hours of a rule, record by record."""
    slots_over: dict[str, Counter[Interval]] = defaultdict(Counter)
    records = {part.record.id: part.record for group in alike for part in group.parts}
    for group in alike:
        for part, time in zip(group.parts, group.times, strict=True):
            for over in () if time is group.granted else subtract(time, group.granted):
                slots_over[part.record.id][over] += len(group.slots)
    for id_, slots in slots_over.items():
        record, is_shared = records[id_], rule.hours_per is HoursPer.CONTRACT
        for over in union(slots) if is_shared else slots:
            whose = "the contract" if is_shared else "each slot"
            why = (
                f"rule {rule.id!r} gives {whose} at most {_length(rule.hours_max_ms)} "
                f"{_in_period(over, billing_periods)}, and they are used up"
            )
            if not is_shared:
                why += f" for {slots[over]} of its {len(record.slots)} slots"
            yield from _refusals(record, (over,), reach, why)


def _in_period(over: Interval, billing_periods: Sequence[Interval]) -> str:
    edges = _edges(billing_periods)
    place = bisect_right(edges, over.start_ms)
    if place == 0:
        return f"before {format_instant(edges[0])}" if edges else "altogether"
    return f"in the billing period from {format_instant(edges[place - 1])}"


def _refusals(
    record: ExclusionRecord, intervals: Iterable[Interval], reach: Interval, why: str
) -> list[RefusedExclusion]:
    return [RefusedExclusion(record.id, interval, why) for interval in clip(intervals, reach)]


def _told(
    counted: Sequence[Sequence[_Alike]], roll: Roll, reach: Interval
) -> tuple[BySlot, dict[str, BySlot]]:
    """Return what is excused by slot, and by the record that gave it."""
    excused: list[tuple[Sequence[Slot], Intervals]] = []
    by_record: dict[str, list[tuple[Sequence[Slot], Intervals]]] = defaultdict(list)
    for slots, groups in _over_rules(counted, roll):
        shares = list(_shares(groups, reach))
        for id_, own in shares:
            by_record[id_].append((slots, own))
        if shares:
            excused.append((slots, _together([own for _, own in shares])))
    return BySlot(excused), {id_: BySlot(by_record[id_]) for id_ in sorted(by_record)}


def _over_rules(
    counted: Sequence[Sequence[_Alike]], roll: Roll
) -> Iterator[tuple[Sequence[Slot], Sequence[_Alike]]]:
    """Yield slots that are in the same groups of all rules; no slot is in two of one rule."""
    groups = [*chain.from_iterable(counted)]
    if sum(map(bool, counted)) <= 1:
        yield from ((group.slots, (group,)) for group in groups)
        return
    for alike in roll.alike([group.slots for group in groups]):
        yield alike.slots, [groups[number] for number in alike.lists]


def _shares(groups: Sequence[_Alike], reach: Interval) -> Iterator[tuple[str, Intervals]]:
    """Yield what each record gives a slot of these groups, without what one before it gave."""
    given = sorted(
        (part.record.from_ms, part.record.id, _granted(time, group))
        for group in groups
        for part, time in zip(group.parts, group.times, strict=True)
    )
    told: Intervals = ()
    for _, id_, time in given:
        own = _inside(time, reach)
        if told:
            own = subtract(own, told)
        if own:
            yield id_, own
            told = _together([told, own]) if told else own


def _inside(time: Intervals, window: Interval) -> Intervals:
    """Return time inside a window, as `clip` does; mostly one of them lies within the other."""
    if len(time) == 1:
        (only,) = time
        if window.start_ms <= only.start_ms < only.end_ms <= window.end_ms:
            return time
        if only.start_ms <= window.start_ms < window.end_ms <= only.end_ms:
            return (window,)
    return clip(time, window)


def _granted(time: Intervals, group: _Alike) -> Intervals:
    return time if time is group.granted else intersect(time, group.granted)


def _together(several: Sequence[Intervals]) -> Intervals:
    return several[0] if len(several) == 1 else union(chain.from_iterable(several))


def _when(refusal: RefusedExclusion) -> tuple[Interval, str, str]:
    return refusal.interval, refusal.exclusion_id, refusal.reason


def _length(length_ms: int) -> str:
    """Write a length in hours, minutes, seconds and milliseconds, leaving out what is zero."""
    units = ((3_600_000, "h"), (60_000, "min"), (1000, "s"), (1, "ms"))
    words = []
    for unit_ms, name in units:
        count, length_ms = divmod(length_ms, unit_ms)
        words += [f"{count} {name}"] if count else []
    return " ".join(words)
