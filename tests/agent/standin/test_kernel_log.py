"""The stand-in of a kernel log: one record a read, in the device's form, for the real reader."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from gpusla_agent import standin
from gpusla_agent.sources.kernel_log import KernelLog
from tests.fakes import FakeClock

ADDRESS = standin.GB300_ADDRESSES[2]


@pytest.fixture
def log(tmp_path: Path) -> Iterator[standin.KernelLog]:
    """A log that nobody reads yet."""
    made = standin.KernelLog(tmp_path / "kmsg", FakeClock())
    yield made
    made.close()


def test_the_reader_gets_each_record_by_itself(log: standin.KernelLog) -> None:
    """Written at once, read in turn: number, address and what users wrote told apart."""
    reader = KernelLog(FakeClock(), path=log.path)
    assert reader.read() == ()
    log.xid(ADDRESS, 79, "pid=1, GPU has fallen off the bus.")
    log.xid(ADDRESS, 31, "a user wrote this", facility=1)
    log.say("usb 1-1: new device")
    log.xid(ADDRESS, 13, "Graphics Exception")
    told = reader.read()
    assert [(one.address, one.xid, one.sequence) for one in told] == [
        ("0018:06:00", 79, 0),
        ("0018:06:00", 13, 3),
    ]
    assert reader.counts.foreign == 1
    reader.close()


def test_what_was_overwritten_is_counted(log: standin.KernelLog) -> None:
    """By the gap in the sequence, and so is what found no room."""
    reader = KernelLog(FakeClock(), path=log.path)
    log.xid(ADDRESS, 13, "one")
    reader.read()
    log.lose(7)
    log.xid(ADDRESS, 13, "two")
    reader.read()
    assert reader.counts.lost == 7
    for _ in range(400):
        log.xid(ADDRESS, 13, "many")
    assert 200 <= len(reader.read()) < 400
    log.xid(ADDRESS, 13, "after")
    reader.read()
    assert reader.counts.lost == 7 + 400 - 256
    reader.close()


def test_the_end_is_no_wait(log: standin.KernelLog) -> None:
    """As of the device: try again."""
    descriptor = os.open(log.path, os.O_RDONLY | os.O_NONBLOCK)
    with pytest.raises(BlockingIOError):
        os.read(descriptor, 100)
    os.close(descriptor)
