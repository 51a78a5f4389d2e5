"""Amounts as written and as integers, by the number of decimals that ISO 4217 gives a currency."""

import re
from fractions import Fraction

from gpusla.contracts.model import Rounding

EXPONENTS: dict[str, int] = {
    "AED": 2, "AUD": 2, "BHD": 3, "BRL": 2, "CAD": 2, "CHF": 2, "CLP": 0, "CNY": 2, "CZK": 2,
    "DKK": 2, "EUR": 2, "GBP": 2, "HKD": 2, "HUF": 2, "IDR": 2, "ILS": 2, "INR": 2, "ISK": 0,
    "JOD": 3, "JPY": 0, "KRW": 0, "KWD": 3, "MXN": 2, "MYR": 2, "NOK": 2, "NZD": 2, "OMR": 3,
    "PHP": 2, "PLN": 2, "QAR": 2, "RON": 2, "SAR": 2, "SEK": 2, "SGD": 2, "THB": 2, "TND": 3,
    "TRY": 2, "TWD": 2, "USD": 2, "VND": 0, "ZAR": 2,
}  # fmt: skip
"""Decimals of each currency that a contract may name.  Source: ISO 4217, list one."""

MINOR_UNITS_MAX = 10**17
"""
The largest amount of a contract.  A period books at most the fee of each of its segments, of which
there is one a day at most: 31 times this is still an integer of the ledger, which ends at 2**63.
"""

_WRITTEN = re.compile(r"(0|[1-9]\d{0,17})(?:\.(\d+))?", re.ASCII)


def parse_amount(text: str, currency: str) -> int:
    """
    Read `150000000.00` as minor units of a currency in EXPONENTS.

    Raises ValueError with the reason in words if text is not an amount of that currency, or too
    large for the ledger.
    """
    found = _WRITTEN.fullmatch(text)
    exponent = EXPONENTS[currency]
    if found is None:
        message = f"{text!r} is not an amount"
        raise ValueError(message)
    whole, decimals = found[1], found[2] or ""
    if len(decimals) > exponent:
        message = f"{text!r} has {len(decimals)} decimals and {currency} has {exponent}"
        raise ValueError(message)
    minor_units = int(whole + decimals.ljust(exponent, "0"))
    if minor_units > MINOR_UNITS_MAX:
        most = format_amount(MINOR_UNITS_MAX, currency)
        message = f"{text!r} cannot be booked, as it is more than {most}"
        raise ValueError(message)
    return minor_units


def format_amount(minor_units: int, currency: str) -> str:
    """Write minor units with thousands separators and the currency: `USD 150,000,000.00`."""
    exponent = EXPONENTS[currency]
    sign = "-" if minor_units < 0 else ""
    whole, rest = divmod(abs(minor_units), 10**exponent)
    decimals = f".{rest:0{exponent}d}" if exponent else ""
    return f"{currency} {sign}{whole:,}{decimals}"


def round_once(amount: Fraction, rounding: Rounding) -> int:
    """Round a non-negative exact number of minor units as the contract says."""
    whole, rest = divmod(amount.numerator, amount.denominator)
    twice = 2 * rest - amount.denominator
    match rounding:
        case Rounding.DOWN:
            return whole
        case Rounding.HALF_UP:
            return whole + (twice >= 0)
        case Rounding.HALF_EVEN:
            return whole + (twice > 0 or (twice == 0 and whole % 2 == 1))
