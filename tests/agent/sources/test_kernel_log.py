"""The kernel's log as a witness: only the kernel's own records, each once, in bounded time."""

import errno
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gpusla.clock import Clock, SystemClock
from gpusla.readings import Absence, Absent
from gpusla_agent.sources.kernel_log import (
    DEVICE,
    RETRY_MS,
    KernelLog,
    KernelLogLimits,
    KernelTimes,
    parse_record,
)
from tests.agent.sources.kernel_ring import OFF_BUS, USER_ERROR, Device, Ring
from tests.fakes import FakeClock


@pytest.fixture
def clock() -> FakeClock:
    """A clock that moves when told."""
    return FakeClock()


@pytest.fixture
def ring() -> Iterator[Ring]:
    """A kernel's log."""
    one = Ring()
    yield one
    one.close()


def reader(
    ring: Ring, clock: Clock, *, after: int | None = None, limits: KernelLogLimits | None = None
) -> KernelLog:
    """A reader of the ring."""
    return KernelLog(clock, after=after, limits=limits, open_log=ring.open, read_record=ring.read)


def test_a_record_of_the_driver_is_an_xid(ring: Ring, clock: FakeClock) -> None:
    """With its sequence, its address, what it says, and when it happened on both clocks."""
    log = reader(ring, clock)
    assert log.read() == ()
    clock.sleep(0.9)
    at_ms = clock.monotonic_ms()
    sequence = ring.log(OFF_BUS, at_ms, behind=" SUBSYSTEM=pci\n DEVICE=+pci:0018:01:00.0\n")
    clock.sleep(0.1)
    (found,) = log.read()
    assert (found.address, found.xid, found.sequence) == ("0018:01:00", 79, sequence)
    assert found.detail.text == "GPU has fallen off the bus."
    assert (found.mono_ms, found.wall_ms) == (at_ms, clock.wall_ms() - 100)
    assert not found.is_past
    assert log.read() == ()


def test_what_was_there_before_the_reader_is_past(ring: Ring, clock: FakeClock) -> None:
    """A fault while nobody looked is found, and told from one that is seen."""
    ring.log("usb 1-1: new device", 1_000)
    ring.log(OFF_BUS, 2_000)
    log = reader(ring, clock)
    (past,) = log.read()
    ring.log(OFF_BUS, clock.monotonic_ms())
    (seen,) = log.read()
    assert (past.is_past, seen.is_past) == (True, False)


def test_reading_goes_on_behind_the_cursor(ring: Ring, clock: FakeClock) -> None:
    """What the journal holds is not read again; what came since is."""
    for _ in range(3):
        ring.log(OFF_BUS, 1_000)
    log = reader(ring, clock, after=1)
    assert [found.sequence for found in log.read()] == [2]


def test_a_user_cannot_write_an_xid(ring: Ring, clock: FakeClock) -> None:
    """Not with another facility, and not inside what the kernel says about something of theirs."""
    log = reader(ring, clock)
    log.read()
    ring.log(OFF_BUS, 1_000, priority=USER_ERROR)
    ring.log(f"overlayfs: unrecognized mount option '{OFF_BUS}'", 1_000)
    ring.log(f"name\\x0a{OFF_BUS}", 1_000)
    ring.log("usb 1-1: a stick", 1_000, behind=f" {OFF_BUS}\n")
    assert log.read() == ()
    assert log.counts.foreign == 1


@pytest.fixture
def device() -> Iterator[Device]:
    """The machine's own log if a test may read and write it, a ring with users if not."""
    ring = Ring()

    def write(text: str) -> None:
        with DEVICE.open("wb", buffering=0) as file:
            file.write(b"<3>" + text.encode())

    def write_to_ring(text: str) -> None:
        ring.log(text, 0, priority=USER_ERROR)

    mark = f"gpusla: a test asks whether users may write here ({os.getpid()})"
    if _is_written(write, mark):
        yield Device(lambda: os.open(DEVICE, os.O_RDONLY | os.O_NONBLOCK), write)
    else:
        yield Device(ring.open, write_to_ring)
    ring.close()


def _is_written(write: object, mark: str) -> bool:
    assert callable(write)
    try:
        write(mark)
        descriptor = os.open(DEVICE, os.O_RDONLY | os.O_NONBLOCK)
    except OSError:
        return False
    try:
        return _finds(descriptor, mark.encode())
    finally:
        os.close(descriptor)


def _finds(descriptor: int, mark: bytes) -> bool:
    try:
        while mark not in os.read(descriptor, 16_384):
            pass
    except OSError:
        return False
    return True


def test_what_a_user_writes_is_counted_as_foreign_and_never_as_an_xid(device: Device) -> None:
    """On the machine's own log where that may be written, as a superuser of the node may."""
    log = KernelLog(SystemClock(), open_log=device.open)
    before = [found.sequence for found in log.read()]
    foreign = log.counts.foreign
    device.write_as_user(OFF_BUS)
    assert log.read() == ()
    assert log.counts.foreign == foreign + 1
    assert log.absent is None
    again = KernelLog(SystemClock(), open_log=device.open)
    assert [found.sequence for found in again.read()] == before
    log.close()
    again.close()


def test_overwritten_records_are_a_gap_that_is_counted(ring: Ring, clock: FakeClock) -> None:
    """And reading goes on with what is left."""
    log = reader(ring, clock)
    ring.log("a", 1_000)
    log.read()
    ring.overwrite(40)
    ring.log(OFF_BUS, 1_000)
    ring.fails.append(OSError(errno.EPIPE, "overwritten"))
    assert len(log.read()) == 1
    assert log.counts.lost == 40


def test_a_first_look_at_a_full_log_loses_nothing(ring: Ring, clock: FakeClock) -> None:
    """What was overwritten before anybody was there is no loss of this reader."""
    ring.overwrite(5_000)
    ring.log(OFF_BUS, 1_000)
    log = reader(ring, clock, after=17)
    assert len(log.read()) == 1
    assert log.counts.lost == 0


@pytest.mark.parametrize(
    ("number", "absence"),
    [
        (errno.EPERM, Absence.NO_PERMISSION),
        (errno.EACCES, Absence.NO_PERMISSION),
        (errno.EINVAL, Absence.ERROR),
        (errno.EIO, Absence.ERROR),
    ],
)
def test_a_log_that_fails_is_absent_and_tried_again(
    ring: Ring, clock: FakeClock, number: int, absence: Absence
) -> None:
    """Every half minute, and nothing is missed or counted twice in between."""
    log = reader(ring, clock)
    ring.log(OFF_BUS, 1_000)
    assert len(log.read()) == 1
    ring.fails.append(OSError(number, "no"))
    ring.log(OFF_BUS, clock.monotonic_ms())
    assert log.read() == ()
    assert log.absent == Absent(absence, "the kernel's log cannot be read: no")
    clock.sleep(RETRY_MS / 1_000 - 1)
    assert log.read() == ()
    assert ring.opened == 1
    clock.sleep(1)
    (found,) = log.read()
    assert (found.sequence, found.is_past) == (1, False)
    assert [log.absent] == [None]


def test_a_log_that_cannot_be_opened_is_absent(tmp_path: Path, clock: FakeClock) -> None:
    """And the agent goes on without it."""
    log = KernelLog(clock, path=tmp_path / "kmsg")
    assert log.read() == ()
    assert log.absent == Absent(
        Absence.ERROR, "the kernel's log cannot be read: No such file or directory"
    )


def test_a_storm_is_read_over_several_passes(ring: Ring, clock: FakeClock) -> None:
    """So many records a call and no more, and all of them in the end."""
    log = reader(ring, clock, limits=KernelLogLimits(records=100, first_records=100))
    log.read()
    for _ in range(250):
        ring.log(OFF_BUS, clock.monotonic_ms())
    assert [len(log.read()) for _ in range(4)] == [100, 100, 50, 0]


class RunningClock(FakeClock):
    """A clock that moves by a millisecond whenever it is looked at."""

    def monotonic_ms(self) -> int:
        """Return monotonic time."""
        self.sleep(0.001)
        return FakeClock.monotonic_ms(self)


def test_a_slow_log_ends_with_the_time_and_not_with_the_records(ring: Ring) -> None:
    """The sampling is not held up by whoever fills the log."""
    log = reader(ring, RunningClock(), limits=KernelLogLimits(records=10_000, spent_ms=2))
    log.read()
    for _ in range(500):
        ring.log(OFF_BUS, 1_000)
    assert [len(log.read()) for _ in range(3)] == [128, 128, 128]


def test_the_kernels_clock_may_run_away() -> None:
    """What is read live lies between two reads, and that corrects what comes later."""
    times = KernelTimes()
    times.start(100_000, 900_000)
    assert times.at(50_000_000) == (50_000, 850_000)
    times.drained()
    times.start(101_000, 901_000)
    assert times.at(40_500_000) == (100_000, 900_000)
    times.start(110_000, 910_000)
    assert times.at(42_500_000) == (102_000, 902_000)
    times.start(111_000, 911_000)
    assert times.at(99_000_000) == (111_000, 911_000)


def test_nothing_happened_after_it_was_read() -> None:
    """A kernel clock that is ahead is corrected by the first record."""
    times = KernelTimes()
    times.start(100_000, 900_000)
    assert times.at(160_000_000) == (100_000, 900_000)
    assert times.at(160_000_000 - 5_000_000) == (95_000, 895_000)


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (b"6,1,2,-;plain\n", "plain"),
        (b"6,1,2,-,caller=T17;with a caller\n SUBSYSTEM=x\n", "with a caller"),
        (b"6,1,2,-;caf\\xc3\\xa9 \\x5cx41 \\x0aend", "caf\u00e9 \\x41 \nend"),
        (b"6,1,2,-;\\xzz\\x", "\\xzz\\x"),
        (b"6,1,2,-;\\xff", "\ufffd"),
    ],
)
def test_a_record_is_taken_apart(content: bytes, text: str) -> None:
    """Prefix, escapes, and the lines behind it."""
    found = parse_record(content)
    assert found is not None
    assert (found.facility, found.sequence, found.kernel_us, found.text) == (0, 1, 2, text)


@given(st.binary(max_size=300) | st.binary(max_size=60).map(lambda tail: b"6,1,2,-;" + tail))
def test_any_record_is_read_or_refused(content: bytes) -> None:
    """Nothing raises."""
    found = parse_record(content)
    assert found is None or found.sequence >= 0


def test_a_number_without_end_is_no_number() -> None:
    """A record of digits alone costs nothing."""
    assert parse_record(b"9" * 8_000 + b",1,2,-;x") is None
