"""What holds for every verdict, whatever a driver says."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from gpusla.catalogue.actions import Action
from gpusla.catalogue.readings import GPU
from gpusla.catalogue.reasons import REASONS, State
from gpusla.catalogue.xids import XIDS
from gpusla.health import Memory, Role, judge
from gpusla.health.verdict import Judged
from gpusla.journal.model import Condition
from gpusla.readings import Absence, Absent, Pass, Present, XidDetail, XidEvent
from tests.core.health.gpus import EXPECTED, MODULES, SLOT, UUIDS, absent, fabric, gpu, one_pass
from tests.core.health.test_conditions import FULL, full

ORDER = [State.OK, State.DEGRADED, State.UNKNOWN, State.DOWN]
PROGRAM = "secret_model"

# --- anything at all ------------------------------------------------------------------------------

ABSENCES = st.sampled_from(Absence).map(Absent)
NUMBERS = st.one_of(
    ABSENCES,
    st.integers(-1, 300).map(Present),
    st.floats(-1, 3e11).map(Present),
    st.sampled_from([2**63, 4_290_000_000, -1, 0.5]).map(Present),
)
NAMES = st.sampled_from(sorted(GPU))
WORDS = st.integers(0, 2**32 - 1)
DETAILS = st.none() | st.builds(
    XidDetail,
    unit=st.sampled_from(["", "NETIR_LINK_EVT", "X" * 64]),
    severity=st.sampled_from(["", "fatal", "non-fatal"]),
    link=st.none() | st.integers(0, 17),
    intrinfo=st.none() | WORDS | st.sampled_from([0x0020_0011, 0x7, 0x86]),
    error_status=st.none() | WORDS | st.sampled_from([0, 1, 8]),
    caused_by=st.none() | st.integers(0, 200),
    recovery_action=st.none() | st.integers(0, 9),
    text=st.just(PROGRAM),
)
EVENTS = st.builds(
    XidEvent,
    uuid=st.sampled_from([UUIDS[module] for module in MODULES]),
    xid=st.sampled_from(sorted(XIDS)) | st.integers(0, 99_999),
    wall_ms=st.integers(0, 20_000),
    detail=DETAILS,
    is_past=st.booleans(),
)
GPUS = st.builds(
    lambda numbers, answered, lost: replace(
        full(**numbers), answered=answered, fabric=lost or full().fabric
    ),
    st.dictionaries(NAMES, NUMBERS, max_size=6),
    st.none() | ABSENCES,
    st.none() | ABSENCES,
)
PASSES = st.builds(
    lambda first, events, source, at_ms: replace(
        one_pass(first, at_ms=at_ms, source=source), events=tuple(events)
    ),
    st.none() | GPUS,
    st.lists(EVENTS, max_size=6),
    st.none() | ABSENCES,
    st.integers(0, 10**6),
)
RUNS = st.lists(PASSES, min_size=1, max_size=5)


def run(passes: list[Pass], memory: Memory | None = None) -> tuple[list[Judged], Memory]:
    """Judge passes one after another."""
    memory = memory or Memory()
    found = []
    for seen in passes:
        judged, memory = judge(EXPECTED, seen, memory)
        found.append(judged)
    return found, memory


@given(RUNS)
def test_judging_is_deterministic(passes: list[Pass]) -> None:
    """The same passes give the same verdicts and the same memory."""
    assert run(passes) == run(passes)


@given(RUNS, PASSES)
def test_memory_survives_the_disk(passes: list[Pass], last: Pass) -> None:
    """Written and read back it is the same, and so is what it leads to."""
    _, memory = run(passes)
    kept = Memory.from_json(memory.to_json())
    assert kept == memory
    assert run([last], kept) == run([last], memory)


@given(RUNS)
def test_every_finding_can_be_told(passes: list[Pass]) -> None:
    """A reason of the catalogue, an action, and evidence that begins with who says so."""
    sources = ("driver", "agent", "inventory", "catalogue", "NVLink 5 decode", "log severity")
    for judged in run(passes)[0]:
        findings = [f for one in judged.conditions.values() for f in one.findings]
        for finding in findings:
            assert finding.reason in REASONS
            assert Action(finding.action)
        evidence = [f.evidence for f in findings] + [one.evidence for one in judged.events]
        for words in evidence:
            assert words.startswith((*(f"{source}: " for source in sources), "driver header: "))
            assert len(words) <= 200
            assert PROGRAM not in words


@given(RUNS)
def test_every_event_is_graded_once_and_in_order(passes: list[Pass]) -> None:
    """And an unknown one is never nothing."""
    for seen, judged in zip(passes, run(passes)[0], strict=True):
        assert tuple(one.event for one in judged.events) == seen.events
        for one in judged.events:
            assert one.role is not Role.UNKNOWN or one.action is not Action.NONE


@given(RUNS)
def test_a_state_is_the_worst_of_its_reasons_and_an_action_the_most(passes: list[Pass]) -> None:
    """Both answers come from the same findings; events add to the action alone."""
    order = list(Action)
    for judged in run(passes)[0]:
        assert set(judged.conditions) == set(judged.actions)
        for slot, condition in judged.conditions.items():
            states = [REASONS[finding.reason].state for finding in condition.findings]
            assert condition.state == max(states, key=ORDER.index, default=State.OK)
            asked = [Action(finding.action) for finding in condition.findings]
            least = max(map(order.index, asked), default=0)
            assert order.index(judged.actions[slot]) >= least


# --- bad evidence on top of any evidence ----------------------------------------------------------

BAD: dict[str, Mapping[str, Any]] = {
    "recovery_action": {"recovery_action": Present(1)},
    "drain": {"recovery_action": Present(3)},
    "limit": {"power_limit_watts": Present(1_000)},
    "memory": {"memory_total_bytes": Present(1)},
    "heat": {"clock_event_reasons": Present(0x40)},
    "links": {"nvlink_links_active": Present(17)},
    "speed": {"nvlink_speed_min_bytes_per_second": Present(1)},
    "lanes": {"pcie_width": Present(8)},
    "c2c": {"c2c_links_active": Present(0)},
    "pending": {"remap_pending": Present(1)},
    "failed": {"remap_failed": Present(1)},
    "unrepairable": {"unrepairable_memory": Present(1)},
    "repair": {"channel_repair_pending": Present(1)},
    "sram": {"sram_threshold_exceeded": Present(1)},
    "not ready": {"confidential_computing_ready": Present(0)},
}
KINDS = st.sampled_from(sorted(BAD))
LIVE_XIDS = st.lists(
    st.builds(
        XidEvent,
        uuid=st.just(UUIDS[2]),
        xid=st.sampled_from(sorted(XIDS)) | st.just(999),
        wall_ms=st.integers(0, 9_000),
        detail=DETAILS,
    ),
    max_size=3,
)


def tray(kinds: set[str], events: list[XidEvent], at_ms: int) -> Pass:
    """Return a pass in which the first GPU has these faults."""
    numbers = {name: value for kind in sorted(kinds) for name, value in BAD[kind].items()}
    return replace(one_pass(full(**numbers), at_ms=at_ms), events=tuple(events))


@given(st.sets(KINDS, max_size=4), KINDS, LIVE_XIDS)
def test_more_bad_readings_never_improve_a_state(
    kinds: set[str], another: str, events: list[XidEvent]
) -> None:
    """The first drain hides the first reset in one reading, so these two are not put together."""
    if {another, *kinds} >= {"drain", "recovery_action"}:
        kinds = kinds - {"drain", "recovery_action"}
    before = run([tray(kinds, events, 1_000)])[0][-1].conditions[SLOT].state
    after = run([tray({*kinds, another}, events, 1_000)])[0][-1].conditions[SLOT].state
    assert ORDER.index(after) >= ORDER.index(before)


@given(st.sets(KINDS, max_size=3), LIVE_XIDS, LIVE_XIDS)
def test_more_errors_never_improve_a_state(
    kinds: set[str], events: list[XidEvent], more: list[XidEvent]
) -> None:
    """Neither an end of a job nor a cause makes capacity come back."""
    before = run([tray(kinds, events, 1_000)])[0][-1].conditions[SLOT].state
    after = run([tray(kinds, [*events, *more], 1_000)])[0][-1].conditions[SLOT].state
    assert ORDER.index(after) >= ORDER.index(before)


@given(st.sets(KINDS, min_size=1, max_size=4), st.sampled_from(sorted(FULL)))
def test_a_reading_that_goes_absent_never_improves_a_state(kinds: set[str], name: str) -> None:
    """Silence is never good news."""
    if name in {"power_limit_requested_watts", "power_limit_default_watts"}:
        return
    ill = tray(kinds, [], 1_000)
    gone = tray(kinds, [], 2_000)
    gone.gpus[UUIDS[2]].numbers[name] = Absent(Absence.STALE)
    first, second = run([ill, gone])[0]
    assert ORDER.index(second.conditions[SLOT].state) >= ORDER.index(first.conditions[SLOT].state)


@given(st.sets(KINDS, max_size=5), LIVE_XIDS)
def test_good_evidence_clears_everything(kinds: set[str], events: list[XidEvent]) -> None:
    """A reset, and ten minutes of good samples: the slot is ok and nobody is asked for anything."""
    ill = tray(kinds, events, 1_000)
    reset = one_pass(absent(Absence.RESET_REQUIRED), at_ms=2_000)
    well = [one_pass(full(energy_joules=Present(1.0)), at_ms=ms) for ms in (3_000, 601_000)]
    last = run([ill, reset, *well, one_pass(full(), at_ms=602_000)])[0][-1]
    assert last.conditions[SLOT] == Condition(State.OK)
    assert last.actions[SLOT] is Action.NONE


@settings(max_examples=25)
@given(st.lists(EVENTS, min_size=1, max_size=4), st.permutations(range(4)))
def test_one_gpu_s_faults_are_not_another_s(events: list[XidEvent], order: list[int]) -> None:
    """A slot is judged by its own GPU, in whatever order the inventory lists the slots."""
    mine = [event for event in events if event.uuid == UUIDS[2]]
    seen = replace(one_pass(full()), events=tuple(events))
    alone = replace(one_pass(full()), events=tuple(mine))
    shuffled = [EXPECTED[place] for place in order]
    states = [
        judge(expected, one, Memory())[0].conditions[SLOT].state
        for expected, one in ((EXPECTED, seen), (shuffled, seen), (EXPECTED, alone))
    ]
    assert len(set(states)) == 1


def test_a_healthy_tray_says_nothing_at_all() -> None:
    """Neither of a GPU that tells everything nor of one that tells only what is required."""
    for first in (full(), gpu(), fabric()):
        judged, _ = judge(EXPECTED, one_pass(first), Memory())
        assert set(judged.conditions.values()) == {Condition(State.OK)}
        assert set(judged.actions.values()) == {Action.NONE}
        assert judged.events == ()
