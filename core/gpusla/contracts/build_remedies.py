"""From the checked forms of credits, exclusions and claims to their frozen values."""

from gpusla.contracts.event_tables import rows_of
from gpusla.contracts.money import parse_amount
from gpusla.contracts.remedies import (
    AcrossObjectives,
    Base,
    Cap,
    Chronic,
    ClaimAnchor,
    ClaimMode,
    Claims,
    Combination,
    Credit,
    EventRounding,
    ExclusionRule,
    HourCount,
    HoursPer,
    HourWaiver,
    Lateness,
    LatenessCount,
    Linear,
    LinearOf,
    Multiple,
    NoCredit,
    PerEventTable,
    Step,
    Tier,
)
from gpusla.contracts.schema_remedies import (
    AmountCapForm,
    ChronicForm,
    ClaimsForm,
    CombinationForm,
    CreditForm,
    DeadlineForm,
    ExclusionForm,
    HourWaiverForm,
    LatenessForm,
    LinearForm,
    MultipleForm,
    NoCreditForm,
    PercentCapForm,
    PerEventTableForm,
    StepForm,
)


def credit_of(form: CreditForm) -> Credit:
    """Return what a miss gives."""
    match form:
        case StepForm():
            return Step(Base(form.base), tuple(Tier(t.below, t.percent) for t in form.tiers))
        case LinearForm():
            return Linear(Base(form.base), LinearOf(form.of), form.multiple)
        case NoCreditForm():
            return NoCredit()
        case LatenessForm():
            return Lateness(form.every, form.percent, LatenessCount(form.count))
        case _:
            return _hours(form)


def _hours(
    form: MultipleForm | PerEventTableForm | HourWaiverForm,
) -> Multiple | PerEventTable | HourWaiver:
    """Return a credit that is so many hours at the unit's hourly price."""
    match form:
        case MultipleForm():
            return Multiple(form.multiple, EventRounding(form.rounding), form.event_hours_max)
        case PerEventTableForm():
            return PerEventTable(rows_of(form))
        case HourWaiverForm():
            return HourWaiver(form.more_than, HourCount(form.count))


def combination_of(form: CombinationForm, currency: str) -> Combination:
    """Return how credits become one; of a single objective any way comes to the same."""
    return Combination(
        AcrossObjectives(form.across_slos or "max"),
        tuple(_cap(cap, currency) for cap in form.caps),
        parse_amount(form.minimum_credit, currency),
    )


def _cap(form: AmountCapForm | PercentCapForm, currency: str) -> Cap:
    if isinstance(form, AmountCapForm):
        return Cap(None, Base.PERIOD_FEE, parse_amount(form.amount, currency))
    return Cap(form.percent, Base(form.of), None)


def rule_of(form: ExclusionForm) -> ExclusionRule:
    """Return an exclusion rule; without most hours it does not matter whose they are."""
    return ExclusionRule(
        form.id,
        form.kind,
        form.notice,
        form.hours_max,
        HoursPer(form.hours_per or "slot"),
        form.length_max,
        form.needs_approval,
    )


def claims_of(form: ClaimsForm) -> Claims:
    """Return how a credit is asked for; of an automatic one the deadline has no meaning."""
    deadline = form.deadline or DeadlineForm(anchor="end_of_period")
    return Claims(
        ClaimMode(form.mode),
        ClaimAnchor(deadline.anchor),
        deadline.months,
        deadline.days,
        deadline.business_days,
        deadline.cycles,
    )


def chronic_of(form: ChronicForm) -> Chronic:
    """Return the right that opens when an objective is missed again and again."""
    return Chronic(
        form.objective,
        form.misses,
        form.within_periods,
        form.floor,
        form.right,
        form.exercise_days,
        form.cure_days,
    )
