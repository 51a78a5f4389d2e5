"""Amounts of a contract: what the ledger can hold, and no more."""

import pytest

from gpusla.contracts.money import EXPONENTS, MINOR_UNITS_MAX, format_amount, parse_amount

LEDGER_MAX = 2**63 - 1
DAYS_A_PERIOD_MAX = 31


@pytest.mark.parametrize("currency", ["USD", "JPY", "KWD"])
def test_the_largest_amount_is_one_and_the_next_is_refused_in_words(currency: str) -> None:
    """By the decimals of each currency."""

    def written(minor_units: int) -> str:
        return format_amount(minor_units, currency).removeprefix(f"{currency} ").replace(",", "")

    assert parse_amount(written(MINOR_UNITS_MAX), currency) == MINOR_UNITS_MAX
    with pytest.raises(ValueError, match=r"cannot be booked, as it is more than [A-Z]{3} 1[0,.]+$"):
        parse_amount(written(MINOR_UNITS_MAX + 1), currency)


def test_a_period_of_one_version_a_day_can_be_booked_at_the_largest_fee() -> None:
    """Each segment gives its whole fee at most, and a version begins on a day."""
    assert DAYS_A_PERIOD_MAX * MINOR_UNITS_MAX <= LEDGER_MAX


def test_a_real_fee_fits_in_every_currency() -> None:
    """1.25 billion dollars a month, of which one is 30,000 of the smallest currencies' units."""
    for currency in EXPONENTS:
        assert parse_amount(str(1_250_000_000 * 30_000), currency) > 0
