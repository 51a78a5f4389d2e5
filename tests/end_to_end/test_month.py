"""A simulated month whose truth is known, judged from journals that a real collector fetched."""

import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from gpusla.catalogue.reasons import State
from gpusla.instants import Interval
from gpusla.ledger.booking import balance_minor_units
from gpusla.ledger.entries import Status
from gpusla.simulation.faults import HELD_KINDS, Fault, FaultKind
from gpusla.simulation.plan import draw
from gpusla.simulation.scenario import Scenario
from gpusla.simulation.truth import delivered_gpu_ms, totals
from gpusla.sla.periods import Period
from gpusla_collector.adapters.sql.reading import reading
from gpusla_collector.ports import OPERATOR
from gpusla_collector.settings import read_settings
from tests.end_to_end.world import HOUR_MS, INTERVAL_MS, VALID_MS, Rack, build_rack

MONTH = "2026-08"
AUGUST_HOURS = 744
BUSY = 8
"""Random faults come this many times as often as the rates say, so that the month is eventful."""


@pytest.fixture
def rack(tmp_path: Path) -> Rack:
    """A rack with its contract, in a folder of its own."""
    return build_rack(tmp_path)


def test_aligned_truth_is_judged_to_the_millisecond(rack: Rack) -> None:
    """Where every change falls on a sample, the judgement equals the truth exactly."""
    period = rack.period(MONTH)
    scenario = eventful(rack, period, align_ms=INTERVAL_MS)

    judged = _judge(rack, scenario, period)

    span = period.interval
    truth = delivered_gpu_ms(scenario, rack.terms(span), span, VALID_MS)
    seen = totals(scenario, rack.slots, span, VALID_MS).seen
    account = judged["account"]
    assert Fraction(account["delivered_gpu_ms"]["value"]) == truth
    assert Fraction(account["lost_gpu_ms"]) == 72 * span.duration_ms - truth
    assert account["states_gpu_ms"] == {state.value: seen[state] for state in State}
    assert sum(seen.values()) == 72 * span.duration_ms


@pytest.mark.parametrize("seed", [1, 2])
def test_unaligned_truth_lies_within_the_bounds(rack: Rack, seed: int) -> None:
    """Where changes fall between samples, the truth lies between low and high."""
    period = rack.period(MONTH)
    scenario = eventful(rack, period, align_ms=1, seed=seed)

    judged = _judge(rack, scenario, period)

    span = period.interval
    least = delivered_gpu_ms(scenario, rack.terms(span), span, VALID_MS)
    most = delivered_gpu_ms(scenario, rack.terms(span, is_unknown_delivered=True), span, VALID_MS)
    low, value, high = (
        Fraction(judged["account"]["delivered_gpu_ms"][bound]) for bound in ("low", "value", "high")
    )
    assert low <= least <= most <= high
    assert low <= value <= high
    edges = sum(2 * len(fault.slots) for fault in scenario.faults)
    assert abs(value - least) <= edges * VALID_MS


def test_the_credit_is_what_arithmetic_by_hand_gives(rack: Rack) -> None:
    """
    One switch fault of 14 hours in an August of 744 hours, and nothing else.

    72 x 14 of 72 x 744 GPU-hours are lost: 730 / 744 = 98.118 %, which is below 99 % and not below
    98 %, so 5 % of $150,000,000.00 is due: $7,500,000.00.
    """
    period = rack.period(MONTH)
    start_ms = period.interval.start_ms + 100 * HOUR_MS
    fault = Fault("switch", FaultKind.NVLINK_SWITCH, rack.slots, start_ms, start_ms + 14 * HOUR_MS)

    judged = _judge(rack, Scenario(rack.slots, (fault,)), period)

    (outcome,) = judged["outcomes"]
    assert Fraction(outcome["value"]["value"]) == Fraction(AUGUST_HOURS - 14, AUGUST_HOURS)
    assert judged["account"]["lost_gpu_ms"] == 72 * 14 * 3_600_000
    with reading(read_settings(rack.folder / "collector.yaml", {}).database) as store:
        entries = store.entries(OPERATOR, rack.contract.id, MONTH)
    assert [entry.status for entry in entries] == [Status.PENDING, Status.VOID, Status.POSTED]
    assert balance_minor_units(entries) == 750_000_000


def eventful(rack: Rack, period: Period, align_ms: int, seed: int = 5) -> Scenario:
    """Draw a busy month: repairs end before it does, faults and gaps are many."""
    hour = Interval(period.interval.start_ms, period.interval.end_ms)
    drawn = [draw(seed * BUSY + part, rack.slots, hour, align_ms=align_ms) for part in range(BUSY)]
    faults = tuple(
        Fault(f"{part}-{fault.id}", fault.kind, fault.slots, fault.start_ms, fault.end_ms)
        for part, scenario in enumerate(drawn)
        for fault in scenario.faults
    )
    return Scenario(rack.slots, _apart(faults))


def _apart(faults: tuple[Fault, ...]) -> tuple[Fault, ...]:
    """
    Keep the faults that leave every slot at least three samples' time between changes.

    A slowdown, which ends 30 seconds after its last sign, must also be alone: where something else
    hides that sign, no agent can know when the slowdown was over.
    """
    kept: list[Fault] = []
    for fault in sorted(faults, key=lambda fault: fault.start_ms):
        beside = [other for other in kept if not set(other.slots).isdisjoint(fault.slots)]
        if not any(_is_near(fault, other) for other in beside):
            kept.append(fault)
    return tuple(kept)


def _is_near(fault: Fault, other: Fault) -> bool:
    overlaps = fault.start_ms < other.end_ms and other.start_ms < fault.end_ms
    if overlaps and not HELD_KINDS.isdisjoint({fault.kind, other.kind}):
        return True
    return any(
        abs(edge - edge_of_other) < 3 * VALID_MS
        for edge in (fault.start_ms, fault.end_ms)
        for edge_of_other in (other.start_ms, other.end_ms)
    )


def _judge(rack: Rack, scenario: Scenario, period: Period) -> dict[str, Any]:
    """Let the rack live through the month and a little more, and return the stored judgement."""
    span = Interval(period.interval.start_ms - HOUR_MS, period.interval.end_ms + HOUR_MS)
    with rack.lived(scenario.faults, span):
        settings = rack.judge(period, span.end_ms)
    with reading(read_settings(settings, {}).database) as store:
        stored = store.judged(OPERATOR, rack.contract.id, period.key)
    assert stored is not None
    content: dict[str, Any] = json.loads(stored.content)
    return content
