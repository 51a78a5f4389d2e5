"""A contract file of kind `Contract` as it is written; `load` makes a ContractVersion of it."""

from typing import Literal

from pydantic import Field

from gpusla.contracts.fields import (
    Amount,
    DurationMs,
    LocalDate,
    Percent,
    PositiveRatio,
    Ratio,
    TimeZone,
    Words,
)
from gpusla.documents import Form, Identifier


class MetadataForm(Form):
    """Which contract, which version, whose."""

    id: Identifier
    tenant: Identifier
    version: int = Field(ge=1, le=10_000)
    effective_from: LocalDate
    house: bool = False
    affiliate: bool = False


class DocumentForm(Form):
    """A signed paper behind the file."""

    id: Identifier
    title: Words
    sha256: str = Field(default="", pattern="^([0-9a-f]{64})?$")


class PartiesForm(Form):
    """Names as in the papers."""

    provider: Words
    tenant: Words


class TerminationForm(Form):
    """How the contract may be ended early."""

    initial_period_months: int = Field(default=0, ge=0, le=1200)
    notice_days: int = Field(default=0, ge=0, le=3650)


class TermForm(Form):
    """Local dates, both included."""

    start: LocalDate
    end: LocalDate
    timezone: TimeZone
    termination: TerminationForm = TerminationForm()


class RecurringForm(Form):
    """A fee from a date on."""

    amount: Amount
    per: Literal["month"]
    start: LocalDate = Field(alias="from")


class ShadowForm(Form):
    """A price that stands in for a zero fee."""

    amount: Amount
    per: Literal["month"]


class FeesForm(Form):
    """What is paid."""

    currency: str
    rounding: Literal["half_even", "half_up", "down"] = "half_even"
    recurring: list[RecurringForm] = Field(min_length=1)
    shadow: ShadowForm | None = None


class RampForm(Form):
    """A commitment from a date on."""

    start: LocalDate = Field(alias="from")
    gpus: int = Field(ge=0, le=10_000_000)


class CapacityForm(Form):
    """What is promised."""

    unit: Literal["gpu", "nvl72_domain"]
    gpus_per_unit: int = Field(ge=1, le=72)
    min_healthy_gpus: int = Field(ge=1, le=72)
    partial: Literal["healthy_only"]
    ramp: list[RampForm] = Field(min_length=1)
    accepted_skus: list[Identifier] = Field(min_length=1)


class UnknownForm(Form):
    """Who bears unobserved time."""

    policy: Literal["provider_bears", "tenant_bears"]


class DegradedForm(Form):
    """What a degraded GPU counts for; must be stated, for most contracts are silent on it."""

    delivered_fraction: dict[str, Ratio]


class TierForm(Form):
    """A step of the credit table."""

    below: PositiveRatio
    percent: Percent


class CreditForm(Form):
    """What a miss costs."""

    type: Literal["step"]
    base: Literal["monthly_fee"]
    tiers: list[TierForm] = Field(min_length=1)


class ObjectiveForm(Form):
    """One promise."""

    id: Identifier
    kind: Literal["capacity"]
    target: PositiveRatio
    comparison: Literal["below"]
    window: Literal["calendar_month"]
    unknown: UnknownForm
    degraded: DegradedForm
    clock_error: DurationMs = 5000
    credit: CreditForm


class StatementForm(Form):
    """When a statement becomes final."""

    final_after: DurationMs


class ContractForm(Form):
    """The whole file."""

    api_version: Literal["gpusla/v1"] = Field(alias="apiVersion")
    kind: Literal["Contract"]
    metadata: MetadataForm
    documents: list[DocumentForm] = Field(default_factory=list)
    parties: PartiesForm
    term: TermForm
    fees: FeesForm
    capacity: CapacityForm
    slos: list[ObjectiveForm] = Field(min_length=1)
    statement: StatementForm
    assumed: list[str] = Field(default_factory=list)
