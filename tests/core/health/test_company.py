"""What an error is among the others of its node: cause, consequence, or the end of a job."""

from dataclasses import replace

import pytest

from gpusla.health import Memory, judge
from gpusla.health.thresholds import RECENT_MAX
from gpusla.health.verdict import Graded, Judged
from gpusla.readings import Absence, GpuReadings, Pass, Present, XidDetail, XidEvent
from tests.core.health.gpus import EXPECTED, MODULES, SLOTS, UUIDS, absent, gpu, one_pass

LINK_DOWN = XidDetail("NETIR_LINK_EVT", "fatal", 14, 0x0020_0011, 0)
SYMPATHETIC = XidDetail("NETIR_LINK_EVT", "fatal", 3, 0x0000_0011, 0)
TIMED_OUT = XidDetail("RLW_SRC_TRACK", "non-fatal", None, 0x7, 0x8)
ALL = MODULES
WALL_MS = 1_800_000_000_000


def event(module: int, xid: int, after_ms: int = 0, detail: XidDetail | None = None) -> XidEvent:
    """Return an event of the GPU in a module."""
    return XidEvent(UUIDS[module], xid, WALL_MS + after_ms, detail=detail)


def tray(*events: XidEvent, at_ms: int = 1_000, first: GpuReadings | None = None) -> Pass:
    """Return a pass over a tray with these events; first: another GPU in module 2."""
    return replace(one_pass(first or gpu(), at_ms=at_ms), events=events)


def after(*passes: Pass) -> Judged:
    """Judge passes one after another and return the last verdict."""
    memory = Memory()
    for seen in passes:
        judged, memory = judge(EXPECTED, seen, Memory.from_json(memory.to_json()))
    return judged


def words(*passes: Pass) -> list[str]:
    """Return number and role of the last pass's events."""
    return [f"{one.event.xid} {one.role}" for one in after(*passes).events]


CASES: list[tuple[str, tuple[Pass, ...], list[str]]] = [
    # 45 belongs to what it cleans up after.
    (
        "a 45 that names its cause",
        (tray(event(2, 45, 0, XidDetail(caused_by=149))),),
        ["45 after_effect"],
    ),
    (
        "a 45 beside another error of its GPU",
        (tray(event(2, 31), event(2, 45, 900)),),
        ["31 application", "45 after_effect"],
    ),
    (
        "a 45 that arrives first",
        (tray(event(2, 45), event(2, 31, 900)),),
        ["45 after_effect", "31 application"],
    ),
    (
        "a 45 in the pass after",
        (tray(event(2, 31)), tray(event(2, 45, 4_900), at_ms=5_900)),
        ["45 after_effect"],
    ),
    (
        "a 45 long after",
        (tray(event(2, 31)), tray(event(2, 45, 5_100), at_ms=6_100)),
        ["45 application"],
    ),
    (
        "a 45 beside an error of another GPU",
        (tray(event(1, 31), event(2, 45)),),
        ["31 application", "45 application"],
    ),
    ("a 45 alone", (tray(event(2, 45)),), ["45 application"]),
    (
        "a 45 beside a 154",
        (tray(event(2, 154), event(2, 45)),),
        ["154 information", "45 application"],
    ),
    # The end of a job.
    ("the same error on all GPUs", (tray(*(event(m, 43, m) for m in ALL)),), ["43 teardown"] * 4),
    ("on most", (tray(*(event(m, 13, m) for m in (2, 1, 4))),), ["13 teardown"] * 3),
    ("on half", (tray(*(event(m, 13, m) for m in (2, 1))),), ["13 application"] * 2),
    ("of 45s alone", (tray(*(event(m, 45, m) for m in ALL)),), ["45 teardown"] * 4),
    ("of contained memory errors", (tray(*(event(m, 94, m) for m in ALL)),), ["94 teardown"] * 4),
    ("over six seconds", (tray(*(event(m, 43, 2_000 * m) for m in ALL)),), ["43 teardown"] * 4),
    (
        "over nineteen seconds",
        (tray(*(event(m, 43, 6_100 * m) for m in ALL)),),
        ["43 application"] * 4,
    ),
    (
        "with a failure of hardware",
        (tray(event(1, 79), *(event(m, 43, m) for m in ALL)),),
        ["79 root", *["43 after_effect"] * 4],
    ),
    (
        "with a GPU that was just lost",
        (tray(*(event(m, 43, m) for m in ALL), first=absent(Absence.LOST)),),
        ["43 after_effect"] * 4,
    ),
    (
        "with a GPU that was lost long ago",
        (
            one_pass(absent(Absence.LOST)),
            tray(*(event(m, 43, m) for m in ALL), first=absent(Absence.LOST), at_ms=99_000),
        ),
        ["43 teardown"] * 4,
    ),
    ("of hardware errors it is not one", (tray(*(event(m, 48, m) for m in ALL)),), ["48 root"] * 4),
    # Errors that follow others.
    ("a 94 beside a 48", (tray(event(2, 48), event(2, 94)),), ["48 root", "94 after_effect"]),
    ("a 94 alone", (tray(event(2, 94)),), ["94 root"]),
    ("a 95 beside a 172", (tray(event(2, 95), event(2, 172)),), ["95 after_effect", "172 root"]),
    ("a 171 beside a 48", (tray(event(2, 48), event(2, 171)),), ["48 root", "171 after_effect"]),
    (
        "a 154 about a 149",
        (tray(event(2, 149, 0, LINK_DOWN), event(2, 154, 9, XidDetail(recovery_action=1))),),
        ["149 root", "154 after_effect"],
    ),
    ("a 154 alone", (tray(event(2, 154, 0, XidDetail(recovery_action=1))),), ["154 root"]),
    # Sympathetic errors.
    ("alone it is a cause", (tray(event(2, 149, 0, SYMPATHETIC)),), ["149 root"]),
    (
        "beside a cause it follows",
        (tray(event(2, 149, 0, SYMPATHETIC), event(1, 149, 0, LINK_DOWN)),),
        ["149 after_effect", "149 root"],
    ),
    (
        "two of them explain nothing",
        (tray(event(2, 149, 0, SYMPATHETIC), event(1, 149, 0, SYMPATHETIC)),),
        ["149 root"] * 2,
    ),
    # The far end.
    (
        "requests that found the far end gone",
        (tray(*(event(m, 145, m, TIMED_OUT) for m in ALL)),),
        ["145 after_effect"] * 4,
    ),
]


@pytest.mark.parametrize(
    ("passes", "expected"), [case[1:] for case in CASES], ids=[case[0] for case in CASES]
)
def test_an_error_has_a_role_among_others(passes: tuple[Pass, ...], expected: list[str]) -> None:
    """One line a case; the roles are those of the last pass."""
    assert words(*passes) == expected


def test_a_folded_45_asks_for_nothing_by_itself() -> None:
    """What is to be done stands with its cause."""
    (one,) = after(tray(event(2, 45, 0, XidDetail(caused_by=149)))).events
    assert (one.action, one.evidence) == ("none", "driver: caused by Xid 149")


def test_a_teardown_says_on_how_many_gpus() -> None:
    """So that somebody can check it."""
    last = after(tray(*(event(m, 43, m) for m in ALL))).events[-1]
    assert last.evidence.endswith("; on 4 of 4 GPUs at once: the end of a job")


def test_an_event_names_the_slot_of_its_gpu() -> None:
    """Also of one that is gone, and none of one that nobody expects."""
    stranger = XidEvent(UUIDS[2] + "9", 13, WALL_MS)  # type: ignore[arg-type]
    seen = replace(one_pass(None), events=(event(2, 79), event(1, 13), stranger))
    graded = after(one_pass(gpu()), seen).events
    assert [one.slot for one in graded] == [SLOTS[2], SLOTS[1], None]


def test_a_gpu_that_was_never_seen_has_its_slot_by_inventory() -> None:
    """An Xid 79 before the agent's first pass still counts for the slot."""
    judged = after(replace(one_pass(None), events=(event(2, 79),)))
    assert judged.events[0].slot == SLOTS[2]
    assert {f.reason for f in judged.conditions[SLOTS[2]].findings} == {"gpu_missing", "xid_fatal"}


def test_events_keep_their_order() -> None:
    """One grade for each, in the order of arrival."""
    events = (event(2, 13), event(1, 999), event(2, 13), event(4, 63))
    graded = after(tray(*events)).events
    assert tuple(one.event for one in graded) == events
    assert all(isinstance(one, Graded) for one in graded)


def test_a_storm_is_remembered_in_bounds() -> None:
    """Ten thousand events of a thousand numbers; hardware is kept before the rest."""
    storm = tuple(event(2, number % 1_000, number) for number in range(10_000))
    judged, memory = judge(EXPECTED, tray(*storm, event(1, 79)), Memory())
    assert len(judged.events) == 10_001
    assert len(memory.recent) == RECENT_MAX
    assert (UUIDS[1], 79) in {(one.uuid, one.xid) for one in memory.recent}
    assert len(memory.slots[SLOTS[2]].holds) <= 16


def test_company_is_forgotten() -> None:
    """After the window there is nothing left to belong to."""
    _, memory = judge(EXPECTED, tray(event(2, 31)), Memory())
    assert len(memory.recent) == 1
    _, memory = judge(EXPECTED, tray(at_ms=11_001), memory)
    assert memory.recent == ()


# --- events of the past ---------------------------------------------------------------------------


def past(xid: int, detail: XidDetail | None = None) -> XidEvent:
    """Return an event that was found in the log after the agent's absence."""
    return replace(event(2, xid, 0, detail), is_past=True)


@pytest.mark.parametrize(
    ("first", "state"),
    [
        (gpu(), "ok"),
        (gpu(recovery_action=Present(1)), "down"),
        (gpu(recovery_action=Present(8)), "unknown"),
    ],
)
def test_the_past_holds_a_slot_only_where_the_driver_does_not_say(
    first: GpuReadings, state: str
) -> None:
    """If it asks for nothing, the GPU recovered meanwhile; the event is graded all the same."""
    judged = after(tray(past(48), first=first))
    assert judged.conditions[SLOTS[2]].state == state
    assert judged.events[0].role == "root"


def test_the_past_holds_a_slot_where_the_recovery_action_cannot_be_read() -> None:
    """Nothing says that the GPU recovered."""
    mute = gpu()
    del mute.numbers["recovery_action"]
    judged = after(tray(past(48), first=mute))
    assert judged.conditions[SLOTS[2]].state == "down"


def test_a_154_that_comes_late_does_not_hold_the_slot() -> None:
    """The recovery action itself is read in the same pass and knows better."""
    late = event(2, 154, 0, XidDetail(recovery_action=1))
    assert after(tray(late)).conditions[SLOTS[2]].state == "ok"
