"""
The composition root: an agent from its settings, its loop, its end.

Everything the agent is made of is built here and passed down; nothing below fetches anything.
"""

import signal
import threading
from collections.abc import Sequence
from pathlib import Path

from gpusla.catalogue.codes import UNKNOWN_REFERENCE
from gpusla.clock import Clock, SystemClock
from gpusla.errors import GpuslaError, SettingsError
from gpusla.logs import get_logger
from gpusla.readings import Expected
from gpusla_agent.app.machine import MachineClock, give_memory_back
from gpusla_agent.app.memory import KeptMemory
from gpusla_agent.app.node import Node, Timing
from gpusla_agent.assignments import ConfigurationSource, FileOrigin, WatchedConfiguration
from gpusla_agent.probes import PROBING
from gpusla_agent.recorder import Recorder
from gpusla_agent.sampler import Sampler
from gpusla_agent.server import Server, application
from gpusla_agent.settings import Settings, read_settings
from gpusla_agent.sources.base import Source
from gpusla_agent.sources.nvml import NvmlSource, NvmlTiming

_log = get_logger()


class Agent:
    """
    One running agent.

    source: another way to the GPUs than the driver, for tests.
    """

    def __init__(
        self, settings: Settings, clock: Clock | None = None, source: Source | None = None
    ) -> None:
        """
        Take the journal and the address, and start the source.

        Raises GpuslaError if the start is refused: another agent has the journal, its bytes are
        not a chain, the address is taken, or there is no good inventory.
        """
        self._settings = settings
        self._clock = clock or SystemClock()
        machine = MachineClock(self._clock)
        configuration = configuration_of(settings)
        recorder = Recorder(settings.data_directory / "journal", settings.node, machine.read)
        try:
            self.node, self._sampler, self.server = self._assemble(
                machine, configuration, recorder, source
            )
        except GpuslaError:
            recorder.close()
            raise
        self._kept.keep(self._sampler.memory)

    def _assemble(
        self,
        machine: MachineClock,
        configuration: ConfigurationSource,
        recorder: Recorder,
        source: Source | None,
    ) -> tuple[Node, Sampler, Server]:
        settings = self._settings
        views: dict[str, Node] = {}
        server = Server(application(views), settings.host, settings.port)
        self._kept = KeptMemory(settings.data_directory / "health.json", machine.read().boot)

        def expected_of(at_ms: int) -> Sequence[Expected]:
            return configuration.current().inventory.expected(settings.node, at_ms)

        found = source or source_of(settings, self._clock)
        sampler = Sampler(found, expected_of, self._clock.wall_ms, self._kept.load())
        views[""] = Node(
            recorder,
            sampler,
            found,
            machine.read,
            configuration,
            tenants=settings.tenants,
            timing=Timing(settings.interval_ms, settings.valid_ms),
        )
        return views[""], sampler, server

    def run(self, stop: threading.Event) -> None:
        """Meter and serve until told to stop."""
        serving = threading.Thread(target=self.server.run, name="server")
        self.node.start()
        serving.start()
        _log.info("agent_started", node=self.node.node, port=self.server.port)
        give_memory_back()
        try:
            self._meter(stop)
        finally:
            self.node.stop("told to stop")
            self.server.close()
            serving.join()
            _log.info("agent_stopped", node=self.node.node)

    def _meter(self, stop: threading.Event) -> None:
        interval_ms = self._settings.interval_ms
        next_ms = self._clock.monotonic_ms()
        while not stop.is_set():
            self._step()
            next_ms += interval_ms
            now_ms = self._clock.monotonic_ms()
            next_ms = max(next_ms, now_ms)  # What was missed is not made up for.
            stop.wait((next_ms - now_ms) / 1_000)

    def _step(self) -> None:
        try:
            self.node.step()
            self._kept.keep(self._sampler.memory)
        # The top of the loop: time that is not metered becomes unknown, and the next turn goes on.
        except Exception:  # noqa: BLE001
            _log.exception("pass_failed", node=self.node.node)


def configuration_of(settings: Settings) -> WatchedConfiguration:
    """Return what the node should hold; raises InputError if no good version can be had."""
    return watch(settings, settings.data_directory / "configuration")


def watch(settings: Settings, kept: Path) -> WatchedConfiguration:
    """
    Return what the node should hold, with copies of its last good versions in kept.

    Raises InputError if no good version can be had, or the inventory has no such node.
    """
    assignments = FileOrigin(settings.assignments) if settings.assignments else None
    watched = WatchedConfiguration(FileOrigin(settings.inventory), assignments, kept)
    if settings.node not in watched.current().inventory.node_names():
        raise SettingsError(
            UNKNOWN_REFERENCE,
            f"node: {settings.node!r} is no node of {settings.inventory}",
            fix="Write the node's name as the inventory has it, or add it there.",
        )
    return watched


def source_of(settings: Settings, clock: Clock) -> NvmlSource:
    """Return the way to the driver."""
    return NvmlSource(
        clock,
        PROBING,
        library_directory=settings.library_directory,
        timing=NvmlTiming(deadline_ms=settings.deadline_ms),
    )


def stop_on_signals() -> threading.Event:
    """Return an event that SIGTERM and SIGINT set."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    return stop


def run_agent(path: Path) -> None:
    """Run the agent of a settings file until a signal ends it."""
    stop = stop_on_signals()
    Agent(read_settings(path)).run(stop)
