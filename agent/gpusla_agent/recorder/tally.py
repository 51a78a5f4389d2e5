"""
What a journal adds up to: milliseconds by slot and state, Xids by GPU, starts of the agent.

The tally is folded from durable records only.  Its checkpoint is a cache: it is believed only if
its own digest and that of the record that it names both match, and rebuilt from the journal else.
"""

import hashlib
import json
from contextlib import suppress
from pathlib import Path
from typing import Any

from gpusla.catalogue.codes import JOURNAL_CORRUPT
from gpusla.catalogue.reasons import State
from gpusla.errors import JournalError
from gpusla.evidence.keys import PUBLIC_BYTES, from_text, key_id
from gpusla.identity import GpuUuid, Slot, parse_slot
from gpusla.journal.body import Body
from gpusla.journal.chain import EMPTY, Head, follow
from gpusla.journal.hours import HourBlock, HourClosed
from gpusla.journal.model import (
    ClockStepped,
    KeyIntroduced,
    Observed,
    Opaque,
    Started,
    XidSeen,
)
from gpusla.timeline.fold import Carry, advance
from gpusla_agent.recorder.hours import (
    Numbered,
    Opening,
    opening_behind,
    read_records,
    write_records,
)
from gpusla_agent.recorder.kernel_account import KernelAccount
from gpusla_agent.recorder.segments import Disk, Segment, line_digest, lines, tally_before

StateMs = dict[tuple[Slot, State], int]
XidCounts = dict[tuple[GpuUuid, int], int]

_NOT_GOOD = (OSError, ValueError, KeyError, TypeError, JournalError)
"""What reading a checkpoint raises that is not there, is torn, or is of another history."""


class Tally:
    """
    The sums over the records up to head.

    starts: the highest start number seen, 0 before the first start.  xid_last_wall_ms: when a GPU
    last reported an Xid.  key: id of the key that was introduced last, empty if none was.
    """

    def __init__(self) -> None:
        self.head = EMPTY
        self.starts = 0
        self.carry = Carry()
        self.state_ms: StateMs = {}
        self.xid_counts: XidCounts = {}
        self.xid_last_wall_ms: XidCounts = {}
        self.kernel = KernelAccount()
        self.key = ""
        self._opening = Opening()
        self._closed: tuple[HourBlock, tuple[Numbered, ...]] | None = None
        # The records that the carry rests on: a start, maybe a clock step, maybe a sample.
        self._anchors: list[Numbered] = []
        self._latest: Numbered | None = None

    def add(self, head: Head, body: Body) -> None:
        """Take in the record that head stands for; it must be the next one."""
        assert head.sequence == self.head.sequence + 1  # the chain was checked before
        self.head = head
        self.carry, spans = advance(self.carry, head.sequence, body)
        for span in spans:
            key = span.slot, span.condition.state
            self.state_ms[key] = self.state_ms.get(key, 0) + span.end_ms - span.start_ms
        self._note(head.sequence, body)

    def _note(self, sequence: int, body: Body) -> None:
        if not isinstance(body, Opaque):
            self.starts = max(self.starts, body.at.start)
        self.kernel.add(body)
        if isinstance(body, XidSeen):
            key = body.gpu, body.xid
            self.xid_counts[key] = self.xid_counts.get(key, 0) + body.count
            told_ms, happened_ms = body.at.wall_ms, body.happened_wall_ms
            last_ms = told_ms if happened_ms is None else happened_ms
            self.xid_last_wall_ms[key] = max(self.xid_last_wall_ms.get(key, 0), last_ms)
        if isinstance(body, KeyIntroduced):
            with suppress(ValueError):  # Nobody can sign with what is no key.
                self.key = key_id(from_text(body.public, PUBLIC_BYTES))
        if isinstance(body, HourClosed):
            self._closed = body.block, self._records
        if isinstance(body, Started):
            self._anchors = [(sequence, body)]
        elif isinstance(body, ClockStepped):
            self._anchors = [*self._anchors[:1], (sequence, body)]
        if isinstance(body, Observed):
            self._latest = sequence, body
        if self.carry.last is None:
            self._latest = None

    @property
    def opening(self) -> Opening:
        """Where the records begin that no block holds yet; worked out when it is asked for."""
        if self._closed is not None:
            self._opening, self._closed = opening_behind(*self._closed), None
        return self._opening

    @property
    def _records(self) -> tuple[Numbered, ...]:
        return (*self._anchors, *filter(None, [self._latest]))

    @classmethod
    def read(cls, content: dict[str, Any], segments: list[Segment]) -> "Tally":
        """Return the tally that a checkpoint holds; the carry is folded from its records anew."""
        tally = cls()
        tally.head = Head(content["sequence"], content["digest"])
        tally.starts = content["starts"]
        if "records" not in content:  # In old ones: the segments still have what they name.
            numbers = [one for one in (*content["anchors"], content["latest"]) if one is not None]
            content["records"] = [
                [one, next(lines(segments, one - 1)).decode("ascii")] for one in numbers
            ]
            content["anchors"] = len(content["anchors"])
        records = read_records(content["records"])
        tally._anchors = records[: content["anchors"]]
        tally._latest = next(iter(records[content["anchors"] :]), None)
        tally.state_ms = {
            (parse_slot(slot), State(state)): ms for slot, state, ms in content["state_ms"]
        }
        for gpu, xid, count, last_wall_ms in content["xids"]:
            tally.xid_counts[GpuUuid(gpu), xid] = count
            tally.xid_last_wall_ms[GpuUuid(gpu), xid] = last_wall_ms
        tally.kernel = KernelAccount.read(content["kernel"])  # Not in old ones: folded anew.
        tally.key = content.get("key", "")  # Nor this; whoever wrote those had no key.
        for sequence, body in records:
            tally.carry, _ = advance(tally.carry, sequence, body)
        # Nor blocks: the first one begins behind what an agent from before them left.
        tally._opening = Opening(after=tally.head.sequence, records=tally._records)
        if "opening" in content:
            tally._opening = Opening.read(content["opening"])
        return tally

    def write(self, path: Path, disk: Disk) -> None:
        """Leave a checkpoint; a failure costs a slower start and nothing else."""
        with suppress(OSError):
            self.save(path, disk)

    def save(self, path: Path, disk: Disk) -> None:
        """Leave a checkpoint whose bytes are on disk; raises OSError if the disk refuses."""
        content = {
            "sequence": self.head.sequence,
            "digest": self.head.digest,
            "starts": self.starts,
            "anchors": len(self._anchors),
            "records": write_records(self._records),
            "opening": self.opening.write(),
            "state_ms": [[str(slot), state, ms] for (slot, state), ms in self.state_ms.items()],
            "kernel": self.kernel.write(),
            "key": self.key,
            "xids": [
                [*key, count, self.xid_last_wall_ms[key]] for key, count in self.xid_counts.items()
            ],
        }
        text = json.dumps(content, sort_keys=True)
        beside = path.with_suffix(".new")
        with beside.open("w") as file:
            file.write(json.dumps({"sum": _sum(text), "tally": text}))
            file.flush()
            disk.sync(file.fileno())  # Some file systems keep a new name and lose what it is of.
        beside.replace(path)


def restore(path: Path, segments: list[Segment], end: Head) -> Tally:
    """
    Return the tally of the journal up to end, from the checkpoint at path where it is good.

    Where it is not, from the newest one beside a segment that is good, as nearly all of a long
    journal would be read again otherwise; from nothing if none is and the first segment is there.
    Raises JournalError if a record that is read does not follow the one before it, or is not what
    its kind should be.
    """
    tally = _from_checkpoint(path, segments, end) or _from_newest(segments)
    for line in lines(segments, tally.head.sequence):
        head, _, body = follow(tally.head, line)
        tally.add(head, body)
    assert tally.head == end  # both went over the same files under the same lock
    return tally


def known_durable(path: Path) -> int:
    """Return the number of the last record that a checkpoint is of; 0 without a good one."""
    try:
        return int(_content(path)["sequence"])
    except (OSError, ValueError, KeyError, TypeError):
        return 0


def is_tally_before(segment: Segment) -> bool:
    """Return whether the tally of all before a segment is on disk, and fits its first record."""
    try:
        _before(segment, [segment])
    except _NOT_GOOD:
        return False
    return True


def _require_before(content: dict[str, Any], segment: Segment) -> None:
    """A tally of another history would let its sums go on under this one."""
    line = next(lines([segment], segment.first - 1), None)
    if line is None:
        raise JournalError(JOURNAL_CORRUPT, f"{segment.path}: its first record is not there")
    follow(Head(content["sequence"], content["digest"]), line)


def _from_newest(segments: list[Segment]) -> Tally:
    for segment in reversed(segments[1:]):
        with suppress(*_NOT_GOOD):
            return _before(segment, segments)
    return tally_at_start(segments)


def tally_at_start(segments: list[Segment]) -> Tally:
    """
    Return the tally of all before the first segment, an empty one before the first record.

    Raises JournalError if it is not on disk, or is not what the first segment goes on from.
    """
    if not segments or segments[0].first == 1:
        return Tally()
    try:
        return _before(segments[0], segments)
    except _NOT_GOOD as cause:
        path = tally_before(segments[0])
        raise JournalError(
            JOURNAL_CORRUPT, f"{path}: what was before record {segments[0].first} is not known"
        ) from cause


def _before(segment: Segment, segments: list[Segment]) -> Tally:
    """Return the tally of all before a segment; raises one of _NOT_GOOD."""
    content = _content(tally_before(segment))
    _require_before(content, segment)
    return Tally.read(content, segments)


def _content(path: Path) -> dict[str, Any]:
    stored = json.loads(path.read_bytes())
    if _sum(stored["tally"]) != stored["sum"]:
        raise ValueError(path)
    content: dict[str, Any] = json.loads(stored["tally"])
    return content


def _from_checkpoint(path: Path, segments: list[Segment], end: Head) -> Tally | None:
    try:
        content = _content(path)
        head = Head(content["sequence"], content["digest"])
        if head.sequence > end.sequence or line_digest(segments, head.sequence) != head.digest:
            return None
        return Tally.read(content, segments)
    except _NOT_GOOD:
        return None


def _sum(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
