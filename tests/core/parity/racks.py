"""
Two racks under three contracts for a month, built by hand: what was planted is known exactly.

acme holds trays 1 to 12 of rack 1; the house 13 to 18 and, of rack 2, 1 to 6; google trays 7 to 18
of rack 2, but for one slot, which is the spare.  Two repairs a tray, never two at once; acme and
the house both lack a GPU on the third day, acme first.
"""

from dataclasses import dataclass, field, replace
from datetime import date
from fractions import Fraction

from gpusla.catalogue.reasons import State
from gpusla.contracts.model import ContractVersion, MonthlyFee, ParityTerms, RampStep
from gpusla.identity import ContractId, NodeName, Slot, TenantId
from gpusla.instants import Interval, parse_instant
from gpusla.inventory.model import ExclusionRecord
from gpusla.journal.model import Condition, Finding
from gpusla.parity.history import Case
from gpusla.sla.evaluate import evaluate
from gpusla.sla.facts import Facts, Holding
from gpusla.sla.facts_file import RecordedFacts
from gpusla.sla.periods import period_of
from gpusla.timeline.model import Evidence, StateSpan, Timeline
from tests.core.contracts.terms import contract

HOUR_MS = 3_600_000
MINUTE_MS = 60_000
MONTH = Interval(parse_instant("2026-10-01T05:00:00Z"), parse_instant("2026-11-01T05:00:00Z"))
PERIOD, SKU = "2026-10", "gb300"
ACME, HOUSE, GOOGLE = "acme-2026", "house-2026", "google-2026"
SPARE = Slot("c2", "r02", "t18", "m4")
GIVEN_MS = MONTH.start_ms + 54 * HOUR_MS
OK = Condition(State.OK)
LOST = Condition(State.DOWN, (Finding("gpu_lost"),))
OUT_OF_FABRIC = Condition(State.DOWN, (Finding("fabric_down"),))

PARITY = ParityTerms(
    most_favoured=True,
    compare_with=("house", "all_external"),
    dimensions=("availability", "time_to_repair", "spare_order", "maintenance_share"),
    price_terms=("effective_price_per_gpu_hour", "target"),
    min_units=8,
)
TRAYS = {
    ACME: [("r01", n) for n in range(1, 13)],
    HOUSE: [("r01", n) for n in range(13, 19)] + [("r02", n) for n in range(1, 7)],
    GOOGLE: [("r02", n) for n in range(7, 19)],
}
PRICES = {ACME: 7_654_321, HOUSE: 5_123_457, GOOGLE: 9_876_543}
"""Minor units for a month; the house's is its shadow price."""


@dataclass(frozen=True, slots=True)
class Plant:
    """
    What happened.

    acme_times: how many times as long acme's repairs took.  spare_to: who was given the spare six
    hours after acme, and four after the house, began to lack a GPU.  fabric_hours: for how long
    each contract was out when rack 1 fell out of its fabric; none at all if empty.
    maintained: tray, by contract, that was worked on from 9 to 17 h UTC of the tenth day.
    """

    acme_times: int = 1
    spare_to: str = ACME
    fabric_hours: dict[str, int] = field(default_factory=dict)
    min_units: int = 8
    maintained: tuple[str, ...] = ()


def trays_of(name: str) -> list[tuple[Slot, ...]]:
    """The slots of each tray of a contract; the spare is nobody's."""
    found = [tuple(Slot("c2", rack, f"t{n:02}", f"m{m}") for m in range(1, 5)) for rack, n in
             TRAYS[name]]  # fmt: skip
    return [tuple(slot for slot in tray if slot != SPARE) for tray in found]


def terms(name: str, plant: Plant) -> ContractVersion:
    """A contract for just the GPUs that it holds."""
    gpus = sum(map(len, trays_of(name)))
    start = date(2026, 7, 1)
    is_house = name == HOUSE
    made = contract(
        id=ContractId(name),
        tenant=TenantId(name.removesuffix("-2026")),
        house=is_house,
        fees={
            "recurring": (MonthlyFee(start, 0 if is_house else PRICES[name]),),
            "shadow_minor_units": PRICES[name] if is_house else 0,
        },
        capacity={"ramp": (RampStep(start, gpus),)},
    )
    is_promised = name == ACME
    return replace(made, parity=replace(PARITY, min_units=plant.min_units) if is_promised else None)


def recorded(name: str, plant: Plant) -> RecordedFacts:
    """One contract's facts of the month."""
    failures: dict[Slot, list[tuple[int, int, Condition]]] = {}
    for number, tray in enumerate(trays_of(name)):
        for slot, start_ms, length_ms in _repairs(name, number, tray, plant):
            failures.setdefault(slot, []).append((start_ms, start_ms + length_ms, LOST))
        hours = plant.fabric_hours.get(name, 0)
        if tray[0].rack == "r01" and hours:
            start_ms = MONTH.start_ms + 700 * HOUR_MS
            for slot in tray:
                row = (start_ms, start_ms + hours * HOUR_MS, OUT_OF_FABRIC)
                failures.setdefault(slot, []).append(row)
    held = {slot: (Holding(MONTH, SKU),) for tray in trays_of(name) for slot in tray}
    if plant.spare_to == name:
        held[SPARE] = (Holding(Interval(GIVEN_MS, MONTH.end_ms), SKU),)
    spans = {slot: _spans(slot, failures.get(slot, [])) for slot in held}
    facts = Facts(Timeline(MONTH, spans), held, _records(name, plant))
    return RecordedFacts(ContractId(name), PERIOD, MONTH.end_ms, facts)


def case(name: str, plant: Plant) -> Case:
    """One contract's month, judged."""
    version, known = terms(name, plant), recorded(name, plant)
    period = period_of(version, PERIOD)
    return Case(evaluate(version, period, known.until_ms, known.facts), known.facts)


def cases(plant: Plant) -> list[Case]:
    """All three."""
    return [case(name, plant) for name in (ACME, HOUSE, GOOGLE)]


def price(name: str) -> Fraction:
    """Minor units for a committed GPU-hour."""
    gpus = sum(map(len, trays_of(name)))
    return Fraction(PRICES[name] * HOUR_MS, gpus * MONTH.duration_ms)


def _repairs(
    name: str, number: int, tray: tuple[Slot, ...], plant: Plant
) -> list[tuple[Slot, int, int]]:
    """Two repairs of 60 to 180 minutes on a tray, by number alike for all; and the two shorts."""
    times = plant.acme_times if name == ACME else 1
    order = (ACME, HOUSE, GOOGLE).index(name)
    found = []
    for turn in range(2):
        # 20 hours apart, each contract at hours of its own, after the third day.
        start_ms = MONTH.start_ms + (80 + 24 * number + 300 * turn + 7 * order) * HOUR_MS
        length_ms = (60 + (37 * (number + 5 * turn)) % 121) * MINUTE_MS * times
        found.append((tray[turn], start_ms, length_ms))
    if number == 0 and name != GOOGLE:
        waited = 6 if name == ACME else 4
        found.append((tray[2], GIVEN_MS - waited * HOUR_MS, 10 * HOUR_MS))
    return found


def _spans(slot: Slot, failures: list[tuple[int, int, Condition]]) -> tuple[StateSpan, ...]:
    rows, at_ms = [], MONTH.start_ms
    for start_ms, end_ms, condition in sorted(failures, key=lambda row: row[0]):
        rows += [(at_ms, start_ms, OK), (start_ms, end_ms, condition)]
        at_ms = end_ms
    rows.append((at_ms, MONTH.end_ms, OK))
    seen = Evidence(NodeName(f"{slot.rack}-{slot.tray}"), 1, 2)
    return tuple(StateSpan(slot, a, b, condition, evidence=seen) for a, b, condition in rows)


def _records(name: str, plant: Plant) -> tuple[ExclusionRecord, ...]:
    if name not in plant.maintained:
        return ()
    day_ms = parse_instant("2026-10-10T00:00:00Z")
    return (
        ExclusionRecord(
            "work", day_ms + 9 * HOUR_MS, day_ms + 17 * HOUR_MS, day_ms, None, False,  # noqa: FBT003
            trays_of(name)[1], ContractId(name), "maintenance", "Firmware.", "none", "none", None,
        ),
    )  # fmt: skip
