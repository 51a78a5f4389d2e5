"""What is committed over time: by the ramp of a contract, or evenly where units are counted."""

from dataclasses import dataclass
from fractions import Fraction

from gpusla.contracts.model import ContractVersion
from gpusla.contracts.promises import Kind
from gpusla.instants import Interval
from gpusla.sla.evaluation import Evaluation, Outcome
from gpusla.sla.measure.committed import commitment
from gpusla.sla.periods import clipped


@dataclass(frozen=True, slots=True)
class Stretch:
    """Time over which the same is committed: rate in GPUs, or units, at each instant."""

    interval: Interval
    rate: Fraction

    @property
    def total(self) -> Fraction:
        """GPU-milliseconds, or unit-milliseconds, of the stretch."""
        return self.rate * self.interval.duration_ms


def committed(contract: ContractVersion, interval: Interval) -> tuple[Stretch, ...]:
    """Return the GPUs of the ramp over interval, in order; none before it or outside the term."""
    known = commitment(contract)
    starts = [int(from_ms) for from_ms in known.from_ms]
    ends = [*starts[1:], interval.end_ms]
    parts = (clipped(Interval(*ends_of), interval) for ends_of in zip(starts, ends, strict=True))
    return tuple(
        Stretch(part, Fraction(int(gpus)))
        for part, gpus in zip(parts, known.gpus, strict=True)
        if part.duration_ms and gpus
    )


def committed_between(evaluation: Evaluation, outcome: Outcome, interval: Interval) -> Fraction:
    """
    Return the total that an objective is measured by over interval.

    `capacity`: by the ramp, outside the judged window too.  Other kinds: evenly, as much for each
    millisecond as in the window to date; 0 while that is empty.
    """
    if outcome.objective.kind is Kind.CAPACITY:
        return sum((one.total for one in committed(evaluation.contract, interval)), Fraction())
    window = outcome.measure.window
    if not window.duration_ms:
        return Fraction()
    return outcome.measure.total.value * interval.duration_ms / window.duration_ms


def rest_of_window(evaluation: Evaluation, outcome: Outcome) -> tuple[Stretch, ...]:
    """
    Return what is still to come of an objective's window, if nothing more is excluded.

    A window ends with the period that it is judged in.  Kinds other than `capacity` have what
    their whole window lacks spread evenly over its rest.
    """
    rest = Interval(outcome.measure.window.end_ms, evaluation.period.interval.end_ms)
    if rest.duration_ms <= 0:
        return ()
    if outcome.objective.kind is Kind.CAPACITY:
        return committed(evaluation.contract, rest)
    lacking = outcome.measure.total_whole_window - outcome.measure.total.value
    return (Stretch(rest, lacking / rest.duration_ms),)
