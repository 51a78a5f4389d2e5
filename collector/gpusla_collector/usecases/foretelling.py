"""What people are told of moves before they are counted: what came too late or too early."""

from collections.abc import Sequence

from gpusla.clock import Clock
from gpusla_collector.ports import Lease, Move, Store
from gpusla_collector.usecases.clock_ahead import ClockAhead
from gpusla_collector.usecases.fetch.journals import Foretell
from gpusla_collector.usecases.late_evidence import LateEvidence
from gpusla_collector.usecases.world import World


def foretelling(store: Store, clock: Clock, lease: Lease, world: World) -> Foretell:
    """Return what tells it."""
    late, ahead = LateEvidence(store, clock), ClockAhead(store, clock)

    def foretell(moves: Sequence[Move]) -> None:
        late.report(lease, world, moves)
        ahead.report(lease, moves)

    return foretell
