"""
The document that a tenant gets: every figure, and what stands behind it.

`model` puts it together, `derivation` says how each figure came about, `text` and
`canonical` write it.
"""

from gpusla.statement.canonical import digest, to_json
from gpusla.statement.model import FORMAT, Grounds, Inputs, Standing, Statement, build
from gpusla.statement.text import render_text

__all__ = [
    "FORMAT",
    "Grounds",
    "Inputs",
    "Standing",
    "Statement",
    "build",
    "digest",
    "render_text",
    "to_json",
]
