"""
Fetches every node's journal as far as it goes: bytes first, then what they say, then the cursor.

A line is on disk before the transaction that counts it, so that a crash anywhere loses nothing and
doubles nothing: what was not counted is fetched again.  A node that does not answer, or whose
journal does not follow from what was taken in, holds up nobody else.
"""

import hashlib
from collections.abc import MutableMapping, Sequence
from collections.abc import Set as AbstractSet
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

from gpusla.catalogue.codes import JOURNAL_FORKED
from gpusla.clock import Clock
from gpusla.errors import GpuslaError, JournalError, ServiceError
from gpusla.identity import NodeName
from gpusla.journal.chain import Head
from gpusla_collector.ports import Agents, Cursor, Evidence, Finding, Lease, Page, Segment, Store
from gpusla_collector.usecases.take_in import TakenIn, take_in

NODE_MS = 10_000
"""How long one node is read from before all have their turn again, a last page not counted."""

SEGMENT_BYTES = 64 * 2**20
"""A longer file of evidence is followed by a new one."""


@dataclass(frozen=True, slots=True)
class Target:
    """
    A node whose journal is to be fetched, and where its agent listens.

    keys: what the inventory lists of its public keys, in base64.
    """

    node: NodeName
    address: str
    keys: AbstractSet[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Fetched:
    """How it went with one node: records taken in, and the error that ended it, if one did."""

    node: NodeName
    records: int
    error: GpuslaError | None


@dataclass(frozen=True, slots=True)
class Fetcher:
    """What fetching needs; workers is how many nodes are fetched at the same time."""

    agents: Agents
    evidence: Evidence
    store: Store
    clock: Clock
    workers: int

    def fetch_all(self, lease: Lease, targets: Sequence[Target]) -> tuple[Fetched, ...]:
        """
        Take in what all nodes have, and return how it went with each.

        Raises StoreError if the database fails or the lease was lost: then nothing else can go on.
        """
        cursors = self.store.cursors()
        owners = {key.public: node for node, one in cursors.items() for key in one.keyring.keys}
        with ThreadPoolExecutor(self.workers, thread_name_prefix="fetch") as pool:
            return tuple(
                pool.map(
                    lambda target: self.fetch(
                        lease, target, cursors.get(target.node, Cursor(target.node)), owners
                    ),
                    targets,
                )
            )

    def fetch(
        self,
        lease: Lease,
        target: Target,
        cursor: Cursor,
        owners: MutableMapping[str, NodeName] | None = None,
    ) -> Fetched:
        """Take in what one node has, page by page; owners: whose each key is, by its text."""
        before, deadline_ms = cursor.head.sequence, self.clock.monotonic_ms() + NODE_MS
        error: GpuslaError | None = None
        try:
            is_behind = True
            while is_behind and self.clock.monotonic_ms() < deadline_ms:
                page = self.agents.fetch(target.node, target.address, cursor.head.sequence)
                cursor = self._keep(lease, cursor, page, target.keys, owners)
                is_behind = bool(page.lines) and cursor.head.sequence < page.head.sequence
        except ServiceError as cause:
            error = cause
        except JournalError as cause:
            error = cause
            self.store.report(lease, finding_of(target.node, cause, self.clock.wall_ms()))
            cursor = self.store.cursors().get(target.node, cursor)
        return Fetched(target.node, cursor.head.sequence - before, error)

    def trim(self, lease: Lease, node: NodeName) -> None:
        """Cut off what an interrupted fetch left beyond a node's acknowledged evidence."""
        for segment in self.store.segments(node):
            try:
                self.evidence.trim(node, segment)
            except JournalError as cause:
                self.store.report(lease, finding_of(node, cause, self.clock.wall_ms()))

    def _keep(
        self,
        lease: Lease,
        cursor: Cursor,
        page: Page,
        enrolled: AbstractSet[str],
        owners: MutableMapping[str, NodeName] | None,
    ) -> Cursor:
        """Take in a page; raises JournalError after keeping what still belongs to the chain."""
        _require_agreement(cursor.node, cursor.head, page.head)
        taken = take_in(
            cursor.node,
            cursor.head,
            cursor.carry,
            page.lines,
            keyring=cursor.keyring,
            enrolled=enrolled,
            owners=owners,
        )
        after = replace(
            _advanced(cursor, taken),
            segment=self._write(lease, cursor, page.lines[: taken.count]),
        )
        if taken.error is None:
            # Only an agent that can be believed counts as reached.
            now_ms = self.clock.wall_ms()
            after = replace(after, agent_sequence=page.head.sequence, reached_ms=now_ms)
        self.store.advance(lease, cursor, after, taken.spans, taken.milestones)
        if taken.error is not None:
            raise taken.error
        _require_agreement(after.node, after.head, page.head)
        return after

    def _write(self, lease: Lease, cursor: Cursor, lines: Sequence[bytes]) -> Segment | None:
        if not lines:
            return cursor.segment
        return self.evidence.append(cursor.node, _open_segment(lease, cursor), lines)


def finding_of(node: NodeName, error: JournalError, now_ms: int) -> Finding:
    """Make the row for people of an error about a node's journal."""
    key = hashlib.sha256(f"{error.code.name}\n{node}\n{error.message}".encode()).hexdigest()
    return Finding(key, error.code.name, node, now_ms, str(error))


def _advanced(cursor: Cursor, taken: TakenIn) -> Cursor:
    return replace(
        cursor,
        head=taken.head,
        carry=taken.carry,
        keyring=taken.keyring,
        evidence_until_ms=max(cursor.evidence_until_ms, taken.until_ms or 0),
    )


def _open_segment(lease: Lease, cursor: Cursor) -> Segment:
    """Return the segment to write on: the last one if it is this epoch's and not too long."""
    last = cursor.segment
    if last is not None and last.epoch == lease.epoch and last.byte_length < SEGMENT_BYTES:
        return last
    return Segment(cursor.head.sequence + 1, lease.epoch, cursor.head.sequence, 0)


def _require_agreement(node: NodeName, ours: Head, theirs: Head) -> None:
    if theirs.sequence < ours.sequence:
        raise JournalError(
            JOURNAL_FORKED,
            f"{node}: the agent's journal ends at record {theirs.sequence}, "
            f"before record {ours.sequence}, which was taken in here",
        )
    if theirs.sequence == ours.sequence and theirs.digest != ours.digest:
        raise JournalError(
            JOURNAL_FORKED,
            f"{node}: the agent's record {ours.sequence} is {theirs.digest[:12]}, "
            f"the one taken in here {ours.digest[:12]}",
        )
