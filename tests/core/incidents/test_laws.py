"""What holds of incidents whatever happened: no time is told twice, and no order matters."""

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from gpusla.catalogue.reasons import State
from gpusla.identity import Slot
from gpusla.incidents import (
    Incident,
    Lost,
    Watch,
    cost,
    fold,
    incidents,
    places_of,
    settle,
    share_out,
)
from gpusla.instants import Interval
from gpusla.journal.model import XidSeen
from gpusla.timeline.model import StateSpan
from tests.core.incidents.making import LETTERS, fleet, span, watch, xid

TICK_MS = 40_000
TICKS = 100
SLOTS = fleet(4, 2, 2)
PLACES = places_of(SLOTS)


@st.composite
def fates(draw: st.DrawFn) -> list[StateSpan]:
    """An hour of a small site: failures of slots, trays and racks, some at the same time."""
    rows = {slot: ["."] * TICKS for slot in SLOTS}
    for _ in range(draw(st.integers(0, 8))):
        first = draw(st.sampled_from(SLOTS))
        width = draw(st.integers(2, 4))
        struck = [slot for slot in SLOTS if places(slot)[:width] == places(first)[:width]]
        letter = draw(st.sampled_from([*"fnrblhpmu", "_", "_", "h"]))
        start = draw(st.integers(0, TICKS - 1))
        length = draw(st.integers(1, 30))
        for slot in struck:
            late = draw(st.integers(0, 2)) if width < 4 else 0
            for tick in range(start + late, min(TICKS, start + length)):
                rows[slot][tick] = letter
    return [one for slot in SLOTS for one in spans_of(slot, rows[slot])]


def places(slot: Slot) -> tuple[str, ...]:
    """From wide to narrow."""
    return slot.site, slot.rack, slot.tray, slot.module


def spans_of(slot: Slot, ticks: Sequence[str]) -> list[StateSpan]:
    """One span for each run of equal letters."""
    found: list[StateSpan] = []
    for tick, letter in enumerate(ticks):
        start_ms = tick * TICK_MS
        if found and found[-1].condition == LETTERS[letter]:
            found[-1] = replace(found[-1], end_ms=start_ms + TICK_MS)
        else:
            found.append(span(slot, start_ms, start_ms + TICK_MS, LETTERS[letter], 1))
    return found


@st.composite
def errors(draw: st.DrawFn) -> list[XidSeen]:
    """A few Xids, roots and after-effects."""
    return [
        xid(
            draw(st.sampled_from(SLOTS)),
            draw(st.sampled_from([149, 145, 79])),
            draw(st.integers(0, TICKS)) * TICK_MS,
            draw(st.sampled_from(["root", "after_effect", "information"])),
        )
        for _ in range(draw(st.integers(0, 6)))
    ]


@given(fates(), errors())
def test_every_millisecond_that_is_not_ok_is_in_exactly_one_incident(
    spans: list[StateSpan], xids: list[XidSeen]
) -> None:
    """And in the state that it was seen in; nothing else is in any."""
    found = incidents(watch(SLOTS, *spans, xids=xids))
    told = sorted(
        (one.slot, one.start_ms, one.end_ms, one.state)
        for incident in found
        for one in incident.stretches
    )
    bad = [one for one in spans if one.condition.state is not State.OK]
    assert told == sorted((one.slot, one.start_ms, one.end_ms, one.condition.state) for one in bad)
    for incident in found:
        assert sum(incident.gpu_ms.values()) == sum(one.duration_ms for one in incident.stretches)
    assert len({incident.id for incident in found}) == len(found)


@settings(max_examples=60)
@given(fates(), errors(), st.randoms(use_true_random=False))
def test_order_repetition_and_cuts_change_nothing(
    spans: list[StateSpan], xids: list[XidSeen], chance: Random
) -> None:
    """Told in pieces, shuffled, and some of it twice, in several portions."""
    pieces = [piece for one in spans for piece in cut(one, chance)]
    pieces += chance.sample(pieces, len(pieces) // 3)
    chance.shuffle(pieces)
    looking = Watch(PLACES)
    for portion in (pieces[::3], pieces[1::3], pieces[2::3]):
        looking = fold(looking, portion, xids)
    assert incidents(looking) == incidents(watch(SLOTS, *spans, xids=xids))


def cut(one: StateSpan, chance: Random) -> list[StateSpan]:
    """A span in two, somewhere."""
    middle = chance.randint(one.start_ms, one.end_ms)
    return [replace(one, end_ms=middle), replace(one, start_ms=middle)]


@settings(max_examples=150)
@given(fates(), errors(), st.lists(st.integers(1, TICKS - 1), max_size=5))
def test_day_by_day_is_the_same_as_all_at_once(
    spans: list[StateSpan], xids: list[XidSeen], cuts: list[int]
) -> None:
    """Where each day hands over what is finished, and the rest goes on."""
    whole = incidents(watch(SLOTS, *spans, xids=xids))
    looking, finished = Watch(PLACES), list[Incident]()
    edges = [0, *sorted({tick * TICK_MS for tick in cuts}), TICKS * TICK_MS]
    for start_ms, end_ms in pairwise(edges):
        day = [within(one, start_ms, end_ms) for one in spans]
        heard = [one for one in xids if start_ms <= one.at.wall_ms < end_ms or end_ms == edges[-1]]
        looking = fold(looking, [one for one in day if one is not None], heard)
        settled = settle(looking, end_ms)
        finished += settled.incidents
        looking = settled.watch
    rest = incidents(looking)
    assert not {one.id for one in finished} & {one.id for one in rest}
    assert sorted([*finished, *rest], key=order) == sorted(whole, key=order)


def order(one: Incident) -> tuple[int, str]:
    """By beginning."""
    return one.start_ms, one.id


def within(one: StateSpan, start_ms: int, end_ms: int) -> StateSpan | None:
    """The part of a span that a day tells of."""
    start_ms, end_ms = max(one.start_ms, start_ms), min(one.end_ms, end_ms)
    return replace(one, start_ms=start_ms, end_ms=end_ms) if start_ms < end_ms else None


@settings(max_examples=50)
@given(fates())
def test_late_evidence_mends_what_nobody_had_seen(spans: list[StateSpan]) -> None:
    """A journal that comes late tells the same as one that came in time."""
    blank = [span(slot, 0, TICKS * TICK_MS, LETTERS["_"]) for slot in SLOTS]
    seen = [one for one in spans if one.condition != LETTERS["_"]]
    early = fold(Watch(PLACES), blank)
    in_time = fold(Watch(PLACES), seen)
    assert incidents(fold(early, seen)) == incidents(fold(in_time, blank))
    assert incidents(fold(early, seen)) == incidents(watch(SLOTS, *spans))


@settings(max_examples=60)
@given(fates(), st.lists(st.tuples(st.integers(0, TICKS - 1), st.integers(1, 50)), max_size=6))
def test_all_that_was_lost_is_shared_out_exactly(
    spans: list[StateSpan], lost: list[tuple[int, int]]
) -> None:
    """To the last part of a GPU-millisecond, whatever incidents explain of it; and so is money."""
    found = incidents(watch(SLOTS, *spans))
    losses = [
        Lost(
            Interval(start * TICK_MS, (start + length) * TICK_MS),
            Fraction(length * 7, 3),
            SLOTS[start % 5 : start % 16],
        )
        for start, length in lost
    ]
    shared = share_out(losses, found)
    assert sum(shared.values()) == sum(loss.gpu_ms for loss in losses)
    price = Fraction(5, 7)
    paid = sum(cost(one, price, shared) for one in found) + price * shared.get("", Fraction(0))
    assert paid == price * sum(loss.gpu_ms for loss in losses)


def test_what_is_finished_is_handed_over_once_and_forgotten() -> None:
    """Yesterday's failure goes; the one that still runs stays, with all that it needs."""
    early, late = SLOTS[0], SLOTS[9]
    spans = [*spans_of(early, [*".....lll", *"." * 92]), *spans_of(late, [*"." * 60, *"l" * 40])]
    looking = watch(SLOTS, *spans)
    assert [one.slots for one in incidents(looking)] == [(early,), (late,)]
    settled = settle(looking, TICKS * TICK_MS)
    assert [one.slots for one in settled.incidents] == [(early,)]
    assert [one.slots for one in incidents(settled.watch)] == [(late,)]
    assert sum(len(known) for known in settled.watch.known.values()) == 2
    again = fold(settled.watch, spans)
    assert [one.slots for one in incidents(again)] == [(late,)]
