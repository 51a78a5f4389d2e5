"""Verdicts by number: what very many rows say comes down to few different things."""

from gpusla.timeline.columns.model import Integers
from gpusla.timeline.columns.table import numbered
from gpusla.timeline.columns.verdicts import Verdicts


class Sayings:
    """
    Verdicts by number; equal numbers are equal verdicts.

    verdicts: by number.  numbers: of what it was made of.
    """

    def __init__(self, verdicts: Verdicts) -> None:
        first, self.numbers = numbered(*verdicts.columns)
        self.verdicts = verdicts.where(first)

    def add(self, more: Verdicts) -> Integers:
        """Return the numbers of more verdicts; those that are new get one."""
        known = len(self.verdicts.condition)
        self.verdicts = self.verdicts.and_(more)
        first, place = numbered(*self.verdicts.columns)
        return first[place[known:]]
