"""
The JSON Schema of contract files, made from the forms that read them.

It says what form alone can say: keys, types, choices and limits.  What fields must be to one
another is checked by `load_contract` and cannot be said here.
"""

from typing import Any

from pydantic.json_schema import GenerateJsonSchema, JsonSchemaMode
from pydantic_core import CoreSchema

from gpusla.contracts.schema import ContractForm

DIALECT = "https://json-schema.org/draft/2020-12/schema"
ID = "urn:gpusla:schema:contract:v1"


class _Published(GenerateJsonSchema):
    """With the dialect and the name in front, and without titles that only repeat the keys."""

    def generate(self, schema: CoreSchema, mode: JsonSchemaMode = "validation") -> dict[str, Any]:
        found = _untitled(super().generate(schema, mode))
        return {"$schema": DIALECT, "$id": ID, "title": "A contract of gpusla", **found}


def contract_schema() -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of a contract file."""
    return ContractForm.model_json_schema(by_alias=True, schema_generator=_Published)


def _untitled(value: Any) -> Any:
    """Drop titles; a key of a mapping that happens to be called title stays."""
    if isinstance(value, list):
        return [_untitled(one) for one in value]
    if not isinstance(value, dict):
        return value
    return {
        key: (
            {name: _untitled(one) for name, one in inner.items()}
            if key in {"properties", "$defs"}
            else _untitled(inner)
        )
        for key, inner in value.items()
        if not (key == "title" and isinstance(inner, str))
    }
