"""The writer of a journal: the only one, under a lock on its directory."""

import os
import threading
from collections.abc import Callable, Mapping
from pathlib import Path

from gpusla.catalogue.codes import JOURNAL_WRITE
from gpusla.catalogue.reasons import State
from gpusla.errors import JournalError
from gpusla.identity import GpuUuid, NodeName, Slot
from gpusla.journal.body import Body
from gpusla.journal.chain import Head
from gpusla.journal.codec import LINE_BYTES_MAX, digest, encode
from gpusla.journal.model import (
    ClockState,
    Condition,
    Gap,
    Instant,
    Observed,
    Opaque,
    ReadingsTaken,
    Started,
    Stopped,
    XidSeen,
)
from gpusla.logs import get_logger
from gpusla.timeline.fold import Carry
from gpusla.timeline.hours import HOUR_MS
from gpusla_agent.recorder.hours import Blocks, reopen
from gpusla_agent.recorder.owner import require_own
from gpusla_agent.recorder.retention import Retention, Retiring
from gpusla_agent.recorder.segments import (
    Disk,
    Reader,
    SegmentFile,
    cut_torn_end,
    list_segments,
    lock,
    require_there,
    tally_before,
    verify_last_segment,
)
from gpusla_agent.recorder.signing import Signer, Unsigned
from gpusla_agent.recorder.tally import known_durable, restore
from gpusla_agent.recorder.values import ClockReading, RecorderHealth, Run, missing_with

SEGMENT_BYTES = 8 * 1024 * 1024
RUN_MS = 1_000
"""How long equal samples may be held back to share one record."""

RUN_FAILING_MS = 60_000
"""The same while the disk fails: nothing can be acknowledged, and memory is finite."""

BACKLOG_BYTES_MAX = 4 * 1024 * 1024
"""Over this much unwritten evidence, samples are dropped: their time becomes unknown."""

FLUSH_BYTES = 1024 * 1024
CHECKPOINT_RECORDS = 4_096

_log = get_logger()


class Recorder:
    """
    One node's journal, open for writing.

    Records are appended to memory and become durable together in `sync`, which never raises for a
    failing disk: it keeps what it could not write, counts, and tries again.  `read`, `durable`,
    `state_ms` and `health` may be called from other threads, the rest from one thread only.
    """

    def __init__(
        self,
        directory: Path,
        node: NodeName,
        read_clock: Callable[[], ClockReading],
        *,
        segment_bytes: int = SEGMENT_BYTES,
        disk: Disk | None = None,
        hour_ms: int = HOUR_MS,
    ) -> None:
        """
        Take the lock, cut off what a crash tore, check the chain and count the starts.

        hour_ms: as in `Blocks`.  cut_bytes: how much of the end was torn.  sampled_mono_ms: when
        the last sample was taken.  interval_ms: until the next one; that of the last start, and
        whoever changes it later says so here.  Nothing is signed before `signer` is set.
        Raises JournalError: `journal_locked` if another process has it, `bad_setting` if it is
        another node's, `journal_corrupt` or `journal_forked` if the bytes do not form a chain,
        `journal_write` if the disk refuses.
        """
        self.node = node
        self._directory, self._checkpoint = directory, directory / "tally.json"
        self._read_clock = read_clock
        self._segment_bytes = segment_bytes
        self._disk = disk or Disk()
        self._guard = threading.Lock()
        self._reader = Reader()
        self._run: Run | None = None
        self._seen: dict[Slot, Condition] = {}
        self.interval_ms = self._valid_ms = RUN_MS
        self._pending: list[tuple[Head, bytes, Body]] = []
        self._pending_bytes = 0
        self._errors = self._dropped = 0
        self._is_failing = False
        self._synced_wall_ms: int | None = None
        self.signer: Signer | None = None
        self._unsigned, self._retiring = Unsigned(), Retiring()
        self._missing: Gap | None = None
        self.sampled_mono_ms: int | None = None
        self.retention: Retention | None = None
        self._fetched = 0
        self._lock = lock(directory)
        try:
            self._open(hour_ms)
        except OSError as cause:
            os.close(self._lock)
            raise JournalError(JOURNAL_WRITE, f"journal {directory}: {cause}") from cause
        except JournalError:
            os.close(self._lock)
            raise

    def _open(self, hour_ms: int) -> None:
        segments = list_segments(self._directory)
        require_own(self._directory, segments, self.node)
        self.cut_bytes = cut_torn_end(segments, known_durable(self._checkpoint))
        end = verify_last_segment(segments)
        self._tally = restore(self._checkpoint, segments, end)
        self.start = self._tally.starts + 1
        self._tip = end
        self._blocks = Blocks(reopen(self._tally.opening, self.node, segments), hour_ms)
        self._segments = segments
        self._file: SegmentFile | None = None
        if segments:
            self._file = SegmentFile.resume(segments[-1], self._disk)
        self._checkpointed = end.sequence

    # --- what is recorded ---------------------------------------------------------------------

    def now(self) -> Instant:
        """Return this instant on all clocks."""
        return self.at(self._read_clock())

    def at(self, reading: ClockReading) -> Instant:
        """Return the instant of a reading of the clocks."""
        return reading.at(self.start)

    def append(self, body: Body) -> None:
        """Add a record; the samples before it go first."""
        self._close_run()
        if isinstance(body, Started):
            self.interval_ms, self._valid_ms = body.interval_ms, body.valid_ms
            self._seen = {}
        self._push(body)
        if isinstance(body, Stopped):
            self._close_block()

    def observe(self, at: Instant, conditions: Mapping[Slot, Condition]) -> None:
        """
        Add one sample; equal ones within a second share a record.

        A change goes into a record at once.  Instants must not go back.
        """
        self.sampled_mono_ms = at.mono_ms
        run = self._run
        if run is not None and run.is_continued(at, conditions, self._valid_ms):
            run.extend(at)
        else:
            self._close_run()
            run = self._run = Run(at.mono_ms, at, 1, 0, dict(conditions))
        if self._is_due(run):
            self._close_run()

    def _is_due(self, run: Run) -> bool:
        longest_ms = RUN_FAILING_MS if self._is_failing else RUN_MS
        next_ms = run.at.mono_ms + self.interval_ms
        return run.conditions != self._seen or next_ms - run.from_mono_ms >= longest_ms

    def observe_run(
        self,
        from_mono_ms: int,
        at: Instant,
        samples: int,
        gap_ms: int,
        conditions: Mapping[Slot, Condition],
    ) -> None:
        """Add a whole run of equal samples, as `gpusla.journal.model.Observed` describes it."""
        self.sampled_mono_ms = at.mono_ms
        self.append(Observed(at, from_mono_ms, samples, gap_ms, dict(conditions)))

    def _close_run(self) -> None:
        run, self._run = self._run, None
        if run is None:
            return
        self._seen = run.conditions
        self._push(Observed(run.at, run.from_mono_ms, run.samples, run.gap_ms, run.conditions))

    def _push(self, body: Body) -> None:
        is_full = self._is_failing and self._pending_bytes > BACKLOG_BYTES_MAX
        if is_full and isinstance(body, Observed | XidSeen | ReadingsTaken):
            self._dropped += 1
            self._missing = missing_with(self._missing, body)
            return
        gap, self._missing = self._missing, None
        if gap is not None:
            self._add(gap)
        self._add(body)
        if self._pending_bytes > FLUSH_BYTES and not self._is_failing:
            self.sync()

    def _add(self, body: Body) -> None:
        if self._blocks.is_due(body, self.signer, self._tally.key):
            self._close_block()
        self._write(body)

    def _close_block(self) -> None:
        self._write(self._blocks.close(self.now(), self.signer))

    def _write(self, body: Body) -> None:
        assert not isinstance(body, Opaque)  # nobody writes what nobody understands
        sequence = self._tip.sequence + 1
        line = encode(sequence, self._tip.digest, body)
        if len(line) > LINE_BYTES_MAX:
            raise JournalError(
                JOURNAL_WRITE,
                f"record {sequence} would have {len(line)} bytes; {LINE_BYTES_MAX} fit",
            )
        self._tip = Head(sequence, digest(line))
        self._blocks.add(self._tip, body)
        self._pending.append((self._tip, line, body))
        self._pending_bytes += len(line) + 1
        self._unsigned.add(body, self._read_clock().mono_ms)

    def _sign_if_due(self) -> None:
        now = self.now()
        if self.signer is not None and self._unsigned.is_due(now.mono_ms, self.interval_ms):
            self._write(self.signer.sign(now, self._tip))

    # --- what becomes durable -----------------------------------------------------------------

    @property
    def has_pending(self) -> bool:
        """Whether there are records that `sync` would make durable."""
        return bool(self._pending)

    def sync(self) -> bool:
        """
        Make all appended records durable, and acknowledge them only then.

        Returns False if the disk failed: everything is kept, and the next call tries a new file.
        """
        if not self._pending:
            return not self._is_failing
        self._sign_if_due()
        try:
            self._writable_file().append(b"".join(line + b"\n" for _, line, _ in self._pending))
        except (OSError, JournalError) as cause:
            self._fail(cause)
            return False
        self._acknowledge()
        return True

    def _writable_file(self) -> SegmentFile:
        if self._is_failing:
            # The kernel may have dropped what it had in memory: nothing is written behind a hole.
            require_there(self._segments, self.durable)
        if self._file is not None and self._file.durable_bytes >= self._segment_bytes:
            self._file.close()
            self._file = None
        if self._file is None:
            self._file = self._next_file()
        return self._file

    def _next_file(self) -> SegmentFile:
        first = self.durable.sequence + 1
        file = SegmentFile.create(self._directory, first, self._disk)
        if first > 1:
            self._tally.write(tally_before(file.segment), self._disk)
        kept = [segment for segment in self._segments if segment.first < first]
        with self._guard:
            self._segments = [*kept, file.segment]
        return file

    def _fail(self, cause: Exception) -> None:
        if not self._is_failing:
            _log.error("journal_sync_failed", node=self.node, cause=str(cause))
        if self._file is not None:
            self._file.abandon()
            self._file = None
        self._errors += 1
        self._is_failing = True

    def _acknowledge(self) -> None:
        if self._is_failing:
            _log.info("journal_sync_recovered", node=self.node, records=len(self._pending))
        with self._guard:
            for head, _, body in self._pending:
                self._tally.add(head, body)
        self._pending.clear()
        self._pending_bytes = 0
        self._is_failing = False
        self._synced_wall_ms = self._read_clock().wall_ms
        if self.durable.sequence - self._checkpointed >= CHECKPOINT_RECORDS:
            self._write_checkpoint()
        elif self._retiring.is_busy:
            self._retire(by_age=False)

    def _write_checkpoint(self) -> None:
        self._tally.write(self._checkpoint, self._disk)
        self._checkpointed = self.durable.sequence
        self._retire(by_age=True)

    def _retire(self, *, by_age: bool) -> None:
        if self.retention is None:
            return
        now = self._read_clock()
        now_ms = now.wall_ms if by_age and now.clock is ClockState.SYNCHRONISED else None
        # What no block holds yet is read again at a start.
        done = min(self._fetched, self._tally.opening.after)
        kept = self._retiring.retire(self._segments, self.retention, done, now_ms, self._disk)
        with self._guard:
            self._segments = kept

    # --- what is acknowledged -----------------------------------------------------------------

    @property
    def durable(self) -> Head:
        """The last record that is safe on disk."""
        return self._tally.head

    @property
    def carry(self) -> Carry:
        """What the fold remembers behind the last durable record."""
        return self._tally.carry

    def read(self, after: int, limit_records: int, limit_bytes: int) -> list[bytes]:
        """
        Return durable lines with a sequence number over after, in order, without line ends.

        limit_bytes counts line ends; one line is given even if it is longer.
        """
        with self._guard:
            until, segments = self._tally.head.sequence, list(self._segments)
            # Whoever asks for what comes after a record says that he has it.
            self._fetched = max(self._fetched, min(after, until))
        return self._reader.read(segments, after, min(limit_records, until - after), limit_bytes)

    def state_ms(self) -> dict[tuple[Slot, State], int]:
        """Return the milliseconds of each slot in each state, by durable records alone."""
        with self._guard:
            return dict(self._tally.state_ms)

    def xid_counts(self) -> dict[tuple[GpuUuid, int], int]:
        """Return how often each GPU reported each Xid, by durable records alone."""
        with self._guard:
            return dict(self._tally.xid_counts)

    def xid_last_wall_ms(self) -> dict[tuple[GpuUuid, int], int]:
        """Return when each GPU last reported each Xid, by durable records alone."""
        with self._guard:
            return dict(self._tally.xid_last_wall_ms)

    @property
    def key(self) -> str:
        """Id of the key that the journal introduced last, by durable records; empty if none."""
        with self._guard:
            return self._tally.key

    @property
    def kernel_cursor(self) -> tuple[str, int] | None:
        """Boot id and sequence of the kernel's last record that an Xid was durably counted for."""
        with self._guard:
            kernel = self._tally.kernel
            return None if kernel.sequence is None else (kernel.boot, kernel.sequence)

    def unwitnessed_xids(self, boot: str) -> tuple[tuple[GpuUuid, int, int], ...]:
        """Return GPU, Xid and monotonic milliseconds of what no record of the kernel stands for."""
        with self._guard:
            kernel = self._tally.kernel
            return tuple(kernel.unwitnessed) if kernel.boot == boot else ()

    @property
    def health(self) -> RecorderHealth:
        """How the journal itself is doing."""
        return RecorderHealth(self._errors, self._is_failing, self._dropped, self._synced_wall_ms)

    def close(self) -> None:
        """Sync what is left, leave a checkpoint and give the lock back."""
        self._close_run()
        if not self.sync():
            self.sync()  # The last words get one more file; there is no next pass that would try.
        if self.durable.sequence:
            self._write_checkpoint()
        if self._file is not None:
            self._file.close()
            self._file = None
        os.close(self._lock)
