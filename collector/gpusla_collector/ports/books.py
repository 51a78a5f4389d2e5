"""Everything on record, as a check of it reads it: row by row, all of one moment."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from gpusla.identity import NodeName
from gpusla.ledger.chain import Content, Link
from gpusla.timeline.model import StateSpan
from gpusla_collector.ports.values import Cursor, HourLine, InputFile, Judged, KeyLine, Segment


@dataclass(frozen=True, slots=True)
class Kept:
    """
    A link and the rows that it stands for as they are now.

    content: None if they are gone, or cannot be given.  unreadable: why not; empty if they can.
    """

    link: Link
    content: Content | None
    unreadable: str = ""


@dataclass(frozen=True, slots=True)
class MadeAgain:
    """From what an evaluation was made once more; number: counts from 1 for each."""

    evaluation: str
    number: int
    inputs: str


@dataclass(frozen=True, slots=True)
class Newest:
    """Which evaluation is a period's last."""

    contract: str
    period: str
    tenant: str
    evaluation: str


class Books(Protocol):
    """
    The records, read from one moment of the database.

    Whatever is damaged is given as it stands, or as None where it cannot be read as what it should
    be.  What the database itself cannot give raises StoreError: from that call, or when the
    iterator is asked for the next one, which then gives no more; everything else goes on.
    """

    def guards(self) -> Iterator[tuple[str, str]]:
        """Give each guard that is not as it was made, and what is wrong with it."""

    def links(self) -> Iterator[Kept]:
        """Give the chain in its order."""

    def unlinked(self) -> Iterator[tuple[str, Iterator[str]]]:
        """Give by table the key of every row that should be in a link and is not."""

    def balances(self) -> Mapping[str, int]:
        """Return by currency what the legs of all entries sum to."""

    def gaps(self) -> Iterator[tuple[str, str, str]]:
        """Give contract, period and clause where revisions do not count from 1 on."""

    def revisions_of(self, keys: Sequence[str]) -> Mapping[str, tuple[int, int]]:
        """Return amount and revision of entries by key, of those that there are."""

    def evaluations(self) -> Iterator[Judged]:
        """Give every evaluation that is kept."""

    def made_again(self) -> Iterator[MadeAgain]:
        """Give what evaluations were made from once more."""

    def newest(self) -> Iterator[Newest]:
        """Give the last evaluation of every period."""

    def documents(self) -> Iterator[InputFile]:
        """Give every file that was taken in, but for contracts."""

    def contracts(self) -> Iterator[InputFile]:
        """Give every contract that was taken in, as a file of kind Contract."""

    def nodes(self) -> Iterator[tuple[str, Iterator[NodeName]]]:
        """Give by table the nodes of which it keeps anything."""

    def cursor(self, node: NodeName) -> Cursor | None:
        """Return how far a node's journal was taken in; None if that cannot be read, or is not."""

    def segments(self, node: NodeName) -> Sequence[Segment]:
        """Return a node's files of evidence in the order of their records."""

    def slots(self, node: NodeName) -> Sequence[str]:
        """Return the slots that spans of a node are about."""

    def spans(self, node: NodeName, slot: str) -> Iterator[StateSpan | None]:
        """Give the spans of one slot in the order in which they were kept."""

    def hours(self, node: NodeName) -> Iterator[HourLine]:
        """Give the hours of a node's journal."""

    def keys(self, node: NodeName) -> Iterator[KeyLine]:
        """Give the keys of a node's journal."""
