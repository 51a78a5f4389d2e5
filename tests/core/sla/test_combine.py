"""
From several credits to one: combined, capped in order, rounded once, split without a remainder.

The fee is 100,000 minor units and the window 1000 ms unless a case says otherwise.
"""

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gpusla.contracts.model import ContractVersion, Rounding
from gpusla.contracts.promises import Kind
from gpusla.contracts.remedies import (
    AcrossObjectives,
    Base,
    Cap,
    ClaimMode,
    Combination,
)
from gpusla.sla.combine import Ground, apportioned, lines_of, owed, settle
from gpusla.sla.evaluation import Bounds, ClaimStanding, Outcome, Settlement
from tests.core.contracts.terms import contract, objective
from tests.core.sla.making import Amounts, bounds, judged, measure, prices, unit

SUM, MAX, FIRST = AcrossObjectives.SUM, AcrossObjectives.MAX, AcrossObjectives.FIRST
PERCENT_18 = Cap(Fraction(18), Base.PERIOD_FEE, None)
AMOUNT_900 = Cap(None, Base.PERIOD_FEE, 900)


def giving(number: int, credit: Amounts) -> Outcome:
    """An outcome that gives this credit."""
    return replace(judged(objective(id=f"o{number}"), measure(0)), credit=bounds(credit))


def terms(
    across: AcrossObjectives = SUM,
    caps: Sequence[Cap] = (),
    minimum: int = 0,
    rounding: Rounding = Rounding.HALF_EVEN,
) -> ContractVersion:
    """A contract that combines so."""
    return contract(
        combination=Combination(across, tuple(caps), minimum), fees={"rounding": rounding}
    )


def settled(
    of: ContractVersion, credits_: Sequence[Amounts], fee: Fraction | int = 100_000
) -> Settlement:
    """What these credits come to."""
    found = [(giving(number, credit), prices()) for number, credit in enumerate(credits_)]
    return settle(Ground(of, found, Fraction(fee), Fraction(50_000)))


@pytest.mark.parametrize(
    ("across", "credits_", "combined"),
    [
        (SUM, [], (0, 0, 0)),
        (MAX, [], (0, 0, 0)),
        (FIRST, [], (0, 0, 0)),
        (SUM, [(1, 2, 3), (10, 20, 30)], (11, 22, 33)),
        (MAX, [(1, 20, 30), (10, 15, 40)], (10, 20, 40)),
        (FIRST, [5, 70], (5, 5, 5)),
        (FIRST, [0, 70], (70, 70, 70)),
        # The first may give nothing after all: then it is the second's.
        (FIRST, [(0, 5, 6), (10, 20, 70)], (0, 5, 70)),
        # The first may give something after all: then it is no more than that.
        (FIRST, [(0, 0, 6), (10, 20, 70)], (0, 20, 70)),
        # The first must give something: the second never counts.
        (FIRST, [(4, 5, 6), (10, 20, 70)], (4, 5, 6)),
        # Nobody after one that must.
        (FIRST, [(0, 0, 0), (10, 20, 70), (0, 0, 99)], (10, 20, 70)),
    ],
)
def test_objectives_are_combined(
    across: AcrossObjectives, credits_: list[Amounts], combined: tuple[int, int, int]
) -> None:
    """Sum, largest or first; the bounds of the first hold all that may come out instead."""
    assert settled(terms(across), credits_).combined == bounds(combined)


@pytest.mark.parametrize(
    ("caps", "credit", "fee", "after", "rounded"),
    [
        ([], 50, 100_000, [50], 50),
        ([], 150_000, 100_000, [100_000], 100_000),  # A21: never more than the fee
        ([PERCENT_18], 17_999, 100_000, [17_999, 17_999], 17_999),
        ([PERCENT_18], 18_000, 100_000, [18_000, 18_000], 18_000),  # 18 % of 100,000
        ([PERCENT_18], 18_001, 100_000, [18_000, 18_000], 18_000),
        ([AMOUNT_900], 899, 100_000, [899, 899], 899),
        ([AMOUNT_900], 901, 100_000, [900, 900], 900),
        ([PERCENT_18, AMOUNT_900], 20_000, 100_000, [18_000, 900, 900], 900),
        ([AMOUNT_900, PERCENT_18], 20_000, 100_000, [900, 900, 900], 900),
        ([AMOUNT_900], 5000, 600, [900, 600], 600),
        ([Cap(Fraction(12), Base.ANNUAL_OVER_12, None)], 9000, 100_000, [6000, 6000], 6000),
        ([], 5000, 0, [0], 0),
    ],
)
def test_caps_hold_in_order(
    caps: list[Cap], credit: int, fee: int, after: list[int], rounded: int
) -> None:
    """Percentages and amounts, and the fee that is due as the last."""
    found = settled(terms(caps=caps), [credit], fee)
    assert [step.after.value for step in found.caps] == after
    assert found.rounded.value == rounded


def test_a_cap_by_affected_charges_counts_each_unit_once() -> None:
    """With the largest of its fees; on each side by what was lost there."""
    promises = [objective(id=f"o{n}", kind=Kind.TIME_UNIT) for n in range(2)]
    found = [
        # Of 2000 GPU-ms: a costs 50,000, b 25,000.
        judged(promises[0], measure(1, 1000, [unit("a", 1), unit("b", (0, 0, 1), held=500)])),
        judged(promises[1], measure(1, 1000, [unit("a", (0, 1, 1), held=500)])),
    ]
    given_ = [(replace(one, credit=bounds(90_000)), prices(committed=2000)) for one in found]
    of = terms(caps=[Cap(Fraction(10), Base.AFFECTED_CHARGES, None)])
    step = settle(Ground(of, given_, Fraction(100_000), Fraction(0))).caps[0]
    assert step.base == 50_000
    assert step.limit == bounds((5_000, 5_000, 7_500))


@pytest.mark.parametrize(
    ("minimum", "credit", "rounded"),
    [
        (0, 0, 0),
        (100, Fraction(999, 10), 0),  # 99.9 is less, though it would be rounded to 100
        (100, 100, 100),
        (100, 101, 101),
    ],
)
def test_less_than_the_minimum_is_nothing(minimum: int, credit: Amounts, rounded: int) -> None:
    """Before rounding, and exactly the minimum is enough."""
    assert settled(terms(minimum=minimum), [credit]).rounded.value == rounded


@pytest.mark.parametrize(("minimum", "rounded"), [(900, 900), (901, 0)])
def test_the_minimum_is_asked_of_what_the_caps_leave(minimum: int, rounded: int) -> None:
    """1000 would reach both, and a cap leaves 900 of it."""
    assert settled(terms(caps=[AMOUNT_900], minimum=minimum), [1000]).rounded.value == rounded


@pytest.mark.parametrize(
    ("rounding", "credit", "rounded"),
    [
        (Rounding.HALF_EVEN, Fraction(5, 2), 2),
        (Rounding.HALF_EVEN, Fraction(7, 2), 4),
        (Rounding.HALF_UP, Fraction(5, 2), 3),
        (Rounding.HALF_UP, Fraction(249, 100), 2),
        (Rounding.DOWN, Fraction(299, 100), 2),
    ],
)
def test_a_credit_is_rounded_once(rounding: Rounding, credit: Fraction, rounded: int) -> None:
    """A23: at the total; two halves are one whole."""
    assert settled(terms(rounding=rounding), [credit]).rounded.value == rounded
    halves = [credit / 2, credit / 2]
    assert settled(terms(rounding=rounding), halves).rounded.value == rounded


def test_rounding_never_exceeds_a_cap() -> None:
    """18 % of 97 is 17.46 and a cap of 17.46 is not 18; nor is a fee of 97.5 one of 98."""
    of = terms(caps=[PERCENT_18], rounding=Rounding.HALF_UP)
    assert settled(of, [50], 97).rounded.value == 17
    assert settled(of, [50], 98).rounded.value == 17  # 17.64
    assert settled(terms(rounding=Rounding.HALF_UP), [98], Fraction(195, 2)).rounded.value == 97


@pytest.mark.parametrize(
    ("across", "credits_", "total", "lines"),
    [
        (SUM, [10, 20], 30, {"o0": 10, "o1": 20}),
        (SUM, [10, 20], 0, {}),
        (SUM, [0, 20], 20, {"o1": 20}),
        # 100 / 3 is 33.3 for each: the first gets what is left.
        (SUM, [7, 7, 7], 100, {"o0": 34, "o1": 33, "o2": 33}),
        # 50 * 1/6 = 8.33, * 2/6 = 16.67, * 3/6 = 25: the largest remainder is the second's.
        (SUM, [1, 2, 3], 50, {"o0": 8, "o1": 17, "o2": 25}),
        # 1 * 1/3 = 0.33 and 1 * 2/3 = 0.67.
        (SUM, [1, 2], 1, {"o1": 1}),
        (MAX, [10, 30, 20], 25, {"o1": 25}),
        (MAX, [30, 30], 30, {"o0": 30}),
        (FIRST, [0, 10, 30], 10, {"o1": 10}),
    ],
)
def test_lines_add_up_to_the_credit(
    across: AcrossObjectives, credits_: list[int], total: int, lines: dict[str, int]
) -> None:
    """By largest remainder, earlier objectives first; the largest and the first have it all."""
    outcomes = [giving(number, credit) for number, credit in enumerate(credits_)]
    found = lines_of(terms(across), outcomes, total)
    assert {line.objective: line.minor_units for line in found} == lines


@pytest.mark.parametrize(("claimed_ms", "credit"), [(None, 0), (999, 50), (1000, 0), (1001, 0)])
def test_a_credit_that_must_be_claimed_is_nothing_until_it_was(
    claimed_ms: int | None, credit: int
) -> None:
    """A claim at the deadline is too late: it is the first instant after the last day."""
    of = contract(claims={"mode": ClaimMode.ON_CLAIM})
    found = settled(of, [50])
    assert owed(of, found, ClaimStanding(1000, claimed_ms, 50)) == Bounds(credit, credit, credit)


def test_an_automatic_credit_needs_no_claim() -> None:
    """Nobody has to ask."""
    assert owed(terms(), settled(terms(), [(40, 50, 60)]), None) == Bounds(40, 50, 60)


amounts = st.fractions(0, 1000, max_denominator=7)
triples = st.lists(amounts, min_size=3, max_size=3).map(lambda three: tuple(sorted(three)))
caps_ = st.lists(
    st.one_of(
        st.builds(
            Cap, st.fractions(0, 100, max_denominator=3), st.just(Base.PERIOD_FEE), st.none()
        ),
        st.builds(Cap, st.none(), st.just(Base.PERIOD_FEE), st.integers(0, 1500)),
    ),
    max_size=3,
)


@given(
    st.sampled_from(AcrossObjectives),
    st.lists(triples, max_size=4),
    caps_,
    st.sampled_from(Rounding),
    st.fractions(0, 2000, max_denominator=3),
    st.integers(0, 300),
)
def test_a_credit_lies_within_its_bounds_and_under_every_cap(  # noqa: PLR0917
    across: AcrossObjectives,
    credits_: list[Amounts],
    caps: list[Cap],
    rounding: Rounding,
    fee: Fraction,
    minimum: int,
) -> None:
    """Whatever is combined, capped and rounded how."""
    of = terms(across, caps, minimum, rounding)
    found = settled(of, credits_, fee)
    for one in (found.combined, found.exact, *(step.after for step in found.caps)):
        assert 0 <= one.low <= one.value <= one.high
    assert 0 <= found.rounded.low <= found.rounded.value <= found.rounded.high
    assert all(found.rounded.high <= step.limit.high for step in found.caps)
    assert all(found.rounded.value <= step.limit.value for step in found.caps)
    assert found.rounded.high <= fee
    outcomes = [giving(number, credit) for number, credit in enumerate(credits_)]
    lines = lines_of(of, outcomes, found.rounded.value)
    assert sum(line.minor_units for line in lines) == found.rounded.value
    assert all(line.minor_units > 0 for line in lines)


@given(st.lists(triples, min_size=1, max_size=4), st.data())
def test_the_bounds_of_the_first_hold_whatever_it_turns_out_to_be(
    credits_: list[Amounts], data: st.DataObject
) -> None:
    """Any credits inside their bounds give something inside the bounds."""
    found = settled(terms(FIRST), credits_).combined
    true = [data.draw(st.sampled_from(_three(credit))) for credit in credits_]
    first = next((credit for credit in true if credit), Fraction(0))
    assert found.low <= first <= found.high


def _three(credit: Amounts) -> list[Fraction]:
    held = bounds(credit)
    return [held.low, held.value, held.high]


@given(
    st.integers(0, 10**15), st.lists(st.fractions(Fraction(1, 9), 10**9), min_size=1, max_size=9)
)
def test_an_amount_is_split_within_one_unit_of_each_share(
    minor_units: int, weights: list[Fraction]
) -> None:
    """And the parts add up."""
    parts = apportioned(minor_units, weights)
    assert sum(parts) == minor_units
    total = sum(weights)
    for part, weight in zip(parts, weights, strict=True):
        assert abs(part - minor_units * weight / total) < 1
