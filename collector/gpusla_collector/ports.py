"""
What the use cases need from the world, and the values that cross the line.

Every port has one real implementation in `adapters` and one fake in tests/collector; the same tests
run on both.  A method that returns what belongs to tenants takes a `Scope`, without a default, so
that nobody reads everything by forgetting to say for whom.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Protocol

from gpusla.evidence.keyring import NO_KEYS, Keyring
from gpusla.identity import ContractId, NodeName, Slot, TenantId
from gpusla.instants import Interval
from gpusla.journal.chain import EMPTY, Head
from gpusla.ledger.entries import Entry
from gpusla.ledger.notes import CreditNote
from gpusla.ledger.release import Mode, Proposal
from gpusla.timeline.fold import Carry
from gpusla.timeline.model import StateSpan


@dataclass(frozen=True, slots=True)
class Scope:
    """For whom something is read; tenant None stands for the operator, who may see everything."""

    tenant: TenantId | None


OPERATOR = Scope(None)

NOTHING_FOLDED = Carry()


@dataclass(frozen=True, slots=True)
class Lease:
    """
    The right to write, held by one process at a time.

    epoch: grows whenever the lease is taken from a holder that did not give it back, so that what
    the old holder still writes can be told apart and refused.
    """

    name: str
    holder: str
    epoch: int


@dataclass(frozen=True, slots=True)
class Segment:
    """
    A file of evidence: the lines of one node's journal from a sequence number on.

    epoch: whose lease wrote it; nobody else ever appends to it.  last_sequence and byte_length say
    how much of it is acknowledged; bytes beyond are left over from an interrupted fetch.
    """

    first_sequence: int
    epoch: int
    last_sequence: int
    byte_length: int


@dataclass(frozen=True, slots=True)
class Cursor:
    """
    How far a node's journal was taken in.

    head: the last record taken in.  agent_sequence: how far the agent had written when it was last
    reached, at reached_ms.  evidence_until_ms: the last instant that the records speak for.
    keyring: the keys that the journal introduced, and how far they signed.
    """

    node: NodeName
    head: Head = EMPTY
    agent_sequence: int = 0
    carry: Carry = NOTHING_FOLDED
    evidence_until_ms: int = 0
    reached_ms: int = 0
    segment: Segment | None = None
    keyring: Keyring = NO_KEYS


@dataclass(frozen=True, slots=True)
class Page:
    """What an agent answered: lines without their ends, and the head of its journal."""

    lines: tuple[bytes, ...]
    head: Head


@dataclass(frozen=True, slots=True)
class InputFile:
    """A file that was taken in, as bytes; digest is SHA-256 in hex."""

    kind: str
    name: str
    digest: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Record:
    """
    A bitemporal record of the inventory, the assignments, the exclusions or the claims.

    Times as in `gpusla.inventory.model`; body is JSON of what only this kind of record has.
    """

    kind: str
    id: str
    from_ms: int
    until_ms: int | None
    recorded_ms: int
    supersedes: str | None
    withdrawn: bool
    body: str


@dataclass(frozen=True, slots=True)
class ContractFile:
    """One version of a contract as it was taken in."""

    contract: ContractId
    version: int
    tenant: TenantId
    effective_from: date
    file: InputFile


@dataclass(frozen=True, slots=True)
class Judged:
    """
    An evaluation as stored: canonical JSON and its digest.

    fingerprint: digest of what went into it, so that unchanged inputs are not judged again.
    inputs: JSON that names everything that went into it, journals by their heads.
    """

    contract: ContractId
    tenant: TenantId
    period: str
    until_ms: int
    fingerprint: str
    digest: str
    content: str
    inputs: str
    judged_ms: int


@dataclass(frozen=True, slots=True)
class Finding:
    """Something a person must look at; key makes it one row however often it is found."""

    key: str
    kind: str
    subject: str
    found_ms: int
    detail: str


@dataclass(frozen=True, slots=True)
class Approval:
    """One person's word for one proposal, by its digest."""

    proposal: str
    person: str
    approved_ms: int


@dataclass(frozen=True, slots=True)
class SpanSummary:
    """What tells whether the spans of some slots in an interval changed, without reading them."""

    count: int
    last_id: int
    covered_ms: int


@dataclass(frozen=True, slots=True)
class Account:
    """What journals say of some slots, and how far each node's journal was taken in by then."""

    spans: tuple[StateSpan, ...]
    heads: Mapping[NodeName, Head]


@dataclass(frozen=True, slots=True)
class StateCounter:
    """A slot's seconds in one state as Prometheus has them: value at the sample's own time."""

    slot: str
    state: str
    at_ms: int
    value_ms: int


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

        What stands beyond that end is cut off first.  Returns the longer segment.
        Raises JournalError if the file cannot be written or has lost acknowledged bytes.
        """

    def trim(self, node: NodeName, segment: Segment) -> None:
        """Cut off what stands beyond the acknowledged end; as append, raises JournalError."""

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
        self, lease: Lease, before: Cursor, after: Cursor, spans: Sequence[StateSpan]
    ) -> None:
        """
        Move a cursor and keep the spans that became known, in one transaction.

        spans: by slot in time order, neighbours that say the same already joined; the first of a
        slot lengthens the last one kept if the two say the same.
        Raises StoreError `fenced` if the lease was lost or somebody else moved the cursor.
        """

    def account(self, slots: Sequence[Slot], interval: Interval) -> Account:
        """
        Return the spans of some slots that touch an interval, not clipped to it, and all heads.

        Both are of the same moment: no record beyond the heads has a part in the spans.
        """

    def summary(self, slots: Sequence[Slot], interval: Interval) -> SpanSummary:
        """Tell whether the spans of some slots in an interval changed, without reading them."""


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


class Ledger(Protocol):
    """The double-entry ledger; append-only."""

    def entries(
        self, scope: Scope, contract: ContractId | None = None, period: str | None = None
    ) -> tuple[Entry, ...]:
        """Return entries in the order of booking."""

    def book(
        self,
        lease: Lease,
        judged: Judged,
        decide: Callable[[Sequence[Entry]], Sequence[Entry]],
    ) -> tuple[Entry, ...]:
        """
        Append what decide makes of the period's entries, in one transaction; returns what is new.

        decide: pure; sees the entries as they stand in that same transaction.  The evaluation that
        the entries name and one announcement for each are kept with them.
        Raises LedgerError `ledger_conflict` if another entry stands under a key, and StoreError
        `fenced` if the lease was lost.
        """

    def credit_notes(
        self, scope: Scope, contract: ContractId | None = None
    ) -> tuple[CreditNote, ...]:
        """
        Return the documents of what was posted, by contract and number.

        Their numbers are given in the transaction that books, and have no gaps.
        """


class Releases(Protocol):
    """What waits for people before it is posted, and what people decided; append-only."""

    def propose(self, lease: Lease, proposal: Proposal, now_ms: int) -> bool:
        """Keep a proposal; returns False if it is known already."""

    def proposals(self) -> tuple[Proposal, ...]:
        """Return all proposals in the order in which they were made."""

    def approve(self, approval: Approval) -> bool:
        """
        Keep an approval; returns False if this person approved this proposal already.

        Needs no lease: people approve while a collector works.
        """

    def approvals(self) -> tuple[Approval, ...]:
        """Return all approvals in the order in which they were given."""

    def switch(self, contract: ContractId, mode: Mode, person: str, now_ms: int) -> None:
        """Put a contract into a mode; needs no lease."""

    def modes(self) -> Mapping[ContractId, Mode]:
        """Return the mode of every contract that was ever switched."""


class Findings(Protocol):
    """What a person must look at."""

    def findings(self) -> tuple[Finding, ...]:
        """Return all findings in the order in which they were made."""

    def report(self, lease: Lease, finding: Finding) -> bool:
        """Keep a finding; returns False if it is known already."""


class Store(Leases, Journals, Records, Judgements, Ledger, Releases, Findings, Protocol):
    """All that the collector remembers."""
