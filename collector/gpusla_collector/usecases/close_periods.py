"""
Settles closed months: posts what is owed once the time for late evidence has passed.

A reconciler: it looks at what is settled and does what is missing, so a wake-up that comes late,
twice or after a week changes nothing but when.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from gpusla.contracts.model import ContractVersion
from gpusla.identity import NodeName
from gpusla.ledger.entries import Entry
from gpusla.ledger.release import Hold
from gpusla.sla.periods import Period
from gpusla_collector.ports import Cursor, Lease, Store
from gpusla_collector.usecases.asking import Asking
from gpusla_collector.usecases.book_credits import Booker
from gpusla_collector.usecases.due_months import DueMonths
from gpusla_collector.usecases.going_on import is_of_all
from gpusla_collector.usecases.horizon import is_handing_over
from gpusla_collector.usecases.judge import Judge
from gpusla_collector.usecases.world import World


@dataclass(frozen=True, slots=True)
class Closer:
    """
    What settling needs.

    final_after_ms: overrides what contracts say; None to follow them.  patience_ms: how long this
    process must have asked without a break before it settles without evidence that is missing;
    what a node is just handing over is waited for all the same.
    Source: docs/decisions/0152-what-a-month-waits-for.md.
    """

    store: Store
    judge: Judge
    booker: Booker
    asking: Asking
    patience_ms: int
    final_after_ms: int | None = None

    def close_all(
        self, lease: Lease, world: World, asked_ms: int, cursors: Mapping[NodeName, Cursor]
    ) -> Iterator[Entry]:
        """
        Settle every month of every contract that is due; yields entries as they are booked.

        asked_ms: when all agents were last asked.  cursors: where each node is.  A month whose
        final instant lies later waits: what nobody was asked for is not missing.  One contract
        that cannot be settled does not keep the others from it, and the first error is raised at
        the end; a lease or a database that is gone ends it at once.
        """
        is_patient = self.asking.tried_ms(asked_ms) < self.patience_ms
        since_ms = asked_ms - self.judge.rules.lag_ms
        coming = {node for node, one in cursors.items() if is_handing_over(one, since_ms)}
        failures: list[Exception] = []
        due = self._due
        for contract in sorted(world.versions):
            try:
                for version, period in due.of(world, contract, asked_ms):
                    lacking = due.lacking(world, version, period, cursors)
                    if not any(is_patient or coming & nodes for _, nodes in lacking):
                        yield from self._close(lease, world, version, period)
            except Exception as error:  # whatever is wrong with this one, others are settled
                if is_of_all(error):
                    raise
                failures.append(error)
        if failures:
            raise failures[0]

    @property
    def _due(self) -> DueMonths:
        return DueMonths(self.store, self.judge.rules, self.final_after_ms)

    def _close(
        self, lease: Lease, world: World, version: ContractVersion, period: Period
    ) -> tuple[Entry, ...]:
        held_by, due = None, self._due
        if due.comes_too_early(world, version, period):
            if not self.booker.is_shadow(version.id):
                return ()
            # Nothing is posted that could be waited for; nor is this, should that just have ended.
            held_by = Hold.SHADOW
        judgement = self.judge.judge(lease, world, version, period, due.known_ms(version, period))
        return self.booker.book(lease, judgement, is_final=True, held_by=held_by)
