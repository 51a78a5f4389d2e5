"""The permutation test: by hand, exact beside drawn, and honest about chance."""

import hashlib
import random
from fractions import Fraction
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gpusla.parity.permutation import _drawn, adjusted, permutation_test, splits_of
from gpusla.parity.service import percentile_ms, samples
from tests.core.parity.fleet import customer, units

PARTS = st.tuples(st.integers(0, 20), st.integers(1, 9))


def test_by_hand_three_against_three() -> None:
    """
    Ours 9, 8, 7 and theirs 1, 2, 3, of ten each.

    Of 20 splits only ours has a sum of 24 or more: p is 1/20.  The effect is 24/30 - 6/30.
    """
    found = permutation_test([(9, 10), (8, 10), (7, 10)], [(1, 10), (2, 10), (3, 10)], "")
    assert found.is_exact
    assert found.p == Fraction(1, 20)
    assert found.effect == Fraction(18, 30)
    assert found.ratio == 4


def test_whoever_is_better_off_is_never_called_worse() -> None:
    """The other way round every split is at least as bad."""
    found = permutation_test([(1, 10)] * 3, [(9, 10)] * 3, "")
    assert found.effect < 0
    assert found.p == 1


@given(st.lists(PARTS, min_size=1, max_size=4), st.lists(PARTS, min_size=1, max_size=4))
def test_all_splits_are_compared_as_fractions(
    ours: list[tuple[int, int]], theirs: list[tuple[int, int]]
) -> None:
    """Cross-multiplied integers give what plain fractions give."""
    everything = ours + theirs

    def difference(chosen: tuple[int, ...]) -> Fraction:
        first = [everything[i] for i in chosen]
        rest = [everything[i] for i in range(len(everything)) if i not in chosen]
        return ratio(first) - ratio(rest)

    happened = difference(tuple(range(len(ours))))
    every = [difference(one) for one in combinations(range(len(everything)), len(ours))]
    found = permutation_test(ours, theirs, "")
    assert found.effect == happened
    assert found.p == Fraction(sum(1 for one in every if one >= happened), len(every))


def ratio(parts: list[tuple[int, int]]) -> Fraction:
    """The sum of what is above over the sum of what is below."""
    return Fraction(sum(above for above, _ in parts), sum(below for _, below in parts))


def test_drawn_splits_come_near_to_all_of_them() -> None:
    """Twelve units: 924 splits all looked at, or 499 of them drawn."""
    chance = random.Random(7)  # noqa: S311  (a seed, not a secret)
    parts = [(chance.randint(0, 100), 10) for _ in range(12)]
    exact = permutation_test(parts[:6], parts[6:], "s")
    drawn = permutation_test(parts[:6], parts[6:], "s", draws=499)
    assert exact.is_exact
    assert exact.splits == 924
    assert not drawn.is_exact
    assert drawn.splits == 500
    assert abs(exact.p - drawn.p) < Fraction(7, 100)


def test_a_draw_follows_from_its_seed_alone_and_anybody_can_repeat_it() -> None:
    """The words of SHA-256 over `seed|number|block`; the smallest ones are chosen."""
    digests = hashlib.sha256(b"seed|1|0").digest()
    words = [int.from_bytes(digests[4 * i : 4 * i + 4]) for i in range(5)]
    expected = sorted(range(5), key=lambda i: words[i])[:2]
    assert list(_drawn("seed", 5, 2, 2))[1] == expected
    assert list(_drawn("seed", 40, 20, 3)) != list(_drawn("other", 40, 20, 3))


def test_each_unit_is_drawn_as_often_as_any_other() -> None:
    """Of 4,000 draws of three in ten each unit is in 1,200, give or take five deviations of 29."""
    counts = [0] * 10
    for split in _drawn("even", 10, 3, 4_000):
        for i in split:
            counts[i] += 1
    assert sum(counts) == 12_000
    assert all(abs(count - 1_200) < 145 for count in counts), counts


@pytest.mark.parametrize(
    ("count", "size", "ways"), [(6, 3, 20), (5, 0, 1), (5, 5, 1), (12, 6, 924), (10, 9, 10)]
)
def test_splits_are_counted(count: int, size: int, ways: int) -> None:
    """As many as a pocket calculator says; beyond enough, merely more than enough."""
    assert splits_of(count, size, 10**9) == ways
    assert splits_of(200, 100, 1_000) > 1_000


def test_chances_are_adjusted_for_their_number() -> None:
    """Holm by hand: 0.01 of three times 3, 0.02 times 2 is 0.04, 0.5 stays, never going down."""
    cents = [Fraction(2, 100), Fraction(1, 100), Fraction(50, 100)]
    assert adjusted(cents) == (Fraction(4, 100), Fraction(3, 100), Fraction(1, 2))
    assert adjusted([Fraction(1, 2)] * 3) == (Fraction(1),) * 3
    assert adjusted([]) == ()


def test_percentiles_are_lengths_that_happened() -> None:
    """The nearest rank: of ten the fifth and the ninth, of one the one, of none none."""
    ten = [70, 10, 30, 20, 50, 40, 60, 100, 90, 80]
    assert percentile_ms(ten, Fraction(1, 2)) == 50
    assert percentile_ms(ten, Fraction(9, 10)) == 90
    assert percentile_ms([*ten, 110], Fraction(1, 2)) == 60
    assert percentile_ms([5], Fraction(9, 10)) == 5
    assert percentile_ms([], Fraction(1, 2)) is None


@pytest.mark.slow
def test_identical_service_is_called_worse_about_once_in_twenty() -> None:
    """
    A thousand months in which chance alone is at work, 40 units each, 199 splits drawn.

    p is below 5 % if at most eight of 199 are as bad: in 9 of 200, 4.5 %, give or take 0.66 %.
    """
    ours, theirs = customer("acme"), customer("house")
    alarms = 0
    for month in range(1_000):
        chance = random.Random(month)  # noqa: S311  (a seed, not a secret)
        mine = samples("time_to_repair", units(chance, ours, 40))
        others = samples("time_to_repair", units(chance, theirs, 40))
        found = permutation_test(mine, others, f"month {month}", draws=199)
        alarms += found.p < Fraction(5, 100)
    assert 25 <= alarms <= 65, alarms


def test_repairs_that_take_twice_as_long_are_found() -> None:
    """In nearly every one of 50 months with 40 units each."""
    ours, theirs = customer("acme"), customer("house")
    alarms = 0
    for month in range(50):
        chance = random.Random(month)  # noqa: S311  (a seed, not a secret)
        mine = samples("time_to_repair", units(chance, ours, 40, repair_times=2))
        others = samples("time_to_repair", units(chance, theirs, 40))
        found = permutation_test(mine, others, f"month {month}", draws=199)
        alarms += found.p < Fraction(5, 100)
    assert alarms >= 45, alarms
