"""
A life of the agent's way from the kernel's log to the journal, run as a program and killed.

It reads one record at a time from a log of identical Xids, counts, and syncs; after each sync it
says how many are durable.  Arguments: the journal's directory and the number of records.
"""

import sys
from pathlib import Path

from gpusla.clock import SystemClock
from gpusla.identity import GpuUuid
from gpusla.journal.model import Started, XidSeen
from gpusla.readings import Identity
from gpusla_agent.recorder import Recorder
from gpusla_agent.recorder import recorder as recorder_module
from gpusla_agent.sources.events import CountedXid, EventMerger
from gpusla_agent.sources.kernel_log import KernelLog, KernelLogLimits
from tests.agent.journal_lives import read_clock
from tests.agent.journals import M1, NODE
from tests.agent.sources.kernel_ring import OFF_BUS, Ring

GPU = GpuUuid("GPU-1")
ONE_A_CALL = KernelLogLimits(records=1, first_records=1)
CHECKPOINT_RECORDS = 5


def counted_in(directory: Path) -> int:
    """Return how many of the Xids the journal holds."""
    recorder = Recorder(directory, NODE, read_clock)
    counts = recorder.xid_counts()
    recorder.close()
    return counts.get((GPU, 79), 0)


def live(directory: Path, records: int) -> None:
    """Read and count what is left, and say so."""
    recorder_module.CHECKPOINT_RECORDS = CHECKPOINT_RECORDS
    recorder = Recorder(directory, NODE, read_clock, segment_bytes=4_000)
    clock, ring = SystemClock(), Ring()
    for _ in range(records):
        ring.log(OFF_BUS, 1_000)
    cursor, boot = recorder.kernel_cursor, read_clock().boot
    after = cursor[1] if cursor and cursor[0] == boot else None
    log = KernelLog(clock, after=after, limits=ONE_A_CALL, open_log=ring.open)
    known = (CountedXid(*one) for one in recorder.unwitnessed_xids(boot))
    merger = EventMerger(clock.monotonic_ms(), known)
    merger.identify([Identity(GPU, 0, "GB300", pci_bus_id="00000018:01:00.0")])
    recorder.append(Started(recorder.now(), NODE, "0.1.0", "lives", 1_000, 2_500))
    recorder.sync()
    for _ in range(records + 1):
        for event in merger.merge((), log.read(), clock.monotonic_ms()):
            number = event.kernel_sequence
            seen = XidSeen(recorder.now(), M1, event.uuid, event.xid, kernel_sequence=number)
            recorder.append(seen)
        recorder.sync()
        print(recorder.xid_counts().get((GPU, 79), 0), flush=True)  # noqa: T201


if __name__ == "__main__":
    live(Path(sys.argv[1]), int(sys.argv[2]))
