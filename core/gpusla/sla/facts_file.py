"""
The facts of one judgement as JSON, so that somebody else can judge them anew, or on other terms.

Canonical JSON with whole numbers and text only.  Conditions stand once in a table and spans point
into it; times are milliseconds since 1970-01-01T00:00:00Z.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from gpusla.catalogue.codes import WRONG_TYPE
from gpusla.catalogue.reasons import State
from gpusla.errors import InputError, Position
from gpusla.identity import ContractId, NodeName, Slot, parse_slot
from gpusla.instants import INSTANT_MAX_MS, INSTANT_MIN_MS, Interval
from gpusla.inventory.model import ExclusionRecord
from gpusla.journal.model import Condition, Finding
from gpusla.sla.digest import canonical, exact, from_exact
from gpusla.sla.facts import Facts, Holding, Measured, Repair, RequestSlot
from gpusla.timeline.model import Evidence, StateSpan, Timeline, Witness

FORMAT = "gpusla/facts/1"
"""What stands under `format`."""

MS_MAX = 2**45
"""
So far from 1970-01-01T00:00:00Z, in ms, may lie what is swept over: 855 to 3084, ends included.

That is the reach, spans, times of service, repairs, and what was counted or measured.  Every
calendar has these years, and the time of 100,000 slots together still fits into the 64 bits that
arrays of it are summed in.  What people write is not bound by it: `_Written`.
"""

COUNT_MAX = 2**47
"""No journal has more records, as the verifier holds it too, and no slot of time more requests."""

AMOUNT_MAX = 2**63 - 1
"""No credit is more, in minor units: what databases hold."""

NUMBER_CHARACTERS_MAX = 65_536
"""Longer than any mean over the time slots of a month; reading one takes no noticeable time."""

_SOME = Field(min_length=1)
_Ms = Annotated[int, Field(ge=-MS_MAX, le=MS_MAX)]
_Written = Annotated[int, Field(ge=INSTANT_MIN_MS, le=INSTANT_MAX_MS)]
"""
An instant as the inventory takes it, of the years 1 to 9999: "until further notice" is the last.

It is compared with others, and the time between two is cut to the reach before it is summed.
"""

_ClockError = Annotated[int, Field(ge=0, le=INSTANT_MAX_MS)]
"""As far as the collector takes a node's word for it; nothing is ever widened beyond the reach."""

_Count = Annotated[int, Field(ge=0, le=COUNT_MAX)]
_Amount = Annotated[int, Field(ge=-AMOUNT_MAX, le=AMOUNT_MAX)]
_NUMBER = re.compile(r"-?(?:0x[0-9a-f]+|[0-9]+)(?:/(?:0x[0-9a-f]+|[0-9]+))?", re.ASCII)


@dataclass(frozen=True, slots=True)
class RecordedFacts:
    """
    Facts with what they are about.

    period: key of the billing period.  until_ms: how far they were known when they were written.
    """

    contract: ContractId
    period: str
    until_ms: int
    facts: Facts


def to_json(recorded: RecordedFacts) -> bytes:
    """Return canonical bytes; equal facts give equal bytes, in whatever order they were found."""
    facts = recorded.facts
    timeline = facts.timeline
    assert isinstance(timeline, Timeline), "facts for a file are spans, slot by slot"
    table = _Table()
    slots = [
        {
            "slot": str(slot),
            "held": [[*_edges(held.interval), held.sku] for held in facts.held[slot]],
            "spans": [table.row(span) for span in timeline.spans.get(slot, ())],
        }
        for slot in sorted(facts.held)
    ]
    return canonical(
        {
            "format": FORMAT,
            "contract": recorded.contract,
            "period": recorded.period,
            "until_ms": recorded.until_ms,
            "reach": _edges(timeline.period),
            "conditions": table.rows,
            "slots": slots,
            "exclusions": [_exclusion(record) for record in _by_id(facts.exclusions)],
            "requests": {id_: _counts(rows) for id_, rows in facts.requests.items()},
            "measurements": {
                id_: {unit: _values(rows) for unit, rows in units.items()}
                for id_, units in facts.measurements.items()
            },
            "repairs": sorted(
                [one.unit, one.opened_ms, one.identified_ms, one.restored_ms]
                for one in facts.repairs
            ),
            "claimed_ms": facts.claimed_ms,
            "granted_minor_units": dict(facts.granted_minor_units),
        }
    )


def from_json(content: bytes, source: str) -> RecordedFacts:
    """
    Read facts back.

    source: how messages name the file.  Raises InputError with the place of the first thing wrong:
    also where a slot stands twice, its spans do not cover the reach exactly, or its times of
    service overlap, for whoever judges relies on these.
    """
    try:
        form = _FactsForm.model_validate_json(content)
        return _recorded(form)
    except ValidationError as cause:
        first = cause.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "the file"
        raise _refused(source, f"{where}: {first['msg'].lower()}") from cause
    except (ValueError, InputError) as cause:
        raise _refused(source, str(cause)) from cause


class _Table:
    """The conditions that spans point to, in the order in which they are first met."""

    def __init__(self) -> None:
        self.rows: list[Any] = []
        self._places: dict[Condition, int] = {}

    def row(self, span: StateSpan) -> list[Any]:
        """Return a span as a row."""
        evidence = span.evidence
        records = (
            None
            if evidence is None
            else [evidence.node, evidence.first_sequence, evidence.last_sequence]
        )
        other = None if span.other is None else self._place(span.other)
        place = self._place(span.condition)
        who = [witness.value for witness in (span.witness, *span.agreed)]
        return [span.start_ms, span.end_ms, place, other, span.error_ms, records, who]

    def _place(self, condition: Condition) -> int:
        if condition not in self._places:
            self._places[condition] = len(self.rows)
            findings = [[finding.reason, finding.evidence] for finding in condition.findings]
            self.rows.append([condition.state.value, findings])
        return self._places[condition]


_SpanRow = tuple[
    _Ms,
    _Ms,
    int,
    int | None,
    _ClockError | None,
    tuple[str, _Count, _Count] | None,
    Annotated[list[str], _SOME],
]
"""Start, end, condition, other, clock error, records; then whose they are, and who agrees."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, hide_input_in_errors=True)


class _SlotForm(_Strict):
    slot: str
    held: list[tuple[_Ms, _Ms, str]]
    spans: list[_SpanRow]


class _ExclusionForm(_Strict):
    id: str
    from_ms: _Written
    until_ms: _Written | None
    recorded_ms: _Written
    slots: list[str]
    kind: str
    reason: str
    clause: str
    approver: str
    notice_ms: _Written | None


class _FactsForm(_Strict):
    format: Literal["gpusla/facts/1"]
    contract: str
    period: str
    until_ms: _Ms
    reach: tuple[_Ms, _Ms]
    conditions: list[tuple[str, list[tuple[str, str]]]]
    slots: list[_SlotForm]
    exclusions: list[_ExclusionForm]
    requests: dict[str, list[tuple[_Ms, _Count, _Count]]]
    measurements: dict[str, dict[str, list[tuple[_Ms, _Ms, int | str]]]]
    repairs: list[tuple[str, _Ms, _Ms | None, _Ms | None]]
    claimed_ms: _Written | None
    granted_minor_units: dict[str, _Amount] = Field(default_factory=dict)


def _recorded(form: _FactsForm) -> RecordedFacts:
    contract = ContractId(form.contract)
    reach = _interval(*form.reach)
    conditions = [
        Condition(State(state), tuple(Finding(reason, words) for reason, words in findings))
        for state, findings in form.conditions
    ]
    slots = _by_slot(form.slots)
    facts = Facts(
        Timeline(
            reach,
            {slot: tuple(_spans(slot, one, conditions, reach)) for slot, one in slots.items()},
        ),
        {slot: tuple(_held(slot, one)) for slot, one in slots.items()},
        tuple(_record(one, contract) for one in form.exclusions),
        {id_: tuple(RequestSlot(*row) for row in rows) for id_, rows in form.requests.items()},
        {
            id_: {
                unit: tuple(Measured(_interval(a, b), _number(v)) for a, b, v in rows)
                for unit, rows in units.items()
            }
            for id_, units in form.measurements.items()
        },
        tuple(Repair(*row) for row in form.repairs),
        form.claimed_ms,
        form.granted_minor_units,
    )
    return RecordedFacts(contract, form.period, form.until_ms, facts)


def _by_slot(forms: Iterable[_SlotForm]) -> dict[Slot, _SlotForm]:
    slots: dict[Slot, _SlotForm] = {}
    for one in forms:
        slot = parse_slot(one.slot)
        if slots.setdefault(slot, one) is not one:
            message = f"slot {slot} stands twice"
            raise ValueError(message)
    return slots


def _held(slot: Slot, form: _SlotForm) -> Iterator[Holding]:
    reached_ms: int | None = None
    for start_ms, end_ms, sku in form.held:
        if reached_ms is not None and start_ms < reached_ms:
            message = f"times at which {slot} was held overlap at {start_ms}"
            raise ValueError(message)
        reached_ms = end_ms
        yield Holding(_interval(start_ms, end_ms), sku)


def _spans(
    slot: Slot, form: _SlotForm, conditions: Sequence[Condition], reach: Interval
) -> Iterator[StateSpan]:
    reached_ms = reach.start_ms
    for start_ms, end_ms, place, other, error_ms, records, (first, *others) in form.spans:
        if start_ms != reached_ms:
            how = "overlap at" if start_ms < reached_ms else f"leave a gap from {reached_ms} to"
            message = f"spans of {slot} {how} {start_ms}"
            if reached_ms == reach.start_ms:
                message = f"spans of {slot} begin at {start_ms}, and the reach at {reached_ms}"
            raise ValueError(message)
        reached_ms = _interval(start_ms, end_ms).end_ms
        yield StateSpan(
            slot,
            start_ms,
            end_ms,
            _at(conditions, place),
            None if other is None else _at(conditions, other),
            error_ms,
            None if records is None else Evidence(NodeName(records[0]), *records[1:]),
            Witness(first),
            tuple(Witness(one) for one in others),
        )
    if reached_ms != reach.end_ms:
        message = f"spans of {slot} end at {reached_ms}, and the reach at {reach.end_ms}"
        raise ValueError(message)


def _number(written: int | str) -> Fraction:
    """Read what `exact` writes; raises ValueError for anything else, a division by zero too."""
    text = str(written)
    if len(text) <= NUMBER_CHARACTERS_MAX and _NUMBER.fullmatch(text):
        try:
            return from_exact(written)
        except (ValueError, ZeroDivisionError):
            pass  # more digits than Python reads, or nothing below the line
    message = f"{text[:40]!r} is not an exact number"
    raise ValueError(message)


def _at(conditions: Sequence[Condition], place: int) -> Condition:
    if not 0 <= place < len(conditions):
        message = f"there is no condition {place}"
        raise ValueError(message)
    return conditions[place]


def _interval(start_ms: int, end_ms: int) -> Interval:
    if start_ms >= end_ms:
        message = f"[{start_ms}, {end_ms}) is no interval"
        raise ValueError(message)
    return Interval(start_ms, end_ms)


def _record(form: _ExclusionForm, contract: ContractId) -> ExclusionRecord:
    return ExclusionRecord(
        form.id,
        form.from_ms,
        form.until_ms,
        form.recorded_ms,
        None,
        False,  # noqa: FBT003  (a record that is withdrawn is not in force, and not written)
        tuple(parse_slot(slot) for slot in form.slots),
        contract,
        form.kind,
        form.reason,
        form.clause,
        form.approver,
        form.notice_ms,
    )


def _exclusion(record: ExclusionRecord) -> dict[str, Any]:
    return {
        "id": record.id,
        "from_ms": record.from_ms,
        "until_ms": record.until_ms,
        "recorded_ms": record.recorded_ms,
        "slots": [str(slot) for slot in record.slots],
        "kind": record.kind,
        "reason": record.reason,
        "clause": record.clause,
        "approver": record.approver,
        "notice_ms": record.notice_ms,
    }


def _counts(rows: Iterable[RequestSlot]) -> list[list[int]]:
    return [[one.start_ms, one.total, one.failed] for one in rows]


def _values(rows: Iterable[Measured]) -> list[list[Any]]:
    return [[*_edges(one.interval), exact(one.value)] for one in rows]


def _by_id(records: Iterable[ExclusionRecord]) -> list[ExclusionRecord]:
    return sorted(records, key=lambda record: record.id)


def _edges(interval: Interval) -> list[int]:
    return [interval.start_ms, interval.end_ms]


def _refused(source: str, why: str) -> InputError:
    return InputError(
        WRONG_TYPE,
        f"this is not a file of facts: {why}",
        fix="Give what `gpusla collector facts` wrote.",
        position=Position(source),
    )
