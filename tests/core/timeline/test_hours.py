"""Blocks say of every slot what their records say, wherever a journal is cut into them."""

from collections.abc import Sequence

from hypothesis import given, settings
from hypothesis import strategies as st

from gpusla.catalogue.reasons import State
from gpusla.evidence.hour_chain import HourHead, head_of, payload_of
from gpusla.identity import GpuUuid, NodeName, Slot
from gpusla.journal.body import Body
from gpusla.journal.chain import Head
from gpusla.journal.codec import LINE_BYTES_MAX, decode, encode
from gpusla.journal.hours import HourBlock, HourClosed, HourSpan
from gpusla.journal.model import (
    GENESIS,
    ClockState,
    ClockStepped,
    Condition,
    Finding,
    Instant,
    Observed,
    Occupancy,
    Opaque,
    Started,
    Stopped,
)
from gpusla.timeline.fold import Carry, advance
from gpusla.timeline.hours import BLOCK_BYTES, HOUR_MS, OpenBlock, spans_of
from gpusla.timeline.join import join
from gpusla.timeline.model import StateSpan

NODE = NodeName("c2-r01-t03")
M1, M2 = Slot("c2", "r01", "t03", "m1"), Slot("c2", "r01", "t03", "m2")
OK = Condition(State.OK)
DOWN = Condition(State.DOWN, (Finding("gpu_lost", 'NVML 15 \u00b7 "bus"'),))
HOT = Condition(State.DEGRADED, (Finding("thermal_slowdown", "91 C", "watch"),))
MIDNIGHT_MS = 1_790_035_200_000


def at(mono_ms: int, *, by_ms: int = 0, error_ms: int | None = 4) -> Instant:
    """Return an instant, milliseconds after midnight."""
    wall_ms = MIDNIGHT_MS + mono_ms + by_ms
    return Instant("boot", 1, mono_ms, wall_ms, ClockState.SYNCHRONISED, error_ms)


def started(mono_ms: int) -> Started:
    """Return a start; a sample speaks for 2.5 s."""
    return Started(at(mono_ms), NODE, "0.1.0", "fake", 1_000, 2_500)


def seen(mono_ms: int, one: Condition = OK, two: Condition = OK, *, since: int = 0) -> Observed:
    """Return samples of both slots, one a second since so many ms before."""
    return Observed(
        at(mono_ms),
        mono_ms - since,
        1 + since // 1_000,
        1_000 if since else 0,
        {M1: one, M2: two},
    )


@st.composite
def journals(draw: st.DrawFn) -> list[Body]:
    """Some records of one boot in the order of its clock."""
    bodies: list[Body] = [started(0)]
    mono_ms = 0
    conditions = st.sampled_from([OK, OK, DOWN, HOT])
    for _ in range(draw(st.integers(1, 20))):
        mono_ms += draw(st.sampled_from([1_000, 1_000, 1_000, 2_400, 4_000]))
        what = draw(st.integers(0, 12))
        if what == 0:
            bodies.append(ClockStepped(at(mono_ms, by_ms=700), 700))
        elif what == 1:
            bodies += [Stopped(at(mono_ms), "SIGTERM"), started(mono_ms)]
        elif what == 2:
            bodies.append(Opaque(2, "later"))
        else:
            since = draw(st.sampled_from([0, 0, 1_000]))
            mono_ms += since
            bodies.append(seen(mono_ms, draw(conditions), draw(conditions), since=since))
    return bodies


def cut(bodies: Sequence[Body], edges: set[int]) -> list[HourBlock]:
    """Return the blocks of records that are closed behind those of some numbers, and at the end."""
    blocks: list[HourBlock] = []
    hour = OpenBlock(NODE)
    for sequence, body in enumerate(bodies, 1):
        hour.add(Head(sequence, f"{sequence:064x}"), body)
        if sequence in edges or sequence == len(bodies):
            blocks.append(hour.block())
            behind = head_of(blocks[-1], payload_of(blocks[-1]))
            hour = OpenBlock(NODE, behind, hour.carry, hour.gpus)
    return blocks


def folded(bodies: Sequence[Body]) -> list[StateSpan]:
    """Return the spans of all records, joined."""
    carry = Carry()
    found: list[StateSpan] = []
    for sequence, body in enumerate(bodies, 1):
        carry, spans = advance(carry, sequence, body)
        found += spans
    return list(join(found))


@given(journals(), st.sets(st.integers(1, 25), max_size=8))
def test_blocks_say_what_their_records_say(bodies: list[Body], edges: set[int]) -> None:
    """Wherever the edges lie; and through bytes and back."""
    spans: list[StateSpan] = []
    for block in cut(bodies, edges):
        _, body = decode(encode(1, GENESIS, HourClosed(at(0), block)))
        assert isinstance(body, HourClosed)
        assert body.block == block
        spans += spans_of(body.block)
    assert list(join(spans)) == folded(bodies)


@given(journals(), st.sets(st.integers(1, 25), max_size=8))
def test_every_record_is_in_one_block(bodies: list[Body], edges: set[int]) -> None:
    """Numbers go on over every edge, and the counts add up."""
    blocks = cut(bodies, edges)
    end = HourHead()
    for block in blocks:
        assert (block.number, block.previous) == (end.number + 1, end.digest)
        assert block.first_sequence == end.last_sequence + 1
        count = block.last_sequence - block.first_sequence + 1
        assert sum(block.records.values()) == count
        end = head_of(block, payload_of(block))
    assert end.last_sequence == len(bodies)
    assert sum(block.samples for block in blocks) == sum(
        body.samples for body in bodies if isinstance(body, Observed)
    )


def test_a_block_by_hand() -> None:
    """Two seconds well, then one slot is lost between two samples; the edge names both sides."""
    gpu = GpuUuid("GPU-1")
    occupied = Occupancy(at(0), {M1: gpu, M2: None})
    samples = seen(0), seen(2_000, since=1_000), seen(3_000, DOWN)
    (block,) = cut([started(0), occupied, *samples], set())
    assert dict(block.records) == {"started": 1, "occupancy": 1, "observed": 3}
    assert (block.samples, block.from_ms, block.until_ms) == (4, MIDNIGHT_MS, MIDNIGHT_MS + 3_000)
    assert block.gpus == {M1: gpu, M2: None}
    first, second, third = (MIDNIGHT_MS + ms for ms in (0, 2_000, 3_000))
    assert block.spans[M1] == (
        HourSpan(first, second, OK, None, 4, 3, 4),
        HourSpan(second, third, OK, DOWN, 4, 4, 5),
    )
    assert block.spans[M2] == (HourSpan(first, third, OK, None, 4, 3, 5),)


def test_who_sits_where_goes_over_the_edge() -> None:
    """A block says it though its own records do not."""
    occupied = Occupancy(at(0), {M1: GpuUuid("GPU-1"), M2: None})
    _, later = cut([started(0), occupied, seen(1_000)], {2})
    assert later.gpus == {M1: "GPU-1", M2: None}


def test_a_block_is_over_with_the_first_record_of_another_hour() -> None:
    """On the wall clock, forward and back."""
    hour = OpenBlock(NODE)
    assert not hour.is_over(seen(HOUR_MS), HOUR_MS)
    hour.add(Head(1, GENESIS), started(HOUR_MS - 1_000))
    assert not hour.is_over(seen(HOUR_MS - 1), HOUR_MS)
    assert hour.is_over(seen(HOUR_MS), HOUR_MS)
    assert hour.is_over(seen(-1), HOUR_MS)
    assert not hour.is_over(seen(-1), 86_400_000 * 400)
    assert not hour.is_over(Opaque(2, "later"), HOUR_MS)


@given(st.integers(1, 12), st.integers(0, 200))
@settings(max_examples=20)
def test_a_full_block_fits_a_record(slots: int, length: int) -> None:
    """Whatever its conditions say: each sample finds another thing in every slot."""
    names = [Slot("c2", "r01", "t03", f"m{number}") for number in range(slots)]
    hour, sequence = OpenBlock(NODE), 1
    hour.add(Head(1, GENESIS), started(0))
    while hour.size_bytes < BLOCK_BYTES:
        sequence += 1
        words = Finding("gpu_lost", f"{sequence}" + "\u00b7" * length, "\u00e9")
        lost = dict.fromkeys(names, Condition(State.DOWN, (words,)))
        mono_ms = sequence * 1_000
        hour.add(Head(sequence, GENESIS), Observed(at(mono_ms), mono_ms, 1, 0, lost))
    assert len(encode(sequence, GENESIS, HourClosed(at(0), hour.block()))) < LINE_BYTES_MAX / 2
