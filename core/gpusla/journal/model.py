"""
What a journal holds: an envelope that never changes and bodies that have a version.

The envelope's five keys (`v`, `seq`, `prev`, `kind`, `body`) are the same in every version for
ever, so any reader can check the chain of any journal.  A body whose version or kind the reader
does not know is kept, counted and chained, and says nothing: the time that it covers is unknown
(`format_unknown`), never guessed.  Source: docs/decisions/0010-journal.md.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from gpusla.catalogue.reasons import State
from gpusla.identity import GpuUuid, NodeName, Slot

VERSION = 1
GENESIS = "0" * 64
"""What the first record names as the hash of the one before it."""


class Kind(StrEnum):
    """What a record of version 1 says; older readers know none from `key` on, and skip them."""

    STARTED = "started"
    STOPPED = "stopped"
    OBSERVED = "observed"
    OCCUPANCY = "occupancy"
    EVENT = "event"
    CLOCK_STEPPED = "clock_stepped"
    SOURCE_RESTARTED = "source_restarted"
    CONFIGURATION_CHANGED = "configuration_changed"
    KEY = "key"
    SIGNATURE = "signature"
    GAP = "gap"
    GPU = "gpu"
    READINGS = "readings"
    TAIL_CUT = "tail_cut"
    HOUR = "hour"


class ClockState(StrEnum):
    """Whether the node's wall clock is kept in step with the world."""

    SYNCHRONISED = "synchronised"
    UNSYNCHRONISED = "unsynchronised"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Envelope:
    """
    One record as stored.

    sequence: 1 for the first record, then one more each.  previous: SHA-256 of the line before, in
    hex, without its line end.  body: by version and kind; integers, text, lists and maps only.
    """

    version: int
    sequence: int
    previous: str
    kind: str
    body: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Instant:
    """
    When a record speaks, on all clocks of the node.

    boot: the kernel's boot id.  start: how many times the agent has started with this journal.
    mono_ms: monotonic milliseconds within that boot.  wall_ms: the wall clock read with it.
    error_ms: how far the wall clock may be off; None if nobody knows.
    """

    boot: str
    start: int
    mono_ms: int
    wall_ms: int
    clock: ClockState
    error_ms: int | None


@dataclass(frozen=True, slots=True)
class Started:
    """
    The agent started; its wall and monotonic clocks at this instant anchor all that follows.

    interval_ms: how often it means to sample.  valid_ms: how long a sample speaks for the time
    after it; a longer silence is unknown.  build: SHA-256 of the agent's own program files.
    configuration: SHA-256 over the digests of all that is configured.  Both are empty in records
    of agents that did not say.
    """

    at: Instant
    node: NodeName
    agent_version: str
    source: str
    interval_ms: int
    valid_ms: int
    build: str = ""
    configuration: str = ""


@dataclass(frozen=True, slots=True)
class Stopped:
    """The agent stopped on purpose; cause in words."""

    at: Instant
    cause: str


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """
    A reason of the catalogue by name, the evidence for it in words, and what should be done.

    evidence: begins with who says so, such as `driver:` or `NVLink 5 decode:`.
    action: `gpusla.catalogue.actions.Action` by value; empty in records that name none.
    """

    reason: str
    evidence: str = ""
    action: str = ""


@dataclass(frozen=True, slots=True)
class Condition:
    """The state of a slot and why; findings are sorted, and empty only if the state is ok."""

    state: State
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True)
class Observed:
    """
    Every sample from `from_mono_ms` to `at.mono_ms`, both included, saw these conditions.

    samples: how many there were (1 if both ends are the same).  gap_ms: the longest distance
    between two neighbours among them; 0 for one sample.
    """

    at: Instant
    from_mono_ms: int
    samples: int
    gap_ms: int
    conditions: dict[Slot, Condition]


@dataclass(frozen=True, slots=True)
class Occupancy:
    """Which GPU sits in which slot from here on; None for an empty slot."""

    at: Instant
    gpus: dict[Slot, GpuUuid | None]


@dataclass(frozen=True, slots=True)
class XidSeen:
    """
    The driver reported an error number for the GPU in a slot.

    role: `gpusla.health.Role` by value: what the error is to others, such as the root of an
    incident or an after-effect of another GPU's; empty if nobody graded it.
    evidence: what it rests on, in words.  kernel_sequence: number of the kernel log's record in
    this boot, None if that did not tell of it.  happened_wall_ms: when it happened by the node's
    wall clock, None if that was at `at`; before it where the agent found it in the log afterwards.
    count: how many equal ones of a pass the record stands for; sequence and time are the last's.
    """

    at: Instant
    slot: Slot
    gpu: GpuUuid
    xid: int
    role: str = ""
    evidence: str = ""
    kernel_sequence: int | None = None
    happened_wall_ms: int | None = None
    count: int = 1


@dataclass(frozen=True, slots=True)
class ClockStepped:
    """The wall clock was stepped: from here on `at` is the anchor; by_ms is new minus expected."""

    at: Instant
    by_ms: int


@dataclass(frozen=True, slots=True)
class SourceRestarted:
    """The worker that talks to the driver was replaced; cause in words."""

    at: Instant
    cause: str


@dataclass(frozen=True, slots=True)
class ConfigurationChanged:
    """Inventory or assignments came in a new version; digest of the bytes that are in force."""

    at: Instant
    subject: str
    digest: str


@dataclass(frozen=True, slots=True)
class KeyIntroduced:
    """
    The node signs with this key from here on.

    public: 32 bytes in base64.  previous: id of the key before it, empty for the first.
    signature: by the key itself, of `gpusla.evidence.envelope.key_bytes`, in base64.
    endorsement: the same by the key before it; empty where there was none or it was lost.
    """

    at: Instant
    public: str
    previous: str
    signature: str
    endorsement: str


@dataclass(frozen=True, slots=True)
class HeadSigned:
    """
    The node signs all records before this one.

    key: id of the key.  signature: of `gpusla.evidence.envelope.head_bytes` for the record just
    before, whose number and digest this record's envelope names; in base64.
    """

    at: Instant
    key: str
    signature: str


class GapCause(StrEnum):
    """Why the agent itself took no sample for longer than one speaks."""

    STEP_FAILED = "step_failed"
    SOURCE_SLOW = "source_slow"
    NOT_SCHEDULED = "not_scheduled"
    DISK = "disk"


@dataclass(frozen=True, slots=True)
class Gap:
    """
    The agent ran and recorded no sample between these two, on the monotonic clock.

    cause: `GapCause` by value; a later program may know more of them.
    """

    at: Instant
    from_mono_ms: int
    until_mono_ms: int
    cause: str


class GpuChange(StrEnum):
    """What happened to a GPU that occupancy does not tell."""

    ADDED = "added"
    REMOVED = "removed"
    RESET = "reset"


@dataclass(frozen=True, slots=True)
class GpuChanged:
    """
    A GPU came into the driver's list, left it, or began its counters anew.

    change: `GpuChange` by value.  One that left the list still sits in its slot, for all we know.
    """

    at: Instant
    slot: Slot
    gpu: GpuUuid
    change: str


class Flag(StrEnum):
    """Why a recorded reading has no value; one that has one is ok."""

    UNSUPPORTED = "unsupported"
    STALE = "stale"
    ERROR = "error"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True)
class ReadingsTaken:
    """
    What the GPUs said of themselves: evidence beside the states, at most once a minute.

    gpus: by slot and name, whose end is its unit; an integer, or why there is none: a `Flag` by
    value.  Slots whose GPU does not answer are not in it.
    """

    at: Instant
    gpus: dict[Slot, dict[str, int | str]]


@dataclass(frozen=True, slots=True)
class TailCut:
    """What a crash had torn at the journal's end was cut off at this start, so many bytes of it."""

    at: Instant
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Opaque:
    """A record that this program does not understand; it says nothing about any slot."""

    version: int
    kind: str
