"""
Takes in journals from files as if their agents had been reached: the same chain, keys and cursors.

What is here already is passed over, after its end was compared with what is kept; records that are
missing are named, and nothing behind them is taken in.  An import that was interrupted goes on
where it stopped.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

from gpusla.catalogue.codes import JOURNAL_FORKED, UNKNOWN_REFERENCE
from gpusla.clock import Clock
from gpusla.errors import GpuslaError, InventoryError, JournalError
from gpusla.identity import NodeName
from gpusla.journal.chain import Head
from gpusla.journal.codec import digest
from gpusla_collector.ports import Agents, Cursor, Evidence, Lease, Store
from gpusla_collector.usecases.fetch.journals import Fetcher, Target, finding_of
from gpusla_collector.usecases.foretelling import foretelling
from gpusla_collector.usecases.world import World


class JournalSource(Agents, Protocol):
    """Journals in files."""

    def first_behind(self, node: NodeName, after: int) -> int | None:
        """Return the first record behind one that any file holds; None if none does."""

    def last_until(self, node: NodeName, sequence: int) -> int:
        """Return the last record that a file holds up to one; 0 if none holds any."""

    def head_at(self, node: NodeName, sequence: int) -> Head:
        """Return a record's number and digest; raises JournalError if no file holds it."""


@dataclass(frozen=True, slots=True)
class Imported:
    """
    How it went with one node.

    until: the last record that is here now.  missing: first and last of the records that no file
    holds and that are not here, None if none is.  error: why the rest was refused.
    """

    node: NodeName
    records: int
    until: int
    missing: tuple[int, int] | None = None
    error: GpuslaError | None = None


@dataclass(frozen=True, slots=True)
class Importer:
    """What importing needs; prolong keeps the lease, and is called every ten seconds or so."""

    source: JournalSource
    evidence: Evidence
    store: Store
    clock: Clock
    prolong: Callable[[], object] = lambda: None

    def import_all(
        self, lease: Lease, world: World, nodes: tuple[NodeName, ...]
    ) -> Iterator[Imported]:
        """
        Take in node by node; yields how it went with each.

        Raises InventoryError, before anything is taken in, for a node that the inventory lacks.
        """
        known = set(world.inventory.node_names())
        for node in nodes:
            if node not in known:
                raise InventoryError(
                    UNKNOWN_REFERENCE,
                    f"the files hold a journal of {node}, which is no node of the inventory",
                    fix="Add the node, or leave its files out.",
                )
        fetcher = Fetcher(self.source, self.evidence, self.store, self.clock, 1)
        for node in nodes:
            yield self._import(lease, world, fetcher, node)

    def _import(self, lease: Lease, world: World, fetcher: Fetcher, node: NodeName) -> Imported:
        cursors = self.store.cursors()
        cursor = cursors.get(node, Cursor(node))
        owners = {key.public: name for name, one in cursors.items() for key in one.keyring.keys}
        refused: GpuslaError | None = self._disagreement(lease, cursor)
        if refused is not None:
            return Imported(node, 0, cursor.head.sequence, error=refused)
        foretell = foretelling(self.store, self.clock, lease, world)
        target = Target(node, "", world.keys_of.get(node, frozenset()))
        records, here, is_going_on = 0, cursor, True
        while is_going_on and self._goes_on(here):
            fetched = fetcher.fetch(lease, target, here, owners, foretell)
            self.prolong()
            records, refused = records + fetched.records, fetched.error
            here = self.store.cursors().get(node, here)
            is_going_on = fetched.error is None and fetched.records > 0
        until = here.head.sequence
        behind = self.source.first_behind(node, until)
        missing = None if behind is None or refused is not None else (until + 1, behind - 1)
        return Imported(node, records, until, missing, refused)

    def _goes_on(self, cursor: Cursor) -> bool:
        after = cursor.head.sequence
        return self.source.first_behind(cursor.node, after) == after + 1

    def _disagreement(self, lease: Lease, cursor: Cursor) -> JournalError | None:
        """Return how the files and what is here differ, and tell people."""
        try:
            self._require_same(cursor)
        except JournalError as error:
            now_ms = self.clock.wall_ms()
            self.store.report(lease, finding_of(cursor.node, error, now_ms))
            return error
        return None

    def _require_same(self, cursor: Cursor) -> None:
        """Compare the last record that both have; what goes on behind ours compares itself."""
        node = cursor.node
        at = self.source.last_until(node, cursor.head.sequence)
        if at == 0:
            return
        ours = cursor.head if at == cursor.head.sequence else Head(at, self._digest(node, at))
        theirs = self.source.head_at(node, at)
        if ours != theirs:
            raise JournalError(
                JOURNAL_FORKED,
                f"{node}: record {at} of the files is {theirs.digest[:12]}, "
                f"the one taken in here {ours.digest[:12]}",
            )

    def _digest(self, node: NodeName, sequence: int) -> str:
        """Return the digest of a line of our own evidence."""
        for segment in self.store.segments(node):
            if segment.first_sequence <= sequence <= segment.last_sequence:
                for number, line in enumerate(
                    self.evidence.read(node, segment), start=segment.first_sequence
                ):
                    if number == sequence:
                        return digest(line)
        return ""
