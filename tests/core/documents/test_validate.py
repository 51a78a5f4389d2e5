"""A document that does not fit its model is refused in one sentence about the first trouble."""

# ruff: noqa: E501  (a promised sentence stands on one line)

from typing import Annotated, Literal

import pytest
from pydantic import Field, field_validator

from gpusla.catalogue.codes import TIERS_OVERLAP
from gpusla.documents import Form, Identifier, InstantMs, parse, problem, validate
from gpusla.errors import ContractError, InputError


class Tier(Form):
    """A step of a credit."""

    below: str
    percent: int


class Objective(Form):
    """One promise."""

    type: Literal["capacity"]
    target: str
    tiers: list[Tier] = Field(default_factory=list)

    @field_validator("tiers")
    @classmethod
    def fall(cls, tiers: list[Tier]) -> list[Tier]:
        """Tiers go down."""
        if len(tiers) > 1 and tiers[1].percent < tiers[0].percent:
            raise problem(TIERS_OVERLAP, "the second tier is smaller", "Swap them.", at=(1,))
        return tiers


class Speed(Form):
    """Another kind of promise."""

    type: Literal["speed"]
    rate: int


class Contract(Form):
    """A contract in small."""

    apiVersion: Literal["gpusla/v1"]  # noqa: N815  (the key of the file)
    kind: Literal["Contract"]
    id: Identifier
    start: Annotated[InstantMs, Field(alias="from")]
    slos: list[Annotated[Objective | Speed, Field(discriminator="type")]] = Field(
        default_factory=list
    )
    labels: dict[str, str] = Field(default_factory=dict)


GOOD = """
apiVersion: gpusla/v1
kind: Contract
id: a-b
from: 2026-07-01T05:00:00Z
slos:
  - type: capacity
    target: 0.99
    tiers: [{below: 0.99, percent: 5}, {below: 0.95, percent: 10}]
  - {type: speed, rate: 5}
"""


def check(text: str, error: type[InputError] = InputError) -> Contract:
    """Read and validate text."""
    return validate(Contract, parse(text.encode(), "c.yaml"), error)


def test_a_document_that_fits_becomes_the_model() -> None:
    """Instants become milliseconds; decimals stay the text they were written as."""
    contract = check(GOOD)
    assert contract.start == 1_782_882_000_000
    first = contract.slos[0]
    assert isinstance(first, Objective)
    assert first.target == "0.99"


CASES = [
    ("id: a-b", "id: A", "c.yaml:4:5: id: 'A' is not an identifier. Use lower case letters, digits and hyphens, at most 63, such as r01-t03. [GS1010]"),
    ("    target: 0.99", "    targt: 0.99", "c.yaml:8:5: slos[0].targt is not a known key. Write 'target' if that is meant, or remove it. [GS1008]"),
    ("    target: 0.99\n", "", "c.yaml:7:5: slos[0].target is missing. Add it. [GS1009]"),
    ("id: a-b", "id: a-b\nzebra: 1", "c.yaml:5:1: zebra is not a known key. Remove it; known here are apiVersion, from, id, kind, labels, slos. [GS1008]"),
    ("percent: 5}", "percent: 5, colour: 1}", "c.yaml:9:39: slos[0].tiers[0].colour is not a known key. Remove it; known here are below, percent. [GS1008]"),
    ("percent: 5}", "percent: 5.5}", "c.yaml:9:36: slos[0].tiers[0].percent: '5.5' is not a whole number. Write a whole number here. [GS1010]"),
    ("target: 0.99", "target: 1", "c.yaml:8:13: slos[0].target: 1 is not text. Write text here. Put it in quotes. [GS1010]"),
    ("target: 0.99", "target: [1]", "c.yaml:8:13: slos[0].target: a list is not text. Write text here. Put it in quotes. [GS1010]"),
    ("percent: 10", "percent: 1", "c.yaml:9:40: slos[0].tiers[1]: the second tier is smaller. Swap them. [GS1101]"),
    ("from: 2026-07-01T05:00:00Z", "from: 2026-07-01", "c.yaml:5:7: from: '2026-07-01' is not an instant in UTC. Write it like 2026-07-01T05:00:00Z. [GS1010]"),
    ("from: 2026-07-01T05:00:00Z", "from: 2026-02-30T05:00:00Z", "c.yaml:5:7: from: '2026-02-30T05:00:00Z' names no real time. Write it like 2026-07-01T05:00:00Z. [GS1010]"),
    ("from: 2026-07-01T05:00:00Z", "from: 5", "c.yaml:5:7: from: 5 is not an instant in UTC. Write it like 2026-07-01T05:00:00Z. [GS1010]"),
    ("kind: Contract", "kind: Inventory\nother: 1", "c.yaml:3:7: kind: 'Inventory' is not allowed. Write 'Contract'. [GS1010]"),
    ("kind: Contract\n", "other: 1\n", "c.yaml:2:1: kind is missing. Add it. [GS1009]"),
    ("type: speed", "type: sped", "c.yaml:10:12: slos[1].type: 'sped' is not allowed. Write 'capacity' or 'speed'. [GS1010]"),
    ("type: speed, ", "", "c.yaml:10:5: slos[1].type is missing. Add it. [GS1009]"),
    ("id: a-b", "id: a-b\nlabels: [1]", "c.yaml:5:9: labels: a list is not a mapping. Write a mapping here. [GS1010]"),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "sentence"), CASES, ids=range(len(CASES)))
def test_the_first_trouble_is_told_with_place_field_value_and_way_out(
    old: str, new: str, sentence: str
) -> None:
    """One sentence, of the kind of error that was asked for."""
    assert old in GOOD
    with pytest.raises(ContractError) as caught:
        check(GOOD.replace(old, new), ContractError)
    assert str(caught.value) == sentence


def test_a_document_that_is_no_mapping_is_refused() -> None:
    """The whole file is then the thing that is wrong."""
    with pytest.raises(InputError) as caught:
        check("- a\n")
    assert str(caught.value) == (
        "c.yaml:1:1: a list is not a mapping. Write a mapping here. [GS1010]"
    )
