"""
The timelines of very many slots as arrays of integers; nothing that runs on a node may import it.

`model` says what the columns are and makes them of a timeline, `claims` what witnesses say before
it is resolved, and `resolve` makes columns of claims, by `verdicts` on conditions in a `table`;
`sayings` numbers the verdicts, as there are few different ones.
"""

from gpusla.timeline.columns.claims import WITNESSES, ClaimColumns, claims_of
from gpusla.timeline.columns.model import NONE, Columns, Integers, columns_of
from gpusla.timeline.columns.resolve import resolve

__all__ = [
    "NONE",
    "WITNESSES",
    "ClaimColumns",
    "Columns",
    "Integers",
    "claims_of",
    "columns_of",
    "resolve",
]
