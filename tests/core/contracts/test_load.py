"""A contract is read as it was meant, or refused in one sentence that says what to do."""

from dataclasses import replace
from datetime import date
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gpusla.contracts.load import check_all, in_force, load_contract
from gpusla.contracts.model import CapacityUnit, ContractVersion, Rounding, Tier, UnknownPolicy
from gpusla.documents import digest
from gpusla.errors import ContractError, InputError
from gpusla.identity import TenantId

TEXT = (Path(__file__).parent / "acme.yaml").read_text("utf-8")
REFUSALS = (Path(__file__).parent / "refusals.txt").read_text("utf-8").strip().split("\n\n")[1:]
SECOND = TEXT[TEXT.index("  - id: availability") : TEXT.index("statement:")]


def load(*changes: tuple[str, str], source: str = "acme.yaml") -> ContractVersion:
    """Read the contract with some of its text replaced."""
    text = TEXT
    for before, after in changes:
        assert text.count(before) == 1, before
        text = text.replace(before, after)
    return load_contract(text.encode("utf-8"), source)


def refusal(*changes: tuple[str, str]) -> str:
    """The sentence that the changed contract is refused with."""
    with pytest.raises(InputError) as refused:
        load(*changes)
    return str(refused.value)


def test_a_contract_is_read_into_exact_values() -> None:
    """Money in cents, ratios as fractions, dates as dates."""
    contract = load_contract(TEXT.encode("utf-8"), "acme.yaml")
    assert contract.fees.recurring[0].minor_units == 15_000_000_000
    assert contract.fees.rounding is Rounding.HALF_EVEN
    assert contract.capacity.unit is CapacityUnit.NVL72_DOMAIN
    assert contract.capacity.ramp[1].start == date(2026, 9, 1)
    assert contract.objective.target == Fraction(99, 100)
    assert contract.objective.tiers[0] == Tier(Fraction(99, 100), Fraction(5))
    assert contract.objective.unknown is UnknownPolicy.PROVIDER_BEARS
    assert contract.objective.degraded.fraction(("thermal_slowdown", "power_limit")) == 0
    assert contract.objective.degraded.fraction(("memory_missing",)) == Fraction(1)
    assert contract.objective.clock_error_ms == 2_000
    assert contract.final_after_ms == 2 * 86_400_000
    assert contract.digest == digest(TEXT.encode("utf-8"))


def test_ratios_may_stand_without_quotes() -> None:
    """A plain number with a point stays text on the way, so nothing is lost."""
    contract = load_contract(TEXT.replace('"0.99"', "0.99").encode("utf-8"), "acme.yaml")
    assert contract.objective.target == Fraction(99, 100)


def test_the_fee_in_force_is_the_last_one_that_began() -> None:
    """And outside the term there is none."""
    contract = load_contract(TEXT.encode("utf-8"), "acme.yaml")
    first, later = contract.monthly_fee(date(2027, 6, 1)), contract.monthly_fee(date(2027, 7, 1))
    assert first is not None
    assert later is not None
    assert (first.minor_units, later.minor_units) == (15_000_000_000, 16_000_000_050)
    assert contract.monthly_fee(date(2026, 6, 30)) is None
    assert contract.monthly_fee(date(2030, 1, 1)) is None


@pytest.mark.parametrize("block", REFUSALS, ids=lambda block: block.splitlines()[0])
def test_it_is_refused_with_this_sentence(block: str) -> None:
    """File, line, column, field, value, cause, way out, code."""
    _, before, after, sentence = (line[2:].replace("\\n", "\n") for line in block.splitlines())
    assert refusal((before, after.replace("{SECOND}", SECOND))) == sentence


def test_another_currency_is_refused_with_the_ones_there_are() -> None:
    """The exponent of an unknown currency would be a guess."""
    sentence = refusal(("currency: USD", "currency: USB"))
    assert (
        "fees.currency: 'USB' is not a currency that gpusla counts in. Write one of AED" in sentence
    )


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


def test_the_version_in_force_is_the_last_that_began() -> None:
    """The old one is never edited; it is no longer in force."""
    first = load()
    second = replace(first, version=2, effective_from=date(2027, 1, 1))
    assert in_force([second, first], date(2026, 12, 31)) == first
    assert in_force([second, first], date(2027, 1, 1)) == second
    assert in_force([second, first], date(2026, 6, 30)) is None


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_a_damaged_file_is_refused_in_words_or_read(data: st.DataObject) -> None:
    """No exception of another kind, whatever is cut, doubled or put in."""
    lines = TEXT.splitlines()
    number = data.draw(st.integers(0, len(lines) - 1))
    line = lines[number]
    lines[number] = data.draw(
        st.sampled_from(
            [
                "",
                line[: len(line) // 2],
                line.replace("0", "9"),
                line.replace(": ", ": ["),
                line.upper(),
                f"{line}\n{line}",
                line.replace('"', ""),
                line.split(":")[0] + ": null",
                line.split(":")[0] + ": -1",
                line.split(":")[0] + ": {}",
                line.split(":")[0] + ": []",
            ]
        )
    )
    outcome = loaded_or_refused("\n".join(lines))
    assert not outcome or outcome.startswith("acme.yaml")


def loaded_or_refused(text: str) -> str:
    """Nothing if it is read, otherwise the sentence."""
    try:
        load_contract(text.encode("utf-8"), "acme.yaml")
    except InputError as refused:
        return str(refused)
    return ""
