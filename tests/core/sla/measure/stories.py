"""
Facts of a few slots in characters, one a minute, from local midnight of the first of July 2026.

    .  ok            x  down                  h  degraded, half by its reason
    -  not held      n  down, a link's fault  t  degraded, a third by its reason
    ?  no span       u  seen as unknown       e  an edge: ok at its start, down at its end
    w  down, but perhaps ok           o  ok, with a sign of a link's fault

`told("..xx", "....")` is two slots of one rack; `told(racks=[["..xx"], ["...."]])` of two.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import groupby
from typing import Any, TypeAlias

from gpusla.catalogue.reasons import State
from gpusla.contracts.calendar import start_of_day_ms
from gpusla.contracts.model import AcceptedSku, ContractVersion, RampStep
from gpusla.contracts.promises import Objective, Unknown, UnknownPolicy
from gpusla.identity import Slot
from gpusla.instants import Interval
from gpusla.journal.model import Condition, Finding
from gpusla.sla.evaluation import Bounds, Measure, UnitMeasure
from gpusla.sla.facts import Facts, Holding
from gpusla.sla.measure import measure
from gpusla.timeline.build import build
from gpusla.timeline.intervals import union
from gpusla.timeline.model import StateSpan, Timeline
from tests.core.contracts.terms import SKU, START
from tests.core.contracts.terms import contract as terms
from tests.core.contracts.terms import objective as promise

Three: TypeAlias = tuple[Fraction | int, Fraction | int, Fraction | int]
"""Low, value and high; in minutes."""

MINUTE_MS = 60_000
ORIGIN_MS = start_of_day_ms(START, "America/Chicago")

OK = Condition(State.OK)
DOWN = Condition(State.DOWN, (Finding("gpu_lost"),))
CONDITIONS: Mapping[str, tuple[Condition, Condition | None]] = {
    ".": (OK, None),
    "x": (DOWN, None),
    "n": (Condition(State.DOWN, (Finding("nvlink_degraded"),)), None),
    "h": (Condition(State.DEGRADED, (Finding("power_limit"),)), None),
    "t": (Condition(State.DEGRADED, (Finding("nvlink_degraded"),)), None),
    "u": (Condition(State.UNKNOWN, (Finding("gpu_unobservable"),)), None),
    "o": (Condition(State.OK, (Finding("nvlink_degraded"),)), None),
    "e": (OK, DOWN),
    "w": (DOWN, OK),
}
FRACTIONS = {"power_limit": Fraction(1, 2), "nvlink_degraded": Fraction(1, 3)}


def minutes(start: int, end: int) -> Interval:
    """Return the time from a minute to another."""
    return Interval(ORIGIN_MS + start * MINUTE_MS, ORIGIN_MS + end * MINUTE_MS)


def slot(number: int, rack: int = 0) -> Slot:
    """Return a slot of a rack; four to a tray."""
    return Slot("c2", f"r{rack}", f"t{number // 4:02}", f"m{number % 4}")


def told(*rows: str, racks: Sequence[Sequence[str]] = (), error: int | None = 0) -> Facts:
    """Return facts; error: of the clock, in minutes, of every span."""
    racks = racks or (rows,)
    by_slot = {
        slot(number, rack): row for rack, of in enumerate(racks) for number, row in enumerate(of)
    }
    error_ms = None if error is None else error * MINUTE_MS
    spans = [one for place, row in by_slot.items() for one in _spans(place, row, error_ms)]
    end = max(map(len, by_slot.values()))
    timeline = build(spans, by_slot, minutes(0, end))
    return Facts(timeline, {place: _held(row) for place, row in by_slot.items()})


def always(facts: Facts) -> Facts:
    """Return facts in which every slot has been held for a day and will be for another."""
    held = (Holding(minutes(-1440, 1440), SKU),)
    return replace(facts, held=dict.fromkeys(facts.held, held))


def sold_as(facts: Facts, **skus: str) -> Facts:
    """Return facts in which slots of the first rack, `s0` and so on, hold another kind."""
    held = dict(facts.held)
    for name, sku in skus.items():
        place = slot(int(name[1:]))
        held[place] = tuple(replace(one, sku=sku) for one in held[place])
    return replace(facts, held=held)


def judged(
    facts: Facts,
    contract: Mapping[str, Any] | None = None,
    *,
    window: tuple[int, int] = (0, 0),
    until: int | None = None,
    excused: Mapping[Slot, Sequence[tuple[int, int]]] | None = None,
    **objective: Any,
) -> Measure:
    """Measure a promise of the simple terms with some fields changed; window: by default all."""
    assert facts.timeline is not None
    of = minutes(*window) if window != (0, 0) else timeline_of(facts).period
    until_ms = of.end_ms if until is None else ORIGIN_MS + until * MINUTE_MS
    return measure(
        under(**(contract or {})), promised(**objective), of, until_ms, facts, given(excused or {})
    )


def under(**capacity: Any) -> ContractVersion:
    """Return a contract with some fields of capacity changed; `gpus`: how many are committed."""
    gpus = capacity.pop("gpus", 1)
    skus = (AcceptedSku(SKU, Fraction(1)), AcceptedSku("gb200", Fraction(1, 2)))
    return terms(capacity={"ramp": (RampStep(START, gpus),), "accepted_skus": skus} | capacity)


def promised(**changes: Any) -> Objective:
    """Return an objective; `policy` and `carry` (minutes) are those of unknown time."""
    policy = changes.pop("policy", UnknownPolicy.PROVIDER_BEARS)
    carry = changes.pop("carry", 0)
    unknown = Unknown(policy, carry * MINUTE_MS)
    return promise(**({"unknown": unknown, "degraded": {"by_reason": FRACTIONS}} | changes))


def given(excused: Mapping[Slot, Sequence[tuple[int, int]]]) -> dict[Slot, tuple[Interval, ...]]:
    """Return excused time as the kernel takes it."""
    return {place: union(minutes(*one) for one in several) for place, several in excused.items()}


def in_minutes(bounds: Bounds[Fraction]) -> Three:
    """Return what is lost at least, as the contract says, and at most."""
    return bounds.low / MINUTE_MS, bounds.value / MINUTE_MS, bounds.high / MINUTE_MS


def lost(measure_: Measure) -> Three:
    """Return what a measure lost, in minutes."""
    return in_minutes(measure_.lost)


def total(measure_: Measure) -> Three:
    """Return a measure's total, in minutes."""
    return in_minutes(measure_.total)


def unit_of(measure_: Measure, name: object) -> UnitMeasure:
    """Return a unit's part of a measure; it has one if it lost something."""
    return next(one for one in measure_.units if one.unit == str(name))


def timeline_of(facts: Facts) -> Timeline:
    """Return the timeline that facts were told with."""
    assert isinstance(facts.timeline, Timeline)
    return facts.timeline


def _spans(place: Slot, row: str, error_ms: int | None) -> list[StateSpan]:
    spans, at = [], 0
    for character, several in groupby(row):
        count = len(list(several))
        if character != "?":
            condition, other = CONDITIONS[character.replace("-", ".")]
            time = minutes(at, at + count)
            spans.append(StateSpan(place, time.start_ms, time.end_ms, condition, other, error_ms))
        at += count
    return spans


def _held(row: str) -> tuple[Holding, ...]:
    held = union(minutes(at, at + 1) for at, one in enumerate(row) if one != "-")
    return tuple(Holding(one, SKU) for one in held)
