"""
What a slot of a small world is worth at a tick, in one bound: states, carrying, settling, excuses.

As docs/concepts/sla-engine.md says, and with none of its code.
"""

from collections.abc import Callable, Sequence
from fractions import Fraction

from gpusla.catalogue.reasons import State
from gpusla.contracts.promises import (
    Kind,
    UnknownPolicy,
)
from gpusla.identity import Slot
from gpusla.journal.model import Condition
from gpusla.sla.facts import Holding
from gpusla.timeline.model import StateSpan
from tests.core.sla.measure.worlds import SKUS, SLOTS, TICK_MS, UNSEEN, World, at

LOW, VALUE, HIGH = BOUNDS = (0, 1, 2)


class SlotTicks:
    """One bound of a world, slot by slot."""

    def __init__(self, world: World, bound: int) -> None:
        self.world, self.bound = world, bound
        self.objective, self.capacity = world.objective, world.contract.capacity
        self.start = world.window[0]
        self.end = max(self.start, min(world.until, world.window[1]))
        last = max(world.reach, self.end) if self.end > self.start else world.reach
        self.reach = range(last)
        self.is_performance = self.objective.kind is Kind.PERFORMANCE
        timeline = world.timeline.spans
        self.spans = {slot: self._covered(slot, timeline.get(slot, ())) for slot in SLOTS}
        everything = range(max(last, world.window[1]))
        self.now = {slot: [self._find(slot, t) for t in self.reach] for slot in SLOTS}
        self.near = {slot: [self._reaching(slot, t) for t in self.reach] for slot in SLOTS}
        self.holdings = {slot: [self._find_holding(slot, t) for t in everything] for slot in SLOTS}
        self.carry = {slot: [self._carried(slot, t) for t in self.reach] for slot in SLOTS}
        self.zero = {slot: self._zeroes(slot) for slot in SLOTS}

    def _covered(self, slot: Slot, spans: Sequence[StateSpan]) -> Sequence[StateSpan]:
        seen_until = at(self.world.reach) if spans else at(0)
        end_ms = at(len(self.reach))
        rest = [StateSpan(slot, seen_until, end_ms, UNSEEN)] if seen_until < end_ms else []
        return [*spans, *rest]

    def _at(self, slot: Slot, tick: int) -> StateSpan:
        return self.now[slot][tick]

    def _find(self, slot: Slot, tick: int) -> StateSpan:
        return next(s for s in self.spans[slot] if s.start_ms <= at(tick) < s.end_ms)

    def _reaching(self, slot: Slot, tick: int) -> list[StateSpan]:
        found = []
        for one in self.spans[slot]:
            error = self.objective.clock_error_ms if one.error_ms is None else one.error_ms
            if one.start_ms - error <= at(tick) < one.end_ms + error:
                found.append(one)
        return found

    def _level_of(self, condition: Condition) -> Fraction:
        reasons = tuple(finding.reason for finding in condition.findings)
        policy = self.objective.unknown.policy
        match condition.state:
            case State.UNKNOWN:
                value = int(policy is UnknownPolicy.TENANT_BEARS)
                return Fraction((0, value, 1)[self.bound])
            case State.OK:
                return Fraction(1)
            case _ if self.is_performance:
                assert self.objective.performance is not None
                failing = set(self.objective.performance.failing_reasons)
                return Fraction(not failing & set(reasons))
            case State.DOWN:
                return Fraction(0)
            case _:
                return self.objective.degraded.fraction(reasons)

    def _up_of(self, condition: Condition) -> Fraction:
        if condition.state is State.UNKNOWN:
            return Fraction(self.bound != LOW)
        return Fraction(condition.state is not State.DOWN)

    def _worst_or_best(
        self, slot: Slot, tick: int, of: Callable[[Condition], Fraction]
    ) -> Fraction:
        if self.bound == VALUE:
            return Fraction(of(self._at(slot, tick).condition))
        claims = [
            claim
            for one in self.near[slot][tick]
            for claim in (one.condition, one.other)
            if claim is not None
        ]
        return Fraction((min if self.bound == LOW else max)(map(of, claims)))

    def _carried(self, slot: Slot, tick: int) -> StateSpan | None:
        """Return what is carried over to a tick that is unknown."""
        first = tick
        while first >= 0 and self._at(slot, first).condition.state is State.UNKNOWN:
            first -= 1
        is_within = (tick - first - 1) * TICK_MS < self.objective.unknown.carry_last_ms
        return self._at(slot, first) if first >= 0 and is_within else None

    def _is_unknown(self, slot: Slot, tick: int) -> bool:
        is_unknown = self._at(slot, tick).condition.state is State.UNKNOWN
        return is_unknown and self.carry[slot][tick] is None

    def _holding(self, slot: Slot, tick: int) -> Holding | None:
        return self.holdings[slot][tick]

    def _find_holding(self, slot: Slot, tick: int) -> Holding | None:
        for one in self.world.held[slot]:
            if one.interval.start_ms <= at(tick) < one.interval.end_ms:
                return one
        return None

    def _weight(self, slot: Slot, tick: int) -> Fraction:
        holding = self._holding(slot, tick)
        assert holding is not None
        return SKUS[holding.sku]

    def _zeroes(self, slot: Slot) -> set[int]:
        """Return the ticks in which settle or burn-in make the level 0."""
        acceptance = self.capacity.acceptance
        zero: set[int] = set()
        if acceptance.settle_ms:
            was_down = None
            for tick in self.reach:
                if self._worst_or_best(slot, tick, self._up_of) == 0:
                    was_down = tick
                elif was_down is not None and (
                    (tick - was_down - 1) * TICK_MS < acceptance.settle_ms
                ):
                    zero.add(tick)
        for start_ms in self._starts_of_holdings(slot):
            zero |= {t for t in self.reach if 0 <= at(t) - start_ms < acceptance.burn_in_ms}
        return zero

    def _starts_of_holdings(self, slot: Slot) -> list[int]:
        ends = {one.interval.end_ms for one in self.world.held[slot]}
        return [
            one.interval.start_ms
            for one in self.world.held[slot]
            if one.interval.start_ms not in ends
        ]

    def _is_excused(self, slot: Slot, tick: int) -> bool:
        return any(
            one.start_ms <= at(tick) < one.end_ms for one in self.world.excused.get(slot, ())
        )

    def _level(self, slot: Slot, tick: int, *, excluding: bool) -> Fraction:
        weight = Fraction(1) if self.is_performance else self._weight(slot, tick)
        if excluding and self._is_excused(slot, tick):
            return weight
        if not self.is_performance and tick in self.zero[slot]:
            return Fraction(0)
        if self.bound == VALUE and self._at(slot, tick).condition.state is State.UNKNOWN:
            carried = self.carry[slot][tick]
            if carried is not None:
                return self._level_of(carried.condition) * weight
        return self._worst_or_best(slot, tick, self._level_of) * weight

    def _is_doubtful(self, slot: Slot, tick: int, *, excluding: bool) -> bool:
        """Whether nobody knows, under `exclude`, and it matters."""
        if self.bound != VALUE or self.objective.unknown.policy is not UnknownPolicy.EXCLUDE:
            return False
        if not self._is_unknown(slot, tick) or (excluding and self._is_excused(slot, tick)):
            return False
        if self.is_performance:
            return True
        return tick not in self.zero[slot] and self._weight(slot, tick) > 0
