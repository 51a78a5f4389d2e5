"""
What happens to a published contract, as `published/*.txt` writes it, and what it comes to.

A case is one line: a name, words and expectations, divided by `|`.  All is as promised but for the
words; the month is November 2026 unless `month=2026-12` says otherwise.

    out=8@2d+1h30m            eight GPUs are down, from so long after the month's start, so long
    out=8@0s+1h:planned       the same, duly agreed under an exclusion; `=unknown` is another state
    told=23h                  every exclusion's tenant was told so long before it began
    req=api:100/11*44,5/0     requests of each slot from the month's start, failed after the stroke
    rest=0/0                  those of all other slots, 100/0 if it is left out
    low=network:0s+40m        a measured value of 0
    fix=0s/10h/14h            a repair, opened, identified and over, `-` for not yet
    value=0.995 of=api        nothing happened but this value of the objective, of one unit

Money is in dollars.  `tier`, `missed` and, beside `value`, `credit` are the objective's own; else
`credit` is the period's and `api.availability` an objective's, without a name the first one's.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import TypeVar

from gpusla.contracts.model import ContractVersion, ExampleOutage, WorkedExample
from gpusla.contracts.promises import Objective
from gpusla.instants import Interval
from gpusla.inventory.model import ExclusionRecord
from gpusla.sla.credits import judge
from gpusla.sla.evaluate import evaluate
from gpusla.sla.evaluation import Bounds, Measure, Outcome, UnitMeasure
from gpusla.sla.facts import Facts, Measured, Repair, RequestSlot
from gpusla.sla.fees import fee_due, full_fee
from gpusla.sla.measure.roster import roster_of
from gpusla.sla.periods import Period, period_of
from gpusla.sla.prices import Prices
from gpusla.sla.worked import facts_of

T = TypeVar("T")

MONTH = "2026-11"
SECONDS = {"d": 86_400, "h": 3_600, "m": 60, "s": 1}
_OUT = re.compile(r"(\d+)@(\w+)\+(\w+?)(?:=(\w+))?(?::([\w-]+))?")


@dataclass(slots=True)
class Occurrence:
    """The words of a case."""

    month: str = MONTH
    outages: list[ExampleOutage] = field(default_factory=list)
    requests: dict[str, list[tuple[int, int]]] = field(default_factory=dict)
    rest: tuple[int, int] = (100, 0)
    low: dict[str, Interval] = field(default_factory=dict)
    repairs: list[tuple[int | None, ...]] = field(default_factory=list)
    told_ms: int | None = None
    value: Fraction | None = None
    of: str = ""


def read(words: str) -> Occurrence:
    """Read the middle part of a case."""
    found = Occurrence()
    for word in words.split():
        name, _, text = word.partition("=")
        match name:
            case "month" | "of":
                setattr(found, name, text)
            case "out":
                found.outages.append(_outage(text))
            case "req":
                id_, _, slots = text.partition(":")
                found.requests[id_] = list(_counted(slots))
            case "rest":
                found.rest = _pair(text)
            case "low":
                id_, _, span = text.partition(":")
                start, length = (milliseconds(part) for part in span.split("+"))
                found.low[id_] = Interval(start, start + length)
            case "fix":
                parts = [None if part == "-" else milliseconds(part) for part in text.split("/")]
                found.repairs.append(tuple(parts))
            case "told":
                found.told_ms = milliseconds(text)
            case "value":
                found.value = Fraction(text)
            case _:
                raise AssertionError(word)
    return found


def outcome(contract: ContractVersion, occurrence: Occurrence) -> dict[str, str]:
    """Everything that a case may expect."""
    if occurrence.value is not None:
        judged = judged_at(contract, contract.objective(occurrence.of), occurrence.value)
        units = judged.units[0].tier if judged.units else judged.tier
        return {
            "tier": "none" if units.value is None else str(units.value.percent),
            "credit": str(judged.credit.value / 100),
            "missed": "yes" if judged.is_missed else "no",
        }
    period = period_of(contract, occurrence.month)
    facts = _facts(contract, occurrence, period)
    evaluation = evaluate(contract, period, period.interval.end_ms, facts, explain=False)
    found = {"credit": str(Fraction(evaluation.credit_minor_units.value, 100))}
    for number, one in enumerate(evaluation.outcomes):
        value = "none" if one.value.value is None else str(one.value.value)
        found[f"{one.objective.id}.availability"] = value
        if number == 0:
            found["availability"] = value
    return found


def judged_at(contract: ContractVersion, objective: Objective, at: Fraction) -> Outcome:
    """Judge a value of one whole unit, or of the whole contract where that is judged."""
    window = period_of(contract, MONTH).interval
    lost, whole = _same(1 - at), _same(Fraction(1))
    held = contract.capacity.gpus_per_unit * window.duration_ms
    committed = contract.capacity.ramp[0].gpus * window.duration_ms
    unit = UnitMeasure("one", held, whole, lost, Bounds((), (), ()), _same(0), Fraction(1))
    measure = Measure(window, whole, lost, Fraction(1), (unit,), committed)
    prices = Prices(
        window=window,
        until_ms=window.end_ms,
        window_fee=fee_due((contract,), window).minor_units,
        annual_twelfth=full_fee(contract, contract.term.start).minor_units,
        committed_gpu_ms=committed,
        is_last=False,
        timezone=contract.term.timezone,
    )
    return judge(objective, measure, prices)


def milliseconds(text: str) -> int:
    """Read a length of time such as `1d2h30m`."""
    parts = re.findall(r"(\d+)([dhms])", text)
    assert "".join(map("".join, parts)) == text, text
    return sum(int(count) * SECONDS[unit] for count, unit in parts) * 1000


def _facts(contract: ContractVersion, occurrence: Occurrence, period: Period) -> Facts:
    example = WorkedExample("case", period.key, tuple(occurrence.outages), None, 0)
    facts = facts_of(contract, example, period, period)
    start_ms = period.interval.start_ms
    _, units = roster_of(facts.held, facts.domain_of).units(contract.capacity.unit)
    return replace(
        facts,
        exclusions=tuple(_told(facts.exclusions, occurrence.told_ms)),
        requests={**facts.requests, **_requests(facts, occurrence)},
        measurements={**facts.measurements, **_measured(facts, occurrence, start_ms)},
        repairs=tuple(_repairs(units[0], occurrence, start_ms)),
    )


def _told(
    exclusions: Iterable[ExclusionRecord], before_ms: int | None
) -> Iterator[ExclusionRecord]:
    """Yield the records, with the notice that the case speaks of."""
    for one in exclusions:
        yield one if before_ms is None else replace(one, notice_ms=one.from_ms - before_ms)


def _repairs(unit: str, occurrence: Occurrence, start_ms: int) -> Iterator[Repair]:
    """Yield the repairs of the first unit."""
    for after in occurrence.repairs:
        opened, *others = (None if at is None else start_ms + at for at in after)
        assert opened is not None
        yield Repair(unit, opened, *others)


def _requests(facts: Facts, occurrence: Occurrence) -> dict[str, tuple[RequestSlot, ...]]:
    """Return the requests of the objectives that the case speaks of, slot by slot."""
    found = {}
    for id_, pairs in occurrence.requests.items():
        slots = facts.requests[id_]
        counted = [*pairs, *[occurrence.rest] * (len(slots) - len(pairs))]
        found[id_] = tuple(
            RequestSlot(slot.start_ms, *pair) for slot, pair in zip(slots, counted, strict=True)
        )
    return found


def _measured(
    facts: Facts, occurrence: Occurrence, start_ms: int
) -> dict[str, dict[str, tuple[Measured, ...]]]:
    """Return the measured values, of which one is too low for a while."""
    found = {}
    for id_, low in occurrence.low.items():
        at = Interval(start_ms + low.start_ms, start_ms + low.end_ms)
        found[id_] = {
            unit: (*several, Measured(at, Fraction(0)))
            for unit, several in facts.measurements[id_].items()
        }
    return found


def _outage(text: str) -> ExampleOutage:
    found = _OUT.fullmatch(text)
    assert found is not None, text
    gpus, start, length, state, rule = found.groups()
    return ExampleOutage(
        int(gpus), milliseconds(start), milliseconds(length), state or "down", rule or ""
    )


def _counted(text: str) -> Iterator[tuple[int, int]]:
    for part in text.split(","):
        pair, _, times = part.partition("*")
        yield from [_pair(pair)] * int(times or 1)


def _pair(text: str) -> tuple[int, int]:
    total, failed = text.split("/")
    return int(total), int(failed)


def _same(value: T) -> Bounds[T]:
    return Bounds(value, value, value)
