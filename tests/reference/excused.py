"""Section 5 of sla-engine.md: which exclusion records count, tick by tick."""

from gpusla.contracts.remedies import ExclusionRule, HoursPer
from gpusla.identity import Slot
from gpusla.inventory.model import ExclusionRecord
from tests.reference.case import Case, Ticks

Marks = dict[Slot, list[bool]]


def excused_ticks(case: Case, ticks: Ticks, held: dict[Slot, list[str | None]]) -> Marks:
    """Return for each slot and tick whether it is excused; 5: the union of all rules."""
    excused = {slot: [False for _ in ticks] for slot in held}
    for rule in case.contract.exclusion_rules:
        marks = _marked(case, rule, ticks, held)
        if rule.hours_max_ms:
            _cut(case, rule, ticks, marks)
        for slot, flags in marks.items():
            for tick in ticks:
                excused[slot][tick] = excused[slot][tick] or flags[tick]
    return excused


def _marked(
    case: Case, rule: ExclusionRule, ticks: Ticks, held: dict[Slot, list[str | None]]
) -> Marks:
    marks = {slot: [False for _ in ticks] for slot in held}
    for record in case.facts.exclusions:
        # 5: a record counts under the rule whose id is its clause.
        if record.clause != rule.id or not _may_count(record, rule):
            continue
        end_ms = ticks.begin_ms(ticks.count) if record.until_ms is None else record.until_ms
        if rule.length_max_ms:  # 5.4
            end_ms = min(end_ms, record.from_ms + rule.length_max_ms)
        for slot in record.slots:
            if slot in held:
                for tick in ticks.within(record.from_ms, end_ms):
                    # 5: only time in which the slot is held is excluded time.
                    marks[slot][tick] = held[slot][tick] is not None or marks[slot][tick]
    return marks


def _may_count(record: ExclusionRecord, rule: ExclusionRule) -> bool:
    if record.kind != rule.kind:  # 5.1
        return False
    if rule.notice_ms:  # 5.2
        if record.notice_ms is None:
            return False
        if record.notice_ms > record.from_ms - rule.notice_ms:
            return False
        if record.approver != "tenant" and record.recorded_ms > record.from_ms - rule.notice_ms:
            return False
    return record.approver == "tenant" or not rule.needs_approval  # 5.3


def _cut(case: Case, rule: ExclusionRule, ticks: Ticks, marks: Marks) -> None:
    """5.5: in each billing period, in order of time, what exceeds the hours does not count."""
    if rule.hours_per is HoursPer.SLOT:
        for flags in marks.values():
            _cut_together(case, rule, ticks, [flags])
    else:
        _cut_together(case, rule, ticks, list(marks.values()))


def _cut_together(case: Case, rule: ExclusionRule, ticks: Ticks, several: list[list[bool]]) -> None:
    used_ms = 0
    for tick in ticks:
        if ticks.begin_ms(tick) in case.period_starts:
            used_ms = 0
        if any(flags[tick] for flags in several):
            if used_ms < rule.hours_max_ms:
                used_ms += ticks.length_ms
            else:
                for flags in several:
                    flags[tick] = False
