"""Share of pain: by hand, for one incident and for all."""

from fractions import Fraction

from gpusla.identity import ContractId
from gpusla.parity.pain import Share, SharedIncident, pains

ACME, HOUSE = ContractId("acme-2026"), ContractId("house-2026")


def share(contract: ContractId, lost: int, exposed: int, committed: int) -> Share:
    """So much lost, of so much in the place, of so much committed."""
    return Share(contract, Fraction(lost), exposed, committed)


PUMP = SharedIncident("i1", "hall-1", (share(ACME, 30, 60, 600), share(HOUSE, 5, 50, 100)))
SWITCH = SharedIncident("i2", "c1/r1", (share(ACME, 0, 40, 600), share(HOUSE, 10, 20, 100)))
ALONE = SharedIncident("i3", "c1/r2", (share(ACME, 99, 99, 99),))


def test_pain_by_hand() -> None:
    """
    Acme lost half of what it had there, the house a tenth: five times as much.

    Of all that it was owed acme lost 30 of 600 and the house 5 of 100: no more than the house.
    """
    acme = next(one for one in pains([PUMP], [HOUSE]) if one.contract == ACME)
    assert acme.per_exposed == Fraction(1, 2)
    assert acme.per_exposed_of_house == 5
    assert acme.per_committed == Fraction(1, 20)
    assert acme.per_committed_of_house == 1


def test_all_shared_incidents_are_added_up_before_they_are_divided() -> None:
    """30 of 100 exposed against 15 of 70; an incident of one contract alone is nobody's share."""
    found = pains([PUMP, SWITCH, ALONE], [HOUSE])
    assert [one.incident for one in found] == ["i1", "i1", "i2", "i2", "", ""]
    acme = found[-2]
    assert acme.per_exposed == Fraction(30, 100)
    assert acme.per_exposed_of_house == Fraction(30, 100) / Fraction(15, 70)


def test_without_a_house_or_beside_one_that_lost_nothing_there_is_no_comparison() -> None:
    """Not infinity, and not zero."""
    assert all(one.per_exposed_of_house is None for one in pains([PUMP], []))
    spared = SharedIncident("i4", "hall", (share(ACME, 3, 6, 60), share(HOUSE, 0, 6, 60)))
    assert pains([spared], [HOUSE])[0].per_exposed_of_house is None
