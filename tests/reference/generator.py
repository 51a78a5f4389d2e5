"""Cases by chance: a contract and a story of a few ticks, full of coincidences."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from random import Random

from gpusla.contracts.model import ContractVersion, Proration
from gpusla.contracts.promises import Kind, Objective
from gpusla.contracts.remedies import Step, Tier
from gpusla.identity import DomainId, Slot
from gpusla.instants import Interval
from gpusla.sla.facts import Facts
from tests.core.contracts.terms import contract as plain_contract
from tests.reference.case import Case
from tests.reference.credits import Judged
from tests.reference.dice import Dice
from tests.reference.evaluator import evaluate
from tests.reference.random_contracts import (
    fee_in_force,
    random_capacity,
    random_claims,
    random_combination,
    random_fees,
    random_rules,
)
from tests.reference.random_facts import (
    random_exclusions,
    random_holdings,
    random_measurements,
    random_repairs,
    random_requests,
    random_slots,
    random_timeline,
    unit_names,
)
from tests.reference.random_objectives import random_objective

DAY_MS = 86_400_000
MONTHS = (date(2026, 10, 1), date(2026, 11, 1), date(2027, 2, 1), date(2027, 12, 1))
TICKS_MS = (60_000, 60_000, 30_000, 20_000, 10_000, 1_000, 1)
TERM = (date(2026, 7, 1), date(2029, 12, 31))
YEAR_MS = 365 * DAY_MS


@dataclass(frozen=True, slots=True)
class Generated:
    """A case, and the billing period that its window is a part of."""

    case: Case
    month: date
    whole: Interval


def midnight_ms(day: date) -> int:
    """Return the start of a day in UTC, the zone of every case."""
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()) * 1_000


def month_after(month: date) -> date:
    """Return the first day of the next month."""
    return (month.replace(day=28) + timedelta(days=4)).replace(day=1)


def seeded(seed: int) -> Generated:
    """Return the case of a seed."""
    return generate(Random(seed))  # noqa: S311  (chance, and no secret)


def generate(random: Random) -> Generated:
    """Return a case; nearly a third have a threshold that their own figures meet exactly."""
    made = _generate(Dice(random))
    if random.randrange(100) < 30:
        contract = _with_edges(random, made.case)
        made = replace(made, case=replace(made.case, contract=contract))
    return made


def _with_edges(random: Random, case: Case) -> ContractVersion:
    opinion = evaluate(case)
    objectives = tuple(_on_the_edge(random, one) for one in opinion.judged)
    combination = case.contract.combination
    given = opinion.settled.claimable["value"]
    if given and random.randrange(4) == 0:
        combination = replace(combination, minimum_minor_units=given)
        objectives = case.contract.objectives
    return replace(case.contract, objectives=objectives, combination=combination)


def _generate(dice: Dice) -> Generated:
    dice.tick_ms = dice.one(TICKS_MS)
    month = dice.one(MONTHS)
    whole = Interval(midnight_ms(month), midnight_ms(month_after(month)))
    window = _window(dice, whole)
    until_ms = window.end_ms
    if dice.often(20):
        until_ms -= dice.random.randrange(window.duration_ms // dice.tick_ms) * dice.tick_ms
    reach = _reach(dice, window, until_ms)
    margin_ms = dice.one((0, 0, 5, 30)) * dice.tick_ms
    dice.first_ms = reach.start_ms - margin_ms
    dice.last_ms = max(reach.end_ms, window.end_ms) + margin_ms
    dice.edges_ms += [window.start_ms, window.end_ms, until_ms, reach.start_ms, reach.end_ms]
    contract = _contract(dice, window, whole)
    judged_at = (window, until_ms, reach)
    case = as_case(contract, window, until_ms, _facts(dice, contract, judged_at), whole)
    return Generated(case, month, whole)


def _window(dice: Dice, whole: Interval) -> Interval:
    """Return a part of the month: at its start, at its end, over a midnight, or anywhere."""
    most = dice.one((3, 12, 30, 60, 60, 120, 300))
    length_ms = dice.random.randint(1, most) * dice.tick_ms
    place = dice.random.randrange(4)
    if place == 0:
        start_ms = whole.start_ms
    elif place == 1:
        start_ms = whole.end_ms - length_ms
    elif place == 2:
        inside_ms = dice.random.randint(0, length_ms // dice.tick_ms) * dice.tick_ms
        start_ms = whole.start_ms + 12 * DAY_MS - inside_ms
        dice.edges_ms.append(whole.start_ms + 12 * DAY_MS)
    else:
        start_ms = whole.start_ms + 15 * DAY_MS + dice.random.randint(0, 400) * dice.tick_ms
    return Interval(start_ms, start_ms + length_ms)


def _reach(dice: Dice, window: Interval, until_ms: int) -> Interval:
    """Return how far the timeline goes; mostly beyond the window, at times not as far."""
    before_ms = dice.one((0, 0, 3, 10, 25)) * dice.tick_ms
    after_ms = dice.one((0, 0, 3, 10, 25)) * dice.tick_ms
    start_ms, end_ms = window.start_ms - before_ms, until_ms + after_ms
    if dice.often(2):
        start_ms += dice.tick_ms
    return Interval(start_ms, max(end_ms, start_ms + dice.tick_ms))


def _contract(dice: Dice, window: Interval, whole: Interval) -> ContractVersion:
    start, end = _term(dice, window)
    days = [start, *_midnights(window, start)]
    fees = random_fees(dice, start, end)
    return plain_contract(
        effective_from=start,
        term={"start": start, "end": end, "timezone": "UTC"},
        fees=fees,
        capacity=random_capacity(dice, days),
        exclusion_rules=random_rules(dice),
        objectives=tuple(
            random_objective(dice, id_) for id_ in ("one", "two", "three")[: dice.one((1, 1, 2, 3))]
        ),
        combination=random_combination(dice, fee_due(fees, window, whole)),
        claims=random_claims(dice),
    )


def fee_due(fees: object, window: Interval, whole: Interval) -> Fraction:
    """12.1, for fees of random_fees."""
    fee = fee_in_force(fees)  # type: ignore[arg-type]
    if fees.proration is Proration.ACTUAL_TIME:  # type: ignore[attr-defined]
        return fee * window.duration_ms / whole.duration_ms
    return fee


def _term(dice: Dice, window: Interval) -> tuple[date, date]:
    start, end = TERM
    first_day = _day(window.start_ms)
    if window.start_ms == midnight_ms(first_day) and dice.often(30):
        start = first_day
    if window.end_ms % DAY_MS == 0 and dice.often(50):
        end = _day(window.end_ms - 1)
    return start, end


def _midnights(window: Interval, start: date) -> list[date]:
    """Return the days that begin in the window, and the one after it."""
    first = _day(window.start_ms - 1) + timedelta(days=1)
    last = _day(window.end_ms) + timedelta(days=1)
    days = [first + timedelta(days=number) for number in range((last - first).days + 1)]
    return [day for day in days if day > start]


def _day(instant_ms: int) -> date:
    return datetime.fromtimestamp(instant_ms // 1_000, tz=UTC).date()


def _facts(
    dice: Dice, contract: ContractVersion, judged_at: tuple[Interval, int, Interval]
) -> Facts:
    window, _, reach = judged_at
    slots = random_slots(dice)
    domains = {slot: str(slot.domain) for slot in slots}
    if dice.often(30):
        domains = {slot: f"d{dice.one((1, 1, 2))}" for slot in slots}
    units = unit_names(slots, contract.capacity.unit, domains)
    held = random_holdings(dice, slots, Interval(dice.first_ms, dice.last_ms))
    return Facts(
        timeline=random_timeline(dice, slots, reach),
        held=held,
        exclusions=random_exclusions(dice, slots, contract.exclusion_rules),
        requests={
            one.id: random_requests(dice, one, window)
            for one in contract.objectives
            if one.kind is Kind.REQUEST_RATIO
        },
        measurements={
            one.id: random_measurements(dice, units)
            for one in contract.objectives
            if one.kind is Kind.PERFORMANCE
        },
        repairs=random_repairs(dice, units),
        claimed_ms=dice.one((window.end_ms, window.end_ms, None, window.end_ms + 10 * YEAR_MS)),
        granted_minor_units=_granted(dice, contract.objectives, contract),
        domain_of=_Domains(domains),
    )


@dataclass(frozen=True, slots=True)
class _Domains:
    """A domain_of that can be printed."""

    domains: dict[Slot, str]

    def __call__(self, slot: Slot) -> DomainId:
        return DomainId(self.domains[slot])


def _granted(
    dice: Dice, objectives: Sequence[Objective], contract: ContractVersion
) -> dict[str, int]:
    if not dice.often(5):
        return {}
    most = int(fee_in_force(contract.fees))
    return {one.id: dice.one((0, 1, most // 20)) for one in objectives}


def as_case(
    contract: ContractVersion, window: Interval, until_ms: int, facts: Facts, whole: Interval
) -> Case:
    """Return a case with what calendars would say worked out; of generated contracts alone."""
    over_ms = midnight_ms(contract.term.end + timedelta(days=1))
    steps = [(midnight_ms(step.start), step.gpus) for step in contract.capacity.ramp]
    return Case(
        contract=contract,
        window=window,
        until_ms=until_ms,
        facts=facts,
        fee=fee_due(contract.fees, window, whole),
        first_day_fee=fee_in_force(contract.fees),
        committed=(*(step for step in steps if step[0] < over_ms), (over_ms, 0)),
        period_starts=(whole.start_ms, whole.end_ms),
        deadline_ms=window.end_ms + 5 * YEAR_MS,
        is_last=window.end_ms == over_ms,
    )


def _on_the_edge(random: Random, judged: Judged) -> Objective:
    """Move a threshold to a value that the case gives, in one of its bounds."""
    objective = judged.objective
    compared = (*judged.compared.values(), *_of_units(judged))
    values = [value for value in compared if value is not None and 0 < value < 1]
    if not values:
        return objective
    value = values[random.randrange(len(values))]
    credit = objective.credit
    if not isinstance(credit, Step):
        return replace(objective, target=value)
    tiers = list(credit.tiers)
    number = random.randrange(len(tiers))
    tiers[number] = Tier(value, tiers[number].percent)
    belows = sorted({tier.below for tier in tiers}, reverse=True)
    pairs = zip(belows, credit.tiers, strict=False)
    fixed = tuple(Tier(below, tier.percent) for below, tier in pairs)
    target = max(objective.target, belows[0])
    return replace(objective, target=target, credit=replace(credit, tiers=fixed))


def _of_units(judged: Judged) -> list[Fraction | None]:
    return [value for unit in judged.units for value in unit.value.values()]
