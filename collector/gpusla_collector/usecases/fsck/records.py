"""
Checks everything on record against itself, and names each thing that is broken.

Reads only, one moment of the database, a few rows or lines at a time.  What was made of evidence is
made again and compared; what nothing can be made again from is in the chain.
Source: docs/decisions/0145-a-chain-over-the-records.md.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from gpusla.documents import parse
from gpusla.errors import GpuslaError
from gpusla.evidence.damage import Breach, Damage
from gpusla.identity import NodeName
from gpusla.inventory.load import read_inventory
from gpusla_collector.ports import Evidence, InputFile, Segment
from gpusla_collector.ports.books import Books
from gpusla_collector.usecases.fsck.journals import JournalsCheck
from gpusla_collector.usecases.fsck.judgements import JudgementsCheck
from gpusla_collector.usecases.fsck.ledger import LedgerCheck
from gpusla_collector.usecases.fsck.tally import Tally


@dataclass(frozen=True, slots=True)
class Fsck:
    """
    What the check needs.

    size_bytes: how long a file of evidence is, None if it is not there.  holds: number and digest
    of a link that somebody wrote down.
    """

    books: Books
    evidence: Evidence
    size_bytes: Callable[[NodeName, Segment], int | None]
    holds: tuple[int, str] | None = None
    tally: Tally = field(default_factory=Tally)

    def run(self) -> Iterator[Damage]:
        """Yield what is broken, as it is found."""
        judgements = JudgementsCheck(self.books, self.tally)
        yield from self.tally.readable("guards", self._guards())
        yield from LedgerCheck(self.books, self.tally, self.holds).run()
        yield from judgements.run()
        try:
            keys_of = _keys(judgements.inventory)
        except GpuslaError as cause:
            yield Damage(Breach.INPUT, "the last inventory", f"cannot be read: {cause.message}")
            keys_of = {}
        journals = JournalsCheck(
            self.books, self.evidence, self.tally, keys_of, judgements.heads, self.size_bytes
        )
        yield from journals.run()

    def _guards(self) -> Iterator[Damage]:
        for subject, words in self.books.guards():
            yield Damage(Breach.GUARDS, subject, words)


def _keys(inventory: InputFile | None) -> Mapping[NodeName, frozenset[str]]:
    """Return the keys that the inventory ever listed for each node."""
    found: dict[NodeName, frozenset[str]] = {}
    if inventory is not None:
        for record in read_inventory(parse(inventory.content, inventory.name)).node_records:
            found[record.node] = found.get(record.node, frozenset()) | frozenset(record.keys)
    return found
