"""
Exact numbers as people read them.

Everything is cut off towards zero and nothing is rounded, so that 98.99999 percent never reads as
the 99 that it misses.
"""

from fractions import Fraction

from gpusla.contracts.model import ContractVersion
from gpusla.contracts.money import format_amount
from gpusla.instants import format_instant
from gpusla.sla.digest import exact

HOUR_MS = 3_600_000
READABLE_MAX = 80


def decimal(value: Fraction | int, places: int) -> str:
    """Write a number that is not negative with separators and so many decimals."""
    scaled = int(Fraction(value) * 10**places)
    whole, rest = divmod(scaled, 10**places)
    return f"{whole:,}.{rest:0{places}d}" if places else f"{whole:,}"


def shortest(value: Fraction) -> str:
    """Write a ratio of the contract without needless zeros: 99.9, 5."""
    text = decimal(value, 6)
    return text.rstrip("0").rstrip(".")


def percent(ratio: Fraction | None) -> str:
    """Write a ratio in percent with four decimals; n/a for none."""
    return "n/a" if ratio is None else f"{decimal(ratio * 100, 4)} %"


def gpu_hours(gpu_ms: Fraction | int) -> str:
    """Write GPU-milliseconds as GPU-hours with three decimals."""
    return decimal(Fraction(gpu_ms) / HOUR_MS, 3)


def money(contract: ContractVersion, minor_units: Fraction | int) -> str:
    """Write an amount in the contract's currency; parts of a minor unit are left out."""
    return format_amount(int(minor_units), contract.fees.currency)


def exact_money(contract: ContractVersion, minor_units: Fraction) -> str:
    """Write an amount with whatever it has beyond whole minor units."""
    rest = minor_units - int(minor_units)
    more = f" and {readable(rest)} of its smallest unit" if rest else ""
    return money(contract, minor_units) + more


def readable(value: Fraction | int) -> str:
    """Write an exact number; one that is too long to read is cut off, and the JSON keeps it."""
    written = str(exact(value))
    return written if len(written) <= READABLE_MAX else f"{decimal(value, 12)}... (whole in JSON)"


def instant(instant_ms: int) -> str:
    """Write an instant without its milliseconds, which the JSON keeps."""
    return format_instant(instant_ms - instant_ms % 1000)
