"""What a list of entries says as a whole."""

import pytest

from gpusla.ledger.booking import balance_minor_units, decide
from gpusla.ledger.entries import Entry, is_posted
from tests.core.ledger.judged import owing


def booked(*credits_minor_units: int, is_final: bool) -> tuple[Entry, ...]:
    """Return what is on record once each of these credits was booked, one after the other."""
    entries: tuple[Entry, ...] = ()
    for credit in credits_minor_units:
        entries += decide(entries, owing(credit), is_final=is_final)
    return entries


@pytest.mark.parametrize(
    ("credits_minor_units", "is_final", "is_so", "owed_minor_units"),
    [
        ((), True, False, 0),
        ((75_00,), False, False, 0),
        ((75_00, 0), False, False, 0),
        ((75_00,), True, True, 75_00),
        ((0,), True, True, 0),
        ((75_00, 0), True, True, 0),
    ],
)
def test_a_month_is_posted_once_an_entry_is(
    credits_minor_units: tuple[int, ...],
    is_final: bool,  # noqa: FBT001
    is_so: bool,  # noqa: FBT001
    owed_minor_units: int,
) -> None:
    """Pending and void are not; a month that owed nothing, or gave it all back, is."""
    entries = booked(*credits_minor_units, is_final=is_final)
    assert is_posted(entries) is is_so
    assert balance_minor_units(entries) == owed_minor_units
