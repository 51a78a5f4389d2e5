"""A whole tray behind the port: passes of an inner source, the kernel's log, and the host."""

import errno
from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from gpusla.catalogue.readings import Consent
from gpusla.identity import GpuUuid
from gpusla.readings import (
    Absence,
    Absent,
    EventOrigin,
    GpuReadings,
    Identity,
    Pass,
    XidEvent,
)
from gpusla_agent.sources.base import Source
from gpusla_agent.sources.events import EventMerger
from gpusla_agent.sources.host.settings import HostSettings
from gpusla_agent.sources.host.source import HostSource
from gpusla_agent.sources.kernel_log import KernelLog, KernelLogLimits
from gpusla_agent.sources.tray import TraySource
from tests.agent.sources.host_trees import make_node
from tests.agent.sources.kernel_ring import OFF_BUS, USER_ERROR, Ring
from tests.fakes import FakeClock

GPU, OTHER = GpuUuid("GPU-1"), GpuUuid("GPU-2")
ACTIVITY = frozenset({Consent.CAPACITY, Consent.ACTIVITY})


@dataclass(slots=True)
class FakeSource:
    """A source of two GPUs that tells the events it was given; a `Source`."""

    clock: FakeClock
    events: list[XidEvent] = field(default_factory=list)
    consents: Mapping[GpuUuid, AbstractSet[Consent]] = field(default_factory=dict)
    name: str = "fake"
    restarts: int = 3
    is_closed: bool = False

    def sample(self) -> Pass:
        """Return a pass; the events are told once."""
        told, self.events = tuple(self.events), []
        now_ms = self.clock.monotonic_ms()
        return Pass(now_ms, gpus(now_ms), told, None, {"xid": 0.1}, {"xid": True})

    def allow(self, consents: Mapping[GpuUuid, AbstractSet[Consent]]) -> None:
        """Note what is allowed."""
        self.consents = consents

    def close(self) -> None:
        """Note that it is over."""
        self.is_closed = True


def gpus(now_ms: int) -> dict[GpuUuid, GpuReadings]:
    """Return two GPUs without readings."""
    places = {GPU: "00000018:01:00.0", OTHER: "00000019:01:00.0"}
    unsupported = Absent(Absence.UNSUPPORTED)
    return {
        uuid: GpuReadings(Identity(uuid, n, "GB300", pci_bus_id=place), now_ms, {}, unsupported)
        for n, (uuid, place) in enumerate(places.items())
    }


@dataclass(slots=True)
class Rig:
    """A tray over fakes, a second a pass."""

    clock: FakeClock
    inner: FakeSource
    ring: Ring
    tray: TraySource

    def passes(self, number: int = 1) -> list[XidEvent]:
        """Return the events of so many passes."""
        found = list[XidEvent]()
        for _ in range(number):
            self.clock.sleep(1)
            found += self.tray.sample().events
        return found

    def happens(self, *, is_heard: bool = True) -> None:
        """Let an Xid 79 happen."""
        self.ring.log(OFF_BUS, self.clock.monotonic_ms())
        if is_heard:
            self.inner.events.append(XidEvent(GPU, 79, self.clock.wall_ms()))


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    """A tray that has seen one pass."""
    clock, ring = FakeClock(), Ring()
    inner = FakeSource(clock)
    sys, proc = make_node(tmp_path)
    limits = KernelLogLimits(records=100)
    tray = TraySource(
        inner,
        clock,
        merger=EventMerger(clock.monotonic_ms()),
        kernel_log=KernelLog(clock, limits=limits, open_log=ring.open, read_record=ring.read),
        host=HostSource(HostSettings(imex=False, sys=sys, proc=proc), clock),
    )
    one = Rig(clock, inner, ring, tray)
    one.passes()
    yield one
    tray.close()
    ring.close()


def test_it_is_a_source(rig: Rig) -> None:
    """Name, restarts, consents and the end are the inner source's."""
    source: Source = rig.tray
    source.allow({GPU: ACTIVITY})
    assert (source.name, source.restarts) == ("fake", 3)
    assert rig.inner.consents == {GPU: ACTIVITY}
    source.close()
    assert rig.inner.is_closed


def test_an_xid_that_both_tell_of_is_one_event(rig: Rig) -> None:
    """With the log's sequence and words."""
    rig.happens()
    (event,) = rig.passes(6)
    assert (event.uuid, event.xid, event.kernel_sequence) == (GPU, 79, 0)
    assert event.detail is not None


def test_a_storm_is_counted_exactly(rig: Rig) -> None:
    """A thousand in an instant; the driver tells of all, and a pass reads a hundred records."""
    for _ in range(1_000):
        rig.happens()
    found = rig.passes(20)
    assert len(found) == 1_000
    assert all(event.detail is not None for event in found)


def test_without_the_log_the_driver_is_believed(rig: Rig) -> None:
    """The pass says that the log is silent, and events count at once."""
    rig.ring.fails.append(OSError(errno.EPERM, "no"))
    rig.clock.sleep(1)
    rig.happens()
    seen = rig.tray.sample()
    assert [event.origin for event in seen.events] == [EventOrigin.NVML]
    assert seen.probe_success == {"xid": True, "kernel_log": False}
    assert rig.passes(40) == []  # The log is back and tells of the same event.
    assert rig.tray.sample().probe_success["kernel_log"]


def test_a_tray_without_a_log_says_nothing_of_one() -> None:
    """As in a container that was not given it."""
    clock = FakeClock()
    inner = FakeSource(clock, [XidEvent(GPU, 79, 0)])
    tray = TraySource(inner, clock, merger=EventMerger(clock.monotonic_ms()))
    seen = tray.sample()
    assert (len(seen.events), seen.host, list(seen.probe_success)) == (1, None, ["xid"])
    assert tray.kernel_records_lost == tray.kernel_foreign_xids == tray.kernel_unread_xids == 0
    tray.close()


def test_what_the_log_does_not_give_is_counted(rig: Rig) -> None:
    """Lost records, forged lines, lines of no known shape, and GPUs that nobody knows."""
    rig.ring.log("first", 1_000)
    rig.passes()
    rig.ring.overwrite(7)
    rig.ring.log(OFF_BUS, 1_000, priority=USER_ERROR)
    rig.ring.log("NVRM: Xid of another age", 1_000)
    rig.ring.log(OFF_BUS.replace("0018", "0077"), 1_000)
    assert rig.passes(5) == []
    tray = rig.tray
    assert (tray.kernel_records_lost, tray.kernel_foreign_xids) == (7, 1)
    assert (tray.kernel_unread_xids, tray.unplaced_events) == (1, 1)


def test_the_host_shows_what_every_tenant_on_it_allowed(rig: Rig) -> None:
    """The processors' work is everybody's; one contract that did not agree is enough."""
    shown = []
    for consents in ({}, {GPU: ACTIVITY}, {GPU: ACTIVITY, OTHER: ACTIVITY}):
        rig.tray.allow(consents)
        host = rig.tray.sample().host
        assert host is not None
        shown.append("cpu_busy_seconds" in host.numbers)
    assert shown == [False, False, True]
