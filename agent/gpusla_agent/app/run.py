"""
The composition root: an agent from its settings, its loop, its end.

Everything the agent is made of is built here and passed down; nothing below fetches anything.
"""

import signal
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

from gpusla.catalogue.codes import UNKNOWN_REFERENCE
from gpusla.clock import Clock, SystemClock
from gpusla.errors import GpuslaError, SettingsError
from gpusla.logs import get_logger
from gpusla.readings import Expected
from gpusla_agent.app.build import build_digest
from gpusla_agent.app.exposure import exposures
from gpusla_agent.app.machine import MachineClock, give_memory_back
from gpusla_agent.app.memory import KeptMemory
from gpusla_agent.app.node import Node, Timing
from gpusla_agent.app.page import Heard
from gpusla_agent.app.shown import shown_of
from gpusla_agent.app.subjects import AllSubjects
from gpusla_agent.app.telemetry import consents_of
from gpusla_agent.app.tray import Tray
from gpusla_agent.app.usage import KeptUsage
from gpusla_agent.app.watchdog import Watchdog
from gpusla_agent.assignments import ConfigurationSource, FileOrigin, WatchedConfiguration
from gpusla_agent.evidence import NodeKeys
from gpusla_agent.recorder import Recorder
from gpusla_agent.sampler import Sampler, TelemetryPolicy
from gpusla_agent.server import Server, WatchedWeb, application
from gpusla_agent.settings import Settings, WatchedSettings
from gpusla_agent.sources.base import Source

SWITCH_SECONDS = 0.000_5
"""A scrape that comes while a pass is judged waits for the interpreter so long, and not for the
5 ms that are usual: two of those would be all that a page may take."""

TIDY_MS = 60_000
"""How often memory that nothing needs is given back: an agent runs for months beside a job."""

TURN_MS = 10_000
"""The loop turns at least so often, however long a pass is apart from the next."""

_log = get_logger()


class Agent:
    """
    One running agent.

    source: another way to the GPUs than the driver, for tests.
    """

    def __init__(
        self, settings: WatchedSettings, clock: Clock | None = None, source: Source | None = None
    ) -> None:
        """
        Take the journal and the address, and start the source.

        Raises GpuslaError if the start is refused: another agent has the journal, its bytes are
        not a chain, the address is taken, or there is no good inventory.
        """
        self._watched = settings
        self._settings = now = settings.current()
        self._tenants = dict(now.tenants)
        self._clock = clock or SystemClock()
        self._watchdog = Watchdog(sys.stderr)
        self._web = WatchedWeb(now.web_config_file)
        machine = MachineClock(self._clock)
        configuration = AllSubjects(configuration_of(now), settings, self._web)
        recorder = Recorder(now.data_directory / "journal", now.node, machine.read)
        recorder.retention = now.retention
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
        settings, boot = self._settings, machine.read().boot
        views: dict[str, Node] = {}
        server = Server(application(views), settings.host, settings.port, web=self._web)
        self._kept = KeptMemory(settings.data_directory / "health.json", boot)
        self._kept_usage = KeptUsage(settings.data_directory / "usage.json", boot)
        self._usage = self._kept_usage.load(settings.valid_ms, machine.read().mono_ms)
        tray = None if source else Tray(settings, self._clock, recorder, boot)
        found = source if tray is None else tray.source
        assert found is not None  # one of the two
        sampler = self._sampler_of(found, configuration)
        views[""] = Node(
            recorder,
            sampler,
            found,
            machine.read,
            configuration,
            tenants=self._tenants,
            timing=Timing(settings.interval_ms, settings.valid_ms),
            usage=self._usage,
            keep_usage=self._kept_usage.keep,
            shown=shown_of(settings.metrics),
            heard=Heard if tray is None else tray.heard,
            keys=NodeKeys(settings.data_directory, settings.node),
            build=build_digest(),
        )
        return views[""], sampler, server

    def _sampler_of(self, source: Source, configuration: ConfigurationSource) -> Sampler:
        node = self._settings.node

        def expected_of(at_ms: int) -> Sequence[Expected]:
            return configuration.current().inventory.expected(node, at_ms)

        consents = consents_of(
            node, configuration, lambda: TelemetryPolicy(self._settings.telemetry)
        )
        return Sampler(source, expected_of, self._clock.wall_ms, self._kept.load(), consents)

    def run(self, stop: threading.Event) -> None:
        """Meter and serve until told to stop."""
        serving = threading.Thread(target=self.server.run, name="server")
        self.node.start()
        serving.start()
        _log.info("agent_started", node=self.node.node, port=self.server.port)
        for words in exposures(self._settings.host, self._web.form):
            _log.warning("pages_exposed", detail=words)
        give_memory_back()
        try:
            self._meter(stop)
        finally:
            self._watchdog.close()
            self.node.stop("told to stop")
            self._kept_usage.keep(self._usage, self._clock.monotonic_ms(), at_once=True)
            self.server.close()
            serving.join()
            _log.info("agent_stopped", node=self.node.node)

    def _meter(self, stop: threading.Event) -> None:
        next_ms = tidied_ms = self._clock.monotonic_ms()
        while not stop.is_set():
            self._step()
            if next_ms - tidied_ms >= TIDY_MS:
                tidied_ms = next_ms
                give_memory_back()
            next_ms += self._settings.interval_ms
            # What was missed is not made up for.
            next_ms = max(next_ms, self._clock.monotonic_ms())
            self._wait(stop, next_ms)

    def _wait(self, stop: threading.Event, until_ms: int) -> None:
        self._watchdog.turn()
        while (left_ms := until_ms - self._clock.monotonic_ms()) > 0 and not stop.is_set():
            stop.wait(min(left_ms, TURN_MS) / 1_000)
            self._watchdog.turn()

    def _step(self) -> None:
        try:
            self._follow(self._watched.current())
            self.node.step()
            self._kept.keep(self._sampler.memory)
        # The top of the loop: time that is not metered becomes unknown, and the next turn goes on.
        except Exception:  # noqa: BLE001
            _log.exception("pass_failed", node=self.node.node)

    def _follow(self, settings: Settings) -> None:
        """Take in what changed of the settings; only what a running agent can change does."""
        if settings is self._settings:
            return
        self._settings = settings
        self._tenants.clear()
        self._tenants.update(settings.tenants)
        self._web.follow(settings.web_config_file)
        self.node.show(shown_of(settings.metrics))
        self.node.sample_every(settings.interval_ms)


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


def watched_settings(path: Path, clock: Clock) -> WatchedSettings:
    """
    Return the settings of a file that may change, each version good with its web configuration.

    Raises SettingsError for a file that is bad.
    """

    def check(settings: Settings) -> None:
        WatchedWeb(settings.web_config_file)

    return WatchedSettings(path, clock, check)


def stop_on_signals() -> threading.Event:
    """Return an event that SIGTERM and SIGINT set."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    return stop


def run_agent(path: Path) -> None:
    """Run the agent of a settings file until a signal ends it; SIGHUP has the file read again."""
    stop = stop_on_signals()
    sys.setswitchinterval(SWITCH_SECONDS)
    clock = SystemClock()
    settings = watched_settings(path, clock)
    signal.signal(signal.SIGHUP, lambda *_: settings.ask())
    Agent(settings, clock).run(stop)
