"""Which finished months may be settled by now, and what is not there yet for one of them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from gpusla.contracts.model import ContractVersion
from gpusla.identity import ContractId, NodeName, Slot
from gpusla.instants import Interval
from gpusla.sla.fees import fee_due
from gpusla.sla.periods import Period
from gpusla.sla.reach import margin_ms
from gpusla_collector.ports import OPERATOR, Cursor, Store
from gpusla_collector.usecases.case import Case
from gpusla_collector.usecases.judge import Rules, periods_to_judge, posted_periods
from gpusla_collector.usecases.world import World


@dataclass(frozen=True, slots=True)
class DueMonths:
    """
    Reads what settling goes by; changes nothing.

    final_after_ms: overrides what contracts say; None to follow them.
    Source: docs/decisions/0152-what-a-month-waits-for.md.
    """

    store: Store
    rules: Rules
    final_after_ms: int | None = None

    def of(
        self, world: World, contract: ContractId, asked_ms: int
    ) -> Iterator[tuple[ContractVersion, Period]]:
        """Yield each month whose final instant came by asked_ms and that is not settled."""
        posted = posted_periods(self.store, contract)
        for version, period in periods_to_judge(world, contract, asked_ms, self.rules):
            if period.key not in posted and self.final_ms(version, period) <= asked_ms:
                judged = self.store.judged(OPERATOR, contract, period.key)
                # What a shadow price stands for is never booked; judged to its end is enough.  When
                # that was says nothing: the same figures, found again, keep the instant of then.
                is_over = judged is not None and judged.until_ms >= period.interval.end_ms
                if not (is_over and fee_due(version, period).is_unpaid):
                    yield version, period

    def final_ms(self, version: ContractVersion, period: Period) -> int:
        """Return from when on a period may be settled."""
        after_ms = self.final_after_ms
        agreed_ms = version.statement.final_after_ms
        return period.interval.end_ms + (agreed_ms if after_ms is None else after_ms)

    def known_ms(self, version: ContractVersion, period: Period) -> int:
        """Return up to when evidence is looked at: what is later than final changes nothing."""
        seen_ms = period.interval.end_ms + margin_ms(version)
        return max(period.interval.end_ms, min(seen_ms, self.final_ms(version, period)))

    def lacking(
        self,
        world: World,
        version: ContractVersion,
        period: Period,
        cursors: Mapping[NodeName, Cursor],
    ) -> Iterator[tuple[Slot, frozenset[NodeName]]]:
        """
        Yield each slot whose evidence is not all in, with the nodes that may bring it.

        No node at all: the inventory has none for the slot, so that nothing can come.
        """
        seen = Interval(period.interval.start_ms, self.known_ms(version, period))
        for slot, intervals in world.assignments.held(version.id, seen).items():
            needed_ms = max(interval.end_ms for interval in intervals)
            nodes = world.nodes_of.get(slot, frozenset())
            reached = (cursors[node].evidence_until_ms for node in nodes if node in cursors)
            if max(reached, default=0) < needed_ms:
                yield slot, nodes

    def comes_too_early(self, world: World, version: ContractVersion, period: Period) -> bool:
        """Tell whether credits that are to be taken off this period's are not posted yet."""
        case = Case(world, version, period, period.interval.end_ms)
        earlier = frozenset().union(*case.overlapping.values())
        if not earlier:
            return False
        before_ms, posted = period.interval.start_ms, posted_periods(self.store, version.id)
        return any(
            one.key in earlier and one.key not in posted and not fee_due(other, one).is_unpaid
            for other, one in periods_to_judge(world, version.id, before_ms, self.rules)
        )
