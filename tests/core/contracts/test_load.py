"""A contract is read as it was meant, into exact values."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from fractions import Fraction
from pathlib import Path
from typing import Any, get_args

import pytest
from pydantic import BaseModel

from gpusla.contracts.load import check_all, in_force, load_contract
from gpusla.contracts.model import (
    AcceptedSku,
    CapacityUnit,
    Citation,
    ContractVersion,
    LongStop,
    Rounding,
    Termination,
)
from gpusla.contracts.promises import Kind, UnknownPolicy, ValueRounding
from gpusla.contracts.remedies import Base, Cap, ClaimAnchor, Step, Tier
from gpusla.contracts.schema import ContractForm
from gpusla.documents import digest, parse
from gpusla.errors import ContractError
from gpusla.identity import TenantId

FOLDER = Path(__file__).parent
TEXT = (FOLDER / "acme.yaml").read_text("utf-8")
EVERYTHING = (FOLDER / "everything.yaml").read_text("utf-8")


def load(*changes: tuple[str, str], source: str = "acme.yaml") -> ContractVersion:
    """Read the contract with some of its text replaced."""
    text = TEXT
    for before, after in changes:
        assert text.count(before) == 1, before
        text = text.replace(before, after)
    return load_contract(text.encode("utf-8"), source)


def everything() -> ContractVersion:
    """The contract that has everything."""
    return load_contract(EVERYTHING.encode("utf-8"), "everything.yaml")


def test_a_contract_is_read_into_exact_values() -> None:
    """Money in cents, ratios as fractions, dates as dates."""
    contract = load()
    objective = contract.objective("availability")
    assert contract.fees.recurring[0].minor_units == 15_000_000_000
    assert contract.fees.rounding is Rounding.HALF_EVEN
    assert contract.capacity.unit is CapacityUnit.NVL72_DOMAIN
    assert contract.capacity.ramp[1].start == date(2026, 9, 1)
    assert objective.target == Fraction(99, 100)
    assert isinstance(objective.credit, Step)
    assert objective.credit.tiers[0] == Tier(Fraction(99, 100), Fraction(5))
    assert objective.unknown.policy is UnknownPolicy.PROVIDER_BEARS
    assert objective.degraded.fraction(("thermal_slowdown", "power_limit")) == 0
    assert objective.degraded.fraction(("memory_missing",)) == Fraction(1)
    assert objective.clock_error_ms == 2_000
    assert contract.statement.final_after_ms == 2 * 86_400_000
    assert contract.digest == digest(TEXT.encode("utf-8"))


def test_what_is_left_out_is_what_the_forms_say() -> None:
    """Nobody may end it early, nothing is capped, credits come by themselves."""
    contract = load()
    assert contract.term.termination == Termination(
        0, 0, (), notice_during_initial=False, not_before=None
    )
    assert contract.combination.caps == ()
    assert contract.claims.mode.value == "automatic"
    assert contract.fees.cycle_day == 1
    assert contract.statement.grade_min == "C"
    assert contract.objectives[0].unknown.carry_last_ms == 0
    assert contract.objectives[0].value_rounding is ValueRounding.NONE


def test_the_file_with_everything_has_every_key_that_there_is() -> None:
    """So that what is tested with it is tested of every form."""
    written = set(keys_in(parse(EVERYTHING.encode("utf-8"), "everything.yaml").data))
    assert set(keys_of(ContractForm, set())) - written == {"shadow"}  # which needs a zero fee


def test_every_kind_of_objective_and_of_credit_is_read() -> None:
    """Each once at least."""
    contract = everything()
    assert {objective.kind for objective in contract.objectives} == set(Kind)
    assert {type(objective.credit).__name__ for objective in contract.objectives} == {
        "HourWaiver", "Lateness", "Linear", "Multiple", "NoCredit", "PerEventTable", "Step",
    }  # fmt: skip


def test_terms_of_the_whole_contract_are_read() -> None:
    """Termination, long-stop, weights, caps, claims."""
    contract = everything()
    assert contract.term.termination.not_before == date(2027, 1, 1)
    assert contract.capacity.long_stop == LongStop(
        date(2026, 9, 30), 1, 0, ("terminate", "rebase_fee")
    )
    assert contract.capacity.accepted_skus == (
        AcceptedSku("gb300", Fraction(1)),
        AcceptedSku("gb200", Fraction(3, 4)),
    )
    assert contract.combination.caps[1:] == (
        Cap(Fraction(18), Base.PERIOD_FEE, None),
        Cap(None, Base.PERIOD_FEE, 100_000_000),
    )
    assert contract.claims.anchor is ClaimAnchor.END_OF_BILLING_CYCLE
    assert contract.citations[0] == Citation("fees.recurring", "order-form", "3", "2.1")
    assert contract.disagreements[0].values[1] == ("18000 GPUs", "a press release")
    assert contract.examples[0].outages[1].excluded_by == "planned"


def test_a_minimum_is_one_where_every_gpu_counts_by_itself() -> None:
    """The page says that there is none; the model holds what changes nothing."""
    contract = load(("partial: healthy_only", "partial: per_gpu"), ("  min_healthy_gpus: 64\n", ""))
    assert contract.capacity.min_healthy_gpus == 1


def test_ratios_may_stand_without_quotes() -> None:
    """A plain number with a point stays text on the way, so nothing is lost."""
    contract = load_contract(TEXT.replace('"0.99"', "0.99").encode("utf-8"), "acme.yaml")
    assert contract.objectives[0].target == Fraction(99, 100)


def test_a_version_may_take_effect_and_a_term_end_on_any_day() -> None:
    """Parts of a billing period are judged by themselves."""
    contract = load(
        ("effective_from: 2026-07-01", "effective_from: 2026-07-17"), ("2029-12-31", "2029-12-13")
    )
    assert contract.effective_from == date(2026, 7, 17)
    assert contract.term.end == date(2029, 12, 13)


def test_a_currency_has_its_own_decimals() -> None:
    """Yen have none, and dinars of Kuwait three."""
    yen = load(
        ("currency: USD", "currency: JPY"),
        ('"150000000.00"', '"150000000"'),
        ('"160000000.50"', '"160000000"'),
    )
    assert yen.fees.recurring[0].minor_units == 150_000_000
    dinars = load(("currency: USD", "currency: KWD"))
    assert dinars.fees.recurring[0].minor_units == 150_000_000_000


def test_the_same_version_in_two_files_is_refused() -> None:
    """Which of them holds is nobody's guess."""
    with pytest.raises(ContractError) as refused:
        check_all([load(), load(source="copy.yaml")])
    assert str(refused.value) == (
        "copy.yaml: contract acme-2026 version 1 stands in acme.yaml too. "
        "Give one another id. [GS1201]"
    )


def test_versions_follow_one_another() -> None:
    """A later version takes effect later, and belongs to the same tenant."""
    first = load()
    second = replace(first, version=2, effective_from=date(2027, 1, 1), source="b.yaml")
    check_all([second, first])
    with pytest.raises(ContractError):
        check_all([first, replace(second, effective_from=first.effective_from)])
    with pytest.raises(ContractError):
        check_all([first, replace(second, tenant=TenantId("other"))])


def test_versions_share_their_billing_periods_and_their_currency() -> None:
    """A period that two versions cut must be the same period to both."""
    first = load()
    second = replace(first, version=2, effective_from=date(2027, 1, 1), source="b.yaml")
    for changed in (
        replace(second, term=replace(second.term, timezone="UTC")),
        replace(second, fees=replace(second.fees, cycle_day=15)),
    ):
        with pytest.raises(ContractError, match="End the one contract and begin another"):
            check_all([first, changed])
    with pytest.raises(ContractError) as refused:
        check_all([first, replace(second, fees=replace(second.fees, currency="EUR"))])
    assert str(refused.value).startswith(
        "b.yaml: fees.currency of contract acme-2026 is EUR in version 2 and USD in version 1, "
    )


def test_the_version_in_force_is_the_last_that_began() -> None:
    """The old one is never edited; it is no longer in force."""
    first = load()
    second = replace(first, version=2, effective_from=date(2027, 1, 1))
    assert in_force([second, first], date(2026, 12, 31)) == first
    assert in_force([second, first], date(2027, 1, 1)) == second
    assert in_force([second, first], date(2026, 6, 30)) is None


def keys_in(value: Any) -> Iterator[str]:
    """Every key of every mapping."""
    if isinstance(value, dict):
        yield from value
    for inner in value.values() if isinstance(value, dict) else value:
        if isinstance(inner, dict | list):
            yield from keys_in(inner)


def keys_of(annotation: Any, seen: set[type]) -> Iterator[str]:
    """Every key of every form that a form holds."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        if annotation in seen:
            return
        seen.add(annotation)
        for name, info in annotation.model_fields.items():
            yield info.alias or name
            yield from keys_of(info.annotation, seen)
    for argument in get_args(annotation):
        yield from keys_of(argument, seen)


@pytest.mark.parametrize(
    ("text", "ratio"), [("2/3", Fraction(2, 3)), ("1", Fraction(1)), ('"0.125"', Fraction(1, 8))]
)
def test_an_example_may_give_its_value_as_a_fraction(text: str, ratio: Fraction) -> None:
    """Where no decimal is exact."""
    example = f"{{name: a, period: 2026-10, availability: {text}, credit: 0}}"
    contract = load(("statement:\n", f"examples: [{example}]\nstatement:\n"))
    assert contract.examples[0].availability == ratio
