"""From the checked form of an objective to its frozen value."""

from fractions import Fraction

from gpusla.contracts.build_remedies import credit_of
from gpusla.contracts.promises import (
    ClockStart,
    Comparison,
    Degraded,
    Denominator,
    Granularity,
    Kind,
    MinOutage,
    Objective,
    Performance,
    PerformanceSource,
    Replacement,
    RequestMode,
    Requests,
    RunCount,
    Scope,
    Unknown,
    UnknownPolicy,
    ValueRounding,
    Window,
    WindowKind,
)
from gpusla.contracts.schema_promises import (
    DegradedForm,
    HealthReasonsForm,
    MeasurementsForm,
    MinOutageForm,
    ObjectiveForm,
    RequestsForm,
    UnknownForm,
)

DEFAULT = "default"
"""The key of delivered_fraction for every reason that has none of its own."""


def objective_of(form: ObjectiveForm) -> Objective:
    """Return the objective; what its kind gives no meaning is filled with what changes nothing."""
    rounding, _, decimals = form.value_rounding.partition(":")
    replacement = form.replacement
    return Objective(
        id=form.id,
        kind=Kind(form.kind),
        target=form.target,
        comparison=Comparison(form.comparison),
        window=Window(
            WindowKind(form.window.type), form.window.days or 0, form.window.grants_again
        ),
        scope=Scope(form.scope),
        min_outage=_min_outage(form.min_outage),
        granularity=Granularity(form.granularity),
        denominator=Denominator(form.denominator),
        value_rounding=ValueRounding(rounding),
        value_decimals=int(decimals or 0),
        unknown=_unknown(form.unknown),
        degraded=_degraded(form.degraded),
        clock_error_ms=form.clock_error,
        requests=_requests(form.requests) if form.requests else None,
        performance=_performance(form.performance) if form.performance else None,
        replacement=(
            Replacement(replacement.limit, ClockStart(replacement.clock_starts))
            if replacement
            else None
        ),
        credit=credit_of(form.credit),
    )


def _min_outage(form: MinOutageForm | None) -> MinOutage:
    if form is None:
        return MinOutage(0, RunCount.WHOLE_RUN, splits=False)
    return MinOutage(form.length, RunCount(form.count), form.splits)


def _unknown(form: UnknownForm | None) -> Unknown:
    if form is None:  # nothing that this objective rests on is observed
        return Unknown(UnknownPolicy.PROVIDER_BEARS, 0)
    return Unknown(UnknownPolicy(form.policy), form.carry_last)


def _degraded(form: DegradedForm | None) -> Degraded:
    if form is None:  # nothing of this objective is weighed by health
        return Degraded(Fraction(1), {})
    fractions = dict(form.delivered_fraction)
    return Degraded(fractions.pop(DEFAULT), fractions)


def _requests(form: RequestsForm) -> Requests:
    rate = form.error_rate_above
    return Requests(
        RequestMode(form.mode), form.slot, form.min_requests, Fraction(0) if rate is None else rate
    )


def _performance(form: HealthReasonsForm | MeasurementsForm) -> Performance:
    source = PerformanceSource(form.source)
    if isinstance(form, HealthReasonsForm):
        return Performance(source, tuple(form.failing_reasons), "", Fraction(0))
    return Performance(source, (), form.metric, form.floor)
