"""
A contract file of kind `Contract` as it is written; `load` makes a ContractVersion of it.

Docstrings of forms and descriptions of their fields are published (docs/reference/contract.md).
"""

from typing import Literal

from pydantic import Field

from gpusla.contracts.fields import (
    Amount,
    DurationMs,
    ExactRatio,
    LocalDate,
    PeriodKey,
    PositiveDurationMs,
    Words,
)
from gpusla.contracts.schema_delivery import CapacityForm, FeesForm, TermForm
from gpusla.contracts.schema_promises import ObjectiveForm
from gpusla.contracts.schema_remedies import (
    ChronicForm,
    ClaimsForm,
    CombinationForm,
    ExclusionForm,
    ParityForm,
)
from gpusla.documents import Form, Identifier


class MetadataForm(Form):
    """
    Which contract, which version, whose.

    An amendment is a whole file of its own with a later version and effective_from.
    """

    id: Identifier = Field(description="The same in all versions of the contract.")
    tenant: Identifier = Field(description="Whose assignments, statements and pages these are.")
    version: int = Field(ge=1, le=10_000, description="1 for the first, rising with amendments.")
    effective_from: LocalDate = Field(description="First local day of this version; any day.")
    house: bool = Field(default=False, description="Whether the tenant is the owner's own lab.")
    affiliate: bool = Field(default=False, description="Whether the owner has bought the tenant.")
    verified: bool = Field(
        default=False, description="Whether somebody compared the file with the papers."
    )


class CitationForm(Form):
    """Where in a paper a field of the file stands."""

    page: str = Field(default="", max_length=100, description="As printed on it.")
    clause: str = Field(default="", max_length=100, description="As numbered in it.")


class DocumentForm(Form):
    """A signed paper behind the file; the list is their order of precedence."""

    id: Identifier
    title: Words
    sha256: str = Field(
        default="", pattern="^([0-9a-f]{64})?$", description="Of the paper's bytes, in hex."
    )
    cites: dict[str, CitationForm] = Field(
        default_factory=dict, description="By field of this file, such as fees.recurring."
    )


class PartiesForm(Form):
    """Names as in the papers."""

    provider: Words
    tenant: Words


class StatementForm(Form):
    """
    When a statement becomes final, and on which evidence it may be settled.

    Where no grade is asked for, every grade may be settled on.
    """

    final_after: DurationMs = Field(
        description="How long after a period's end its evidence may still arrive."
    )
    grade_min: Literal["A", "B", "C"] = Field(
        default="C",
        description="A: independent witnesses agree.  B: one side alone.  C: inferred.",
    )


class OutageForm(Form):
    """One outage of a worked example; everything else of the period is ok."""

    gpus: int = Field(ge=1, le=10_000_000, description="Taken from the units in order.")
    start_ms: DurationMs = Field(alias="from", description="From the period's start.")
    duration_ms: PositiveDurationMs = Field(alias="for", description="How long it lasts.")
    state: str = Field(
        default="down", description="down, unknown, or the name of a reason that degrades."
    )
    excluded_by: str = Field(
        default="", description="Id of the exclusion under which all of it was duly agreed."
    )


class ExampleForm(Form):
    """Facts in, dollars out: what the terms come to, in the contract's own words."""

    name: Words
    period: PeriodKey = Field(description="The billing period that it happens in.")
    outages: list[OutageForm] = Field(default_factory=list, max_length=100)
    availability: ExactRatio | None = Field(
        default=None, description="Of the first objective; not compared if it is left out."
    )
    credit: Amount = Field(description="Of the period, after all caps and rounding.")


class SaidForm(Form):
    """What one source says."""

    value: Words
    source: Words


class DisagreementForm(Form):
    """Sources that say different things about a field; the file holds what it is judged by."""

    field: str = Field(description="The field's path, such as capacity.ramp.")
    values: list[SaidForm] = Field(min_length=2, max_length=20)


class SignatureForm(Form):
    """One side's signature over the file's content without `signatures`."""

    party: Literal["provider", "tenant"]
    key: str = Field(description="Ed25519 public key of 32 bytes, in base64.")
    signature: str = Field(description="Ed25519 signature of 64 bytes, in base64.")


class ContractForm(Form):
    """
    One version of one contract, whole.

    What is left out: no documents, a single objective's credit stands alone and without caps, no
    exclusions, credits come without a claim, no chronic failure, nothing about other tenants.
    """

    api_version: Literal["gpusla/v1"] = Field(alias="apiVersion")
    kind: Literal["Contract"]
    metadata: MetadataForm
    documents: list[DocumentForm] = Field(default_factory=list)
    parties: PartiesForm
    term: TermForm
    fees: FeesForm
    capacity: CapacityForm
    slos: list[ObjectiveForm] = Field(
        min_length=1, max_length=50, description="The objectives; their order counts for `first`."
    )
    combine: CombinationForm = Field(default_factory=CombinationForm)
    exclusions: list[ExclusionForm] = Field(default_factory=list, max_length=200)
    claims: ClaimsForm = Field(default_factory=ClaimsForm)
    chronic: ChronicForm | None = None
    parity: ParityForm | None = None
    statement: StatementForm
    examples: list[ExampleForm] = Field(default_factory=list, max_length=50)
    disagreements: list[DisagreementForm] = Field(default_factory=list)
    assumed: list[str] = Field(
        default_factory=list, description="Paths of fields that are assumed, not agreed."
    )
    signatures: list[SignatureForm] = Field(default_factory=list, max_length=2)
