"""
What the use cases need from the world, and the values that cross the line.

Every port has one real implementation in `adapters` and one fake in tests/collector; the same tests
run on both.  A method that returns what belongs to tenants takes a `Scope`, without a default, so
that nobody reads everything by forgetting to say for whom.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol

from gpusla.identity import ContractId, NodeName, Slot
from gpusla.instants import Interval
from gpusla.timeline.model import StateSpan
from gpusla_collector.ports.ledger import Ledger, Outbox, Receiver, Releases
from gpusla_collector.ports.values import (
    NO_MILESTONES,
    NOTHING_FOLDED,
    OPERATOR,
    Account,
    Announcement,
    Approval,
    ContractFile,
    Cursor,
    Finding,
    HourLine,
    InputFile,
    Judged,
    KeyLine,
    Lease,
    Milestones,
    Move,
    Page,
    Record,
    Scope,
    Segment,
    SpanSummary,
    StateCounter,
    Waiting,
    finding_key,
)

__all__ = [
    "NOTHING_FOLDED",
    "NO_MILESTONES",
    "OPERATOR",
    "Account",
    "Agents",
    "Announcement",
    "Approval",
    "ContractFile",
    "Cursor",
    "Evidence",
    "Finding",
    "Findings",
    "HourLine",
    "InputFile",
    "Journals",
    "Judged",
    "Judgements",
    "KeyLine",
    "Lease",
    "Leases",
    "Ledger",
    "Milestones",
    "Move",
    "Outbox",
    "Page",
    "Receiver",
    "Record",
    "Records",
    "Releases",
    "Scope",
    "Segment",
    "SpanSummary",
    "StateCounter",
    "StateCounters",
    "Store",
    "Waiting",
    "finding_key",
]


class Agents(Protocol):
    """The agents' journals over the network."""

    def fetch(self, node: NodeName, address: str, after: int) -> Page:
        """
        Ask one agent for the records after a sequence number, as many as fit a page.

        Raises ServiceError if there is no usable answer; trying again may help.  Raises
        JournalError `journal_forked` if the agent's journal ends before `after` or is another
        node's.
        """


class Evidence(Protocol):
    """The journals' lines as they were fetched, in append-only files."""

    def append(self, node: NodeName, segment: Segment, lines: Sequence[bytes]) -> Segment:
        """
        Write lines after the acknowledged end of segment and sync them to disk.

        What stands beyond that end and begins otherwise is cut off first; of what is cut off,
        whole lines are kept apart, since they may be the only copy.  Returns the longer segment.
        Raises JournalError if the file cannot be written or has lost acknowledged bytes.
        """

    def trim(self, node: NodeName, segment: Segment) -> None:
        """
        Cut off what stands beyond the acknowledged end, and keep whole lines of it apart.

        As append, raises JournalError.
        """

    def read(self, node: NodeName, segment: Segment) -> Iterator[bytes]:
        """Give the acknowledged lines of a segment, without their ends."""


class StateCounters(Protocol):
    """The second reading of the agents' accounts: their counters in Prometheus."""

    def at(self, domain: str, instant_ms: int) -> tuple[StateCounter, ...]:
        """
        Return the last sample at or before an instant of every slot and state of a domain.

        Raises ServiceError if the answer is missing, partial or carries warnings.
        """


class Leases(Protocol):
    """Who may write."""

    def acquire(self, name: str, holder: str, now_ms: int, duration_ms: int) -> Lease | None:
        """Take or prolong a lease; None while somebody else holds it."""

    def release(self, lease: Lease) -> None:
        """Give a lease back, so that the next holder need not wait for it to run out."""


class Journals(Protocol):
    """How far journals were taken in, and the spans that came of them."""

    def cursors(self) -> Mapping[NodeName, Cursor]:
        """Return the cursor of every node that was ever reached."""

    def segments(self, node: NodeName) -> tuple[Segment, ...]:
        """Return a node's files of evidence in the order of their records."""

    def advance(
        self,
        lease: Lease,
        before: Cursor,
        after: Cursor,
        spans: Sequence[StateSpan],
        milestones: Milestones = NO_MILESTONES,
    ) -> None:
        """
        Move a cursor and keep the spans that became known, in one transaction.

        spans: by slot in time order, neighbours that say the same already joined; the first of a
        slot lengthens the last one kept if the two say the same.
        milestones: the hours and keys between the two; they are kept for good.
        Raises StoreError `fenced` if the lease was lost or somebody else moved the cursor.
        """

    def advance_all(self, lease: Lease, moves: Sequence[Move]) -> None:
        """Do the same for many nodes, each there once or in the order of its moves, or for none."""

    def account(self, slots: Sequence[Slot], interval: Interval) -> Account:
        """
        Return the spans of some slots that touch an interval, not clipped to it, and all heads.

        Both are of the same moment: no record beyond the heads has a part in the spans.
        """

    def summary(self, slots: Sequence[Slot], interval: Interval) -> SpanSummary:
        """Tell whether the spans of some slots in an interval changed, without reading them."""

    def milestones(self, node: NodeName, interval: Interval) -> Milestones:
        """
        Return the hours of a node that tell of an interval, and its keys up to the last of them.

        Hours without a gap in their records: from the first that touches the interval to the last,
        and on to the first that ends with it or later, by the node's wall clock, which may have
        been wrong.
        """


class Records(Protocol):
    """Contracts and the records that people write, as they were taken in; append-only."""

    def latest(self, kind: str) -> InputFile | None:
        """Return the file of this kind that was taken in last."""

    def file(self, kind: str, digest: str) -> InputFile | None:
        """Return the file of this kind and digest, if it was ever taken in."""

    def add(self, lease: Lease, file: InputFile, records: Sequence[Record], now_ms: int) -> None:
        """
        Take in a file and the records in it that are new.

        Raises InventoryError `history_rewritten` if a record that was taken in before reads
        otherwise now; nothing is written then.
        """

    def contracts(self, scope: Scope) -> tuple[ContractFile, ...]:
        """Return all versions of all contracts, by contract and effective date."""

    def add_contract(self, lease: Lease, file: ContractFile, now_ms: int) -> None:
        """Take in a version; as add, raises `history_rewritten` if it reads otherwise now."""


class Judgements(Protocol):
    """The last evaluation of each contract's periods."""

    def judged(self, scope: Scope, contract: ContractId, period: str) -> Judged | None:
        """Return the last evaluation of a period, or None."""

    def judged_periods(self, scope: Scope) -> tuple[tuple[ContractId, str], ...]:
        """Return contract and period of everything that was judged, in order."""

    def judgement(self, scope: Scope, digest: str) -> Judged | None:
        """Return the evaluation that an entry names, or None."""

    def keep(self, lease: Lease, judged: Judged) -> None:
        """Replace the last evaluation of a period; what an entry names is kept as well."""


class Findings(Protocol):
    """What a person must look at."""

    def findings(self) -> tuple[Finding, ...]:
        """Return all findings in the order in which they were made."""

    def report(self, lease: Lease, finding: Finding) -> bool:
        """Keep a finding; returns False if it is known already."""


class Store(Leases, Journals, Records, Judgements, Ledger, Releases, Outbox, Findings, Protocol):
    """All that the collector remembers."""
