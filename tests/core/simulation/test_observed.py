"""What the agent's own rules make of a simulated node is what the truth says that it can tell."""

from collections.abc import Mapping
from itertools import pairwise

import pytest

from gpusla.catalogue.readings import Consent
from gpusla.catalogue.reasons import State
from gpusla.health import Memory, Role, judge
from gpusla.identity import GpuUuid, NodeName, Slot
from gpusla.instants import Interval
from gpusla.journal.model import ClockState, Condition, Instant, Observed, Started
from gpusla.readings import Expected, Present
from gpusla.simulation.faults import BLURRED_MS, Fault, FaultKind
from gpusla.simulation.plan import Rates, Repair, draw
from gpusla.simulation.profile import GB300
from gpusla.simulation.scenario import Scenario, struck
from gpusla.simulation.truth import stretches, totals
from gpusla.timeline.fold import Carry, advance
from gpusla_agent.sources.simulated import SimulatedSource, paper_gpu
from tests.fakes import FakeClock

START = 1_782_882_000_000
INTERVAL_MS = 1000
VALID_MS = 2500
TRAY = tuple(Slot("c2", "r01", "t01", f"m{module}") for module in (2, 1, 4, 3))
GPUS = [
    paper_gpu(slot, int(slot.module[1:]), index, GpuUuid(f"GPU-{index}"), GB300)
    for index, slot in enumerate(TRAY)
]
EXPECTED = [
    Expected(gpu.slot, gpu.identity.module_id or 0, gpu.identity.uuid, "gb300") for gpu in GPUS
]

Seen = dict[Slot, dict[State, int]]


def observe(scenario: Scenario, duration_ms: int) -> tuple[Seen, list[Mapping[Slot, Condition]]]:
    """Sample a tray once a second, judge, fold; return milliseconds by state and conditions."""
    clock = FakeClock(START, START)
    source = SimulatedSource(scenario, GPUS, clock, loaded_ms=START)
    source.allow({gpu.identity.uuid: {Consent.ACTIVITY} for gpu in GPUS})
    seen: Seen = {slot: dict.fromkeys(State, 0) for slot in TRAY}
    instant = Instant("boot", 1, 0, START, ClockState.SYNCHRONISED, 0)
    carry, memory = Carry(), Memory()
    conditions: list[Mapping[Slot, Condition]] = []
    carry, _ = advance(
        carry, 1, Started(instant, NodeName("n"), "0", "simulated", INTERVAL_MS, VALID_MS)
    )
    for sequence in range(2, 3 + duration_ms // INTERVAL_MS):
        if not source.is_mute(clock.now_ms):
            judgement, memory = judge(EXPECTED, source.sample(), memory)
            judged = judgement.conditions
            conditions.append(judged)
            mono_ms = clock.monotonic_ms()
            at = Instant("boot", 1, mono_ms, clock.now_ms, ClockState.SYNCHRONISED, 0)
            carry, spans = advance(carry, sequence, Observed(at, mono_ms, 1, 0, judged))
            for span in spans:
                seen[span.slot][span.condition.state] += span.end_ms - span.start_ms
        clock.now_ms += INTERVAL_MS
    for states in seen.values():
        states[State.UNKNOWN] += duration_ms - sum(states.values())
    return seen, conditions


@pytest.mark.parametrize("kind", FaultKind)
def test_every_kind_of_fault_is_seen_as_what_it_is_and_for_as_long(kind: FaultKind) -> None:
    """Exact to the millisecond when its edges fall on samples."""
    slots = struck(kind, str(TRAY[0]), TRAY)
    fault = Fault("f", kind, slots, START + 40_000, START + 120_000, xids=(154,))
    scenario = Scenario(TRAY, (fault,))
    seen, conditions = observe(scenario, 300_000)
    for slot in TRAY:
        truth = totals(scenario, [slot], Interval(START, START + 300_000), VALID_MS)
        state = fault.effect_on(slot).state
        late_ms = seen[slot][state] - truth.seen[state] if slot in slots else 0
        assert 0 <= late_ms <= BLURRED_MS.get(kind, 0)
        seen[slot][state] -= late_ms
        seen[slot][State.OK] += late_ms
        assert seen[slot] == truth.seen
    reasons = {f.reason for judged in conditions for f in judged[TRAY[0]].findings}
    assert reasons == {fault.effect.reason, *fault.effect.also} - {"not_observed", ""}


def test_the_field_story_has_one_root_and_its_after_effects() -> None:
    """One GPU's 149 with its register words, 145 on all others, and 505 recoveries before."""
    slots = struck(FaultKind.NVLINK_STORY, str(TRAY[2]), TRAY)
    fault = Fault("f", FaultKind.NVLINK_STORY, slots, START + 700_000, START + 800_000)
    clock = FakeClock(START, START)
    source = SimulatedSource(Scenario(TRAY, (fault,)), GPUS, clock, loaded_ms=START)
    recoveries = []
    for clock.now_ms in (START, START + 100_000, START + 900_000):
        source.sample()
        recoveries.append(source.sample().gpus[GPUS[2].identity.uuid].numbers["nvlink_recoveries"])
    assert recoveries == [Present(0), Present(505), Present(505)]
    again = SimulatedSource(Scenario(TRAY, (fault,)), GPUS, clock, loaded_ms=START)
    clock.now_ms = fault.start_ms
    judged, _ = judge(EXPECTED, again.sample(), Memory())
    roles = {(one.slot, one.event.xid): one.role for one in judged.events}
    assert roles.pop((TRAY[2], 149)) is Role.ROOT
    assert roles == {(slot, 145): Role.AFTER_EFFECT for slot in TRAY if slot != TRAY[2]}
    assert {slot: one.state for slot, one in judged.conditions.items()} == {
        slot: State.DOWN if slot == TRAY[2] else State.OK for slot in TRAY
    }


@pytest.mark.parametrize("seed", range(4))
def test_what_is_seen_of_a_drawn_fate_is_what_the_truth_says(seed: int) -> None:
    """Half an hour in which everything goes wrong all the time."""
    span = Interval(START, START + 1_800_000)
    rates = Rates(
        gpu_failure_hours=0.4,
        gpu_repair=Repair(0.05, 0.2),
        switch_fault_days=0.02,
        switch_repair=Repair(0.05, 0.1),
        gap_days=0.02,
        gap_minutes=2,
        outcomes=tuple(
            outcome for outcome in Rates().outcomes if outcome[0] is not FaultKind.THERMAL_SLOWDOWN
        ),
    )
    scenario = draw(seed, TRAY, span, rates, align_ms=INTERVAL_MS)
    seen, _ = observe(scenario, 1_800_000)
    for slot in TRAY:
        assert seen[slot] == totals(scenario, [slot], span, VALID_MS).seen


def test_unaligned_edges_are_off_by_less_than_an_interval_each() -> None:
    """And nothing else is."""
    slot = TRAY[0]
    fault = Fault("f", FaultKind.GPU_LOST, (slot,), START + 20_300, START + 100_700)
    scenario = Scenario(TRAY, (fault,))
    seen, _ = observe(scenario, 150_000)
    truth = totals(scenario, [slot], Interval(START, START + 150_000), VALID_MS)
    assert seen[slot][State.DOWN] == 80_000
    assert truth.seen[State.DOWN] == 80_400


def test_an_xid_is_reported_once() -> None:
    """By the first sample at or after its instant."""
    fault = Fault("f", FaultKind.GPU_LOST, (TRAY[1],), START + 2500, START + 9000, xids=(79,))
    clock = FakeClock(START, START)
    source = SimulatedSource(Scenario(TRAY, (fault,)), GPUS, clock, loaded_ms=START)
    events = []
    for _ in range(12):
        events += [(event.uuid, event.xid, event.wall_ms) for event in source.sample().events]
        clock.sleep(1)
    assert events == [("GPU-1", 79, START + 3000)]


def test_readings_stay_as_they_are_until_the_instant_that_is_told() -> None:
    """Health sees no change in between; the last edge is followed by none."""
    fault = Fault("f", FaultKind.THERMAL_SLOWDOWN, TRAY[:1], START + 5000, START + 60_000)
    scenario = Scenario(TRAY, (fault,))
    source = SimulatedSource(scenario, GPUS, FakeClock(START), loaded_ms=START)
    assert source.unchanged_until_ms(START) == START + 5000
    assert source.unchanged_until_ms(START + 5000) == START + 30_001
    assert source.unchanged_until_ms(START + 30_001) == START + 60_000
    assert source.unchanged_until_ms(START + 60_000) > START + 10**12


def test_stretches_cover_the_span_without_gaps() -> None:
    """For a busy fate."""
    span = Interval(START, START + 86_400_000)
    scenario = draw(5, TRAY, span, Rates(gpu_failure_hours=3, gap_days=0.1))
    for slot in TRAY:
        parts = list(stretches(scenario, slot, span, VALID_MS))
        assert len(parts) > 3
        assert parts[0].start_ms == span.start_ms
        assert parts[-1].end_ms == span.end_ms
        assert all(a.end_ms == b.start_ms for a, b in pairwise(parts))
