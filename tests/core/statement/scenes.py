"""Statements to look at: a month of a rack of NVL72 under one promise, and under four."""

from dataclasses import replace
from fractions import Fraction
from functools import cache

from gpusla.catalogue.reasons import State
from gpusla.contracts.model import CapacityUnit, ContractVersion
from gpusla.contracts.promises import Kind, RequestMode, Requests, Scope, UnknownPolicy
from gpusla.contracts.remedies import (
    AcrossObjectives,
    Base,
    Cap,
    ClaimMode,
    Combination,
    EventRounding,
    ExclusionRule,
    HoursPer,
    Linear,
    LinearOf,
    Multiple,
)
from gpusla.identity import NodeName
from gpusla.instants import Interval
from gpusla.inventory.model import ExclusionRecord
from gpusla.journal.chain import Head
from gpusla.journal.model import Condition, Finding
from gpusla.ledger.booking import decide
from gpusla.ledger.entries import Entry
from gpusla.ledger.notes import CreditNote, is_documented
from gpusla.sla.evaluate import evaluate
from gpusla.sla.evaluation import Evaluation
from gpusla.sla.facts import Facts, RequestSlot
from gpusla.statement import Inputs, Statement, build
from gpusla.statement.from_facts import grounds_of
from gpusla.timeline.model import Evidence, StateSpan, Timeline
from tests.core.contracts.terms import contract, objective
from tests.core.sla.making import DAY_MS, HOUR_MS, facts, month, slot

INPUTS = Inputs(
    journals={NodeName(f"c2-r01-t{n:02}"): Head(1000 + n, f"{n:02}" * 32) for n in range(1, 19)},
    inventory_digest="1" * 64,
    assignments_digest="2" * 64,
    exclusions_digest="3" * 64,
    claims_digest="",
    zone_edition="2026.1",
    program="gpusla 0.1.0",
    signed={NodeName("n1"): 1},
)
FABRIC = Condition(State.DOWN, (Finding("fabric_down", "driver: fabric state 2"),))
SLOW = Condition(State.DEGRADED, (Finding("thermal_slowdown", "driver: clocks at 60 %"),))
UNSEEN = Condition(State.UNKNOWN, (Finding("not_observed"),))

RACK = contract(
    capacity={
        "unit": CapacityUnit.NVL72_DOMAIN,
        "gpus_per_unit": 72,
        "min_healthy_gpus": 64,
        "ramp": (replace(contract().capacity.ramp[0], gpus=72),),
    },
    objectives=(
        objective(
            degraded={"by_reason": {"thermal_slowdown": Fraction(1, 2)}}, clock_error_ms=5000
        ),
    ),
    exclusion_rules=(
        ExclusionRule("planned", "maintenance", 7 * DAY_MS, 0, HoursPer.SLOT, 0, True),  # noqa: FBT003
    ),
)

FOUR = replace(
    RACK,
    objectives=(
        *RACK.objectives,
        objective(
            id="gpus",
            kind=Kind.TIME_UNIT,
            scope=Scope.UNIT,
            target=Fraction(999, 1000),
            credit=Linear(Base.UNIT_FEE, LinearOf.SHORTFALL_BELOW_TARGET, Fraction(2)),
        ),
        objective(
            id="outages",
            kind=Kind.TIME_UNIT,
            target=Fraction(1),
            unknown={"policy": UnknownPolicy.TENANT_BEARS},
            credit=Multiple(Fraction(3, 2), EventRounding.HOUR_UP, 24),
        ),
        objective(
            id="api",
            kind=Kind.REQUEST_RATIO,
            target=Fraction(999, 1000),
            requests=Requests(RequestMode.TOTAL, HOUR_MS, 0, Fraction(0)),
        ),
    ),
    combination=Combination(
        AcrossObjectives.SUM,
        (Cap(Fraction(3), Base.PERIOD_FEE, None), Cap(None, Base.PERIOD_FEE, 200_000_001)),
        10_000,
    ),
    claims=replace(RACK.claims, mode=ClaimMode.ON_CLAIM),
    assumed=("capacity", "slos"),
)


@cache
def bad_october() -> Evaluation:
    """Nine GPUs fail together for ten hours, one is slow, a tray is excused, a gap, many blips."""
    return judged(RACK)


@cache
def four_promises() -> Evaluation:
    """The same month under four objectives, with caps of which one cuts, and claimed in time."""
    claimed_ms = month(FOUR).interval.end_ms + 9 * DAY_MS
    return judged(FOUR, granted_minor_units={"gpus": 12_345}, claimed_ms=claimed_ms)


def judged(of: ContractVersion, until_ms: int | None = None, **more: object) -> Evaluation:
    """The month under a contract."""
    period = month(of)
    end_ms = period.interval.end_ms if until_ms is None else until_ms
    return evaluate(of, period, end_ms, october(of, **more))


def october(of: ContractVersion, **more: object) -> Facts:
    """What was seen in that month, by hours from its start; the reach begins a day before."""
    start_ms, end_ms = month(of).interval.start_ms, month(of).interval.end_ms
    hours = {
        **{number: [(100, 110, FABRIC)] for number in range(8)},
        8: [(at, at + 1, FABRIC) for at in range(1, 121, 4)],
        9: [(700, 720, SLOW), (740, 744, UNSEEN)],
        **{number: [(300, 304, FABRIC)] for number in range(12, 16)},
    }
    troubles = {
        number: [(DAY_MS + a * HOUR_MS, DAY_MS + b * HOUR_MS, seen) for a, b, seen in several]
        for number, several in hours.items()
    }
    reach = Interval(start_ms - DAY_MS, end_ms + DAY_MS)
    found = facts(reach, troubles, slots=72, **more)  # type: ignore[arg-type]
    assert isinstance(found.timeline, Timeline)
    spans = {key: tuple(map(_recorded, several)) for key, several in found.timeline.spans.items()}
    slots = range(744)
    served = tuple(
        RequestSlot(start_ms + at * HOUR_MS, 1000, 5 if at % 5 == 0 else 0) for at in slots
    )
    return replace(
        found,
        timeline=replace(found.timeline, spans=spans),
        exclusions=(_record(of, "MW-1", 300, 10), _record(of, "MW-2", 104, 1)),
        requests={"api": served},
    )


def _recorded(span: StateSpan) -> StateSpan:
    is_seen = span.condition.state is not State.UNKNOWN
    evidence = Evidence(NodeName("n1"), 1, 1) if is_seen else None
    return replace(span, evidence=evidence, error_ms=2000)


def _record(of: ContractVersion, id_: str, at_hours: int, notice_days: int) -> ExclusionRecord:
    at_ms = month(of).interval.start_ms + at_hours * HOUR_MS
    return ExclusionRecord(
        id=id_,
        from_ms=at_ms,
        until_ms=at_ms + 4 * HOUR_MS,
        recorded_ms=at_ms,
        supersedes=None,
        withdrawn=False,
        slots=tuple(slot(number) for number in range(12, 16)),
        contract=of.id,
        kind="maintenance",
        reason="a new switch",
        clause="planned",
        approver="tenant",
        notice_ms=at_ms - notice_days * DAY_MS,
    )


def statement(
    evaluation: Evaluation, entries: tuple[Entry, ...] | None = None, *, is_final: bool = True
) -> Statement:
    """
    The statement of an evaluation, by default posted, with a credit note for each posting.

    Of the month of this module it tells incidents and what the evidence is worth.
    """
    booked = decide((), evaluation, is_final=is_final) if entries is None else entries
    documented = [entry for entry in booked if is_documented(entry)]
    notes = [
        CreditNote(entry.contract, number, entry.key)
        for number, entry in enumerate(documented, start=7)
    ]
    of = evaluation.contract
    grounds = grounds_of(evaluation, october(of), INPUTS) if of in (RACK, FOUR) else None
    return build(evaluation, booked, INPUTS, notes=notes, grounds=grounds)


def open_month() -> Evaluation:
    """The same month seen at its middle."""
    return judged(RACK, month(RACK).interval.start_ms + 372 * HOUR_MS)
