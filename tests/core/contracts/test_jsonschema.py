"""The published JSON Schema takes every good file, and refuses what form alone can refuse."""

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from gpusla.contracts.jsonschema import contract_schema
from gpusla.documents import parse
from tests.architecture.tree import ROOT
from tests.core.contracts.test_refusals import EVERYTHING, REFUSALS, changes_of

FOLDER = Path(__file__).parent
PUBLISHED = ROOT / "docs" / "reference" / "contract.schema.json"
VALIDATOR = Draft202012Validator(contract_schema())
GOOD = sorted([*(ROOT / "examples").glob("contracts/*.yaml"), *FOLDER.glob("*.yaml")])

BY_FORM = {
    "a fee for another length of time",
    "a fee ramp of both kinds",
    "a day that no month has",
    "a slope of another shape",
    "a grace in hours",
    "an example of no period",
    "a failing reason beside measurements",
    "a credit of a kind that there is not",
    "a cap on a unit's fee",
    "a key that is misspelt",
    "a key that is missing",
    "a length of time that is none",
    "a rounding that is none",
    "an identifier with a space",
    "a file of another kind",
    "text where a list belongs",
    "a list where text belongs",
    "a number of GPUs in words",
    "a number of GPUs below nothing",
    "nobody who may end it",
}
"""Refusals that need no knowledge of what fields mean to one another."""


def errors(text: str) -> list[str]:
    """What the schema has against a file."""
    return [error.message for error in VALIDATOR.iter_errors(data_of(text))]


def data_of(text: str) -> Any:
    """The plain data of a file."""
    return parse(text.encode("utf-8"), "file.yaml").data


def test_the_schema_is_one_of_its_draft() -> None:
    """Draft 2020-12, by its own schema."""
    Draft202012Validator.check_schema(contract_schema())


def test_the_published_schema_is_the_forms_own() -> None:
    """`./run docs` writes it."""
    assert json.loads(PUBLISHED.read_text("utf-8")) == contract_schema()


@pytest.mark.parametrize("file", GOOD, ids=lambda file: file.name)
def test_a_good_file_is_valid(file: Path) -> None:
    """Every example, and the file that has everything."""
    assert errors(file.read_text("utf-8")) == []


def test_an_editor_that_reads_numbers_as_numbers_agrees() -> None:
    """Other YAML readers make a float of 0.99 without quotes; the schema takes both."""
    data = data_of(EVERYTHING)
    data["slos"][0]["target"] = json.loads("0.99")
    data["slos"][0]["credit"]["tiers"][0]["percent"] = 5
    assert not list(VALIDATOR.iter_errors(data))


@pytest.mark.parametrize("name", sorted(BY_FORM))
def test_a_file_of_bad_form_is_not_valid(name: str) -> None:
    """The same files that the loader refuses."""
    (block,) = (block for block in REFUSALS if block.splitlines()[0] == name)
    text = EVERYTHING
    for before, after in changes_of(block)[0]:
        text = text.replace(before, after)
    assert errors(text)


def test_every_form_and_field_without_a_telling_name_is_described() -> None:
    """A form's docstring is what people read of it."""
    schema = contract_schema()
    assert all(form["description"] for form in [schema, *schema["$defs"].values()])
    knife_edges = {
        "comparison", "partial", "denominator", "granularity", "count", "grants_again",
        "notice_during_initial", "delivered_fraction",
    }  # fmt: skip
    described = {
        key
        for form in schema["$defs"].values()
        for key, field in form["properties"].items()
        if field.get("description")
    }
    assert knife_edges <= described
