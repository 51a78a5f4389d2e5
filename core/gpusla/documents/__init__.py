"""
Files that people write: strict YAML in, a checked model out, or one sentence that says what to do.

`read` turns bytes into data that knows its places, `validate` holds it against a pydantic model,
`fields` are the types that such models share.
"""

from gpusla.documents.fields import Address, Form, Identifier, InstantMs, ListenAddress
from gpusla.documents.read import SIZE_BYTES_MAX, Document, digest, parse
from gpusla.documents.validate import problem, validate

__all__ = [
    "SIZE_BYTES_MAX",
    "Address",
    "Document",
    "Form",
    "Identifier",
    "InstantMs",
    "ListenAddress",
    "digest",
    "parse",
    "problem",
    "validate",
]
