"""
One page of one node's journal: asked for, checked, on disk, and ready to be counted.

Nothing here touches the database, so that many pages can be on their way at once and be counted
together.
"""

from collections.abc import Callable, Mapping, MutableMapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace

from gpusla.catalogue.codes import AGENT_UNREACHABLE, JOURNAL_FORKED
from gpusla.clock import Clock
from gpusla.errors import GpuslaError, JournalError, ServiceError
from gpusla.identity import GpuUuid, NodeName, Slot
from gpusla.journal.chain import Head
from gpusla_collector.ports import Agents, Cursor, Evidence, Lease, Move, Page, Segment
from gpusla_collector.usecases.take_in import TakenIn, take_in

SEGMENT_BYTES = 64 * 2**20
"""A longer file of evidence is followed by a new one."""


APART_MS = 24 * 3_600_000
"""How far a node's clock may be ahead of ours: which of the two is wrong, nobody here can say."""


FLOOD_BYTES = 2**20
FLOOD_MS = 60_000
"""No agent writes so much about so little time: it is fifty times what one writes at worst."""


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
class Step:
    """
    What came of one page.

    cursor: where the node is after it.  move: what the store must be told; None if nothing that it
    keeps has changed.  is_behind: the agent has more.  error: what ended it.
    gpus: as `TakenIn` has them.
    """

    cursor: Cursor
    move: Move | None
    is_behind: bool
    error: GpuslaError | None
    gpus: Mapping[Slot, GpuUuid | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Pages:
    """What getting pages needs; safe to use from many threads, for each node from one at a time."""

    agents: Agents
    evidence: Evidence
    clock: Clock

    def step(
        self,
        lease: Lease,
        target: Target,
        cursor: Cursor,
        owners: MutableMapping[str, NodeName] | None,
        answered: Callable[[], None] = lambda: None,
    ) -> Step:
        """
        Ask for a page and take it in.

        owners: whose each key is, by its text.  answered: called once the node has answered.
        """
        try:
            page = self.agents.fetch(target.node, target.address, cursor.head.sequence)
            answered()
            _require_agreement(cursor.node, cursor.head, page.head)
            _require_answer(cursor.node, cursor.head, page)
            return self._taken(lease, target, cursor, page, owners)
        except (ServiceError, JournalError) as error:
            return Step(cursor, None, is_behind=False, error=error)

    def _taken(
        self,
        lease: Lease,
        target: Target,
        cursor: Cursor,
        page: Page,
        owners: MutableMapping[str, NodeName] | None,
    ) -> Step:
        """Keep what belongs to the chain, whatever comes after it."""
        taken = take_in(
            cursor.node,
            cursor.head,
            cursor.carry,
            page.lines,
            keyring=cursor.keyring,
            enrolled=target.keys,
            owners=owners,
        )
        now_ms = self.clock.wall_ms()
        after = replace(
            _advanced(cursor, taken, now_ms),
            segment=self._write(lease, cursor, page.lines[: taken.count]),
        )
        error: GpuslaError | None = taken.error
        if error is None:
            error = _flood(cursor, taken, page)
        if error is None:
            # Only an agent that can be believed counts as reached.
            after = replace(after, agent_sequence=page.head.sequence, reached_ms=now_ms)
            error = _disagreement(after.node, after.head, page.head)
        return Step(
            after,
            _move(cursor, after, taken),
            is_behind=bool(page.lines) and after.head.sequence < page.head.sequence,
            error=error,
            gpus=taken.gpus,
        )

    def _write(self, lease: Lease, cursor: Cursor, lines: Sequence[bytes]) -> Segment | None:
        if not lines:
            return cursor.segment
        return self.evidence.append(cursor.node, _open_segment(lease, cursor), lines)


def _move(before: Cursor, after: Cursor, taken: TakenIn) -> Move | None:
    """
    Return what is to be kept.

    That an agent with nothing new was reached once more is not: it would be a write for each node
    and round.
    """
    if replace(after, reached_ms=before.reached_ms) == before and before.reached_ms:
        return None
    return Move(before, after, taken.spans, taken.milestones)


def _advanced(cursor: Cursor, taken: TakenIn, now_ms: int) -> Cursor:
    """
    Return where the node is after it.

    A clock that was ahead, once, must not hide for years that a node is silent: its last sample
    counts, not its latest, and one that cannot be true counts as seen now.
    """
    last_ms = cursor.evidence_until_ms if taken.until_ms is None else taken.until_ms
    if last_ms > now_ms + APART_MS:
        last_ms = now_ms
    return replace(
        cursor,
        head=taken.head,
        carry=taken.carry,
        keyring=taken.keyring,
        evidence_until_ms=max(last_ms, 0),
    )


def _open_segment(lease: Lease, cursor: Cursor) -> Segment:
    """Return the segment to write on: the last one if it is this epoch's and not too long."""
    last = cursor.segment
    if last is not None and last.epoch == lease.epoch and last.byte_length < SEGMENT_BYTES:
        return last
    return Segment(cursor.head.sequence + 1, lease.epoch, cursor.head.sequence, 0)


def _flood(before: Cursor, taken: TakenIn, page: Page) -> ServiceError | None:
    """
    Tell of a node whose records have no end: what came is kept, and it is asked less often.

    It would fill the disk that the evidence of all nodes is on, and hold its contract back.
    A clock that is wrong, or is set, makes none: what counts is how far apart its samples are.
    """
    size_bytes = sum(map(len, page.lines))
    last = before.carry.last
    seen_ms = (*taken.seen_ms, *(() if last is None else (last.at_ms,)))
    told_ms = max(seen_ms) - min(seen_ms) if seen_ms else 0
    if size_bytes < FLOOD_BYTES or told_ms >= FLOOD_MS:
        return None
    return ServiceError(
        AGENT_UNREACHABLE,
        f"{before.node}: {size_bytes} bytes of records speak of {told_ms} ms",
        fix="Stop its agent and look at its journal; an agent writes some 32 MB a day.",
    )


def _require_answer(node: NodeName, ours: Head, page: Page) -> None:
    """
    Refuse an answer without records from an agent that says it has some.

    Counted as reached, it would hold the judgement of its contract back for ever.
    """
    if not page.lines and page.head.sequence > ours.sequence:
        raise ServiceError(
            AGENT_UNREACHABLE,
            f"{node}: it has records up to {page.head.sequence}, "
            f"and gives none behind record {ours.sequence}",
        )


def _require_agreement(node: NodeName, ours: Head, theirs: Head) -> None:
    error = _disagreement(node, ours, theirs)
    if error is not None:
        raise error


def _disagreement(node: NodeName, ours: Head, theirs: Head) -> JournalError | None:
    if theirs.sequence < ours.sequence:
        return JournalError(
            JOURNAL_FORKED,
            f"{node}: the agent's journal ends at record {theirs.sequence}, "
            f"before record {ours.sequence}, which was taken in here",
        )
    if theirs.sequence == ours.sequence and theirs.digest != ours.digest:
        return JournalError(
            JOURNAL_FORKED,
            f"{node}: the agent's record {ours.sequence} is {theirs.digest[:12]}, "
            f"the one taken in here {ours.digest[:12]}",
        )
    return None
