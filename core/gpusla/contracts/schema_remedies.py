"""What a miss gives and what does not count, as it is written in a contract file."""

from typing import Annotated, Literal

from pydantic import Field, Tag

from gpusla.contracts.fields import (
    Amount,
    DurationMs,
    Percent,
    PositiveDurationMs,
    PositiveNumber,
    PositiveRatio,
    told_by,
)
from gpusla.documents import Form, Identifier

Base = Literal["period_fee", "unit_fee", "affected_charges", "annual_over_12"]


class TierForm(Form):
    """A value below this ratio earns this percentage of the base."""

    below: PositiveRatio
    percent: Percent


class StepForm(Form):
    """The lowest tier that the value falls into."""

    type: Literal["step"]
    base: Base
    tiers: list[TierForm] = Field(min_length=1, max_length=100)


class LinearForm(Form):
    """The base times the lost share of the window; once, unless multiple says more or less."""

    type: Literal["linear"]
    base: Base
    of: Literal["shortfall_below_target", "all_lost"]
    multiple: PositiveNumber = Field(default="1", validate_default=True)


class MultipleForm(Form):
    """
    For each outage its length times multiple, at the unit's hourly price.

    Where they are left out, the length is not rounded and one outage gives any number of hours.
    """

    type: Literal["multiple"]
    multiple: PositiveNumber
    rounding: Literal["none", "minute_up", "hour_up"] = "none"
    event_hours_max: int = Field(
        default=0, ge=0, le=100_000, description="No more hours for one outage; 0 for no limit."
    )


class EventRowForm(Form):
    """An outage of at least `from` and less than `until` gives these hours."""

    start_ms: DurationMs = Field(alias="from")
    end_ms: PositiveDurationMs | None = Field(
        default=None, alias="until", description="Left out in the last row."
    )
    hours: PositiveNumber


class PerEventTableForm(Form):
    """
    For each outage the hours of its row, at the unit's hourly price.

    Rows that leave a gap or overlap are refused, unless gap_policy gives the lengths in question
    to the row below (`lower`) or to the row above (`upper`).
    """

    type: Literal["per_event_table"]
    rows: list[EventRowForm] = Field(min_length=1, max_length=100)
    gap_policy: Literal["error", "lower", "upper"] = "error"


class HourWaiverForm(Form):
    """Each clock hour with more down time than this is not charged for the unit."""

    type: Literal["hour_waiver"]
    more_than: DurationMs
    count: Literal["sum", "consecutive"] = Field(
        description="All down time of the hour, or the longest at a time."
    )


class LatenessForm(Form):
    """For each repair so many percent of the unit's fee for every step beyond the limit."""

    type: Literal["lateness"]
    every: PositiveDurationMs
    percent: Percent
    count: Literal["completed", "started"] = Field(
        description="Whether a step counts once it is complete, or once it has begun."
    )


class NoCreditForm(Form):
    """The objective is watched, and a miss gives no money."""

    type: Literal["none"]


CreditForm = Annotated[
    StepForm
    | LinearForm
    | MultipleForm
    | PerEventTableForm
    | HourWaiverForm
    | LatenessForm
    | NoCreditForm,
    Field(discriminator="type"),
]


class PercentCapForm(Form):
    """At most so many percent of a base."""

    percent: Percent
    of: Literal["period_fee", "affected_charges", "annual_over_12"]


class AmountCapForm(Form):
    """At most this amount."""

    amount: Amount


Cap = Annotated[
    Annotated[AmountCapForm, Tag("amount-cap")] | Annotated[PercentCapForm, Tag("percent-cap")],
    told_by("amount", "amount-cap", "percent-cap"),
]


class CombinationForm(Form):
    """
    From the objectives' credits to the period's.

    across_slos must be stated where there are several objectives.  Without caps only the fee that
    is due limits a credit, and without minimum_credit none is too small.
    """

    across_slos: Literal["sum", "max", "first"] | None = None
    caps: list[Cap] = Field(default_factory=list, max_length=20, description="Applied in order.")
    minimum_credit: Amount = Field(default="0", description="A smaller credit than this is none.")


class ExclusionForm(Form):
    """
    Time that does not count, if it is recorded so under this id.

    What is left out is not asked for: no notice, no most hours, no longest record, no approval.
    """

    id: Identifier
    kind: Identifier = Field(
        description="maintenance, emergency, force-majeure, tenant-caused or another word."
    )
    notice: DurationMs = Field(
        default="PT0S", validate_default=True, description="Told the tenant so long before."
    )
    hours_max: DurationMs = Field(
        default="PT0S",
        validate_default=True,
        description="Of a billing period; what exceeds it counts, earliest excluded first.",
    )
    hours_per: Literal["slot", "contract"] | None = Field(
        default=None, description="Whose hours: each slot's own, or the contract's clock."
    )
    length_max: DurationMs = Field(
        default="PT0S", validate_default=True, description="Of one record, from its start."
    )
    needs_approval: bool = Field(default=False, description="By the tenant.")


class DeadlineForm(Form):
    """So many months, then days, after the anchor's local day, to the end of the local day."""

    anchor: Literal["incident", "end_of_period", "end_of_billing_cycle"]
    months: int = Field(default=0, ge=0, le=120)
    days: int = Field(default=0, ge=0, le=3650)
    business_days: bool = Field(default=False, description="Days skip Saturdays and Sundays.")
    cycles: int = Field(
        default=0,
        ge=0,
        le=120,
        description="Of end_of_billing_cycle: billing periods after the one at fault.",
    )


class ClaimsForm(Form):
    """How a credit is asked for; where this is left out, it comes by itself."""

    mode: Literal["automatic", "on_claim"] = "automatic"
    deadline: DeadlineForm | None = Field(
        default=None, description="Of on_claim; a later claim gives nothing."
    )


class ChronicForm(Form):
    """
    A right that opens when an objective is missed again and again.

    It opens by so many misses within so many billing periods in a row, or by one period below the
    floor, or by either; what is left out opens nothing.  Without cure_days there is no cure.
    """

    objective: str = Field(description="Its id.")
    misses: int = Field(default=0, ge=0, le=1000)
    within_periods: int = Field(default=0, ge=0, le=1000)
    floor: PositiveRatio | None = None
    right: Literal["terminate"]
    exercise_days: int = Field(ge=1, le=3650, description="From the final statement.")
    cure_days: int = Field(default=0, ge=0, le=3650)


class ParityForm(Form):
    """What the contract says about others; where this is left out, nothing."""

    most_favoured: bool = Field(description="Whether the tenant may not be worse off than others.")
    compare_with: list[Literal["house", "affiliates", "all_external"]] = Field(min_length=1)
    dimensions: list[
        Literal[
            "availability", "time_to_repair", "spare_order", "maintenance_share", "degraded_share"
        ]
    ] = Field(min_length=1)
    price_terms: list[
        Literal["effective_price_per_gpu_hour", "target", "credit_rate", "cap", "notice"]
    ] = Field(default_factory=list)
    min_units: int = Field(
        ge=1, le=100_000, description="With fewer units nothing is said about ratios."
    )
