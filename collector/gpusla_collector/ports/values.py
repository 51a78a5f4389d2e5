"""The values that cross the line between the use cases and the world."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from gpusla.evidence.keyring import NO_KEYS, Keyring
from gpusla.identity import ContractId, NodeName, TenantId
from gpusla.journal.chain import EMPTY, Head
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
    reached, at reached_ms.  evidence_until_ms: the instant of the last sample, or when it came if
    that was more than a day earlier (a clock that is ahead); 0 before the first.  keyring: the keys
    that the journal introduced, and how far they signed.
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
class HourLine:
    """
    A node's record of kind `hour`: its number in the journal, what its block says, and its line.

    The rest as in `gpusla.journal.hours.HourBlock`.
    """

    sequence: int
    number: int
    first_sequence: int
    last_sequence: int
    from_ms: int
    until_ms: int
    line: bytes


@dataclass(frozen=True, slots=True)
class KeyLine:
    """A node's record of kind `key`: its number in the journal, and its line."""

    sequence: int
    line: bytes


@dataclass(frozen=True, slots=True)
class Milestones:
    """The hours and keys among some records of a journal, each in their order."""

    hours: tuple[HourLine, ...] = ()
    keys: tuple[KeyLine, ...] = ()


NO_MILESTONES = Milestones()


@dataclass(frozen=True, slots=True)
class Move:
    """
    A step of one node's cursor, and what became known by it.

    spans: by slot in time order, neighbours that say the same already joined; the first of a slot
    lengthens the last one kept if the two say the same.  milestones: the hours and keys between
    the two cursors; they are kept for good.
    """

    before: Cursor
    after: Cursor
    spans: tuple[StateSpan, ...] = ()
    milestones: Milestones = NO_MILESTONES


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

    def is_from_files_of(self, inputs: str) -> bool:
        """
        Tell whether other inputs name the same, but for how far the evidence had come.

        Journals move on all the time; what they held then gives the same judgement for good.
        """
        return self.inputs == inputs or _files(self.inputs) == _files(inputs)


EVIDENCE_REACHED = ("journals", "signed", "known_until_ms")
"""Of inputs, how far journals had come."""


def _files(inputs: str) -> object:
    try:
        named = json.loads(inputs)
    except ValueError:
        return inputs
    if not isinstance(named, dict):
        return inputs
    return {name: value for name, value in named.items() if name not in EVIDENCE_REACHED}


@dataclass(frozen=True, slots=True)
class Finding:
    """Something a person must look at; key makes it one row however often it is found."""

    key: str
    kind: str
    subject: str
    found_ms: int
    detail: str


def finding_key(*parts: object) -> str:
    """Return the key of a finding: what is found again of the same parts is the same one."""
    return hashlib.sha256("\n".join(map(str, parts)).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Approval:
    """One person's word for one proposal, by its digest."""

    proposal: str
    person: str
    approved_ms: int


@dataclass(frozen=True, slots=True)
class Announcement:
    """What a booking tells others; key is the entry's, and content is JSON."""

    key: str
    topic: str
    content: str
    written_ms: int


@dataclass(frozen=True, slots=True)
class Waiting:
    """Announcements that a receiver has not taken; oldest_ms: None if there are none."""

    count: int
    oldest_ms: int | None


@dataclass(frozen=True, slots=True)
class SpanSummary:
    """What tells whether the spans of some slots in an interval changed, without reading them."""

    count: int
    last_id: int
    covered_ms: int


@dataclass(frozen=True, slots=True)
class Account:
    """
    What journals say of some slots, and how far each node's journal was taken in by then.

    keyrings: what the journals behind the spans said of their keys up to the heads.
    """

    spans: tuple[StateSpan, ...]
    heads: Mapping[NodeName, Head]
    keyrings: Mapping[NodeName, Keyring] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class StateCounter:
    """A slot's seconds in one state as Prometheus has them: value at the sample's own time."""

    slot: str
    state: str
    at_ms: int
    value_ms: int
