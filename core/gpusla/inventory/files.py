"""The files as they are written: kinds `Inventory`, `Assignments`, `Exclusions` and `Claims`."""

import base64
import binascii
import re
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, field_validator, model_validator

from gpusla.catalogue.codes import DUPLICATE_ID, INTERVAL_BACKWARDS, WRONG_TYPE
from gpusla.documents import Form, Identifier, InstantMs, problem
from gpusla.identity import IDENTIFIER
from gpusla.instants import format_instant

_ADDRESS = re.compile(r"https?://[^/\s?#@]+(?:/[^\s?#]*)?")
_GPU = re.compile(r"GPU-[0-9a-f-]{8,64}")
_MONTH = re.compile(r"[0-9]{4}-(?:0[1-9]|1[0-2])")
_SELECTOR_PARTS = range(2, 5)
PUBLIC_KEY_BYTES = 32
"""Of Ed25519, written in base64."""


def _address(value: Any) -> Any:
    if isinstance(value, str) and _ADDRESS.fullmatch(value):
        return value.rstrip("/")
    raise problem(WRONG_TYPE, f"{value!r} is not a base URL", "Write it like http://10.0.0.7:9641.")


def _gpu(value: Any) -> Any:
    if isinstance(value, str) and _GPU.fullmatch(value):
        return value
    raise problem(
        WRONG_TYPE, f"{value!r} is not a GPU's UUID", "Write it as `nvidia-smi -L` gives it."
    )


def _selector(value: Any) -> Any:
    parts = value.split("/") if isinstance(value, str) else ()
    if len(parts) in _SELECTOR_PARTS and all(IDENTIFIER.fullmatch(part) for part in parts):
        return value
    raise problem(
        WRONG_TYPE,
        f"{value!r} selects no slots",
        "Write a rack like c2/r01, a tray like c2/r01/t03 or a slot like c2/r01/t03/m2.",
    )


def _month(value: Any) -> Any:
    if isinstance(value, str) and _MONTH.fullmatch(value):
        return value
    raise problem(
        WRONG_TYPE,
        f"{value!r} is not a billing period",
        "Write the month that it begins in, like 2026-10.",
    )


def _public_key(value: Any) -> Any:
    text = value if isinstance(value, str) else ""
    try:
        content = base64.b64decode(text.encode("ascii", "replace"), validate=True)
    except binascii.Error:
        content = b""
    if len(content) == PUBLIC_KEY_BYTES and base64.b64encode(content).decode("ascii") == text:
        return value
    raise problem(
        WRONG_TYPE,
        f"{value!r} is not a node's public key",
        "Write it as `gpusla-agent key show` gives it.",
    )


PublicKey = Annotated[str, BeforeValidator(_public_key)]
Selector = Annotated[str, BeforeValidator(_selector)]
Month = Annotated[str, BeforeValidator(_month)]
Words = Annotated[str, Field(min_length=1, max_length=1000)]


class AppendedForm(Form):
    """What every record has, whenever it is so; see gpusla.inventory.model.Record."""

    id: Identifier
    recorded_at: InstantMs
    supersedes: Identifier | None = None
    withdrawn: bool = False

    @model_validator(mode="after")
    def takes_back_what_it_names(self) -> Self:
        """Who withdraws must say what."""
        if self.withdrawn and self.supersedes is None:
            raise problem(
                WRONG_TYPE,
                f"{self.id!r} is withdrawn and supersedes nothing",
                "Name the record that it takes back in `supersedes`.",
                at=("withdrawn",),
            )
        return self


class RecordForm(AppendedForm):
    """A record of something that lasts."""

    start: InstantMs = Field(alias="from")
    until: InstantMs | None = None

    @model_validator(mode="after")
    def ends_after_it_begins(self) -> Self:
        """An empty or backward span would silently speak for no time at all."""
        if self.until is not None and self.until <= self.start:
            raise problem(
                INTERVAL_BACKWARDS,
                f"{self.id!r} ends at {format_instant(self.until)}, "
                f"not after it begins at {format_instant(self.start)}",
                at=("until",),
            )
        return self


class NodeForm(RecordForm):
    """A compute tray."""

    node: Identifier
    address: Annotated[str, BeforeValidator(_address)]
    rack: Identifier
    tray: Identifier
    sku: Identifier
    modules: Annotated[list[Annotated[int, Field(ge=0, le=63)]], Field(min_length=1)]
    keys: Annotated[list[PublicKey], Field(max_length=64)] = Field(default_factory=list)

    @field_validator("modules")
    @classmethod
    def names_each_once(cls, modules: list[int]) -> list[int]:
        """A module is a place; two GPUs do not fit."""
        for place, module in enumerate(modules):
            if module in modules[:place]:
                raise problem(DUPLICATE_ID, f"module {module} stands here twice", at=(place,))
        return modules


class OccupancyForm(RecordForm):
    """A GPU in a slot."""

    slot: Selector
    gpu: Annotated[str, BeforeValidator(_gpu)]


class MetadataForm(Form):
    """Where the inventory is of."""

    site: Identifier


class InventoryForm(Form):
    """What should exist."""

    apiVersion: Literal["gpusla/v1"]  # noqa: N815  (the key of the file)
    kind: Literal["Inventory"]
    metadata: MetadataForm
    nodes: Annotated[list[NodeForm], Field(min_length=1)]
    occupancy: list[OccupancyForm] = Field(default_factory=list)


class AssignmentForm(RecordForm):
    """Slots that serve a contract."""

    slots: Annotated[list[Selector], Field(min_length=1)]
    contract: Identifier


class AssignmentsForm(Form):
    """Who holds what."""

    apiVersion: Literal["gpusla/v1"]  # noqa: N815  (the key of the file)
    kind: Literal["Assignments"]
    assignments: list[AssignmentForm]


class ExclusionForm(RecordForm):
    """Time that was agreed not to count; it always ends."""

    until: InstantMs
    slots: Annotated[list[Selector], Field(min_length=1)]
    contract: Identifier
    kind: Identifier
    reason: Words
    clause: Words
    approver: Words
    notice_at: InstantMs | None = None


class ExclusionsForm(Form):
    """What does not count."""

    apiVersion: Literal["gpusla/v1"]  # noqa: N815  (the key of the file)
    kind: Literal["Exclusions"]
    exclusions: list[ExclusionForm]


TENANT = "tenant"


class ClaimForm(AppendedForm):
    """
    A tenant's demand for the credit of one billing period, all segments of it.

    waived: its word instead that it will not ask.
    """

    contract: Identifier
    period: Month
    claimed_at: InstantMs
    by: Words
    reference: Words
    waived: bool = False

    @model_validator(mode="after")
    def is_waived_by_whose_it_is(self) -> Self:
        """Who owes the credit cannot end the wait for the claim."""
        if self.waived and self.by != TENANT:
            raise problem(
                WRONG_TYPE,
                f"{self.id!r} waives a credit by {self.by!r}",
                f"Only the tenant can: write `by: {TENANT}` if it did.",
                at=("by",),
            )
        return self

    @model_validator(mode="after")
    def is_recorded_once_it_was_made(self) -> Self:
        """What is on record before it happened was foreseen, not received."""
        if self.recorded_at < self.claimed_at:
            raise problem(
                INTERVAL_BACKWARDS,
                f"{self.id!r} is recorded at {format_instant(self.recorded_at)}, "
                f"before it was made at {format_instant(self.claimed_at)}",
                at=("recorded_at",),
            )
        return self


class ClaimsForm(Form):
    """What was asked for."""

    apiVersion: Literal["gpusla/v1"]  # noqa: N815  (the key of the file)
    kind: Literal["Claims"]
    claims: list[ClaimForm]
