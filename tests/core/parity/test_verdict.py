"""What a tenant is told: the right word, and nothing about anybody else."""

import random
from collections.abc import Iterator
from dataclasses import fields, is_dataclass, replace
from fractions import Fraction

import pytest

from gpusla.errors import InputError
from gpusla.identity import ContractId
from gpusla.parity.commitment import commitment
from gpusla.parity.customers import Customer
from gpusla.parity.pain import Share, SharedIncident
from gpusla.parity.report import Method, ParityInputs, report
from gpusla.parity.service import UnitService
from gpusla.parity.verdict import Standing, Verdict, is_borne_out, verdict
from tests.core.parity.fleet import (
    DIMENSIONS,
    PARITY,
    customer,
    hand_over,
    house,
    shortfall,
    terms,
    units,
)

SALT = bytes(range(32))
DRAWS = 499
ACME, CURSOR = customer("acme"), customer("cursor", price=977, is_affiliate=True)
EVERYBODY = (
    ACME,
    customer("anthropic", price=311),
    customer("google", price=283),
    CURSOR,
    house(price=409),
)


def promised(*names: str) -> tuple[Customer, ...]:
    """The five, of which these were promised something about the others."""
    return tuple(one if one.tenant in names else replace(one, parity=None) for one in EVERYBODY)


FIVE = promised("acme")
GOOGLE = ContractId("google-2026")


def fleet(slow: str = "", seed: int = 1) -> tuple[UnitService, ...]:
    """41 units each, 42, 43 …; one customer's repairs may take three times as long."""
    chance = random.Random(seed)  # noqa: S311  (a seed, not a secret)
    made = [
        units(chance, one, 41 + number, 3 if one.tenant == slow else 1)
        for number, one in enumerate(FIVE)
    ]
    return tuple(unit for part in made for unit in part)


def inputs(
    customers: tuple[Customer, ...] = FIVE, slow: str = "", **changes: object
) -> ParityInputs:
    """A month of five customers, in which chance alone is at work but for what is planted."""
    made = ParityInputs(
        period="2026-10",
        until_ms=1_000,
        customers=customers,
        hand_overs=(hand_over("house", 100),),
        incidents=(
            SharedIncident(
                "i-771", "hall-9", tuple(Share(one.contract, Fraction(37), 59, 61) for one in FIVE)
            ),
        ),
        units=fleet(slow),
        method=Method(draws=DRAWS),
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def told(given: ParityInputs, contract: ContractId = ACME.contract) -> dict[str, Standing]:
    """The findings of one contract's verdict."""
    return dict(verdict(report(given), contract, SALT).findings)


def test_where_all_are_served_alike_nobody_is_called_worse() -> None:
    """Each dimension, and terms: acme pays least of all."""
    found = told(inputs())
    assert tuple(found) == (*DIMENSIONS, "price_terms")
    assert set(found.values()) == {Standing.NO_WORSE}


def test_a_tenant_whose_repairs_take_longer_is_told() -> None:
    """Its time to repair, and with it its availability; and the others are not."""
    given = inputs(slow="acme")
    assert told(given)["time_to_repair"] is Standing.WORSE
    assert told(given)["availability"] is Standing.WORSE
    assert told(given)["degraded_share"] is Standing.NO_WORSE
    google = told(inputs(promised("google"), slow="acme"), GOOGLE)
    assert google["time_to_repair"] is Standing.NO_WORSE


@pytest.mark.slow
def test_all_comparisons_together_raise_a_false_alarm_in_one_of_twenty_months_at_most() -> None:
    """
    Acme beside the house in four dimensions, for 200 months in which chance alone is at work.

    With 199 draws a p below 5 % / 4 is at most 2 of 200: 1 % in each, 4 % a month, 8 in 200, give
    or take 2.8.
    """
    alarms = 0
    for seed in range(200):
        pair = (ACME, house())
        found = report(inputs(pair, units=fleet(seed=seed), method=Method(draws=199)))
        assert len(found.comparisons) == 4
        alarms += any(one.is_worse for one in found.comparisons)
    assert alarms <= 18, alarms


def test_whoever_was_passed_over_is_told() -> None:
    """The house was given a spare while acme waited; google did not wait."""
    given = inputs(shortfalls=(shortfall("acme", 50, None),), units=())
    assert told(given)["spare_order"] is Standing.WORSE
    other = replace(given, customers=promised("google"))
    assert told(other, GOOGLE)["spare_order"] is Standing.NO_WORSE


def test_where_nothing_was_given_out_there_was_no_order() -> None:
    """An empty input is no clean result."""
    assert told(inputs(hand_overs=(), units=()))["spare_order"] is Standing.NOT_COMPARABLE
    assert told(inputs(units=()))["availability"] is Standing.NOT_COMPARABLE


def test_too_few_units_are_said_to_be_too_few() -> None:
    """The house has three: of its group nobody can be told from chance."""
    few = tuple(one for one in fleet() if one.contract != "house-2026" or one.unit < "house/12")
    assert 0 < sum(1 for one in few if one.contract == "house-2026") < 8
    assert told(inputs(units=few))["availability"] is Standing.TOO_FEW_UNITS


@pytest.mark.parametrize(("price", "standing"), [(249, Standing.WORSE), (250, Standing.NO_WORSE)])
def test_a_most_favoured_customer_learns_that_somebody_has_better_terms(
    price: int, standing: Standing
) -> None:
    """One minor unit less for the same, and not at the same price."""
    other = customer("google", price=price)
    assert told(inputs((ACME, other)))["price_terms"] is standing


def test_terms_of_those_that_are_not_alike_do_not_compare() -> None:
    """A larger customer may pay less."""
    other = customer("google", terms=terms(1, gpus=10**6))
    assert told(inputs((ACME, other)))["price_terms"] is Standing.NOT_COMPARABLE


def test_another_contract_of_the_same_tenant_is_nobody_else() -> None:
    """One cannot be worse off than oneself."""
    again = replace(ACME, contract=ContractId("acme-2"), terms=terms(1))
    assert told(inputs((ACME, again)))["price_terms"] is Standing.NOT_COMPARABLE


@pytest.mark.parametrize("name", ["acme", "anthropic", "google", "cursor"])
def test_a_verdict_holds_no_number_and_no_word_of_anybody_else(name: str) -> None:
    """Every string and number that it reaches: no number at all, and no other's name or figure."""
    contract = ContractId(f"{name}-2026")
    given = inputs(promised(name), slow="acme", shortfalls=(shortfall("acme", 50, None),))
    found = verdict(report(given), contract, SALT)
    words = set(leaves(found))
    assert all(isinstance(word, str) for word in words)
    own = {"gpusla/parity/1", contract, "2026-10", found.commitment, "price_terms", *DIMENSIONS}
    assert words - own <= {standing.value for standing in Standing}
    told_words = " ".join(sorted(str(word) for word in words - {found.commitment}))
    for other in given.customers:
        if other.contract != contract:
            assert other.contract not in told_words
            assert other.tenant not in told_words
    # The format, its own name and the period have digits; nothing else does.
    secret = {leaf for leaf in leaves(given) if isinstance(leaf, int | Fraction)}
    assert len(secret) > 100
    assert not any(str(figure) in str(word) for word in words - own for figure in secret)


def test_other_prices_and_counts_do_not_change_a_word_as_long_as_their_order_is_the_same() -> None:
    """Five customers: what a verdict would change with, it would disclose."""
    dearer = tuple(
        replace(one, terms=terms(5_000 + number)) if one.tenant != "acme" else one
        for number, one in enumerate(FIVE)
    )
    more = fleet() + tuple(replace(one, unit=f"{one.unit}+") for one in fleet(seed=2))
    first, second = inputs(), inputs(dearer, units=more)
    one, two = (verdict(report(given), ACME.contract, SALT) for given in (first, second))
    assert replace(one, commitment="") == replace(two, commitment="")
    assert one.commitment != two.commitment


def test_a_third_party_can_verify_and_no_altered_input_passes() -> None:
    """The same inputs and salt bear it out; another price, word or salt does not."""
    given = inputs()
    found = verdict(report(given), ACME.contract, SALT)
    assert is_borne_out(found, given, SALT)
    cheaper = (replace(FIVE[0], terms=terms(251)), *FIVE[1:])
    assert not is_borne_out(found, inputs(cheaper), SALT)
    assert not is_borne_out(found, given, SALT[::-1])
    altered = replace(found, findings=(("availability", Standing.WORSE), *found.findings[1:]))
    assert not is_borne_out(altered, given, SALT)


def test_every_tenant_is_bound_to_the_same_inputs() -> None:
    """Two tenants that compare their digests know that they were judged in one report."""
    found = report(inputs(promised("acme", "google"), units=()))
    assert verdict(found, ACME.contract, SALT).commitment == verdict(found, GOOGLE, SALT).commitment


def test_a_short_salt_is_refused() -> None:
    """Whoever knows all but one price could try them all."""
    with pytest.raises(InputError) as refused:
        commitment(inputs(), b"secret")
    assert refused.value.message == (
        "a salt of 6 bytes would let others guess prices from the digest"
    )


def test_whoever_was_promised_nothing_has_no_verdict() -> None:
    """The house, and a contract that nobody knows."""
    for contract in ("house-2026", "nobody"):
        with pytest.raises(InputError) as refused:
            verdict(report(inputs(units=())), ContractId(contract), SALT)
        assert refused.value.message == (
            f"contract {contract} has no `parity` part, so it is compared with nobody"
        )


def test_a_dimension_that_does_not_exist_is_refused() -> None:
    """With its name and with those that do."""
    strange = replace(ACME, parity=replace(PARITY, dimensions=("latency",)))
    with pytest.raises(InputError) as refused:
        report(inputs((strange, *FIVE[1:])))
    assert "parity dimension 'latency' cannot be compared" in str(refused.value)
    assert "spare_order, time_to_repair" in str(refused.value)


def test_the_auditors_report_names_everybody_with_all_figures() -> None:
    """Ratios of all five, each comparison with its units, effect and chance."""
    found = report(inputs(slow="acme"))
    assert {one.contract for one in found.ratios} == {one.contract for one in FIVE}
    slow = next(
        one
        for one in found.comparisons
        if (one.contract, one.other, one.dimension) == ("acme-2026", "house-2026", "time_to_repair")
    )
    assert (slow.units, slow.other_units) == (41, 45)
    assert slow.test is not None
    assert slow.test.ratio is not None
    assert 2 < slow.test.ratio < 5
    assert slow.p is not None
    assert slow.p >= slow.test.p
    assert slow.test.seed == "gpusla/parity/1|2026-10|acme-2026|house-2026|gb300|time_to_repair"
    assert len(found.pains) == 10


def leaves(value: object) -> Iterator[object]:
    """Every string and number that a value reaches."""
    if is_dataclass(value):
        for one in fields(value):
            yield from leaves(getattr(value, one.name))
    elif isinstance(value, dict):
        yield from leaves(tuple(value.items()))
    elif isinstance(value, tuple | list):
        for part in value:
            yield from leaves(part)
    elif value is not None:
        yield value


def test_leaves_reach_everything() -> None:
    """The walk that guards the secrets finds them where they are."""
    reached = set(leaves(inputs()))
    assert {"house-2026", "google", "hall-9", 41, Fraction(409), Fraction(37)} - reached == {41}
    found = Verdict("f", ContractId("c"), "p", (("d", Standing.WORSE),), "x")
    assert set(leaves(found)) == {"f", "c", "p", "d", "worse", "x"}
