"""What is rented, for how long and for how much, as it is written in a contract file."""

from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag

from gpusla.contracts.fields import (
    Amount,
    DurationMs,
    GracePeriod,
    LocalDate,
    Share,
    TimeZone,
    told_by,
)
from gpusla.documents import Form, Identifier

_GPUS_MAX = 10_000_000


class TerminationForm(Form):
    """
    How the contract may be ended early; where this is left out, nobody may.

    Without initial_period_months there is no initial period, without notice_days an end needs no
    notice, and without not_before notice may be given from the start on.  During the initial
    period no notice may be given unless notice_during_initial says so.
    """

    initial_period_months: int = Field(
        default=0, ge=0, le=1200, description="Months within which nobody may end it."
    )
    notice_days: int = Field(
        default=0, ge=0, le=3650, description="Local days from the notice to the end."
    )
    by: list[Literal["provider", "tenant"]] = Field(min_length=1, description="Who may.")
    notice_during_initial: bool = Field(
        default=False, description="Whether notice may be given before the initial period is over."
    )
    not_before: LocalDate | None = Field(
        default=None, description="First local day on which notice may be given."
    )


class TermForm(Form):
    """Local dates, both included; any day."""

    start: LocalDate
    end: LocalDate
    timezone: TimeZone
    termination: TerminationForm | None = None


class RecurringForm(Form):
    """What a whole billing period costs from a local date on."""

    amount: Amount
    per: Literal["month"] = Field(description="A billing period, which is a month long.")
    start: LocalDate = Field(alias="from")


class FractionRampForm(Form):
    """From one local date to another, both included, a part of the fee is due."""

    start: LocalDate = Field(alias="from")
    end: LocalDate = Field(alias="until")
    fraction: Share = Field(description="Of the fee in force.")


class AmountRampForm(Form):
    """From one local date to another, both included, a smaller fee is due."""

    start: LocalDate = Field(alias="from")
    end: LocalDate = Field(alias="until")
    amount: Amount = Field(description="For a whole billing period, instead of the fee in force.")


class RebaseForm(Form):
    """From a local date on the tenant has accepted fewer GPUs, and the fee goes down with them."""

    start: LocalDate = Field(alias="from")
    accepted_gpus: int = Field(ge=1, le=_GPUS_MAX)
    of_gpus: int = Field(ge=1, le=_GPUS_MAX, description="How many the full fee is for.")


class ShadowForm(Form):
    """A price that stands in for a zero fee, so that losses are visible; never money owed."""

    amount: Amount
    per: Literal["month"] = Field(description="A billing period, which is a month long.")


FeeRamp = Annotated[
    Annotated[AmountRampForm, Tag("amount-ramp")]
    | Annotated[FractionRampForm, Tag("fraction-ramp")],
    told_by("amount", "amount-ramp", "fraction-ramp"),
]


class FeesForm(Form):
    """
    What is paid.

    Where they are left out: billing periods are calendar months, a part of one costs its share of
    local days, and a credit is rounded once, half to even.
    """

    currency: str = Field(description="ISO 4217.")
    rounding: Literal["half_even", "half_up", "down"] = Field(
        default="half_even", description="How a credit becomes whole minor units."
    )
    proration: Literal["actual_days", "actual_time", "thirty_360", "none"] = Field(
        default="actual_days", description="What a part of a billing period costs."
    )
    cycle_day: int = Field(
        default=1,
        ge=1,
        le=31,
        description="Local day on which a billing period begins; in a shorter month its last.",
    )
    recurring: list[RecurringForm] = Field(min_length=1, max_length=1000)
    ramp: list[FeeRamp] = Field(default_factory=list, max_length=1000)
    rebase: list[RebaseForm] = Field(default_factory=list, max_length=1000)
    shadow: ShadowForm | None = None


class CommitmentForm(Form):
    """So many GPUs are committed from the start of a local day on."""

    start: LocalDate = Field(alias="from")
    gpus: int = Field(ge=0, le=_GPUS_MAX)


class LinearRampForm(Form):
    """
    The commitment goes in equal parts a day from what it was before to `gpus`.

    The first part is committed on the day `from`, all of it on the day `until`; each day rounded
    down to whole GPUs.
    """

    start: LocalDate = Field(alias="from")
    end: LocalDate = Field(alias="until")
    gpus: int = Field(ge=0, le=_GPUS_MAX)
    shape: Literal["linear"]


def _ramp_kind(value: Any) -> str:
    is_linear = isinstance(value, dict) and ("shape" in value or "until" in value)
    return "linear-ramp" if is_linear else "commitment"


Ramp = Annotated[
    Annotated[CommitmentForm, Tag("commitment")] | Annotated[LinearRampForm, Tag("linear-ramp")],
    Discriminator(_ramp_kind),
]


class SkuForm(Form):
    """A kind of GPU that may be delivered; without a weight it counts in full."""

    sku: Identifier
    weight: Share = Field(
        default="1", validate_default=True, description="What one of them counts for."
    )


Sku = Annotated[
    Annotated[Identifier, Tag("plain-sku")] | Annotated[SkuForm, Tag("weighed-sku")],
    Discriminator(lambda value: "weighed-sku" if isinstance(value, dict) else "plain-sku"),
]


class LongStopForm(Form):
    """By the end of this local day the whole ramp is due; after the grace a right opens."""

    day: LocalDate = Field(description="In the term, or the day before it begins.")
    grace: GracePeriod = Field(
        description="Counted from the day, clamped to the month's end; P0D for none."
    )
    remedies: list[Literal["terminate", "rebase_fee"]] = Field(min_length=1)


class AcceptanceForm(Form):
    """
    When a slot begins to count, and when it counts again.

    Without these a slot counts from its assignment on, and from the end of its down time on.
    """

    burn_in: DurationMs = Field(
        default="PT0S", validate_default=True, description="So long after it was assigned."
    )
    settle: DurationMs = Field(
        default="PT0S", validate_default=True, description="So long after every end of a down time."
    )


class CapacityForm(Form):
    """
    What is promised, and when a unit counts.

    Where they are left out: more than is committed at one time makes up for nothing at another,
    there is no long-stop, and no spares are promised.
    """

    unit: Literal["gpu", "node", "nvl72_domain", "cluster"]
    gpus_per_unit: int = Field(ge=1, le=_GPUS_MAX)
    min_healthy_gpus: int | None = Field(
        default=None,
        ge=1,
        le=_GPUS_MAX,
        description="Below this the whole unit is undelivered; with `partial: per_gpu` left out.",
    )
    partial: Literal["healthy_only", "whole_unit", "per_gpu"] = Field(
        description="What a unit counts for while some of its GPUs are not healthy."
    )
    ramp: list[Ramp] = Field(min_length=1, max_length=1000)
    over_delivery: Literal["not_banked", "banked_in_window"] = "not_banked"
    accepted_skus: list[Sku] = Field(min_length=1, max_length=100)
    long_stop: LongStopForm | None = None
    acceptance: AcceptanceForm = Field(default_factory=AcceptanceForm)
    spare_gpus: int = Field(
        default=0, ge=0, le=_GPUS_MAX, description="Kept ready beyond the commitment."
    )
