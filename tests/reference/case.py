"""What the second opinion is given, and the ticks that it counts in."""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from math import gcd

from gpusla.contracts.model import ContractVersion
from gpusla.contracts.promises import Granularity
from gpusla.contracts.remedies import HourWaiver, Lateness
from gpusla.instants import Interval
from gpusla.sla.facts import Facts
from gpusla.timeline.model import Timeline

MINUTE_MS = 60_000
HOUR_MS = 3_600_000
BOUNDS = ("low", "value", "high")
"""Of a value, as the page has them: low takes every doubt against the provider."""


@dataclass(frozen=True, slots=True)
class Case:
    """
    A window with everything that calendars would say given as instants.

    fee: due for the window, in minor units.  first_day_fee: that of its first day, unprorated.
    committed: from an instant on so many GPUs, in order.  period_starts: where billing periods
    begin.  deadline_ms: first instant at which a claim is too late.  is_last: whether the term ends
    with the window.
    """

    contract: ContractVersion
    window: Interval
    until_ms: int
    facts: Facts
    fee: Fraction
    first_day_fee: Fraction
    committed: tuple[tuple[int, int], ...]
    period_starts: tuple[int, ...]
    deadline_ms: int
    is_last: bool


@dataclass(frozen=True, slots=True)
class Ticks:
    """A row of equally long ticks from first_ms on, numbered from 0."""

    first_ms: int
    length_ms: int
    count: int

    def __iter__(self) -> Iterator[int]:
        return iter(range(self.count))

    def begin_ms(self, tick: int) -> int:
        """Return the instant at which a tick begins."""
        return self.first_ms + tick * self.length_ms

    def within(self, start_ms: int, end_ms: int) -> range:
        """Return the ticks between two instants, as far as there are any."""
        first = (start_ms - self.first_ms) // self.length_ms
        last = (end_ms - self.first_ms) // self.length_ms
        assert self.begin_ms(first) == start_ms
        assert self.begin_ms(last) == end_ms
        return range(max(0, first), min(self.count, last))


def ticks_of(case: Case) -> Ticks:
    """Return ticks that divide every edge and every length of a case, over all it tells of."""
    edges = list(_edges(case))
    length_ms = MINUTE_MS if _needs_minutes(case) else 0
    for number in (*edges, *_lengths(case)):
        length_ms = gcd(length_ms, number)
    return Ticks(min(edges), length_ms, (max(edges) - min(edges)) // length_ms)


def _needs_minutes(case: Case) -> bool:
    return any(
        objective.granularity is not Granularity.EXACT or isinstance(objective.credit, HourWaiver)
        for objective in case.contract.objectives
    )


def timeline_of(case: Case) -> Timeline:
    """Return the timeline in the form of spans, which is the one understood here."""
    assert isinstance(case.facts.timeline, Timeline)
    return case.facts.timeline


def reach_of(case: Case) -> Interval:
    """3.2: the timeline's time, made longer by what is judged and lies outside of it."""
    period = timeline_of(case).period
    start_ms = min(period.start_ms, case.window.start_ms)
    return Interval(start_ms, max(period.end_ms, case.until_ms))


def runs(flags: list[bool], where: range) -> list[range]:
    """Return the unbroken stretches of true ticks within a range of ticks."""
    found = []
    start = None
    for tick in where:
        if flags[tick] and start is None:
            start = tick
        if not flags[tick] and start is not None:
            found.append(range(start, tick))
            start = None
    if start is not None:
        found.append(range(start, where.stop))
    return found


def _edges(case: Case) -> Iterator[int]:
    facts = case.facts
    yield from (case.window.start_ms, case.window.end_ms, case.until_ms)
    yield from (timeline_of(case).period.start_ms, timeline_of(case).period.end_ms)
    for holdings in facts.held.values():
        for holding in holdings:
            yield from (holding.interval.start_ms, holding.interval.end_ms)
    for record in facts.exclusions:
        yield record.from_ms
        if record.until_ms is not None:
            yield record.until_ms
    for repair in facts.repairs:
        instants = (repair.opened_ms, repair.identified_ms, repair.restored_ms)
        yield from (instant for instant in instants if instant is not None)


def _lengths(case: Case) -> Iterator[int]:
    """Instants that need no tick of their own, and lengths of time."""
    contract, facts = case.contract, case.facts
    yield from (instant for instant, _ in case.committed)
    yield from case.period_starts
    for spans in timeline_of(case).spans.values():
        for span in spans:
            yield from (span.start_ms, span.end_ms, span.error_ms or 0)
    for units in facts.measurements.values():
        for measured in (one for several in units.values() for one in several):
            yield from (measured.interval.start_ms, measured.interval.end_ms)
    yield from (contract.capacity.acceptance.burn_in_ms, contract.capacity.acceptance.settle_ms)
    for rule in contract.exclusion_rules:
        yield from (rule.length_max_ms, rule.hours_max_ms)
    for objective in contract.objectives:
        yield from (objective.min_outage.length_ms, objective.unknown.carry_last_ms)
        yield objective.clock_error_ms
        if objective.requests is not None:
            yield objective.requests.slot_ms
        if objective.replacement is not None:
            yield objective.replacement.limit_ms
        if isinstance(objective.credit, Lateness):
            yield objective.credit.every_ms
