"""What the models of all files share: their base and the types of their fields."""

from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict

from gpusla.catalogue.codes import WRONG_TYPE
from gpusla.documents.read import shown
from gpusla.documents.validate import problem
from gpusla.errors import InputError
from gpusla.identity import IDENTIFIER
from gpusla.instants import parse_instant


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


Identifier = Annotated[str, BeforeValidator(_identifier)]
"""An id: safe in a path, a label and a URL."""

InstantMs = Annotated[int, BeforeValidator(_instant)]
"""RFC 3339 in UTC with a Z in the file; milliseconds since the epoch in the model."""
