"""Queue jumps: found where planted, none where none is, and the same as in a slow fair queue."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gpusla.identity import ContractId, Slot
from gpusla.inventory.model import AssignmentRecord
from gpusla.parity.queue import HandOver, QueueJump, Shortfall, hand_overs_of, queue_jumps
from tests.core.parity.fleet import hand_over, shortfall

UNTIL_MS = 1_000


def jumps(hand_overs: Sequence[HandOver], shortfalls: Sequence[Shortfall]) -> tuple[QueueJump, ...]:
    """All jumps up to the same end."""
    return queue_jumps(hand_overs, shortfalls, UNTIL_MS)


def test_a_spare_given_out_of_turn_is_found_with_its_ticket_and_its_price_in_time() -> None:
    """Acme waits from 100, the house from 200; the house is served at 300, acme at 450."""
    found = jumps(
        [hand_over("house", 300), hand_over("acme", 450)],
        [shortfall("acme", 100, 450), shortfall("house", 200, 300)],
    )
    assert [(one.at_ms, one.given_to, one.passed_over) for one in found] == [
        (300, "house-2026", "acme-2026")
    ]
    assert found[0].ticket == "T-acme-100"
    assert found[0].unit == "c1/r1"
    assert (found[0].waiting_since_ms, found[0].given_waiting_since_ms) == (100, 200)
    assert found[0].displaced_gpu_ms == 150


def test_in_turn_nobody_is_passed_over() -> None:
    """The same two, served in the order in which they began to wait."""
    assert not jumps(
        [hand_over("acme", 300), hand_over("house", 450)],
        [shortfall("acme", 100, 300), shortfall("house", 200, 450)],
    )


@pytest.mark.parametrize("other", ["sku", "pool"])
def test_another_kind_or_pool_is_another_queue(other: str) -> None:
    """What could not have served the one who waits takes nothing from it."""
    waits = shortfall("acme", 100, None)
    elsewhere = replace(waits, sku="other") if other == "sku" else replace(waits, pool="other")
    assert jumps([hand_over("house", 300)], [waits])
    assert not jumps([hand_over("house", 300)], [elsewhere])


def test_waiting_for_equally_long_is_no_jump() -> None:
    """Somebody has to be first."""
    assert not jumps(
        [hand_over("house", 300)], [shortfall("acme", 100, None), shortfall("house", 100, 300)]
    )


def test_whoever_lacked_nothing_comes_last() -> None:
    """A spare for growth, while another waits for a repair."""
    found = jumps([hand_over("house", 300)], [shortfall("acme", 299, None)])
    assert found[0].given_waiting_since_ms is None
    assert found[0].displaced_gpu_ms == UNTIL_MS - 300


def test_four_given_at_once_pass_over_no_more_than_wait() -> None:
    """Two of the four would have been the other's; the other two were rightly the house's."""
    given_out = [hand_over("house", 300, number) for number in range(4)]
    found = jumps(
        given_out, [shortfall("acme", 100, None, gpus=2), shortfall("house", 200, 300, gpus=4)]
    )
    assert len(found) == 2
    assert sum(one.displaced_gpu_ms for one in found) == 2 * (UNTIL_MS - 300)


def test_a_gpu_that_was_handed_over_waits_no_longer_though_it_settles() -> None:
    """Acme got its spare at 200 and it counts from 400 on; at 300 the house passes nobody."""
    assert not jumps(
        [hand_over("acme", 200), hand_over("house", 300)],
        [shortfall("acme", 100, 400), shortfall("house", 150, 300)],
    )


def test_what_is_back_at_that_instant_is_what_was_served() -> None:
    """
    The house lacks two, since 100 and 200, and gets the younger one back at 300.

    So it waits since 100 still; a spare for acme, which waits since 150, passes it over.
    """
    found = jumps(
        [hand_over("house", 300), hand_over("acme", 400)],
        [shortfall("house", 100, None), shortfall("house", 200, 300), shortfall("acme", 150, 400)],
    )
    assert [(one.at_ms, one.passed_over, one.waiting_since_ms) for one in found] == [
        (400, "house-2026", 100)
    ]


def test_one_missing_gpu_is_displaced_once_and_passed_over_twice() -> None:
    """Two events, and the hours of the first only: it would have been served then."""
    found = jumps(
        [hand_over("house", 300), hand_over("house", 400)],
        [shortfall("acme", 100, 600), shortfall("house", 200, 300), shortfall("house", 250, 400)],
    )
    assert [one.displaced_gpu_ms for one in found] == [300, 0]


NAMES = st.sampled_from(["acme", "bravo", "house"])
MOMENTS = st.integers(0, 12)


@given(
    st.lists(st.tuples(NAMES, MOMENTS), max_size=8),
    st.lists(st.tuples(NAMES, MOMENTS, st.integers(1, 12), st.integers(1, 2)), max_size=5),
)
def test_at_each_instant_as_many_were_passed_over_as_a_fair_queue_would_have_served(
    given_out: list[tuple[str, int]], lacking: list[tuple[str, int, int, int]]
) -> None:
    """A plain count: of all served and waiting, the longest waiting get what there is."""
    handed = [hand_over(name, at, number) for number, (name, at) in enumerate(given_out)]
    short = [shortfall(name, at, at + length, gpus) for name, at, length, gpus in lacking]
    found = jumps(handed, short)
    for at_ms in range(13):
        got = sum(1 for one in found if one.at_ms == at_ms)
        assert got == passed_over_fairly(handed, short, at_ms)
    assert all(one.given_to != one.passed_over for one in found)
    longest = sum(one.gpus * ((one.closed_ms or UNTIL_MS) - one.opened_ms) for one in short)
    assert 0 <= sum(one.displaced_gpu_ms for one in found) <= longest


@dataclass
class Gpu:
    """One missing GPU of the slow queue."""

    contract: ContractId
    opened_ms: int
    closed_ms: int
    is_served: bool = False


def passed_over_fairly(handed: list[HandOver], short: list[Shortfall], at_ms: int) -> int:
    """Replay everything up to an instant, GPU by GPU; then count who a fair queue would serve."""
    missing = [
        Gpu(one.contract, one.opened_ms, one.closed_ms or UNTIL_MS)
        for one in short
        for _ in range(one.gpus)
    ]
    missing.sort(key=lambda gpu: gpu.opened_ms)
    ages: list[int] = []
    for now_ms in range(at_ms + 1):
        ages = []
        for name in {one.contract for one in handed}:
            given_out = sum(1 for one in handed if (one.contract, one.at_ms) == (name, now_ms))
            own = [gpu for gpu in missing if gpu.contract == name and not gpu.is_served]
            own = [gpu for gpu in own if gpu.opened_ms <= now_ms <= gpu.closed_ms]
            ages += ([gpu.opened_ms for gpu in own] + [10**9] * given_out)[:given_out]
            back = [gpu for gpu in own if gpu.closed_ms == now_ms]
            later = [gpu for gpu in own if gpu.closed_ms != now_ms]
            for gpu in (back + later)[:given_out]:
                gpu.is_served = True
    waits = [gpu for gpu in missing if gpu.opened_ms <= at_ms < gpu.closed_ms]
    still = [gpu.opened_ms for gpu in waits if not gpu.is_served]
    # Of equal age whoever was served is before whoever waits: somebody has to be first.
    fair = sorted([(age, "served") for age in ages] + [(age, "waits") for age in still])
    return sum(1 for _, what in fair[: len(ages)] if what == "waits")


def test_hand_overs_come_from_assignments_out_of_a_pool() -> None:
    """Not from slots that stand outside it, nor from a record that goes on where another ended."""
    first, second = Slot("c1", "r1", "t1", "m1"), Slot("c1", "r1", "t1", "m2")

    def record(id_: str, from_ms: int, until_ms: int | None, *slots: Slot) -> AssignmentRecord:
        return AssignmentRecord(
            id=id_,
            from_ms=from_ms,
            until_ms=until_ms,
            recorded_ms=0,
            supersedes=None,
            withdrawn=False,
            slots=slots,
            contract=ContractId("acme-2026"),
        )

    found = hand_overs_of(
        [record("a1", 10, 20, first), record("a2", 20, None, first, second)],
        lambda _, __: "gb300",
        lambda slot: "hall-1" if slot in (first, second) else None,
    )
    assert [(one.slot, one.at_ms) for one in found] == [(first, 10), (second, 20)]
    assert not hand_overs_of([record("a1", 10, None, first)], lambda _, __: "gb300", lambda _: None)
