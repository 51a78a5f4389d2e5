"""Objectives as they are written in a contract file."""

from typing import Annotated, Literal

from pydantic import Field

from gpusla.contracts.fields import (
    DurationMs,
    Number,
    PositiveDurationMs,
    PositiveRatio,
    Ratio,
    ValueRounding,
)
from gpusla.contracts.schema_remedies import CreditForm
from gpusla.documents import Form, Identifier


class WindowForm(Form):
    """
    What time an objective is judged over.

    Unless grants_again says so, a credit for a rolling window is less what earlier windows that
    overlap it have given.
    """

    type: Literal["billing_period", "rolling_days", "quarter", "term"]
    days: int | None = Field(
        default=None, ge=1, le=3660, description="Of rolling_days: local days, counted back."
    )
    grants_again: bool = Field(
        default=False, description="Whether time may be credited in each window that it lies in."
    )


class MinOutageForm(Form):
    """
    How long an outage must last to count; where this is left out, any outage counts.

    Without `count` all of an outage that is long enough counts.  Exclusions do not split an outage
    into shorter ones unless `splits` says so.
    """

    length: DurationMs
    count: Literal["whole_run", "excess_only"] = "whole_run"
    splits: bool = False


class UnknownForm(Form):
    """
    Who bears time that nobody observed.

    Without carry_last none of it counts as what was seen before.
    """

    policy: Literal["provider_bears", "tenant_bears", "exclude"]
    carry_last: DurationMs = Field(
        default="PT0S",
        validate_default=True,
        description="So much of each unobserved stretch counts as what was seen last.",
    )


class DegradedForm(Form):
    """What a degraded GPU counts for; must be stated, for most contracts are silent on it."""

    delivered_fraction: dict[str, Ratio] = Field(
        description="By reason; `default` for every other one.  The smallest of several holds."
    )


class RequestsForm(Form):
    """
    How requests are counted.

    Without min_requests a window is judged however few there were.
    """

    mode: Literal["mean_of_slots", "total", "error_time"]
    slot: PositiveDurationMs
    min_requests: int = Field(
        default=0, ge=0, le=10**15, description="With fewer in the window nothing is judged."
    )
    error_rate_above: Ratio | None = Field(
        default=None, description="Of error_time: a slot with a higher share of failures is down."
    )


class HealthReasonsForm(Form):
    """A unit conforms while none of its GPUs is degraded or down for one of these reasons."""

    source: Literal["health_reasons"]
    failing_reasons: list[str] = Field(min_length=1, max_length=100)


class MeasurementsForm(Form):
    """A unit conforms while its smallest measured value is at least the floor."""

    source: Literal["measurements"]
    metric: Identifier
    floor: Number


class ReplacementForm(Form):
    """How soon a failed unit must be back."""

    limit: DurationMs
    clock_starts: Literal["outage_start", "ticket_open", "identified"]


class ObjectiveForm(Form):
    """
    One promise.

    Where they are left out: the value is one of all units together, time counts to the
    millisecond and is held against the whole window, the value is compared as it is, and a
    node's clock that does not know its error is taken to be off by up to five seconds, which
    widens bounds and changes no value.
    """

    id: Identifier
    kind: Literal[
        "capacity",
        "time_unit",
        "time_any_down",
        "time_all_down",
        "request_ratio",
        "performance",
        "replacement_time",
    ] = Field(description="What is measured.")
    target: PositiveRatio
    comparison: Literal["below", "at_or_below"] = Field(
        description="Whether a value exactly at a threshold is a miss."
    )
    window: WindowForm
    scope: Literal["contract", "unit"] = Field(
        default="contract", description="Whether each unit has its own value and its own credit."
    )
    min_outage: MinOutageForm | None = None
    granularity: Literal["exact", "elapsed_minutes", "clock_minutes", "slots_any", "slots_all"] = (
        Field(default="exact", description="In what lengths down time is counted.")
    )
    denominator: Literal["full_window", "minus_exclusions", "existence_of_unit"] = Field(
        default="full_window", description="What lost time is a part of."
    )
    value_rounding: ValueRounding = "none"
    unknown: UnknownForm | None = Field(
        default=None, description="Must be stated where observation matters."
    )
    degraded: DegradedForm | None = Field(
        default=None, description="Must be stated where the health of GPUs is weighed."
    )
    clock_error: DurationMs = Field(default="PT5S", validate_default=True)
    requests: RequestsForm | None = Field(default=None, description="Of request_ratio.")
    performance: (
        Annotated[HealthReasonsForm | MeasurementsForm, Field(discriminator="source")] | None
    ) = Field(default=None, description="Of performance.")
    replacement: ReplacementForm | None = Field(default=None, description="Of replacement_time.")
    credit: CreditForm
