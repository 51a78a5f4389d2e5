"""
Two witnesses of Xids, the driver's events and the kernel's log, and one account of them.

While the kernel's log can be read, each of its records is one event.  What the driver told is held
back until its twin has had time to come, and counts by itself only if none does; a record that
comes later still is the twin of what was counted.  Without the log the driver's events count at
once.  Twins: the same GPU and Xid, at most five seconds apart, oldest first, one to one.
Source: docs/decisions/0073-two-witnesses.md.
"""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass

from gpusla.identity import GpuUuid
from gpusla.readings import EventOrigin, Identity, XidEvent
from gpusla_agent.sources.kernel_log import KernelXid
from gpusla_agent.sources.xid_lines import normal_address

APART_MS = 5_000
"""How far apart the two witnesses may be about one event."""

WAIT_MS = 2_500
"""How long an event of the driver waits for its twin: two passes, by default."""

WAIT_BEHIND_MS = 15_000
"""The same while the log is known to hold records that were not read yet."""

LATE_MS = 60_000
"""No record of a log that was read to its end comes so late."""

DRIFT = 1e-4
"""What the kernel's clock may be off by before anything is known of it: 100 parts per million."""

UNPLACED_MAX = 4_096
"""Records that wait for a GPU at their address."""

ALONE_MAX = 4_096
"""Events of one GPU and Xid that were counted on the driver's word and may still have a twin."""

Key = tuple[GpuUuid, int]


@dataclass(frozen=True, slots=True)
class CountedXid:
    """An Xid that the journal holds on the driver's word alone; mono_ms: when it was recorded."""

    uuid: GpuUuid
    xid: int
    mono_ms: int


@dataclass(frozen=True, slots=True)
class _Heard:
    """What the driver told of between two instants of the node's monotonic clock."""

    since_ms: int
    until_ms: int
    event: XidEvent | None = None

    def is_twin(self, kernel_ms: int) -> bool:
        return self.since_ms - APART_MS <= kernel_ms <= self.until_ms + APART_MS


class EventMerger:
    """
    Counts each Xid once, whoever tells of it; one thread calls it.

    unplaced: records of the log whose address no GPU had when they came.  They wait for one.
    """

    def __init__(self, now_mono_ms: int, counted: Iterable[CountedXid] = ()) -> None:
        """counted: what the journal holds of this boot that no record of the log stands for."""
        self._before_ms = now_mono_ms
        self._gpus: dict[str, GpuUuid] = {}
        self._unplaced: deque[KernelXid] = deque(maxlen=UNPLACED_MAX)
        self._waiting: dict[Key, deque[_Heard]] = {}
        self._alone: dict[Key, deque[_Heard]] = {}
        self._told: dict[Key, deque[int]] = {}
        self.unplaced = 0
        for one in counted:
            drift_ms = round(one.mono_ms * DRIFT)
            since_ms = one.mono_ms - WAIT_MS - drift_ms
            self._note_alone((one.uuid, one.xid), _Heard(since_ms, one.mono_ms + drift_ms))

    def identify(self, identities: Iterable[Identity]) -> None:
        """Note which GPU is at which address; the last one at an address stays."""
        for identity in identities:
            address = normal_address(identity.pci_bus_id or "")
            if address is not None:
                self._gpus[address] = identity.uuid

    def merge(
        self,
        driver: Iterable[XidEvent],
        kernel: Iterable[KernelXid] | None,
        now_mono_ms: int,
        *,
        is_behind: bool = False,
    ) -> tuple[XidEvent, ...]:
        """
        Return the events that count from now on.

        driver: what the driver told since the call before.  kernel: the log's records since then,
        None if the log cannot be read.  is_behind: the log holds more that was not read yet.
        Calls must not go back in time.
        """
        events = [
            _event(self._gpus[record.address], record)
            for record in self._placed(kernel or ())
            if not self._is_counted(record)
        ]
        for event in driver:
            self._hear(event, now_mono_ms)
        wait_ms = WAIT_BEHIND_MS if is_behind else WAIT_MS
        events += self._without_twin(now_mono_ms - (0 if kernel is None else wait_ms))
        self._forget(now_mono_ms)
        if kernel is not None and not is_behind and not self._unplaced:
            self._forget_alone(now_mono_ms)
        self._before_ms = now_mono_ms
        return tuple(events)

    # --- the kernel's log ---------------------------------------------------------------------

    def _placed(self, records: Iterable[KernelXid]) -> list[KernelXid]:
        """Return the records that have a GPU, those that waited for one first."""
        waited, found = list(self._unplaced), list[KernelXid]()
        self._unplaced.clear()
        for record in waited:
            (found if record.address in self._gpus else self._unplaced).append(record)
        for record in records:
            if record.address in self._gpus:
                found.append(record)
            else:
                self._unplaced.append(record)
                self.unplaced += 1
        return found

    def _is_counted(self, record: KernelXid) -> bool:
        """Whether the driver's word for this record was counted; if it was not yet, it is not."""
        key = self._gpus[record.address], record.xid
        alone = self._alone.get(key)
        while alone and alone[0].until_ms + APART_MS < record.mono_ms:
            alone.popleft()  # The log is past it: it has no twin.
        if _take_twin(alone, record.mono_ms):
            return True
        if not _take_twin(self._waiting.get(key), record.mono_ms):
            self._told.setdefault(key, deque()).append(record.mono_ms)
        return False

    # --- the driver ---------------------------------------------------------------------------

    def _hear(self, event: XidEvent, now_ms: int) -> None:
        key = event.uuid, event.xid
        heard = _Heard(self._before_ms, now_ms, event)
        told = self._told.get(key)
        while told and not heard.is_twin(told[0]):
            told.popleft()
        if told:
            told.popleft()
        else:
            self._waiting.setdefault(key, deque()).append(heard)

    def _without_twin(self, heard_until_ms: int) -> Iterable[XidEvent]:
        """Return the driver's events that have waited since then or for longer."""
        for key, waiting in self._waiting.items():
            while waiting and waiting[0].until_ms <= heard_until_ms:
                heard = waiting.popleft()
                assert heard.event is not None  # only what the journal told of has none
                self._note_alone(key, heard)
                yield heard.event

    def _note_alone(self, key: Key, heard: _Heard) -> None:
        self._alone.setdefault(key, deque(maxlen=ALONE_MAX)).append(heard)

    def _forget(self, now_ms: int) -> None:
        """Drop what no later event of the driver can be the twin of."""
        for told in self._told.values():
            while told and told[0] < now_ms - APART_MS:
                told.popleft()
        self._told = {key: told for key, told in self._told.items() if told}
        self._waiting = {key: waiting for key, waiting in self._waiting.items() if waiting}

    def _forget_alone(self, now_ms: int) -> None:
        """Drop what the log, which was read to its end, would have told of by now."""
        for alone in self._alone.values():
            while alone and alone[0].until_ms + APART_MS < now_ms - LATE_MS:
                alone.popleft()
        self._alone = {key: alone for key, alone in self._alone.items() if alone}


def _event(uuid: GpuUuid, record: KernelXid) -> XidEvent:
    return XidEvent(
        uuid,
        record.xid,
        record.wall_ms,
        EventOrigin.KERNEL_LOG,
        record.detail,
        record.sequence,
        record.is_past,
    )


def _take_twin(queue: deque[_Heard] | None, kernel_ms: int) -> bool:
    """Take the oldest that may be about the same event; whether there was one."""
    for index, heard in enumerate(queue or ()):
        if heard.is_twin(kernel_ms):
            assert queue is not None
            del queue[index]
            return True
        if kernel_ms < heard.since_ms - APART_MS:
            break
    return False
