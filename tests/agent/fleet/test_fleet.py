"""A fleet on paper writes the journals that its scenario deserves, past and present."""

from collections.abc import Callable
from pathlib import Path

import pytest

from gpusla.catalogue.reasons import State
from gpusla.evidence.ed25519 import public_of
from gpusla.evidence.grades import Grade, check
from gpusla.evidence.keys import to_text
from gpusla.identity import NodeName
from gpusla.instants import Interval
from gpusla.journal.hours import HourClosed
from gpusla.journal.model import ClockState, Observed, Started, Stopped, XidSeen
from gpusla.simulation.keys import private_key
from gpusla.simulation.truth import totals
from gpusla_agent.evidence import KEY_FILE
from gpusla_agent.evidence.files import read_key
from gpusla_agent.fleet.fleet import Awake, scenario_of
from gpusla_agent.fleet.node import RUN_MS_MAX
from gpusla_agent.fleet.settings import read_fleet_settings
from gpusla_agent.recorder import ClockReading, Recorder
from gpusla_agent.server import application
from tests.agent.fleet.papers import START, bodies, folded, open_fleet, samples, write_fleet
from tests.agent.journals import require_blocks
from tests.fakes import FakeClock

DAY_MS = 86_400_000
HOUR_MS = 3_600_000

HARD_TIMES = """\
faults:
  - {id: a, kind: gpu_lost, target: c2/r01/t01/m2, from: 2026-07-01T05:01:00Z, until: 2026-07-01T05:04:00Z, xids: [79]}
  - {id: b, kind: thermal_slowdown, target: c2/r01/t01/m1, from: 2026-07-01T05:02:00Z, until: 2026-07-01T05:05:00Z}
  - {id: c, kind: nvlink_switch, target: c2/r01, from: 2026-07-01T05:06:00Z, until: 2026-07-01T05:08:00Z, xids: [145]}
  - {id: d, kind: agent_silent, target: c2/r01/t01, from: 2026-07-01T05:09:00Z, until: 2026-07-01T05:11:00Z}
  - {id: e, kind: gpu_hung, target: c2/r01/t01/m3, from: 2026-07-01T05:10:00Z, until: 2026-07-01T05:13:00Z}
"""  # noqa: E501  (one fault a line)


def test_weeks_of_the_past_are_what_the_truth_says(tmp_path: Path) -> None:
    """To the millisecond, for every slot and state, random faults and all."""
    settings = write_fleet(tmp_path, trays=6, seed=5)
    clock = FakeClock(START + 52 * DAY_MS, START)
    fleet = open_fleet(settings, clock)
    fleet.catch_up()
    scenario = scenario_of(read_fleet_settings(settings))
    span = Interval(START, clock.now_ms)
    lost = 0
    for node in fleet.nodes:
        for slot, states in folded(node, clock.now_ms).items():
            truth = totals(scenario, [slot], span, 2500)
            assert states == truth.seen
            lost += states[State.DOWN]
        runs = [body for body in bodies(node) if isinstance(body, Observed)]
        assert all(run.at.mono_ms - run.from_mono_ms <= RUN_MS_MAX for run in runs)
        assert len(runs) < 500
    assert lost > HOUR_MS
    fleet.close()


def test_runs_say_what_dense_sampling_says(tmp_path: Path) -> None:
    """A hard quarter of an hour, once in leaps and once second by second."""
    (tmp_path / "hard.yaml").write_text(HARD_TIMES)
    end_ms = START + HOUR_MS // 4
    leaping = open_fleet(
        write_fleet(tmp_path, trays=1, scenario="hard.yaml"), FakeClock(end_ms, START)
    )
    leaping.catch_up()
    walking_clock = FakeClock(START, START)
    walking = open_fleet(
        write_fleet(tmp_path, trays=1, scenario="hard.yaml", data_directory="dense"), walking_clock
    )
    walking.catch_up()
    while walking_clock.now_ms < end_ms:
        walking_clock.sleep(1)
        walking.turn(walking_clock.now_ms)
    runs, steps = bodies(leaping.nodes[0]), bodies(walking.nodes[0])
    assert folded(leaping.nodes[0], end_ms) == folded(walking.nodes[0], end_ms)
    assert samples(runs) == samples(steps) == 901 - 119
    xids = [(b.slot, b.xid, b.at) for b in runs if isinstance(b, XidSeen)]
    assert [xid for _, xid, _ in xids] == [79, 145, 145, 145, 145]
    assert xids == [(b.slot, b.xid, b.at) for b in steps if isinstance(b, XidSeen)]
    assert len(runs) < 60
    leaping.close()
    walking.close()


def test_the_present_goes_on_where_the_past_ends(tmp_path: Path) -> None:
    """No gap, no second start, the same boot."""
    clock = FakeClock(START + DAY_MS, START)
    fleet = open_fleet(write_fleet(tmp_path, trays=1), clock)
    fleet.catch_up()
    for _ in range(5):
        clock.sleep(1)
        fleet.turn(clock.now_ms)
    (node,) = fleet.nodes
    found = bodies(node)
    assert sum(isinstance(body, Started) for body in found) == 1
    assert all(s[State.OK] == DAY_MS + 5000 for s in folded(node, clock.now_ms).values())
    fleet.close()


@pytest.mark.parametrize(("late_ms", "unknown_ms"), [(29_000, 0), (90_000, 60_000)])
def test_a_late_process_catches_up_and_a_stopped_one_leaves_a_gap(
    tmp_path: Path, late_ms: int, unknown_ms: int
) -> None:
    """Up to thirty seconds of lateness are the machine's and not the fleet's."""
    clock = FakeClock(START + HOUR_MS, START)
    fleet = open_fleet(write_fleet(tmp_path, trays=1), clock)
    fleet.catch_up()
    clock.now_ms += late_ms
    fleet.turn(clock.now_ms)
    states = folded(fleet.nodes[0], clock.now_ms)
    assert {s[State.UNKNOWN] for s in states.values()} == {unknown_ms}
    fleet.close()


def test_a_fleet_that_was_stopped_goes_on_from_now(tmp_path: Path) -> None:
    """Nobody writes the time back that nobody watched."""
    settings = write_fleet(tmp_path, trays=1)
    clock = FakeClock(START + HOUR_MS, START)
    first = open_fleet(settings, clock)
    first.catch_up()
    first.close()
    clock.now_ms += 600_000
    second = open_fleet(settings, clock)
    second.catch_up()
    clock.sleep(1)
    second.turn(clock.now_ms)
    states = folded(second.nodes[0], clock.now_ms)
    assert {s[State.UNKNOWN] for s in states.values()} == {600_000}
    starts = [body.at.start for body in bodies(second.nodes[0]) if isinstance(body, Started)]
    assert starts == [1, 2]
    second.close()


def test_faults_come_and_go_by_the_control_file(tmp_path: Path) -> None:
    """From the next sample after the file says so; a file that is broken changes nothing."""
    control = tmp_path / "control.yaml"
    clock = FakeClock(START + HOUR_MS, START)
    fleet = open_fleet(write_fleet(tmp_path, trays=1), clock)
    fleet.catch_up()

    def turn(times: int) -> None:
        for _ in range(times):
            clock.sleep(1)
            fleet.turn(clock.now_ms)

    control.write_text('{"faults": [{"id": "x", "kind": "nvlink_switch", "target": "c2/r01"}]}')
    turn(10)
    control.write_text("faults: [what")
    turn(5)
    control.write_text("faults: []")
    turn(10)
    states = folded(fleet.nodes[0], clock.now_ms)
    assert {s[State.DOWN] for s in states.values()} == {15_000}
    assert {s[State.OK] for s in states.values()} == {HOUR_MS + 10_000}
    fleet.close()


def test_a_fault_by_control_never_reaches_into_the_past(tmp_path: Path) -> None:
    """Its end may be told beforehand; its xids are reported once."""
    clock = FakeClock(START + HOUR_MS, START)
    fleet = open_fleet(write_fleet(tmp_path, trays=1), clock)
    fleet.catch_up()
    until = START + HOUR_MS + 4000
    (tmp_path / "control.yaml").write_text(
        f"faults: [{{id: x, kind: gpu_lost, target: c2/r01/t01/m1, from_ms: 0, "
        f"until_ms: {until}, xids: [79]}}]"
    )
    for _ in range(8):
        clock.sleep(1)
        fleet.turn(clock.now_ms)
    states = folded(fleet.nodes[0], clock.now_ms)
    assert sorted(s[State.DOWN] for s in states.values()) == [0, 0, 0, 3000]
    assert sum(isinstance(body, XidSeen) for body in bodies(fleet.nodes[0])) == 1
    fleet.close()


Call = Callable[[str], tuple[str, bytes]]


def caller(fleet_nodes: Awake) -> Call:
    """Return a function that asks the server for a path."""
    app = application(fleet_nodes)

    def call(path: str) -> tuple[str, bytes]:
        seen: list[str] = []
        environ = {"REQUEST_METHOD": "GET", "PATH_INFO": path}
        body = b"".join(app(environ, lambda status, _: seen.append(status)))
        return seen[0], body

    return call


def test_a_silent_agent_does_not_answer(tmp_path: Path) -> None:
    """The others do; when it is back its journal has a gap."""
    clock = FakeClock(START + HOUR_MS, START)
    fleet = open_fleet(write_fleet(tmp_path), clock)
    fleet.catch_up()
    call = caller(Awake(fleet.nodes))
    assert call("/nodes/n1/metrics")[0] == "200 OK"
    (tmp_path / "control.yaml").write_text(
        "faults: [{id: x, kind: agent_silent, target: c2/r01/t01}]"
    )
    for _ in range(5):
        clock.sleep(1)
        fleet.turn(clock.now_ms)
    assert call("/nodes/n1/metrics")[0] == "404 Not Found"
    assert call("/nodes/n2/metrics")[0] == "200 OK"
    (tmp_path / "control.yaml").unlink()
    for _ in range(5):
        clock.sleep(1)
        fleet.turn(clock.now_ms)
    assert call("/nodes/n1/metrics")[0] == "200 OK"
    states = folded(fleet.nodes[0], clock.now_ms)
    assert {s[State.UNKNOWN] for s in states.values()} == {5000}
    fleet.close()


def test_the_page_carries_the_contract_and_its_tenant(tmp_path: Path) -> None:
    """As the assignments and the settings have it."""
    clock = FakeClock(START + HOUR_MS, START)
    fleet = open_fleet(
        write_fleet(tmp_path, trays=1, tenants="{reflection-2026: reflection}"), clock
    )
    fleet.catch_up()
    clock.sleep(1)
    fleet.turn(clock.now_ms)
    status, body = caller(Awake(fleet.nodes))("/nodes/n1/metrics")
    assert status == "200 OK"
    assert b'contract="reflection-2026"' in body
    assert b'tenant="reflection"' in body
    fleet.close()


def test_a_node_that_was_handed_over_leaves_its_journal_to_another(tmp_path: Path) -> None:
    """Closed on purpose, unlocked, and served no more."""
    clock = FakeClock(START + HOUR_MS, START)
    fleet = open_fleet(write_fleet(tmp_path, hand_over="[n2]"), clock)
    fleet.catch_up()
    handed = next(node for node in fleet.nodes if node.node == "n2")
    fleet.hand_over()
    assert [node.node for node in fleet.nodes] == ["n1"]
    assert [type(body) for body in bodies(handed)[-2:]] == [Stopped, HourClosed]
    reading = ClockReading("other", 5, clock.now_ms, ClockState.UNKNOWN, None)
    heir = Recorder(tmp_path / "data" / "n2" / "journal", NodeName("n2"), lambda: reading)
    assert heir.start == 2
    assert heir.durable == handed.durable
    heir.close()
    fleet.close()


def test_journals_on_paper_are_signed_with_keys_that_anybody_can_list(tmp_path: Path) -> None:
    """From the seed and the node's name alone; a block holds a day where the settings say so."""
    fleet = open_fleet(
        write_fleet(tmp_path, key_seed=11, block_ms=DAY_MS), FakeClock(START + 3 * DAY_MS, START)
    )
    fleet.catch_up()
    node, other = fleet.nodes
    enrolled = {to_text(public_of(private_key(11, "n1")))}
    lines = node.read(0, 10**9, 10**12)
    found = check(node.node, lines, enrolled)
    assert found.broken is None
    assert found.grades[0].grade is Grade.SIGNED
    assert len(require_blocks(lines)) == 3
    assert check(other.node, other.read(0, 10**9, 10**12), enrolled).broken is not None
    fleet.close()


def test_who_goes_on_with_a_journal_on_paper_has_its_key(tmp_path: Path) -> None:
    """Where a real agent looks for it; without one its records would be another's word."""
    fleet = open_fleet(write_fleet(tmp_path), FakeClock(START + HOUR_MS, START))
    fleet.catch_up()
    fleet.close()
    assert read_key(tmp_path / "data" / "n1" / KEY_FILE) == private_key(0, "n1")
