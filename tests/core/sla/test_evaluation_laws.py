"""What holds of every evaluation, whatever is promised and whatever happened."""

from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st

from gpusla.contracts.model import ContractVersion
from gpusla.contracts.promises import Kind
from gpusla.contracts.remedies import (
    AcrossObjectives,
    Base,
    Cap,
    Combination,
    Credit,
    Linear,
    LinearOf,
    Step,
)
from gpusla.journal.model import Condition
from gpusla.sla.facts import Facts
from gpusla.timeline.build import UNOBSERVED
from tests.core.contracts.terms import TIERS, objective
from tests.core.sla.making import DOWN
from tests.core.sla.october import gpus, judged, seen

times = st.lists(
    st.tuples(st.integers(0, 743), st.integers(1, 60), st.sampled_from([DOWN, UNOBSERVED])),
    max_size=4,
)
credits_: st.SearchStrategy[Credit] = st.sampled_from(
    [
        Step(Base.PERIOD_FEE, TIERS),
        Step(Base.AFFECTED_CHARGES, TIERS),
        Linear(Base.PERIOD_FEE, LinearOf.SHORTFALL_BELOW_TARGET, Fraction(3, 2)),
        Linear(Base.PERIOD_FEE, LinearOf.ALL_LOST, Fraction(5)),
    ]
)
cap_lists = st.lists(
    st.sampled_from(
        [
            Cap(Fraction(18), Base.PERIOD_FEE, None),
            Cap(Fraction(50), Base.AFFECTED_CHARGES, None),
            Cap(None, Base.PERIOD_FEE, 123_456_789),
        ]
    ),
    max_size=2,
)


def promised(given_: list[Credit], across: AcrossObjectives, caps: list[Cap]) -> ContractVersion:
    """Two GPUs under capacity, time and all time, with these credits."""
    kinds = (Kind.CAPACITY, Kind.TIME_UNIT, Kind.TIME_ANY_DOWN)
    promises = tuple(
        objective(id=f"o{number}", kind=kind, credit=credit)
        for number, (kind, credit) in enumerate(zip(kinds, given_, strict=True))
    )
    return gpus(2, objectives=promises, combination=Combination(across, tuple(caps), 0))


def troubled(found: list[tuple[int, int, Condition]], more: tuple[int, int] | None = None) -> Facts:
    """Slot 0 in trouble at these times, which follow one another; more: of both slots, down."""
    at, several_ = 0, []
    for start, length, condition in sorted(found, key=lambda one: one[:2]):
        if start >= at:
            several_.append((start, start + length, condition))
            at = start + length
    second = [] if more is None else [(more[0], more[0] + more[1], DOWN)]
    return seen({0: several_, 1: second}, slots=2)


@settings(max_examples=40, deadline=None)
@given(
    times,
    st.lists(credits_, min_size=3, max_size=3),
    st.sampled_from(AcrossObjectives),
    cap_lists,
    st.integers(0, 800),
)
def test_what_holds_of_every_evaluation(
    found: list[tuple[int, int, Condition]],
    given_: list[Credit],
    across: AcrossObjectives,
    caps: list[Cap],
    hours: int,
) -> None:
    """Values and credits within bounds, credits under the fee, lines and losses that add up."""
    evaluation = judged(promised(given_, across, caps), troubled(found), hours=hours)
    credit = evaluation.credit_minor_units
    assert 0 <= credit.low <= credit.value <= credit.high <= evaluation.fee_minor_units
    assert sum(line.minor_units for line in evaluation.lines) == credit.value
    for step in evaluation.settlement.caps:
        assert credit.value <= step.limit.value
    for outcome in evaluation.outcomes:
        value = outcome.value
        if value.low is not None and value.value is not None and value.high is not None:
            assert 0 <= value.low <= value.value <= value.high <= 1
    account = evaluation.account
    assert sum(account.states_gpu_ms.values()) == account.held_gpu_ms
    assert sum(loss.gpu_ms for loss in evaluation.losses) == account.lost_gpu_ms
    assert account.delivered_gpu_ms.value + account.lost_gpu_ms == account.committed_gpu_ms


@settings(max_examples=40, deadline=None)
@given(
    times,
    st.lists(credits_, min_size=3, max_size=3),
    st.sampled_from([AcrossObjectives.SUM, AcrossObjectives.MAX]),
    cap_lists,
    st.tuples(st.integers(0, 700), st.integers(1, 40)),
)
def test_more_lost_never_means_less_credit(
    found: list[tuple[int, int, Condition]],
    given_: list[Credit],
    across: AcrossObjectives,
    caps: list[Cap],
    more: tuple[int, int],
) -> None:
    """Another GPU that fails for a while leaves no bound of the credit smaller."""
    of = promised(given_, across, caps)
    before, after = judged(of, troubled(found)), judged(of, troubled(found, more))
    for one in ("low", "value", "high"):
        less, larger = (getattr(each.credit_minor_units, one) for each in (before, after))
        assert less <= larger
