"""
Files that people write: strict YAML in, a checked model out, or one sentence that says what to do.

`read` turns bytes into data that knows its places, `validate` holds it against a pydantic model,
`fields` are the types that such models share.
"""

from gpusla.documents.fields import Form, Identifier, InstantMs
from gpusla.documents.read import SIZE_BYTES_MAX, Document, digest, parse
from gpusla.documents.validate import problem, validate

__all__ = [
    "SIZE_BYTES_MAX",
    "Document",
    "Form",
    "Identifier",
    "InstantMs",
    "digest",
    "parse",
    "problem",
    "validate",
]
