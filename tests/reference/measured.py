"""What an objective's window came to, as the second opinion writes it down."""

from dataclasses import dataclass, field
from fractions import Fraction

from tests.reference.case import BOUNDS

ZERO = Fraction(0)


def three(number: Fraction | int = 0) -> dict[str, Fraction]:
    """Return the same number in each bound."""
    return {bound: Fraction(number) for bound in BOUNDS}


@dataclass(slots=True)
class Thing:
    """
    A unit, or all of them as one: its figures by bound of the value.

    whole: its total once the window is over.  down: tick by tick.  late_steps: of repairs.
    """

    name: str
    total: dict[str, Fraction] = field(default_factory=three)
    lost: dict[str, Fraction] = field(default_factory=three)
    whole: Fraction = ZERO
    down: dict[str, list[bool]] = field(default_factory=dict)
    late_steps: dict[str, int] = field(default_factory=dict)


@dataclass(slots=True)
class Measured:
    """
    An objective's figures by bound of the value.

    has_units: whether each thing is judged by itself.
    """

    total: dict[str, Fraction]
    lost: dict[str, Fraction]
    whole: Fraction
    things: list[Thing]
    has_units: bool = False

    def value(self, bound: str) -> Fraction | None:
        """Return 1 - lost / total, if there is anything to judge."""
        return ratio(self.lost[bound], self.total[bound])


def ratio(lost: Fraction, total: Fraction) -> Fraction | None:
    """6.3."""
    return None if total == 0 else 1 - lost / total


def added(things: list[Thing], *, has_units: bool = False) -> Measured:
    """7.5: the sums over all units."""
    total = {bound: sum((one.total[bound] for one in things), ZERO) for bound in BOUNDS}
    lost = {bound: sum((one.lost[bound] for one in things), ZERO) for bound in BOUNDS}
    whole = sum((one.whole for one in things), ZERO)
    return Measured(total, lost, whole, things, has_units=has_units)
