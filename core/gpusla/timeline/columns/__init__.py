"""
The timelines of very many slots as arrays of integers; nothing that runs on a node may import it.

`model` says what the columns are and makes them of a timeline.
"""

from gpusla.timeline.columns.model import NONE, Columns, Integers, columns_of

__all__ = ["NONE", "Columns", "Integers", "columns_of"]
