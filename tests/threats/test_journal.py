"""The operator's cheats on a node's journal: O1, O2, O3, O7 and O8, and how each shows."""

from dataclasses import replace
from pathlib import Path

import pytest

from gpusla.catalogue.codes import JOURNAL_CORRUPT, JOURNAL_FORKED, JOURNAL_SIGNATURE
from gpusla.catalogue.reasons import State
from gpusla.evidence.grades import Grade, check
from gpusla.identity import NodeName
from gpusla.journal.chain import EMPTY, Head
from gpusla.journal.codec import decode, digest, encode
from gpusla.journal.model import Gap, HeadSigned, Observed, Started
from gpusla.timeline.fold import Carry, advance
from gpusla.timeline.model import StateSpan
from gpusla_collector.adapters.evidence import EvidenceFiles
from gpusla_collector.ports import Lease
from gpusla_collector.usecases.fetch.journals import Fetched, Fetcher, Target
from gpusla_collector.usecases.take_in import TakenIn, take_in
from tests.agent.signed_rig import SignedRig
from tests.collector.fakes import FakeAgents, HandClock
from tests.collector.journals import DOWN, OK, Journal, tray_slots
from tests.collector.memory_store import MemoryStore
from tests.core.evidence.signed import ONE, TWO, introduced, public, signed
from tests.core.health.gpus import SLOT, gpu, one_pass

A, B = NodeName("c2-r01-t01"), NodeName("c2-r01-t02")
ENROLLED = frozenset({public(ONE)})


def journal(node: NodeName = A) -> Journal:
    """Return two minutes of a node that signs each, a GPU down in the first: nine records."""
    slots = tray_slots(*node.split("-"))
    made = Journal(node, slots, 0).start(0).append(introduced(ONE, node=node))
    made.observe(1_000, 20_000).observe(21_000, 40_000, {slots[0]: DOWN}).observe(41_000, 60_000)
    made.append(signed(ONE, made.head, node=node))
    made.observe(61_000, 90_000).observe(91_000, 120_000)
    return made.append(signed(ONE, made.head, node=node))


def taken(lines: list[bytes], node: NodeName = A) -> TakenIn:
    """Take lines in as the collector does."""
    return take_in(node, EMPTY, Carry(), lines, enrolled=ENROLLED)


def ok_ms(found: TakenIn) -> int:
    """Return for how long the first slot was ok by what was taken in."""
    slot = tray_slots("c2", "r01", "t01")[0]
    return sum(
        span.end_ms - span.start_ms
        for span in found.spans
        if span.slot == slot and span.condition.state is State.OK and span.other is None
    )


def rechained(lines: list[bytes], first: int) -> list[bytes]:
    """Number and chain lines anew from an index on, as whoever has no key can."""
    made = lines[:first]
    for line in lines[first:]:
        _, body = decode(line)
        previous = digest(made[-1]) if made else EMPTY.digest
        made.append(encode(len(made) + 1, previous, body))
    return made


# --- O1: bad minutes are left out -----------------------------------------------------------------


@pytest.mark.parametrize("number", range(1, 9))
def test_o1_a_record_that_was_taken_out_leaves_a_hole(number: int) -> None:
    """All before it stays, all from it on is unknown until people have looked."""
    lines = journal().lines
    found = taken([*lines[: number - 1], *lines[number:]])
    assert found.error is not None
    assert found.error.code is JOURNAL_CORRUPT
    assert found.head.sequence == number - 1
    assert ok_ms(found) <= ok_ms(taken(lines))


@pytest.mark.parametrize("number", [3, 4, 5, 7, 8])
def test_o1_chaining_anew_around_the_hole_fails_at_the_signature(number: int) -> None:
    """The numbers fit and the node did not sign them."""
    lines = journal().lines
    found = taken(rechained([*lines[: number - 1], *lines[number:]], number - 1))
    assert found.error is not None
    assert found.error.code is JOURNAL_SIGNATURE


def test_o1_time_without_samples_is_never_ok(tmp_path: Path) -> None:
    """An agent that is kept from sampling leaves a gap that it names, and unknown time."""
    rig = SignedRig(tmp_path)
    rig.run(10)
    before = rig.recorder.state_ms()
    rig.clock.pass_ms(60_000)
    rig.run(1)
    assert rig.recorder.state_ms() == before
    assert [body.cause for body in rig.bodies() if isinstance(body, Gap)] == ["not_scheduled"]


# --- O2: the agent is restarted while something is down ------------------------------------------


def test_o2_a_restart_in_an_incident_bridges_nothing(tmp_path: Path) -> None:
    """Down before, unknown across it, down after; each life has its number and its signature."""
    rig = SignedRig(tmp_path)
    rig.run(5, lambda: one_pass(None))
    rig.crash()
    rig.clock.pass_ms(30_000)
    rig.start()
    rig.run(5)
    carry = Carry()
    spans: list[StateSpan] = []
    for number, line in enumerate(rig.lines(), start=1):
        carry, new = advance(carry, number, decode(line)[1])
        spans += [span for span in new if span.slot == SLOT]
    assert {span.condition.state for span in spans} == {State.DOWN}
    total_ms = sum(span.end_ms - span.start_ms for span in spans)
    assert total_ms == 8_000  # four seconds between five samples, twice
    starts = [body.at.start for body in rig.bodies() if isinstance(body, Started)]
    assert starts == [1, 2]
    place = [type(body) for body in rig.bodies()].index(Started, 1)
    assert isinstance(rig.bodies()[place + 1], HeadSigned)


# --- O3: the journal is cut short, or sealed anew -------------------------------------------------


class Collected:
    """A collector that took in a journal, and what the node serves now."""

    def __init__(self, tmp_path: Path) -> None:
        self.agents, self.store = FakeAgents(), MemoryStore()
        lease = self.store.acquire("collector", "this", 0, 1_000_000)
        assert lease is not None
        self._lease: Lease = lease
        files = EvidenceFiles(tmp_path / "evidence")
        self._fetcher = Fetcher(self.agents, files, self.store, HandClock(), 1)

    def serve(self, made: Journal, keys: frozenset[str] = ENROLLED) -> Fetched:
        """Let the node serve a journal, and fetch it."""
        self.agents.journals[made.node] = made
        (fetched,) = self._fetcher.fetch_all(self._lease, [Target(made.node, "", keys)])
        return fetched


def resealed(made: Journal, lines: list[bytes], key: bytes) -> Journal:
    """Return a journal that goes on behind lines, signed by a key at its end."""
    head = Head(len(lines), digest(lines[-1]))
    again = replace(made, lines=list(lines), head=head)
    again.observe(121_000, 150_000).observe(151_000, 180_000).observe(181_000, 200_000)
    again.append(signed(key, again.head))
    return again


@pytest.mark.parametrize("kept", range(2, 9))
def test_o3_a_truncated_journal_is_a_fork(tmp_path: Path, kept: int) -> None:
    """Whatever was fetched once cannot be cut off, whoever signs what follows."""
    site, made = Collected(tmp_path), journal()
    assert site.serve(made).error is None
    for served in (
        replace(made, lines=made.lines[:kept], head=Head(kept, digest(made.lines[kept - 1]))),
        resealed(made, made.lines[:kept], ONE),
    ):
        fetched = site.serve(served)
        assert fetched.error is not None
        assert fetched.error.code in {JOURNAL_FORKED, JOURNAL_CORRUPT}
    assert site.store.cursors()[A].head == made.head


def test_o3_old_records_sealed_with_a_newer_key_are_a_fork(tmp_path: Path) -> None:
    """As CVE-2023-31439 had it: the newer key is good, and the records are others."""
    site, made = Collected(tmp_path), journal()
    made.append(introduced(TWO, ONE, node=A)).append(signed(ONE, made.head, node=A))
    assert site.serve(made).error is None
    other = Journal(A, made.slots, 0).start(0).append(introduced(ONE, node=A))
    other.append(introduced(TWO, ONE, node=A))
    other.observe(1_000, 60_000).observe(61_000, 120_000).observe(121_000, 180_000)
    for second in range(181, 190):
        other.observe(second * 1_000, second * 1_000)
    other.append(signed(TWO, other.head, node=A))
    fetched = site.serve(other)
    assert fetched.error is not None
    assert fetched.error.code is JOURNAL_FORKED


def test_o3_a_tail_that_was_sealed_anew_before_anybody_fetched_needs_the_key() -> None:
    """Without it, the first signature behind the change says so; with it, nothing can."""
    lines = journal().lines
    envelope, body = decode(lines[3])
    assert isinstance(body, Observed)
    healed = replace(body, conditions=dict.fromkeys(body.conditions, OK))
    forged = [*lines[:3], encode(4, envelope.previous, healed), *lines[4:]]
    found = taken(rechained(forged, 3))
    assert found.error is not None
    assert found.error.code is JOURNAL_SIGNATURE
    assert found.head.sequence == 5


# --- O7: games with the clock ---------------------------------------------------------------------


@pytest.mark.parametrize("by_ms", [3_600_000, -3_600_000, 86_400_000, -86_400_000, 101, -101])
def test_o7_a_stepped_clock_makes_no_time_and_loses_none_but_the_step(
    tmp_path: Path, by_ms: int
) -> None:
    """What passed between samples counts by the monotonic clock; the one across the step is not."""
    rig = SignedRig(tmp_path)
    rig.run(20)
    rig.clock.step_ms(by_ms)
    rig.run(20)
    rig.node.stop("test")
    for milliseconds in rig.recorder.state_ms().values():
        assert milliseconds == 38_000  # 40 samples: 39 seconds, less the one across the step
    head = [type(body).__name__ for body in rig.bodies()]
    assert head.count("ClockStepped") == 1


def test_o7_a_clock_that_runs_slow_changes_no_sum(tmp_path: Path) -> None:
    """Half as fast on the wall: it is set right each time it is a tenth of a second off."""
    rig = SignedRig(tmp_path)
    for _ in range(40):
        rig.run(1, lambda: one_pass(gpu()))
        rig.clock.step_ms(-500)
    rig.node.stop("test")
    assert all(ms <= 39_000 for ms in rig.recorder.state_ms().values())
    found = check(rig.recorder.node, rig.lines(), frozenset())
    assert found.broken is None


# --- O8: a healthy node is replayed or cloned -----------------------------------------------------


def test_o8_another_nodes_journal_is_refused_at_its_first_record(tmp_path: Path) -> None:
    """Whatever the address says."""
    site, made = Collected(tmp_path), journal(B)
    made.node = A
    fetched = site.serve(made)
    assert fetched.error is not None
    assert fetched.error.code is JOURNAL_FORKED
    assert site.store.cursors()[A].head == EMPTY


def test_o8_another_nodes_records_under_ones_own_start_are_not_signed() -> None:
    """The node's name is in what is signed."""
    lines = journal(B).lines
    start = journal(A).lines[0]
    found = taken(rechained([start, *lines[1:]], 1))
    assert found.error is not None
    assert found.error.code is JOURNAL_SIGNATURE
    assert found.head.sequence == 1


def test_o8_one_key_in_two_journals_stops_the_second(tmp_path: Path) -> None:
    """Also where the inventory lists none, and also after a restart of the collector."""
    site = Collected(tmp_path)
    assert site.serve(journal(A), frozenset()).error is None
    fetched = site.serve(journal(B), frozenset())
    assert fetched.error is not None
    assert fetched.error.code is JOURNAL_SIGNATURE
    assert f"is the one of {A}'s journal" in fetched.error.message


def test_o8_old_records_served_again_are_a_fork_or_nothing(tmp_path: Path) -> None:
    """A replay of what is known adds nothing; one of another time does not fit."""
    site, made = Collected(tmp_path), journal()
    assert site.serve(made).error is None
    again = replace(made, lines=[*made.lines, *made.lines[2:5]], head=Head(12, "ab" * 32))
    fetched = site.serve(again)
    assert fetched.error is not None
    assert fetched.error.code is JOURNAL_CORRUPT
    assert site.store.cursors()[A].head == made.head


def test_o8_two_histories_under_one_key_are_proof_that_it_was_copied() -> None:
    """Each is good by itself, both are signed, and they say different things of one number."""
    one, other = journal(), journal()
    one.observe(121_000, 150_000).append(signed(ONE, one.head, node=A))
    other.observe(121_000, 150_000, {other.slots[0]: DOWN})
    other.append(signed(ONE, other.head, node=A))
    both = [check(A, made.lines, ENROLLED) for made in (one, other)]
    assert [found.broken for found in both] == [None, None]
    assert both[0].keyring.signed == both[1].keyring.signed == 10
    assert both[0].keyring.signed_by == both[1].keyring.signed_by
    assert both[0].grades[0].grade is Grade.SIGNED
    assert digest(one.lines[9]) != digest(other.lines[9])
