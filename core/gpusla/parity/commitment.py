"""
What binds a verdict to its inputs without showing them: a salted digest over canonical JSON.

Prices are easy to guess; so the salt must be secret, random and new for each report.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from fractions import Fraction
from typing import Any

from gpusla.catalogue.codes import WRONG_TYPE
from gpusla.errors import InputError
from gpusla.sla.digest import canonical

FORMAT = "gpusla/parity/1"
SALT_BYTES_MIN = 16


def commitment(inputs: Any, salt: bytes) -> str:
    """
    Return SHA-256 in hex over the format, the salt and the inputs as canonical JSON.

    Raises InputError if the salt is too short to keep the inputs from being guessed.
    """
    if len(salt) < SALT_BYTES_MIN:
        raise InputError(
            WRONG_TYPE,
            f"a salt of {len(salt)} bytes would let others guess prices from the digest",
            fix=f"Give at least {SALT_BYTES_MIN} random bytes, new for each report.",
        )
    content = {"format": FORMAT, "salt": salt.hex(), "inputs": plain(inputs)}
    return hashlib.sha256(canonical(content)).hexdigest()


def plain(value: Any) -> Any:
    """Return any value of this package as maps, lists, text, integers; fractions as `2/3`."""
    match value:
        case Fraction():
            return f"{value.numerator}/{value.denominator}"
        case Mapping():
            return {str(key): plain(one) for key, one in value.items()}
        case tuple() | list():
            return [plain(one) for one in value]
        case None | bool() | int() | str():
            return value
        case _ if is_dataclass(value):
            return {one.name: plain(getattr(value, one.name)) for one in fields(value)}
        case _:
            message = f"{type(value).__name__} has no canonical form"
            raise TypeError(message)
