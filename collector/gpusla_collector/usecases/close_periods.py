"""
Settles closed months: posts what is owed once the time for late evidence has passed.

A reconciler: it looks at what is settled and does what is missing, so a wake-up that comes late,
twice or after a week changes nothing but when.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from gpusla.contracts.model import ContractVersion
from gpusla.errors import GpuslaError
from gpusla.identity import ContractId, NodeName
from gpusla.instants import Interval
from gpusla.ledger.entries import Entry
from gpusla.ledger.release import Hold
from gpusla.sla.fees import fee_due
from gpusla.sla.periods import Period
from gpusla.sla.reach import margin_ms
from gpusla_collector.ports import OPERATOR, Cursor, Lease, Store
from gpusla_collector.usecases.asking import Asking
from gpusla_collector.usecases.book_credits import Booker
from gpusla_collector.usecases.case import Case
from gpusla_collector.usecases.going_on import is_of_all
from gpusla_collector.usecases.judge import Judge, periods_to_judge, posted_periods
from gpusla_collector.usecases.world import World


@dataclass(frozen=True, slots=True)
class Closer:
    """
    What settling needs.

    final_after_ms: overrides what contracts say; None to follow them.  patience_ms: how long this
    process must have asked without a break before it settles without evidence that is missing.
    Source: docs/decisions/0152-what-a-month-waits-for.md.
    """

    store: Store
    judge: Judge
    booker: Booker
    asking: Asking
    patience_ms: int
    final_after_ms: int | None = None

    def close_all(self, lease: Lease, world: World, asked_ms: int) -> Iterator[Entry]:
        """
        Settle every month of every contract that is due; yields entries as they are booked.

        asked_ms: when all agents were last asked.  A month whose final instant lies later waits:
        what nobody was asked for is not missing.  One contract that cannot be settled does not keep
        the others from it, and the first error is raised at the end; a lease or a database that is
        gone ends it at once.
        """
        is_patient = self.asking.tried_ms(asked_ms) < self.patience_ms
        cursors = self.store.cursors()
        failures: list[GpuslaError] = []
        for contract in sorted(world.versions):
            try:
                for version, period in self._due(world, contract, asked_ms):
                    if not is_patient or self._has_evidence(world, version, period, cursors):
                        yield from self._close(lease, world, version, period)
            except GpuslaError as error:
                if is_of_all(error):
                    raise
                failures.append(error)
        if failures:
            raise failures[0]

    def _due(
        self, world: World, contract: ContractId, asked_ms: int
    ) -> Iterator[tuple[ContractVersion, Period]]:
        posted = posted_periods(self.store, contract)
        for version, period in periods_to_judge(world, contract, asked_ms, self.judge.rules):
            if period.key not in posted and self._final_ms(version, period) <= asked_ms:
                judged = self.store.judged(OPERATOR, contract, period.key)
                # What a shadow price stands for is never booked; judged after its end is enough.
                is_settled = judged is not None and self._is_unpaid_and_final(
                    version, period, judged.until_ms, judged.judged_ms
                )
                if not is_settled:
                    yield version, period

    def _close(
        self, lease: Lease, world: World, version: ContractVersion, period: Period
    ) -> tuple[Entry, ...]:
        held_by = None
        if self._comes_too_early(world, version, period):
            if not self.booker.is_shadow(version.id):
                return ()
            # Nothing is posted that could be waited for; nor is this, should that just have ended.
            held_by = Hold.SHADOW
        judgement = self.judge.judge(lease, world, version, period, self._known_ms(version, period))
        return self.booker.book(lease, judgement, is_final=True, held_by=held_by)

    def _comes_too_early(self, world: World, version: ContractVersion, period: Period) -> bool:
        """Tell whether credits that are to be taken off this period's are not posted yet."""
        case = Case(world, version, period, period.interval.end_ms)
        earlier = frozenset().union(*case.overlapping.values())
        if not earlier:
            return False
        before_ms, posted = period.interval.start_ms, posted_periods(self.store, version.id)
        return any(
            one.key in earlier and one.key not in posted and not _is_unpaid(other, one)
            for other, one in periods_to_judge(world, version.id, before_ms, self.judge.rules)
        )

    def _final_ms(self, version: ContractVersion, period: Period) -> int:
        after_ms = self.final_after_ms
        agreed_ms = version.statement.final_after_ms
        return period.interval.end_ms + (agreed_ms if after_ms is None else after_ms)

    def _known_ms(self, version: ContractVersion, period: Period) -> int:
        """Return up to when evidence is looked at: what is later than final changes nothing."""
        seen_ms = period.interval.end_ms + margin_ms(version)
        return max(period.interval.end_ms, min(seen_ms, self._final_ms(version, period)))

    def _is_unpaid_and_final(
        self, version: ContractVersion, period: Period, until_ms: int, judged_ms: int
    ) -> bool:
        return (
            _is_unpaid(version, period)
            and until_ms >= period.interval.end_ms
            and judged_ms >= self._final_ms(version, period)
        )

    def _has_evidence(
        self,
        world: World,
        version: ContractVersion,
        period: Period,
        cursors: Mapping[NodeName, Cursor],
    ) -> bool:
        """Tell whether all evidence is in."""
        seen = Interval(period.interval.start_ms, self._known_ms(version, period))
        for slot, intervals in world.assignments.held(version.id, seen).items():
            needed_ms = max(interval.end_ms for interval in intervals)
            nodes = world.nodes_of.get(slot, frozenset())
            reached = (cursors[node].evidence_until_ms for node in nodes if node in cursors)
            if max(reached, default=0) < needed_ms:
                return False
        return True


def _is_unpaid(version: ContractVersion, period: Period) -> bool:
    """Tell whether nothing is due for a period, so that nothing is ever booked for it."""
    fee = fee_due(version, period)
    return fee.is_shadow or not fee.minor_units
