"""What a whole number of the driver must look like before it is believed to be one."""

from typing import Any

COUNT_MAX = 2**62
"""Above it stand the blank values of drivers: 2^64 - 1, and 2^63 less a few."""

ALL_ONES = 0xFFFF_FFFF
"""What a register of a device that is off its bus reads, and -1 as an unsigned number."""


def is_whole(value: Any) -> bool:
    """Return whether a value is a count that can be true."""
    return type(value) is int and 0 <= value < COUNT_MAX and value != ALL_ONES


def is_bytes(value: Any) -> bool:
    """Return whether a value is a number of bytes that a GPU can have; 2^50 are a million GiB."""
    return type(value) is int and 0 <= value < 2**50


def shown(value: object) -> str:
    """Return how a value is quoted in an explanation."""
    try:
        return repr(value)[:40]
    except ValueError:  # Python refuses to write integers of more than 4,300 digits.
        return "a number of thousands of digits"
