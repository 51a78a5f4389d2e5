"""
Ramps of GPUs and of fees as steps, so that what judges knows nothing of slopes.

Source: docs/decisions/0091-ramps-become-steps.md.
"""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from fractions import Fraction

from gpusla.contracts.model import MonthlyFee, RampFee, RampStep
from gpusla.contracts.money import parse_amount
from gpusla.contracts.schema_delivery import (
    CommitmentForm,
    FeesForm,
    FractionRampForm,
    LinearRampForm,
)

_DAY = timedelta(days=1)


def steps_of(ramp: Sequence[CommitmentForm | LinearRampForm]) -> tuple[RampStep, ...]:
    """
    Return the commitment by the day.

    ramp: by date, without overlaps.  On day k of the n days of a linear piece k/n of the way is
    gone, rounded down to whole GPUs; before the first piece nothing is committed.
    """
    steps: list[RampStep] = []
    for piece in ramp:
        before = steps[-1].gpus if steps else 0
        if isinstance(piece, CommitmentForm):
            steps.append(RampStep(piece.start, piece.gpus))
        else:
            steps.extend(_slope(piece, before))
    return tuple(steps)


def committed_on(steps: Sequence[RampStep], day: date) -> int:
    """Return how many GPUs are committed on a local day."""
    return next((step.gpus for step in reversed(steps) if step.start <= day), 0)


def _slope(piece: LinearRampForm, before: int) -> Iterator[RampStep]:
    days = (piece.end - piece.start).days + 1
    for number in range(1, days + 1):
        gone = (piece.gpus - before) * number // days
        yield RampStep(piece.start + (number - 1) * _DAY, before + gone)


def fee_ramps_of(form: FeesForm, recurring: Sequence[MonthlyFee]) -> tuple[RampFee, ...]:
    """
    Return the reduced fees as fractions of the full one.

    An amount is a fraction of the fee in force, so it is cut where that fee changes; recurring is
    by date, covers every day of every ramp, and is nowhere zero there.
    """
    ramps: list[RampFee] = []
    for piece in form.ramp:
        if isinstance(piece, FractionRampForm):
            ramps.append(RampFee(piece.start, piece.end, piece.fraction))
            continue
        amount = parse_amount(piece.amount, form.currency)
        for fee, start, end in fees_over(recurring, piece.start, piece.end):
            ramps.append(RampFee(start, end, Fraction(amount, fee.minor_units)))
    return tuple(ramps)


def fees_over(
    recurring: Sequence[MonthlyFee], start: date, end: date
) -> Iterator[tuple[MonthlyFee, date, date]]:
    """Yield each fee in force between two days, both included, with its first and last day."""
    for number, fee in enumerate(recurring):
        following = recurring[number + 1].start - _DAY if number + 1 < len(recurring) else end
        first, last = max(fee.start, start), min(following, end)
        if first <= last:
            yield fee, first, last
