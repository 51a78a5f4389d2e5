"""Losses: they add up to what was lost, each over the longest time with one set of causes."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gpusla.catalogue.reasons import JUDGEMENTS, REASONS, State
from gpusla.contracts.calendar import start_of_day_ms
from gpusla.contracts.model import (
    Acceptance,
    AcceptedSku,
    CapacityUnit,
    ContractVersion,
    OverDelivery,
    Partial,
    RampStep,
)
from gpusla.contracts.promises import (
    Degraded,
    Denominator,
    MinOutage,
    RunCount,
    Unknown,
    UnknownPolicy,
)
from gpusla.identity import NodeName, Slot
from gpusla.instants import Interval
from gpusla.journal.model import Condition, Finding
from gpusla.sla.evaluation import Loss
from gpusla.sla.facts import Facts, Holding
from gpusla.sla.losses import losses
from gpusla.sla.measure import account
from gpusla.timeline.build import build
from gpusla.timeline.columns import columns_of
from gpusla.timeline.model import Evidence, StateSpan, Timeline
from tests.core.contracts.terms import SKU, contract, objective
from tests.core.sla.losing import World, lost_gpu_ms

START_MS = start_of_day_ms(date(2026, 10, 2), "America/Chicago")
LENGTH_MS = 12
SLOTS = [
    Slot("c2", f"r0{rack}", f"t0{tray}", f"m{module}")
    for rack in (1, 2)
    for tray in (1, 2)
    for module in (1, 2)
]
OK = Condition(State.OK)
DOWN = Condition(State.DOWN, (Finding("fabric_down"),))
HOT = Condition(State.DEGRADED, (Finding("thermal_slowdown"),))
SLOW = Condition(State.DEGRADED, (Finding("power_limit"),))
BLIND = Condition(State.UNKNOWN, (Finding("gpu_unobservable"),))
LETTERS = {".": OK, "x": DOWN, "h": HOT, "p": SLOW, "?": BLIND}
HALF = Degraded(Fraction(1), {"thermal_slowdown": Fraction(1, 2), "power_limit": Fraction(2, 3)})


def promising(gpus: int, capacity: Mapping[str, Any], **promise: Any) -> ContractVersion:
    """Return a contract for so many GPUs with these fields of capacity and objective."""
    ramp = {"ramp": (RampStep(date(2026, 7, 1), gpus),)}
    promise = {"degraded": HALF} | promise
    return contract(capacity=ramp | dict(capacity), objectives=(objective(**promise),))


def world(
    terms: ContractVersion, *rows: str, excused: Mapping[int, tuple[int, int]] | None = None
) -> World:
    """
    Return a world with one row a slot and one character a millisecond, all of it held.

    `_` is not observed; `!` before a row makes its GPU one of the kind `half`.
    """
    spans: list[StateSpan] = []
    held: dict[Slot, Sequence[Holding]] = {}
    length_ms = max(len(row.lstrip("!")) for row in rows)
    window = Interval(START_MS, START_MS + length_ms)
    for slot, row in zip(SLOTS, rows, strict=False):
        held[slot] = (Holding(window, "half" if row[0] == "!" else SKU),)
        spans += [
            span(slot, now, now + 1, LETTERS[letter], now + 1)
            for now, letter in enumerate(row.lstrip("!"))
            if letter != "_"
        ]
    periods = {
        SLOTS[number]: (Interval(START_MS + start, START_MS + end),)
        for number, (start, end) in (excused or {}).items()
    }
    return World(terms, Facts(build(spans, held, window), held), window, window.end_ms, periods)


def span(slot: Slot, start: int, end: int, condition: Condition, sequence: int) -> StateSpan:
    """A record."""
    evidence = Evidence(NodeName("n1"), sequence, sequence)
    return StateSpan(slot, START_MS + start, START_MS + end, condition, evidence=evidence)


def explained(scene: World) -> tuple[Loss, ...]:
    """The losses of a world."""
    return losses(scene.contract, scene.window, scene.until_ms, scene.facts, scene.excused)


def told(scene: World) -> list[str]:
    """The losses in short: unit, from, to, how much, why."""
    return [
        f"{loss.unit} {loss.interval.start_ms - START_MS}-{loss.interval.end_ms - START_MS} "
        f"{loss.gpu_ms} {'+'.join(loss.reasons)}"
        for loss in explained(scene)
    ]


RACK = {"unit": CapacityUnit.NVL72_DOMAIN, "min_healthy_gpus": 3}
WHOLE = RACK | {"partial": Partial.WHOLE_UNIT}
SKUS = {"accepted_skus": (AcceptedSku(SKU, Fraction(1)), AcceptedSku("half", Fraction(1, 2)))}
S1 = str(SLOTS[0])
CASES: list[tuple[str, World, list[str]]] = [
    ("nothing", world(promising(1, {}), "...."), []),
    ("a GPU down", world(promising(1, {}), ".xx."), [f"{S1} 1-3 2 fabric_down"]),
    ("half a GPU", world(promising(1, {}), ".hh."), [f"{S1} 1-3 1 thermal_slowdown"]),
    (
        "two causes are two losses",
        world(promising(1, {}), ".xh."),
        [f"{S1} 1-2 1 fabric_down", f"{S1} 2-3 1/2 thermal_slowdown"],
    ),
    ("nobody saw it", world(promising(1, {}), "._."), [f"{S1} 1-2 1 not_observed"]),
    (
        "the tenant bears that",
        world(promising(1, {}, unknown=Unknown(UnknownPolicy.TENANT_BEARS, 0)), "._."),
        [],
    ),
    (
        "what is out of the count is no loss",
        world(promising(1, {}, unknown=Unknown(UnknownPolicy.EXCLUDE, 0)), "._."),
        [],
    ),
    (
        "carried over from down, though the tenant bears what nobody saw",
        world(promising(1, {}, unknown=Unknown(UnknownPolicy.TENANT_BEARS, 1)), ".x__."),
        [f"{S1} 1-2 1 fabric_down", f"{S1} 2-3 1 carried_last+not_observed"],
    ),
    (
        "it settles",
        world(promising(1, {"acceptance": Acceptance(0, 2)}), ".x...."),
        [f"{S1} 1-2 1 fabric_down", f"{S1} 2-4 1 settling".replace(" 1 s", " 2 s")],
    ),
    (
        "it burns in",
        world(promising(1, {"acceptance": Acceptance(2, 0)}), "...."),
        [f"{S1} 0-2 2 burning_in"],
    ),
    ("it weighs less", world(promising(1, SKUS), "!...."), [f"{S1} 0-4 2 weighted"]),
    ("and is hot", world(promising(1, SKUS), "!hh"), [f"{S1} 0-2 3/2 thermal_slowdown+weighted"]),
    (
        "a kind that counts for nothing",
        world(promising(1, {}), "!.."),
        [f"{S1} 0-2 2 sku_not_accepted"],
    ),
    ("too few slots", world(promising(3, {}), "..", ".."), ["unassigned 0-2 2 not_assigned"]),
    (
        "below the minimum",
        world(promising(4, RACK), "..x", ".xx", "...", "..."),
        ["c2/r01 1-2 1 fabric_down", "c2/r01 2-3 4 fabric_down+unit_below_minimum"],
    ),
    ("all down needs no rule", world(promising(4, RACK), *["x"] * 4), ["c2/r01 0-1 4 fabric_down"]),
    ("held by halves", world(promising(2, RACK), "..", ".."), ["c2/r01 0-2 4 unit_below_minimum"]),
    ("a whole unit forgives one", world(promising(4, WHOLE), ".x", "..", "..", ".."), []),
    (
        "but not a lighter one",
        world(promising(4, WHOLE | SKUS), ".x", "!..", "..", ".."),
        ["c2/r01 0-2 1 weighted"],
    ),
    (
        "a short outage is forgiven",
        world(promising(1, {}, min_outage=MinOutage(2, RunCount.WHOLE_RUN, splits=False)), "x.xx."),
        [f"{S1} 2-4 2 fabric_down"],
    ),
    (
        "and what is not in excess",
        world(
            promising(1, {}, min_outage=MinOutage(1, RunCount.EXCESS_ONLY, splits=False)), "x.xx."
        ),
        [f"{S1} 3-4 1 fabric_down"],
    ),
    ("excused", world(promising(1, {}), ".xx.", excused={0: (1, 2)}), [f"{S1} 2-3 1 fabric_down"]),
    ("a spare stands in", world(promising(1, {}), "xx", ".."), []),
    (
        "half of what is missing is lost",
        world(promising(2, {}), "xx", ".x", ".."),
        [f"{S1} 1-2 1/2 fabric_down", f"{SLOTS[1]} 1-2 1/2 fabric_down"],
    ),
    (
        "banked: a quarter is left",
        world(promising(1, {"over_delivery": OverDelivery.BANKED_IN_WINDOW}), "xxxx...", "xxxx..."),
        [f"{S1} 0-4 1/2 fabric_down", f"{SLOTS[1]} 0-4 1/2 fabric_down"],
    ),
]


@pytest.mark.parametrize(("name", "scene", "expected"), CASES, ids=[case[0] for case in CASES])
def test_a_small_world_is_explained_in_full(name: str, scene: World, expected: list[str]) -> None:
    """Unit, time, amount and reasons of every loss; and the slow count agrees on the sum."""
    assert told(scene) == expected, name
    assert sum(loss.gpu_ms for loss in explained(scene)) == lost_gpu_ms(scene)


@st.composite
def parts(draw: st.DrawFn, most: int = 2) -> tuple[Interval, ...]:
    """Some time of the window or around it, in order and apart."""
    edges = draw(
        st.lists(st.integers(-3, LENGTH_MS + 3), unique=True, max_size=2 * most).map(sorted)
    )
    pairs = zip(edges[::2], edges[1::2], strict=False)
    return tuple(Interval(START_MS + start, START_MS + end) for start, end in pairs)


@st.composite
def contracts(draw: st.DrawFn) -> ContractVersion:
    """Any way of counting capacity."""
    ramp = [RampStep(date(2026, 7, 1), draw(st.integers(0, 9)))]
    if draw(st.booleans()):
        ramp.append(RampStep(date(2026, 10, 3), draw(st.integers(0, 9))))
    capacity = {
        "unit": draw(st.sampled_from(CapacityUnit)),
        "min_healthy_gpus": draw(st.integers(1, 4)),
        "partial": draw(st.sampled_from(Partial)),
        "ramp": tuple(ramp),
        "over_delivery": draw(st.sampled_from(OverDelivery)),
        "acceptance": Acceptance(draw(st.integers(0, 5)), draw(st.integers(0, 5))),
    }
    shape = {
        "degraded": draw(
            st.sampled_from([HALF, Degraded(Fraction(0), {"power_limit": Fraction(1, 3)})])
        ),
        "unknown": Unknown(draw(st.sampled_from(UnknownPolicy)), draw(st.integers(0, 4))),
        "min_outage": MinOutage(
            draw(st.integers(0, 5)), draw(st.sampled_from(RunCount)), splits=draw(st.booleans())
        ),
        "denominator": draw(
            st.sampled_from([Denominator.FULL_WINDOW, Denominator.MINUS_EXCLUSIONS])
        ),
    }
    return contract(capacity=capacity | SKUS, objectives=(objective(**shape),))


@st.composite
def worlds(draw: st.DrawFn) -> World:
    """A contract, what was seen, held and excused; half the window on either side of midnight."""
    start_ms = start_of_day_ms(date(2026, 10, 3), "America/Chicago") - LENGTH_MS // 2
    shift_ms = start_ms - START_MS
    slots = draw(st.lists(st.sampled_from(SLOTS), min_size=1, max_size=6, unique=True))
    whole = Interval(start_ms, start_ms + LENGTH_MS)
    seen: list[StateSpan] = []
    for slot in slots:
        rows = draw(st.lists(st.sampled_from([*LETTERS.values(), None]), min_size=1, max_size=9))
        cuts = sorted(draw(st.lists(st.integers(-4, LENGTH_MS + 4), min_size=10, max_size=10)))
        seen += [
            span(slot, shift_ms + start, shift_ms + end, condition, number)
            for number, (condition, start, end) in enumerate(
                zip(rows, cuts, cuts[1:], strict=False)
            )
            if condition is not None and start < end
        ]
    reach = Interval(start_ms - draw(st.integers(0, 4)), whole.end_ms + draw(st.integers(0, 4)))
    held = {
        slot: tuple(
            Holding(shifted(one, shift_ms), draw(st.sampled_from([SKU, SKU, "half", "h100"])))
            for one in draw(
                st.one_of(st.just((Interval(START_MS - 4, START_MS + LENGTH_MS + 4),)), parts())
            )
        )
        for slot in slots
    }
    excused = {
        slot: tuple(shifted(one, shift_ms) for one in draw(parts()))
        for slot in draw(st.lists(st.sampled_from(slots), max_size=2, unique=True))
    }
    facts = Facts(build(seen, slots, reach), held)
    until_ms = start_ms + draw(st.integers(0, LENGTH_MS + 5))
    return World(draw(contracts()), facts, whole, until_ms, excused)


def shifted(interval: Interval, by_ms: int) -> Interval:
    """The same time later."""
    return Interval(interval.start_ms + by_ms, interval.end_ms + by_ms)


@settings(max_examples=100)
@given(worlds())
def test_losses_add_up_to_what_a_slow_count_finds_lost(scene: World) -> None:
    """Under every way of counting, to the last part of a GPU-millisecond."""
    assert sum(loss.gpu_ms for loss in explained(scene)) == lost_gpu_ms(scene)


@settings(max_examples=60)
@given(worlds())
def test_a_loss_is_inside_the_window_and_as_long_as_its_causes_stay(scene: World) -> None:
    """No two losses of a unit overlap; two that touch differ in what caused them."""
    found = explained(scene)
    last: dict[str, Loss] = {}
    for loss in found:
        start_ms, end_ms = loss.interval.start_ms, loss.interval.end_ms
        assert scene.to_date.start_ms <= start_ms < end_ms <= scene.to_date.end_ms
        assert loss.gpu_ms > 0
        assert loss.reasons
        assert set(loss.reasons) <= {*REASONS, *JUDGEMENTS}
        before = last.get(loss.unit)
        if before is not None:
            assert before.interval.end_ms <= start_ms
            if before.interval.end_ms == start_ms:
                assert signature(before) != signature(loss)
        last[loss.unit] = loss


def signature(loss: Loss) -> tuple[object, ...]:
    """What tells a loss from its neighbour."""
    causes = [(one.slot, one.state, [f.reason for f in one.findings]) for one in loss.causes]
    return loss.reasons, causes


@settings(max_examples=100)
@given(worlds())
def test_columns_are_explained_like_a_timeline_but_for_the_evidence(scene: World) -> None:
    """The same units, times, amounts and reasons."""
    assert isinstance(scene.facts.timeline, Timeline)
    columns = replace(scene.facts, timeline=columns_of(scene.facts.timeline))
    blank = [
        replace(loss, causes=tuple(replace(cause, evidence=None) for cause in loss.causes))
        for loss in explained(scene)
    ]
    assert list(explained(replace(scene, facts=columns))) == blank


def test_a_loss_names_the_records_behind_it_and_no_others() -> None:
    """Its evidence is that of its own time: from the first of its records to the last."""
    loss, later = explained(world(promising(2, {}), "..xxx..x"))[1:]
    assert [loss.interval, later.interval] == [
        Interval(START_MS + 2, START_MS + 5),
        Interval(START_MS + 7, START_MS + 8),
    ]
    assert loss.evidence == (Evidence(NodeName("n1"), 3, 5),)
    assert later.evidence == (Evidence(NodeName("n1"), 8, 8),)


def test_a_contract_without_an_objective_of_capacity_is_explained_in_plain_terms() -> None:
    """Degraded counts in full, and the provider bears what nobody saw."""
    scene = world(contract(objectives=()), "hx_")
    assert told(scene) == [f"{S1} 1-2 1 fabric_down", f"{S1} 2-3 1 not_observed"]


def test_the_work_follows_what_changed_and_not_the_slots() -> None:
    """A day of twenty thousand slots takes moments, for only nine of them change anything."""
    slots = [Slot("c2", f"r{n // 72:03}", f"t{n // 4 % 18:02}", f"m{n % 4}") for n in range(20_160)]
    day = Interval(START_MS, START_MS + 86_400_000)
    failing = set(slots[:9])
    spans: dict[Slot, tuple[StateSpan, ...]] = {
        slot: (StateSpan(slot, day.start_ms, day.end_ms, DOWN if slot in failing else OK),)
        for slot in slots
    }
    held = {slot: (Holding(day, SKU),) for slot in slots}
    terms = promising(20_160, {"unit": CapacityUnit.NVL72_DOMAIN, "min_healthy_gpus": 64})
    facts = Facts(Timeline(day, spans), held)
    started = time.process_time()
    (loss,) = losses(terms, day, day.end_ms, facts, {})
    assert time.process_time() - started < 5
    assert (loss.unit, loss.gpu_ms) == ("c2/r000", Fraction(72 * 86_400_000))
    assert len(loss.slots) == 9


@settings(max_examples=100)
@given(worlds())
def test_losses_add_up_to_the_account_of_the_kernel(scene: World) -> None:
    """Two counts that share no code: one over arrays of all slots, one over what changed."""
    counted = account(scene.contract, scene.window, scene.until_ms, scene.facts, scene.excused)
    assert sum(loss.gpu_ms for loss in explained(scene)) == counted.lost_gpu_ms
