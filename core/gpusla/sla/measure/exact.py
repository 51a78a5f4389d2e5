"""
Integers that cannot overflow: 64 bits where the largest figure fits, else Python's own.

Nothing here is ever rounded: a sum or a product that might not fit in 64 bits is taken of Python
integers, which have no end, by the same functions.
"""

from fractions import Fraction
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Numbers: TypeAlias = NDArray[Any]
"""Integers of either kind: instants, places on a line, levels, and their sums."""

Rows: TypeAlias = NDArray[np.int64]
"""Row numbers, lane numbers and other small counts: 64 bits always."""

Mask: TypeAlias = NDArray[np.bool_]

LIMIT = 2**62
"""What an intermediate figure must stay below in 64 bits; one bit is kept for a sum of two."""


def kind_for(most: int) -> type[np.int64] | type[object]:
    """Return the dtype in which figures up to `most` are exact."""
    return np.int64 if most < LIMIT else object


def common_denominator(fractions: list[Fraction]) -> int:
    """Return the smallest number that makes each of them whole."""
    scale = 1
    for fraction in fractions:
        scale *= Fraction(fraction.denominator, scale).numerator
    return scale


def order(values: Numbers) -> Rows:
    """Return the rows of values that ascend; where equal ones come is left open."""
    if len(values) == 0 or values.dtype == object:
        return np.argsort(values)
    bits = len(values).bit_length()
    least = int(values.min())
    if int(values.max()) - least >= LIMIT >> bits:
        return np.argsort(values)
    # Sorting numbers takes less than half the time of sorting rows by them.
    packed = ((values - least) << bits) | np.arange(len(values), dtype=np.int64)
    packed.sort()
    rows: Rows = packed & ((1 << bits) - 1)
    return rows


def integral(amounts: Numbers, lengths: Numbers) -> int:
    """Return the sum of amount times length over all rows; lengths are not negative."""
    amounts, lengths = _safe(amounts, lengths)
    return int((amounts * lengths).sum()) if len(amounts) else 0


def integrals(lanes: Rows, count: int, amounts: Numbers, lengths: Numbers) -> Numbers:
    """Return the same for each of `count` lanes."""
    amounts, lengths = _safe(amounts, lengths)
    return sums(lanes, count, amounts * lengths)


def sums(lanes: Rows, count: int, amounts: Numbers) -> Numbers:
    """Return the sum of each lane's rows; those of all lanes together must fit."""
    total = np.zeros(count, dtype=amounts.dtype)
    np.add.at(total, lanes, amounts)
    return total


def _safe(amounts: Numbers, lengths: Numbers) -> tuple[Numbers, Numbers]:
    """Return both as Python's integers if the sum of their products might not fit."""
    if len(amounts) == 0 or object in (amounts.dtype, lengths.dtype):
        return amounts, lengths
    most = int(np.abs(amounts).max()) * int(lengths.max()) * len(amounts)
    # The sum of lengths fits (they lie on one line), and is mostly much less than max times rows.
    if most >= LIMIT:
        most = int(np.abs(amounts).max()) * int(lengths.sum())
    kind = kind_for(most)
    return amounts.astype(kind, copy=False), lengths.astype(kind, copy=False)
