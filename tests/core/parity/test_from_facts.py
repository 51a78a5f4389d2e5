"""From facts to a report: what was planted in two racks is found, and nothing where nothing was."""

from dataclasses import replace
from fractions import Fraction

import pytest

from gpusla.catalogue.reasons import State
from gpusla.contracts.model import RampStep
from gpusla.errors import InputError
from gpusla.identity import ContractId
from gpusla.instants import Interval
from gpusla.inventory.model import AssignmentRecord, NodeRecord
from gpusla.inventory.registry import Assignments, Inventory
from gpusla.journal.model import Condition, Finding
from gpusla.parity.commitment import plain
from gpusla.parity.from_facts import Registry, inputs_of
from gpusla.parity.history import Case
from gpusla.parity.read_back import read_back
from gpusla.parity.report import Method, ParityInputs, ParityReport, report
from gpusla.parity.verdict import Standing, verdict
from gpusla.sla.evaluate import evaluate
from gpusla.sla.facts import Facts, Holding
from gpusla.sla.periods import period_of
from gpusla.timeline.model import StateSpan, Timeline
from tests.core.parity.racks import (
    ACME,
    GIVEN_MS,
    GOOGLE,
    HOUR_MS,
    HOUSE,
    LOST,
    MINUTE_MS,
    MONTH,
    OK,
    PERIOD,
    SKU,
    SPARE,
    Plant,
    case,
    cases,
    price,
    terms,
    trays_of,
)

SALT = bytes(16)


def found(plant: Plant) -> ParityReport:
    """The report on a month."""
    return report(inputs_of(cases(plant), None))


def told(plant: Plant) -> dict[str, Standing]:
    """What acme is told of a month."""
    return dict(verdict(found(plant), ContractId(ACME), SALT).findings)


def test_where_nothing_was_planted_nothing_is_found() -> None:
    """But for terms: the house pays less.  Nobody who is compared was given a spare."""
    assert told(Plant()) == {
        "availability": Standing.NO_WORSE,
        "time_to_repair": Standing.NO_WORSE,
        "spare_order": Standing.NOT_COMPARABLE,
        "maintenance_share": Standing.NO_WORSE,
        "price_terms": Standing.WORSE,
    }
    assert not found(Plant()).queue_jumps


def test_repairs_that_take_twice_as_long_are_found() -> None:
    """With the median that was planted: of 25 repairs of acme's the 13th."""
    plant = Plant(acme_times=2)
    assert told(plant)["time_to_repair"] is Standing.WORSE
    assert told(plant)["maintenance_share"] is Standing.NO_WORSE
    ours, _, houses = found(plant).ratios
    lengths = sorted([(60 + (37 * (n + 5 * t)) % 121) for n in range(12) for t in range(2)])
    assert ours.repair_median_ms == sorted([2 * n for n in lengths] + [600])[12] * MINUTE_MS
    assert houses.repair_median_ms == sorted([*lengths, 600])[12] * MINUTE_MS


def test_a_spare_given_to_the_house_while_the_tenant_had_waited_longer_is_found() -> None:
    """Acme had lacked a GPU for six hours, the house for four; acme's was back four hours later."""
    (jump,) = found(Plant(spare_to=HOUSE)).queue_jumps
    assert (jump.at_ms, jump.slot) == (GIVEN_MS, SPARE)
    assert (jump.given_to, jump.given_waiting_since_ms) == (HOUSE, GIVEN_MS - 4 * HOUR_MS)
    assert (jump.passed_over, jump.waiting_since_ms) == (ACME, GIVEN_MS - 6 * HOUR_MS)
    assert jump.unit == str(trays_of(ACME)[0][2])
    assert jump.ticket
    assert jump.displaced_gpu_ms == 4 * HOUR_MS
    assert told(Plant(spare_to=HOUSE))["spare_order"] is Standing.WORSE


def test_below_the_agreed_number_of_units_nothing_is_called() -> None:
    """Twelve trays each, and thirteen are asked for, whatever was planted."""
    standing = told(Plant(acme_times=2, spare_to=HOUSE, min_units=13))
    assert standing["time_to_repair"] is Standing.TOO_FEW_UNITS
    assert standing["availability"] is Standing.TOO_FEW_UNITS
    assert standing["spare_order"] is Standing.WORSE  # exact, of any number


def test_a_rack_that_fails_is_one_misfortune_and_no_pattern() -> None:
    """48 slots of acme's for 12 hours at once: twelve trays, and none of anybody else's."""
    plant = Plant(fabric_hours={ACME: 12})
    assert told(plant)["availability"] is Standing.NO_WORSE
    assert told(plant)["time_to_repair"] is Standing.NO_WORSE
    units = [one for one in inputs_of(cases(plant), None).units if one.contract == ACME]
    (struck,) = [one for one in units if one.unit.startswith("incident ")]
    assert (struck.held_ms, struck.lost_ms, struck.repairs_ms) == (
        0, 48 * 12 * HOUR_MS, (12 * HOUR_MS,),
    )  # fmt: skip
    ratios = found(plant).ratios[0]
    minutes = sum(60 + (37 * (n + 5 * turn)) % 121 for n in range(12) for turn in range(2))
    own_ms = (minutes + 600) * MINUTE_MS
    held_ms = 48 * MONTH.duration_ms + MONTH.end_ms - GIVEN_MS
    assert ratios.availability == 1 - Fraction(own_ms + 48 * 12 * HOUR_MS, held_ms)


def test_a_shared_incident_shows_who_was_helped_last() -> None:
    """Rack 1 fell out: all 48 of acme's for 4 hours, the 24 that the house has there for 2."""
    pains = [one for one in found(Plant(fabric_hours={ACME: 4, HOUSE: 2})).pains if one.incident]
    acme, house = pains
    assert (acme.contract, house.contract) == (ACME, HOUSE)
    # Acme had one GPU more than is committed, the spare; it made up for one of 48.
    assert acme.per_committed == Fraction(47, 48)
    assert house.per_committed == Fraction(24 * 2, 48 * 4)
    assert house.per_exposed == Fraction(1, 2)
    assert acme.per_exposed_of_house == Fraction(47, 48) * 2


def test_an_incident_of_one_contract_alone_is_shared_with_nobody() -> None:
    """The house had GPUs in the rack, and none of them was struck."""
    assert not found(Plant(fabric_hours={ACME: 4})).pains


def test_prices_are_those_of_a_committed_gpu_hour() -> None:
    """Of the house its shadow price."""
    for one in inputs_of(cases(Plant()), None).customers:
        level = one.terms.levels["effective_price_per_gpu_hour"]
        assert level == (price(one.contract),)


def test_maintenance_counts_in_the_hours_that_are_asked_for() -> None:
    """9 to 17 h UTC is 4 to 12 h in Chicago: four of these hours lie after 8 h, of 12 a day."""
    plant = Plant(maintained=(ACME,))
    anytime = inputs_of(cases(plant), None)
    at_peak = inputs_of(cases(plant), None, Method(peak_hours=(8, 20)))
    for given, hours, held in ((anytime, 8, 744), (at_peak, 4, 31 * 12)):
        (unit,) = [one for one in given.units if one.maintenance_at_peak_ms]
        assert unit.maintenance_at_peak_ms == 4 * hours * HOUR_MS
        assert unit.held_at_peak_ms == 4 * held * HOUR_MS


def test_what_begins_in_recorded_maintenance_is_no_repair() -> None:
    """A tray is taken down for the work."""
    plant = Plant(maintained=(ACME,))
    given = case(ACME, plant)
    (record,) = given.facts.exclusions
    assert record.until_ms is not None
    slot = record.slots[3]
    worked = [(MONTH.start_ms, record.from_ms, OK), (record.from_ms, record.until_ms, LOST),
              (record.until_ms, MONTH.end_ms, OK)]  # fmt: skip
    changed = with_spans(given, slot, worked)
    unit = next(one for one in inputs_of([changed], None).units if one.unit == "c2/r01/t02")
    before = next(one for one in inputs_of([given], None).units if one.unit == "c2/r01/t02")
    assert unit.repairs_ms == before.repairs_ms
    assert unit.lost_ms == before.lost_ms + 8 * HOUR_MS


def test_a_tray_that_is_pulled_for_repair_is_under_repair_until_it_is_seen_again() -> None:
    """Down for an hour, unseen for five, then working: a repair of six; unseen alone is none."""
    given = case(GOOGLE, Plant())
    slot = trays_of(GOOGLE)[0][3]
    start_ms = MONTH.start_ms
    unseen = Condition(State.UNKNOWN, (Finding("not_observed"),))
    rows = [
        (start_ms, start_ms + HOUR_MS, OK),
        (start_ms + HOUR_MS, start_ms + 2 * HOUR_MS, LOST),
        (start_ms + 2 * HOUR_MS, start_ms + 7 * HOUR_MS, unseen),
        (start_ms + 7 * HOUR_MS, start_ms + 20 * HOUR_MS, OK),
        (start_ms + 20 * HOUR_MS, start_ms + 23 * HOUR_MS, unseen),
        (start_ms + 23 * HOUR_MS, MONTH.end_ms, OK),
    ]
    made = inputs_of([with_spans(given, slot, rows)], None)
    unit = next(one for one in made.units if one.unit == "c2/r02/t07")
    assert unit.repairs_ms[0] == 6 * HOUR_MS
    assert unit.unknown_ms == 3 * HOUR_MS
    first = made.shortfalls[0]
    assert (first.opened_ms, first.closed_ms) == (start_ms + HOUR_MS, start_ms + 7 * HOUR_MS)


def test_assignment_records_say_the_same_as_the_facts() -> None:
    """And name who was given something and is not looked at."""
    plant = Plant(spare_to=HOUSE)
    from_facts = inputs_of(cases(plant), None)
    assert inputs_of(cases(plant), registry(plant)) == from_facts
    alone = inputs_of([case(ACME, plant)], registry(plant))
    assert (alone.hand_overs, alone.left_out) == ((), (HOUSE,))


def test_more_than_is_committed_makes_up_for_a_gpu_and_less_is_a_shortfall() -> None:
    """47 are committed to google, and then 50 from the 20th on: three are missing at once."""
    given = case(GOOGLE, Plant())
    version = given.evaluation.contract
    ramp = (*version.capacity.ramp, RampStep(version.term.start.replace(month=10, day=20), 50))
    version = replace(version, capacity=replace(version.capacity, ramp=ramp))
    judged = evaluate(version, period_of(version, PERIOD), MONTH.end_ms, given.facts)
    made = inputs_of([Case(judged, given.facts)], None)
    unassigned = [one for one in made.shortfalls if one.unit == "unassigned"]
    assert [one.closed_ms for one in unassigned].count(None) == 3
    assert {(one.sku, one.pool) for one in made.shortfalls} == {(SKU, "c2")}


def test_facts_of_another_month_are_refused() -> None:
    """Both contracts are named, with their months."""
    other = case(HOUSE, Plant())
    period = replace(other.evaluation.period, key="2026-11")
    with pytest.raises(InputError, match="acme-2026 are of 2026-10 and those of house-2026 of 20"):
        inputs_of(
            [case(ACME, Plant()), Case(replace(other.evaluation, period=period), other.facts)], None
        )
    with pytest.raises(InputError, match="no facts"):
        inputs_of([], None)


def test_a_contract_that_was_amended_within_the_month_is_one_customer() -> None:
    """Two segments, told with the same facts, come to what the whole month does."""
    version = terms(ACME, Plant())
    amended = replace(
        version, version=2, effective_from=version.term.start.replace(month=10, day=9)
    )
    facts = case(ACME, Plant()).facts
    parts = [
        Case(
            evaluate(
                one, period_of(amended, f"{PERIOD}-v{one.version}", (version, amended)),
                MONTH.end_ms, facts, versions=(version, amended),
            ),
            facts,
        )
        for one in (version, amended)
    ]  # fmt: skip
    others = [case(name, Plant()) for name in (HOUSE, GOOGLE)]
    whole, made = inputs_of(cases(Plant()), None), inputs_of([*parts, *others], None)
    assert made.period == whole.period
    assert made.units == whole.units
    assert made.shortfalls == whole.shortfalls


def test_inputs_are_read_back_to_the_letter() -> None:
    """And what is not to the letter is refused with its place."""
    given = inputs_of(cases(Plant(fabric_hours={ACME: 4, HOUSE: 2})), None)
    written = plain(given)
    assert read_back(ParityInputs, written) == given
    for place, value, why in (
        ("until_ms", True, "until_ms is not a whole number"),
        ("period", 10, "period is not text"),
        ("left_out", {}, "left_out is not a list"),
        ("extra", 1, "it is not a ParityInputs"),
    ):
        with pytest.raises(ValueError, match=why):
            read_back(ParityInputs, {**written, place: value})
    written["incidents"][0]["shares"][0]["lost_gpu_ms"] = "2/4"
    with pytest.raises(ValueError, match=r"incidents\[0\].shares\[0\].lost_gpu_ms is not in its"):
        read_back(ParityInputs, written)


def with_spans(given: Case, slot: object, rows: list[tuple[int, int, Condition]]) -> Case:
    """The same case, where a slot was seen otherwise, judged anew."""
    facts = given.facts
    assert isinstance(facts.timeline, Timeline)
    spans = dict(facts.timeline.spans)
    before = spans[slot]  # type: ignore[index]
    spans[before[0].slot] = tuple(
        StateSpan(before[0].slot, a, b, condition, evidence=before[0].evidence)
        for a, b, condition in rows
    )
    changed = replace(facts, timeline=Timeline(facts.timeline.period, spans))
    known = given.evaluation
    return Case(evaluate(known.contract, known.period, known.until_ms, changed), changed)


def registry(plant: Plant) -> Registry:
    """The records behind the facts of the month."""
    nodes = tuple(
        NodeRecord(
            f"{rack}-t{n:02}", 0, None, 0, None, False, f"{rack}-t{n:02}", "http://x", "c2",  # type: ignore[arg-type]  # noqa: FBT003
            rack, f"t{n:02}", SKU, (1, 2, 3, 4),
        )
        for rack in ("r01", "r02")
        for n in range(1, 19)
    )  # fmt: skip
    held = [
        AssignmentRecord(
            name, MONTH.start_ms - HOUR_MS, None, 0, None, False,  # noqa: FBT003
            tuple(slot for tray in trays_of(name) for slot in tray), ContractId(name),
        )
        for name in (ACME, HOUSE, GOOGLE)
    ]  # fmt: skip
    given = AssignmentRecord(
        "spare",
        GIVEN_MS,
        None,
        0,
        None,
        False,  # noqa: FBT003
        (SPARE,),
        ContractId(plant.spare_to),
    )
    return Registry(Assignments((*held, given)), Inventory("c2", nodes))


def test_a_slot_that_moves_to_another_contract_is_each_ones_in_its_time() -> None:
    """What it lost under one is not the other's."""
    given = case(HOUSE, Plant(spare_to=HOUSE))
    half = Interval(MONTH.start_ms, GIVEN_MS)
    held = {**given.facts.held, SPARE: (Holding(half, SKU),)}
    spans = dict(given.facts.timeline.spans)  # type: ignore[union-attr]
    spans[SPARE] = (
        StateSpan(SPARE, MONTH.start_ms, GIVEN_MS - HOUR_MS, OK),
        StateSpan(SPARE, GIVEN_MS - HOUR_MS, GIVEN_MS + HOUR_MS, LOST),
        StateSpan(SPARE, GIVEN_MS + HOUR_MS, MONTH.end_ms, OK),
    )
    facts = Facts(Timeline(MONTH, spans), held)
    known = given.evaluation
    made = Case(evaluate(known.contract, known.period, known.until_ms, facts), facts)
    unit = next(one for one in inputs_of([made], None).units if one.unit == "c2/r02/t18")
    assert (unit.held_ms, unit.lost_ms) == (half.duration_ms, HOUR_MS)
    assert not unit.repairs_ms  # taken away, not repaired
