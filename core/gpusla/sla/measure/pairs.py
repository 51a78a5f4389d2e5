"""What a span may say, condition and other, as one number: there are few of these."""

from dataclasses import dataclass

import numpy as np

from gpusla.journal.model import Condition
from gpusla.sla.measure.exact import Numbers, Rows
from gpusla.timeline.columns import NONE

DENSE = 1 << 16
"""Up to so many pairs, those that do not occur are kept too, which saves looking each up."""


@dataclass(frozen=True, slots=True, eq=False)
class Pairs:
    """
    Pairs by their numbers: condition and other, as indices into conditions.

    other is NONE where all is agreed.
    """

    conditions: tuple[Condition, ...]
    condition: Rows
    other: Rows

    def counted(self, of_condition: Numbers) -> Numbers:
        """Return for each pair the figure of its condition."""
        figures: Numbers = of_condition[self.condition]
        return figures

    def besides(self, of_condition: Numbers) -> Numbers:
        """Return for each pair the figure of its other, or of its condition where it has none."""
        figures: Numbers = of_condition[np.where(self.other == NONE, self.condition, self.other)]
        return figures


def paired(conditions: tuple[Condition, ...], condition: Rows, other: Rows) -> tuple[Pairs, Rows]:
    """Return pairs, and which of them each row is; pair c stands for condition c and no other."""
    count = len(conditions)
    code = condition + (other + 1) * count
    if count * (count + 1) <= DENSE:
        codes = np.arange(count * (count + 1), dtype=np.int64)
    else:
        codes, code = np.unique(
            np.concatenate((np.arange(count, dtype=np.int64), code)), return_inverse=True
        )
        code = code[count:]
    return Pairs(conditions, codes % count, codes // count - 1), code
