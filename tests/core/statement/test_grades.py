"""What evidence is worth, and which incidents are told: sums that must come out exactly."""

from dataclasses import replace
from fractions import Fraction

import pytest

from gpusla.catalogue.reasons import State
from gpusla.identity import NodeName
from gpusla.instants import Interval
from gpusla.sla.evaluation import Cause, Loss
from gpusla.sla.incident_costs import incident_costs
from gpusla.statement import Inputs, to_json
from gpusla.statement.from_facts import grounds_of, stated
from gpusla.statement.grades import Graded, Signed, Worth, by_worth, loss_by_grade
from gpusla.statement.incidents import LISTED_MAX
from gpusla.statement.proof import outside_gpu_ms
from gpusla.statement.reading import from_json
from gpusla.statement.revisions import changes_between
from gpusla.timeline.model import Evidence
from tests.core.sla.making import HOUR_MS, month, slot
from tests.core.statement.scenes import (
    FOUR,
    INPUTS,
    RACK,
    bad_october,
    four_promises,
    judged,
    october,
    open_month,
    statement,
)

NODE = NodeName("n1")
HELD_MS = 72 * 744 * HOUR_MS
"""A rack's October in Chicago."""


@pytest.mark.parametrize(
    ("evidence", "signed", "expected"),
    [
        # Nobody observed: no grade, whatever is signed.
        (None, Signed({NODE: 99}), (0, 0)),
        # Records 5 to 9; a signature covers record 9.
        (Evidence(NODE, 5, 9), Signed({NODE: 9}), (100, 0)),
        # It covers record 8 and nobody knows when that was.
        (Evidence(NODE, 5, 9), Signed({NODE: 8}), (0, 100)),
        # All records up to 1,030 are covered: the first 30 of [1,000, 1,100).
        (Evidence(NODE, 5, 9), Signed({NODE: 8}, {NODE: 1_030}), (30, 70)),
        # The instant lies before it, or behind it.
        (Evidence(NODE, 5, 9), Signed({NODE: 8}, {NODE: 900}), (0, 100)),
        (Evidence(NODE, 5, 9), Signed({NODE: 8}, {NODE: 2_000}), (100, 0)),
        # All of its records came after the last signature.
        (Evidence(NODE, 9, 9), Signed({NODE: 8}, {NODE: 2_000}), (0, 100)),
        # Another node's signatures say nothing.
        (Evidence(NODE, 5, 9), Signed({NodeName("n2"): 99}), (0, 100)),
    ],
)  # fmt: skip
def test_a_span_is_worth_what_its_records_are(
    evidence: Evidence | None, signed: Signed, expected: tuple[int, int]
) -> None:
    """Of 100 milliseconds from the thousandth on: signed, chained, and the rest no record."""
    found = dict(by_worth(evidence, Interval(1_000, 1_100), signed))
    assert (found.get(Worth.SIGNED, 0), found.get(Worth.CHAINED, 0)) == expected
    assert sum(found.values()) == 100


def test_a_loss_falls_in_equal_parts_on_its_slots() -> None:
    """Three slots, 90 GPU-ms: one signed, one not, one unobserved; and none without any slot."""
    causes = (
        Cause(slot(0), State.DOWN, (), Evidence(NODE, 1, 2)),
        Cause(slot(1), State.DOWN, (), Evidence(NODE, 1, 3)),
        Cause(slot(2), State.UNKNOWN, (), None),
    )
    loss = Loss("c2/r01", Interval(0, 30), Fraction(90), ("gpu_lost",), causes)
    third = Fraction(30)
    assert loss_by_grade(loss, Signed({NODE: 2})) == Graded(third, third, third)
    assert loss_by_grade(replace(loss, causes=()), Signed()) == Graded(none=Fraction(90))
    # All of the second slot's records before the loss ended are covered: it is signed too.
    assert loss_by_grade(loss, Signed({NODE: 2}, {NODE: 30})).signed == 60
    assert loss_by_grade(loss, Signed({NODE: 2}, {NODE: 29})).signed == 30


@pytest.mark.parametrize("signed", [{}, {NODE: 1}])
def test_grades_add_up_to_what_was_held_and_to_what_was_lost(signed: dict[NodeName, int]) -> None:
    """Four of 53,568 GPU-hours nobody observed; the rest is worth what its node's records are."""
    inputs = replace(INPUTS, signed=signed)
    for evaluation, of in ((bad_october(), RACK), (four_promises(), FOUR)):
        grounds = grounds_of(evaluation, october(of), inputs)
        known = Fraction(HELD_MS - 4 * HOUR_MS)
        expected = (known, Fraction(0)) if signed else (Fraction(0), known)
        assert (grounds.held.signed, grounds.held.chained) == expected
        assert grounds.held.none == 4 * HOUR_MS
        assert grounds.held.total == evaluation.account.held_gpu_ms == HELD_MS
        assert [name for name, _ in grounds.objectives] == [one.id for one in of.objectives]
        lost = [loss_by_grade(loss, inputs.signatures) for loss in evaluation.losses]
        assert sum(one.total for one in lost) == evaluation.account.lost_gpu_ms


def test_incidents_share_out_all_that_was_lost() -> None:
    """Each of them is worth its part of the fee: 150,000,000.00 over 53,568 GPU-hours."""
    one = statement(bad_october())
    assert one.grounds is not None
    incidents = one.grounds.incidents
    assert incidents.gpu_ms + outside_gpu_ms(one) == one.evaluation.account.lost_gpu_ms
    for told in incidents.listed:
        assert told.minor_units == told.gpu_ms * 15_000_000_000 / HELD_MS
    costs = [told.gpu_ms for told in incidents.listed]
    assert costs == sorted(costs, reverse=True)


def test_only_the_dearest_incidents_are_told_one_by_one() -> None:
    """The others are counted and summed, so that nothing is missing from the whole."""
    costs = incident_costs(bad_october(), october(RACK))
    many = tuple(
        replace(costs[0], gpu_ms=Fraction(100 - n), minor_units=Fraction(n)) for n in range(60)
    )
    free = replace(costs[0], gpu_ms=Fraction(0))
    told = stated((*many, free))
    assert len(told.listed) == LISTED_MAX == 50
    # 50 to 41 GPU-ms, 50 to 59 minor units: ten each.
    assert told.more == 10
    assert told.more_gpu_ms == 455
    assert told.more_minor_units == 545
    assert told.harmless == 1
    assert told.gpu_ms == sum(range(41, 101))


def test_what_was_told_is_read_back() -> None:
    """Grounds, notes and signatures; of a month that still runs an incident may go on."""
    for one in (statement(four_promises()), statement(open_month(), ())):
        again = from_json(to_json(one))
        assert (again.grounds, again.notes, again.inputs) == (one.grounds, one.notes, one.inputs)


def test_a_statement_without_facts_says_nothing_of_evidence() -> None:
    """Nothing is made up, and everything else is there."""
    one = replace(statement(bad_october()), grounds=None)
    again = from_json(to_json(one))
    assert again.grounds is None
    assert again.inputs == Inputs(**{name: getattr(INPUTS, name) for name in Inputs.__slots__})


def test_an_open_month_is_graded_to_date() -> None:
    """72 GPUs for 372 hours; nothing of it is unobserved."""
    half = judged(RACK, month(RACK).interval.start_ms + 372 * HOUR_MS)
    assert grounds_of(half, october(RACK), INPUTS).held == Graded(Fraction(72 * 372 * HOUR_MS))


def test_a_revision_says_what_changed_of_incidents_and_grades() -> None:
    """The half month and the whole: what was signed meanwhile, and what went wrong."""
    half, whole = statement(open_month(), ()), statement(bad_october(), ())
    told = {change.name: (change.before, change.after) for change in changes_between(half, whole)}
    assert told["GPU-hours of grade A"] == ("26,784.000", "53,564.000")
    assert told["GPU-hours without a record"] == ("0.000", "4.000")
    assert told["incidents behind the loss"] == ("31", "33")
    unsaid = changes_between(replace(half, grounds=None), whole)
    assert not [change for change in unsaid if "of grade" in change.name]
