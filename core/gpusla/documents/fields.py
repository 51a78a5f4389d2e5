"""What the models of all files share: their base and the types of their fields."""

import re
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, WithJsonSchema

from gpusla.catalogue.codes import WRONG_TYPE
from gpusla.documents.read import shown
from gpusla.documents.validate import problem
from gpusla.errors import InputError
from gpusla.identity import IDENTIFIER
from gpusla.instants import parse_instant

_ADDRESS = re.compile(r"(?P<host>\[[0-9a-f:.]+\]|[A-Za-z0-9.-]+):(?P<port>\d{1,5})", re.ASCII)
_PORT_MAX = 65_535


class Form(BaseModel):
    """The base of every model of a file: nothing unknown, nothing converted, nothing changed."""

    model_config = ConfigDict(
        extra="forbid", strict=True, frozen=True, hide_input_in_errors=True, allow_inf_nan=False
    )


def _identifier(value: Any) -> Any:
    if isinstance(value, str) and IDENTIFIER.fullmatch(value):
        return value
    raise problem(
        WRONG_TYPE,
        f"{shown(value)} is not an identifier",
        "Use lower case letters, digits and hyphens, at most 63, such as r01-t03.",
    )


def _instant(value: Any) -> Any:
    if not isinstance(value, str):
        raise problem(
            WRONG_TYPE,
            f"{shown(value)} is not an instant in UTC",
            "Write it like 2026-07-01T05:00:00Z.",
        )
    try:
        return parse_instant(value)
    except InputError as cause:
        raise problem(cause.code, cause.message, cause.fix) from cause


@dataclass(frozen=True, slots=True)
class Address:
    """Where a service listens: a host name or address without brackets, and a port."""

    host: str
    port: int


def _address(value: Any) -> Any:
    found = _ADDRESS.fullmatch(value) if isinstance(value, str) else None
    if found is None or int(found["port"]) > _PORT_MAX:
        raise problem(
            WRONG_TYPE,
            f"{shown(value)} is not an address to listen on",
            "Write it like 127.0.0.1:9641.",
        )
    return Address(found["host"].strip("[]"), int(found["port"]))


Identifier = Annotated[
    str,
    BeforeValidator(_identifier),
    WithJsonSchema({"type": "string", "pattern": f"^{IDENTIFIER.pattern}$"}),
]
"""An id: safe in a path, a label and a URL."""

InstantMs = Annotated[int, BeforeValidator(_instant)]
"""RFC 3339 in UTC with a Z in the file; milliseconds since the epoch in the model."""

ListenAddress = Annotated[Address, BeforeValidator(_address)]
"""`host:port` in the file."""
