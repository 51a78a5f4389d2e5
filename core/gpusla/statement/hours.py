"""
GPU-hours as people read them, to a thousandth of an hour, so that what is printed adds up.

Totals are cut off towards zero.  Of a sum, what speaks for the provider is cut off as well, and
what the total has beyond the parts goes to the others by the largest remainder.  So nothing reads
as more delivered than it was, and every figure is less than a thousandth off.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from gpusla.catalogue.reasons import State
from gpusla.sla.evaluation import Account, Bounds, Evaluation, Loss
from gpusla.statement.numbers import decimal

STEP_MS = 3600
"""A thousandth of an hour."""

NOTE = (
    "To a thousandth of an hour: what was delivered, or seen ok, is cut off and never rounded up, "
    "and what a sum has beyond its parts stands with what was lost. The JSON has all of it exact."
)
"""What is said under a table of hours."""


def thousandths(gpu_ms: Fraction | int) -> int:
    """Return thousandths of GPU-hours, cut off."""
    return int(Fraction(gpu_ms) // STEP_MS)


def written(hours_thousandths: int) -> str:
    """Write thousandths of GPU-hours as GPU-hours."""
    return decimal(Fraction(hours_thousandths, 1000), 3)


def allotted(parts: Sequence[Fraction | int], total: int, *, kept: int = 0) -> tuple[int, ...]:
    """
    Return thousandths of GPU-hours of each part, in GPU-milliseconds, that add up to a total.

    Each is cut off, or one more; what is whole stays as it is.  kept: so many at the front are cut
    off while another can take what is left.  Parts that are not those of the total are cut off.
    """
    cut = [thousandths(part) for part in parts]
    rests = [part - whole * STEP_MS for part, whole in zip(parts, cut, strict=True)]
    if abs(Fraction(sum(parts)) - total * STEP_MS) < STEP_MS:
        order = sorted(range(len(cut)), key=lambda i: (not rests[i], i < kept, -rests[i]))
        for i in order[: max(total - sum(cut), 0)]:
            cut[i] += 1
    return tuple(cut)


@dataclass(frozen=True, slots=True)
class AccountHours:
    """
    Where the GPU-time went, in thousandths of GPU-hours.

    committed = delivered + lost, where `low` of one belongs to `high` of the other; held is the sum
    of states.
    """

    committed: int
    delivered: Bounds[int]
    lost: Bounds[int]
    given_back: int
    states: dict[State, int]
    held: int


def account_hours(account: Account) -> AccountHours:
    """Return an account as it is printed; what was lost is what delivered lacks of committed."""
    committed, told = thousandths(account.committed_gpu_ms), account.delivered_gpu_ms
    delivered = Bounds(*(thousandths(end) for end in (told.low, told.value, told.high)))
    is_rest = account.committed_gpu_ms - told.value == account.lost_gpu_ms
    value = committed - delivered.value if is_rest else thousandths(account.lost_gpu_ms)
    held = thousandths(account.held_gpu_ms)
    states = allotted(tuple(account.states_gpu_ms.values()), held, kept=1)
    return AccountHours(
        committed,
        delivered,
        Bounds(committed - delivered.high, value, committed - delivered.low),
        thousandths(account.excluded_gpu_ms),
        dict(zip(account.states_gpu_ms, states, strict=True)),
        held,
    )


def lost_hours(evaluation: Evaluation) -> int:
    """Return what was lost in all, in thousandths of GPU-hours."""
    return account_hours(evaluation.account).lost.value


def loss_hours(evaluation: Evaluation) -> tuple[int, ...]:
    """Return each loss in thousandths of GPU-hours; they add up to what was lost."""
    parts = tuple(loss.gpu_ms for loss in evaluation.losses)
    return allotted(parts, lost_hours(evaluation))


def worst_losses(evaluation: Evaluation) -> tuple[tuple[Loss, int], ...]:
    """Return every loss with its thousandths of GPU-hours, the largest first."""
    told = zip(evaluation.losses, loss_hours(evaluation), strict=True)
    return tuple(sorted(told, key=lambda one: (-one[0].gpu_ms, one[0].interval, one[0].unit)))
