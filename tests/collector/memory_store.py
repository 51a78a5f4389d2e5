"""The store in memory; the same tests run on it and on the real one."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace

from gpusla.catalogue.codes import (
    FENCED,
    HISTORY_REWRITTEN,
    LEDGER_CONFLICT,
    STORE_UNAVAILABLE,
)
from gpusla.errors import InventoryError, LedgerError, StoreError
from gpusla.identity import ContractId, NodeName, Slot
from gpusla.instants import Interval
from gpusla.journal.chain import Head
from gpusla.ledger.entries import Entry, Status, month_of
from gpusla.ledger.notes import CreditNote, is_documented
from gpusla.ledger.release import Mode, Proposal
from gpusla.timeline.join import join
from gpusla.timeline.model import StateSpan
from gpusla_collector.ports import (
    NO_MILESTONES,
    Account,
    Announcement,
    Approval,
    ContractFile,
    Cursor,
    Finding,
    InputFile,
    Judged,
    Lease,
    Milestones,
    Move,
    Record,
    Scope,
    Segment,
    SpanSummary,
    Waiting,
)


class MemoryStore:
    """The whole store in dictionaries; not safe to use from several threads at once."""

    def __init__(self) -> None:
        self.leases: dict[str, tuple[str | None, int, int]] = {}
        self.kept_cursors: dict[NodeName, Cursor] = {}
        self.kept_segments: dict[NodeName, dict[int, Segment]] = {}
        self.kept_spans: list[StateSpan] = []
        self.kept_milestones: dict[NodeName, Milestones] = {}
        self.files: list[InputFile] = []
        self.records: dict[tuple[str, str], Record] = {}
        self.kept_contracts: dict[tuple[ContractId, int], ContractFile] = {}
        self.evaluations: dict[str, Judged] = {}
        self.newest: dict[tuple[ContractId, str], str] = {}
        self.ledger: list[Entry] = []
        self.found: dict[str, Finding] = {}
        self.announced: list[Announcement] = []
        self.taken: set[tuple[str, str]] = set()
        self.proposed: dict[str, Proposal] = {}
        self.approved: dict[tuple[str, str], Approval] = {}
        self.switched: dict[ContractId, Mode] = {}

    def acquire(self, name: str, holder: str, now_ms: int, duration_ms: int) -> Lease | None:
        """Take or prolong a lease."""
        owner, epoch, until_ms = self.leases.get(name, (None, 0, 0))
        if owner not in {None, holder} and until_ms > now_ms:
            return None
        if owner != holder:
            epoch += 1
        self.leases[name] = (holder, epoch, now_ms + duration_ms)
        return Lease(name, holder, epoch)

    def release(self, lease: Lease) -> None:
        """Give a lease back."""
        holder, epoch, _ = self.leases[lease.name]
        if (holder, epoch) == (lease.holder, lease.epoch):
            self.leases[lease.name] = (None, epoch, 0)

    def cursors(self) -> Mapping[NodeName, Cursor]:
        """Return all cursors."""
        return dict(self.kept_cursors)

    def segments(self, node: NodeName) -> tuple[Segment, ...]:
        """Return a node's segments."""
        kept = self.kept_segments.get(node, {})
        return tuple(kept[first] for first in sorted(kept))

    def advance(
        self,
        lease: Lease,
        before: Cursor,
        after: Cursor,
        spans: Sequence[StateSpan],
        milestones: Milestones = NO_MILESTONES,
    ) -> None:
        """Move a cursor, keep spans, hours and keys."""
        self._require(lease)
        known = self.kept_cursors.get(before.node, Cursor(before.node))
        if known.head != before.head:
            raise StoreError(FENCED, f"somebody else moved the cursor of {before.node}")
        self.kept_cursors[after.node] = after
        if after.segment is not None:
            kept = self.kept_segments.setdefault(after.node, {})
            kept[after.segment.first_sequence] = after.segment
        self._keep(after.node, spans)
        known_lines = self.kept_milestones.get(after.node, NO_MILESTONES)
        self.kept_milestones[after.node] = Milestones(
            known_lines.hours + milestones.hours, known_lines.keys + milestones.keys
        )

    def advance_all(self, lease: Lease, moves: Sequence[Move]) -> None:
        """Move cursors and keep spans, or do nothing."""
        heads = {move.before.node: self._head_of(move.before.node) for move in moves}
        for move in moves:
            if heads[move.before.node] != move.before.head:
                raise StoreError(FENCED, f"somebody else moved the cursor of {move.before.node}")
            heads[move.before.node] = move.after.head
        for move in moves:
            self.advance(lease, move.before, move.after, move.spans, move.milestones)

    def _head_of(self, node: NodeName) -> Head:
        return self.kept_cursors.get(node, Cursor(node)).head

    def _keep(self, node: NodeName, spans: Sequence[StateSpan]) -> None:
        others = [s for s in self.kept_spans if s.evidence and s.evidence.node != node]
        ours = [s for s in self.kept_spans if s.evidence and s.evidence.node == node]
        self.kept_spans = [*others, *join([*ours, *spans])]

    def account(self, slots: Sequence[Slot], interval: Interval) -> Account:
        """Return spans and heads."""
        spans = tuple(self._touching(slots, interval))
        behind = {span.evidence.node for span in spans if span.evidence}
        return Account(
            spans,
            {node: cursor.head for node, cursor in self.kept_cursors.items()},
            {node: self.kept_cursors[node].keyring for node in behind},
        )

    def summary(self, slots: Sequence[Slot], interval: Interval) -> SpanSummary:
        """Sum up spans."""
        spans = list(self._touching(slots, interval))
        covered_ms = sum(
            min(s.end_ms, interval.end_ms) - max(s.start_ms, interval.start_ms) for s in spans
        )
        return SpanSummary(len(spans), len(spans), covered_ms)

    def _touching(self, slots: Sequence[Slot], interval: Interval) -> Iterator[StateSpan]:
        wanted = set(slots)
        for span in self.kept_spans:
            touches = span.end_ms > interval.start_ms and span.start_ms < interval.end_ms
            if touches and span.slot in wanted:
                yield span

    def milestones(self, node: NodeName, interval: Interval) -> Milestones:
        """Return hours from the first to the last that touch it, up to its end, and keys."""
        kept = self.kept_milestones.get(node, NO_MILESTONES)
        start_ms, end_ms = interval.start_ms, interval.end_ms
        touching = [
            place
            for place, hour in enumerate(kept.hours)
            if hour.from_ms < end_ms and hour.until_ms > start_ms
        ]
        last = touching[-1] if touching else 0
        closing = [last + n for n, h in enumerate(kept.hours[last:]) if h.until_ms >= end_ms][:1]
        places = touching[:1] + touching[-1:] + closing
        if not places:
            return NO_MILESTONES
        hours = kept.hours[places[0] : places[-1] + 1]
        keys = (key for key in kept.keys if key.sequence < hours[-1].sequence)
        return Milestones(hours, tuple(keys))

    def latest(self, kind: str) -> InputFile | None:
        """Return the newest file of a kind."""
        return next((file for file in reversed(self.files) if file.kind == kind), None)

    def file(self, kind: str, digest: str) -> InputFile | None:
        """Return a file by its digest."""
        return next((f for f in self.files if (f.kind, f.digest) == (kind, digest)), None)

    def add(self, lease: Lease, file: InputFile, records: Sequence[Record], now_ms: int) -> None:  # noqa: ARG002
        """Take in a file."""
        self._require(lease)
        for record in records:
            if self.records.get((record.kind, record.id), record) != record:
                raise InventoryError(HISTORY_REWRITTEN, f"{record.id} reads otherwise")
        self.records |= {(record.kind, record.id): record for record in records}
        latest = self.latest(file.kind)
        if latest is None or latest.digest != file.digest:
            self.files.append(file)

    def contracts(self, scope: Scope) -> tuple[ContractFile, ...]:
        """Return contract versions."""
        kept = sorted(self.kept_contracts.items())
        return tuple(f for _, f in kept if scope.tenant in {None, f.tenant})

    def add_contract(self, lease: Lease, file: ContractFile, now_ms: int) -> None:  # noqa: ARG002
        """Take in a version."""
        self._require(lease)
        known = self.kept_contracts.setdefault((file.contract, file.version), file)
        if known.file.digest != file.file.digest:
            raise InventoryError(HISTORY_REWRITTEN, f"{file.contract} reads otherwise")

    def judged(self, scope: Scope, contract: ContractId, period: str) -> Judged | None:
        """Return the last evaluation of a period."""
        return self.judgement(scope, self.newest.get((contract, period), ""))

    def judged_periods(self, scope: Scope) -> tuple[tuple[ContractId, str], ...]:
        """Return what was judged."""
        return tuple(key for key in sorted(self.newest) if self.judged(scope, *key) is not None)

    def judgement(self, scope: Scope, digest: str) -> Judged | None:
        """Return an evaluation."""
        found = self.evaluations.get(digest)
        return found if found is not None and scope.tenant in {None, found.tenant} else None

    def keep(self, lease: Lease, judged: Judged) -> None:
        """Replace the last evaluation."""
        self._require(lease)
        before = self.newest.get((judged.contract, judged.period))
        self.evaluations.setdefault(judged.digest, judged)
        posted = {e.evaluation_digest for e in self.ledger if e.status is Status.POSTED}
        if judged.digest not in posted:
            self._made_again(judged)
        self.newest[judged.contract, judged.period] = judged.digest
        named = {entry.evaluation_digest for entry in self.ledger}
        if before is not None and before != judged.digest and before not in named:
            del self.evaluations[before]

    def _made_again(self, judged: Judged) -> None:
        known = self.evaluations[judged.digest]
        if not judged.is_from_files_of(known.inputs):
            self.evaluations[judged.digest] = replace(
                known, inputs=judged.inputs, judged_ms=judged.judged_ms
            )

    def entries(
        self, scope: Scope, contract: ContractId | None = None, period: str | None = None
    ) -> tuple[Entry, ...]:
        """Return entries."""
        return tuple(
            entry
            for entry in self.ledger
            if scope.tenant in {None, entry.tenant}
            and contract in {None, entry.contract}
            and period in {None, entry.period}
        )

    def book(
        self,
        lease: Lease,
        judged: Judged,
        decide: Callable[[Sequence[Entry]], Sequence[Entry]],
        now_ms: int,
    ) -> tuple[Entry, ...]:
        """Append entries."""
        self._require(lease)
        of_contract = self.entries(Scope(None), judged.contract)
        standing = tuple(e for e in of_contract if month_of(e.period) == month_of(judged.period))
        known = {entry.key: entry for entry in standing}
        new = [entry for entry in decide(standing) if known.get(entry.key) != entry]
        if any(entry.key in known for entry in new):
            raise LedgerError(LEDGER_CONFLICT, "another entry stands under this key")
        self.keep(lease, judged)
        if new:
            self._made_again(judged)
        self.ledger += new
        self.announced += [
            Announcement(entry.key, f"credit_{entry.status}", "{}", now_ms) for entry in new
        ]
        return tuple(new)

    def undelivered(self, receiver: str, limit: int) -> tuple[Announcement, ...]:
        """Return what a receiver has not taken."""
        left = [one for one in self.announced if (one.key, receiver) not in self.taken]
        return tuple(left[:limit])

    def waiting(self, receiver: str) -> Waiting:
        """Return how much a receiver has not taken."""
        left = self.undelivered(receiver, len(self.announced))
        return Waiting(len(left), min((one.written_ms for one in left), default=None))

    def unbalanced(self) -> tuple[str, ...]:
        """Return none: an entry that does not balance cannot be made."""
        return ()

    def delivered(self, lease: Lease, receiver: str, key: str, now_ms: int) -> None:  # noqa: ARG002
        """Remember that a receiver took it."""
        self._require(lease)
        self.taken.add((key, receiver))

    def credit_notes(
        self, scope: Scope, contract: ContractId | None = None
    ) -> tuple[CreditNote, ...]:
        """Return documents: each contract's postings, counted."""
        counts: Counter[ContractId] = Counter()
        found = []
        for entry in filter(is_documented, self.ledger):
            counts[entry.contract] += 1
            if scope.tenant in {None, entry.tenant} and contract in {None, entry.contract}:
                found.append(CreditNote(entry.contract, counts[entry.contract], entry.key))
        return tuple(sorted(found, key=lambda note: (note.contract, note.number)))

    def propose(self, lease: Lease, proposal: Proposal, now_ms: int) -> bool:  # noqa: ARG002
        """Keep a proposal."""
        self._require(lease)
        is_new = proposal.digest not in self.proposed
        self.proposed.setdefault(proposal.digest, proposal)
        return is_new

    def proposals(self) -> tuple[Proposal, ...]:
        """Return proposals."""
        return tuple(self.proposed.values())

    def approve(self, approval: Approval) -> bool:
        """Keep an approval."""
        if approval.proposal not in self.proposed:
            raise StoreError(STORE_UNAVAILABLE, "there is no such proposal")
        key = approval.proposal, approval.person
        is_new = key not in self.approved
        self.approved.setdefault(key, approval)
        return is_new

    def approvals(self) -> tuple[Approval, ...]:
        """Return approvals."""
        return tuple(self.approved.values())

    def switch(self, contract: ContractId, mode: Mode, person: str, now_ms: int) -> None:  # noqa: ARG002
        """Put a contract into a mode."""
        self.switched[contract] = mode

    def modes(self) -> Mapping[ContractId, Mode]:
        """Return modes."""
        return dict(self.switched)

    def findings(self) -> tuple[Finding, ...]:
        """Return findings."""
        return tuple(self.found.values())

    def report(self, lease: Lease, finding: Finding) -> bool:
        """Keep a finding."""
        self._require(lease)
        is_new = finding.key not in self.found
        self.found.setdefault(finding.key, finding)
        return is_new

    def _require(self, lease: Lease) -> None:
        holder, epoch, _ = self.leases.get(lease.name, (None, 0, 0))
        if (holder, epoch) != (lease.holder, lease.epoch):
            raise StoreError(FENCED, f"the lease of epoch {lease.epoch} was lost")
