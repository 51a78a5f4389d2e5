"""Slopes become steps, of GPUs by the day and of fees by the fee in force."""

from datetime import date, timedelta
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from gpusla.contracts.model import MonthlyFee, RampFee, RampStep
from gpusla.contracts.ramps import committed_on, fee_ramps_of, steps_of
from gpusla.contracts.schema_delivery import CommitmentForm, FeesForm, LinearRampForm

START = date(2026, 7, 1)


def slope(first: str, last: str, gpus: int) -> LinearRampForm:
    """A linear piece of a ramp."""
    return LinearRampForm.model_validate(
        {"from": first, "until": last, "gpus": gpus, "shape": "linear"}
    )


def step(first: str, gpus: int) -> CommitmentForm:
    """A step of a ramp."""
    return CommitmentForm.model_validate({"from": first, "gpus": gpus})


def test_a_slope_of_four_days_goes_by_quarters_and_rounds_down() -> None:
    """10 GPUs: 2.5, 5, 7.5 and 10, of which whole ones count."""
    assert steps_of([slope("2026-07-01", "2026-07-04", 10)]) == (
        RampStep(date(2026, 7, 1), 2),
        RampStep(date(2026, 7, 2), 5),
        RampStep(date(2026, 7, 3), 7),
        RampStep(date(2026, 7, 4), 10),
    )


def test_a_slope_begins_with_what_was_committed_before() -> None:
    """And may go down: from 100 by 2.5 a day, the odd half at once."""
    steps = steps_of([step("2026-07-01", 100), slope("2026-08-01", "2026-08-02", 95)])
    assert steps[1:] == (RampStep(date(2026, 8, 1), 97), RampStep(date(2026, 8, 2), 95))
    assert committed_on(steps, date(2026, 7, 31)) == 100
    assert committed_on(steps, date(2026, 9, 1)) == 95
    assert committed_on(steps, date(2026, 6, 30)) == 0


@given(
    before=st.integers(0, 10_000_000),
    gpus=st.integers(0, 10_000_000),
    days=st.integers(2, 500),
)
def test_a_slope_ends_where_it_says_never_turns_and_is_off_by_less_than_a_gpu(
    before: int, gpus: int, days: int
) -> None:
    """On day k of n it lies within one GPU below k/n of the way."""
    last = START + timedelta(days=days)
    steps = steps_of([step("2026-07-01", before), slope("2026-07-02", last.isoformat(), gpus)])
    counts = [one.gpus for one in steps]
    assert len(steps) == days + 1
    assert counts[-1] == gpus
    assert counts == sorted(counts, reverse=gpus < before)
    for number, count in enumerate(counts[1:], start=1):
        exact = before + Fraction((gpus - before) * number, days)
        assert 0 <= exact - count < 1


def test_a_reduced_fee_is_cut_where_the_full_one_changes() -> None:
    """75 is three quarters of 100, and half of 150."""
    form = FeesForm.model_validate(
        {
            "currency": "JPY",
            "recurring": [
                {"amount": "100", "per": "month", "from": "2026-07-01"},
                {"amount": "150", "per": "month", "from": "2026-09-01"},
            ],
            "ramp": [
                {"from": "2026-07-01", "until": "2026-07-31", "fraction": "0.25"},
                {"from": "2026-08-01", "until": "2026-09-30", "amount": "75"},
            ],
        }
    )
    recurring = [MonthlyFee(date(2026, 7, 1), 100), MonthlyFee(date(2026, 9, 1), 150)]
    assert fee_ramps_of(form, recurring) == (
        RampFee(date(2026, 7, 1), date(2026, 7, 31), Fraction(1, 4)),
        RampFee(date(2026, 8, 1), date(2026, 8, 31), Fraction(3, 4)),
        RampFee(date(2026, 9, 1), date(2026, 9, 30), Fraction(1, 2)),
    )
