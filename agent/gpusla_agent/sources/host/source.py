"""
The node's own facts, each at its own period; nothing here can hold up a pass.

Processors, memory and clock are a few small files and one system call.  The network's counters are
asked of the adapters' firmware, IMEX is a program and the BMC is another computer: these run in
threads of their own, and what they said is shown until it is three periods old.
"""

import time
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace

from gpusla.catalogue.readings import HOST, PORT, Consent, ReadingRow
from gpusla.clock import Clock
from gpusla.readings import Absence, Absent, HostReadings, NetworkPort
from gpusla_agent.sources.host.background import Background, Finished
from gpusla_agent.sources.host.clock import read_clock
from gpusla_agent.sources.host.cpu import read_cpu
from gpusla_agent.sources.host.found import Found, HostProbe
from gpusla_agent.sources.host.imex import read_imex
from gpusla_agent.sources.host.memory import read_memory
from gpusla_agent.sources.host.network import read_network
from gpusla_agent.sources.host.settings import HostSettings, RedfishSettings

CLOCK_PERIOD_MS = 1_000
FILES_PERIOD_MS = 10_000
SLOW_PERIOD_MS = 60_000
VALID_PERIODS = 3


@dataclass(slots=True)
class _Quick:
    """A probe that is read within the pass."""

    name: str
    period_ms: int
    read: HostProbe
    last: Finished[Found] | None = None
    asked: AbstractSet[Consent] = frozenset()

    def take(self, now_ms: int, allowed: AbstractSet[Consent]) -> None:
        is_due = self.last is None or now_ms >= self.last.began_mono_ms + self.period_ms
        if is_due or self.asked != allowed:
            began = time.perf_counter()
            found = self.read(allowed)
            self.last = Finished(found, now_ms, time.perf_counter() - began)
            self.asked = frozenset(allowed)


@dataclass(slots=True)
class _Slow:
    """A probe with a thread of its own."""

    name: str
    period_ms: int
    read: HostProbe
    runs: Background[Found]

    @property
    def last(self) -> Finished[Found] | None:
        return self.runs.finished

    def take(self, now_ms: int, allowed: AbstractSet[Consent]) -> None:
        asked = frozenset(allowed)
        self.runs.start_if_due(now_ms, lambda: self.read(asked))


class HostSource:
    """Reads the node; one thread calls it."""

    def __init__(self, settings: HostSettings, clock: Clock) -> None:
        """Read nothing yet; the first results of the slow probes come some passes later."""
        sys, proc = settings.sys, settings.proc
        self._quick = (
            _Quick("clock", CLOCK_PERIOD_MS, lambda _: read_clock()),
            _Quick("cpu", FILES_PERIOD_MS, lambda allowed: read_cpu(sys, proc, allowed)),
            _Quick("host_memory", FILES_PERIOD_MS, lambda allowed: read_memory(proc, allowed)),
        )
        slow: list[tuple[str, int, HostProbe]] = [
            ("network", FILES_PERIOD_MS, lambda allowed: read_network(sys, allowed))
        ]
        if settings.imex:
            directories = settings.imex_directories
            slow.append(("imex", SLOW_PERIOD_MS, lambda _: read_imex(directories)))
        if settings.redfish is not None:
            slow.append(("redfish", SLOW_PERIOD_MS, _redfish(settings.redfish)))
        self._slow = tuple(
            _Slow(name, period_ms, read, Background(clock, f"gpusla-{name}", period_ms))
            for name, period_ms, read in slow
        )

    def sample(self, now_mono_ms: int, allowed: AbstractSet[Consent]) -> HostReadings:
        """Return what is known now; of what is not allowed, nothing is read or shown."""
        gathered = HostReadings({}, (), (), {}, {}, {})
        probes: tuple[_Quick | _Slow, ...] = (*self._quick, *self._slow)
        for probe in probes:
            probe.take(now_mono_ms, allowed)
            if probe.last is not None:
                valid_ms = VALID_PERIODS * probe.period_ms
                gathered = _with(gathered, probe.name, probe.last, now_mono_ms - valid_ms)
        return _permitted(gathered, allowed)

    def wait(self, seconds: float) -> None:
        """Wait for the runs of the slow probes that are under way, for so long each."""
        for probe in self._slow:
            probe.runs.wait(seconds)


def _redfish(settings: RedfishSettings) -> HostProbe:
    # HTTP and TLS cost memory that an agent without a BMC to ask does not have to spend.
    from gpusla_agent.sources.host.redfish import RedfishProbe  # noqa: PLC0415

    bmc = RedfishProbe(settings)
    return lambda _: bmc.read()


def _with(
    before: HostReadings, name: str, last: Finished[Found], valid_from_ms: int
) -> HostReadings:
    """Return the readings with those of one more probe."""
    is_stale = last.began_mono_ms < valid_from_ms
    found = _stale(last.value) if is_stale else last.value
    numbers = {**before.numbers, **found.numbers}
    rows = [HOST[one] for one in found.numbers]
    rows += [PORT[one] for port in found.ports for one in port.numbers]
    probes = {row.probe for row in rows} | {name}
    return replace(
        before,
        numbers=numbers,
        ports=before.ports + found.ports,
        sensors=before.sensors + found.sensors,
        read_at_mono_ms={**before.read_at_mono_ms, **dict.fromkeys(probes, last.began_mono_ms)},
        probe_seconds={**before.probe_seconds, name: last.seconds},
        probe_success={**before.probe_success, name: found.is_good and not is_stale},
    )


def _stale(found: Found) -> Found:
    old = Absent(Absence.STALE, "not read for three periods")
    ports = tuple(
        NetworkPort(port.device, port.port, dict.fromkeys(port.numbers, old))
        for port in found.ports
    )
    sensors = tuple(replace(sensor, reading=old) for sensor in found.sensors)
    return Found(dict.fromkeys(found.numbers, old), ports, sensors)


def _permitted(readings: HostReadings, allowed: AbstractSet[Consent]) -> HostReadings:
    """Return the readings without what is not allowed, also where it was when it was read."""

    def is_permitted(row: ReadingRow) -> bool:
        return row.consent is Consent.CAPACITY or row.consent in allowed

    numbers = {name: one for name, one in readings.numbers.items() if is_permitted(HOST[name])}
    ports = tuple(
        NetworkPort(
            port.device,
            port.port,
            {name: one for name, one in port.numbers.items() if is_permitted(PORT[name])},
        )
        for port in readings.ports
    )
    return replace(readings, numbers=numbers, ports=ports)
