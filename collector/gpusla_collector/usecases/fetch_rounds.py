"""Rounds of asking all agents of the inventory, and what is told to people of each."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from gpusla.clock import Clock
from gpusla.identity import NodeName
from gpusla.logs import get_logger
from gpusla_collector.ports import Lease, Store
from gpusla_collector.usecases.fetch.journals import Fetched, Fetcher, Target
from gpusla_collector.usecases.foretelling import foretelling
from gpusla_collector.usecases.gpu_places import GpuPlaces
from gpusla_collector.usecases.signing import SigningWatch, unsigned_finding
from gpusla_collector.usecases.standing import StandingBoard
from gpusla_collector.usecases.world import World

log = get_logger()


@dataclass(slots=True)
class FetchRounds:
    """What asking needs, and what was told already."""

    store: Store
    clock: Clock
    board: StandingBoard
    fetcher: Fetcher
    _signing: SigningWatch = field(default_factory=SigningWatch)
    _places: GpuPlaces = field(init=False)
    _errors: Mapping[NodeName, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._places = GpuPlaces(self.store, self.clock)

    def go(self, lease: Lease, world: World) -> int:
        """Ask all agents once; returns when it began, in UTC milliseconds."""
        asked_ms = self.clock.wall_ms()
        targets = [
            Target(record.node, record.address, world.keys_of.get(record.node, frozenset()))
            for record in world.inventory.nodes(asked_ms)
        ]
        foretell = foretelling(self.store, self.clock, lease, world)
        fetched = self.fetcher.fetch_all(lease, targets, foretell)
        self.board.add_fetched(fetched, self.fetcher.cursors, asked_ms)
        self._tell(fetched)
        self._watch_signing(lease, world)
        self._places.report(lease, self.fetcher.gpus, self.fetcher.cursors, asked_ms)
        return asked_ms

    def _watch_signing(self, lease: Lease, world: World) -> None:
        """Tell of each node that stopped signing, once."""
        cursors = self.board.read().cursors
        silent = self._signing.silent(cursors, world.keys_of)
        for node in sorted(silent - self.board.read().unsigned):
            self.store.report(lease, unsigned_finding(cursors[node], self.clock.wall_ms()))
            log.warning("journal_unsigned", node=node, signed=cursors[node].keyring.signed)
        self.board.set_unsigned(silent)

    def _tell(self, fetched: tuple[Fetched, ...]) -> None:
        """Log each node's failure once, when it begins or changes, and its end."""
        now = {f.node: f.error for f in fetched if f.error is not None}
        for node, error in now.items():
            if self._errors.get(node) != error.code.name:
                log.warning(
                    "journal_fetch_failed", node=node, code=error.code.name, error=str(error)
                )
        for node in self._errors:
            if node not in now:
                log.info("journal_fetch_recovered", node=node)
        self._errors = {node: error.code.name for node, error in now.items()}
