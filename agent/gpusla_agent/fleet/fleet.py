"""All nodes of a fleet on paper: from the past to now, then on with the time of the world."""

import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

from gpusla.clock import Clock, SystemClock
from gpusla.errors import GpuslaError
from gpusla.identity import NodeName
from gpusla.instants import Interval
from gpusla.logs import get_logger
from gpusla.simulation.keys import private_key
from gpusla.simulation.plan import draw
from gpusla.simulation.scenario import Scenario
from gpusla_agent.app.node import Timing
from gpusla_agent.fleet.control import Control
from gpusla_agent.fleet.node import PaperNode
from gpusla_agent.fleet.settings import FleetSettings, read_fleet_settings
from gpusla_agent.server import Served, Server, application

CATCH_UP_MS_MAX = 30_000
"""A process that was stopped for longer leaves the time unknown, as an agent would have."""

CATCH_UP_ROUNDS = 3
"""Each is shorter than the one before: the first makes up for the seconds that the past took."""

AHEAD_MS = 366 * 86_400_000
"""Random faults are drawn for so long after the start."""

_log = get_logger()


def run_fleet(path: Path, stop: threading.Event, clock: Clock | None = None) -> None:
    """
    Run a fleet until stop is set; path is its settings file.

    Raises InputError for files that cannot be honoured, SettingsError if the address is taken,
    JournalError if a journal is.
    """
    settings = read_fleet_settings(path)
    fleet = Fleet(settings, clock or SystemClock(), _tell)
    try:
        fleet.catch_up()
        fleet.hand_over()
        server = Server(application(Awake(fleet.nodes)), settings.host, settings.port)
        threading.Thread(target=server.run, name="server", daemon=True).start()
        _log.info("fleet_started", nodes=len(fleet.nodes), port=server.port)
        fleet.live(stop)
        server.close()
    finally:
        fleet.close()


class Awake(Mapping[str, Served]):
    """The nodes as the server sees them, by path: a silent one is not there at all."""

    def __init__(self, nodes: Iterable[PaperNode]) -> None:
        self._nodes = {f"/nodes/{node.node}": node for node in nodes}

    def __getitem__(self, prefix: str) -> PaperNode:
        node = self._nodes[prefix]
        if node.is_silent:
            raise KeyError(prefix)
        return node

    def __iter__(self) -> Iterator[str]:
        return (prefix for prefix, node in self._nodes.items() if not node.is_silent)

    def __len__(self) -> int:
        return sum(1 for _ in self)


class Fleet:
    """
    The nodes and the time that they have reached.

    tell: takes a line of progress for people.
    """

    def __init__(self, settings: FleetSettings, clock: Clock, tell: Callable[[str], None]) -> None:
        self._settings = settings
        self._clock = clock
        self._tell = tell
        self._fate = scenario_of(settings)
        self._control = Control(settings.control, self._fate.slots)
        self._started_ms = clock.monotonic_ms()
        self._ticked_ms = settings.form.start
        self.nodes: list[PaperNode] = []
        try:
            for name in settings.nodes:
                self.nodes.append(self._open(name))
        except GpuslaError:
            self.close()
            raise

    def catch_up(self) -> None:
        """Sample the past of every node, until all have reached the present."""
        for done, node in enumerate(self.nodes, 1):
            is_new = not node.has_history
            node.begin(self._settings.form.start if is_new else self._now_ms())
            node.advance(self._now_ms())
            node.sync()
            node.is_past = False
            if done % 6 == 0 or done == len(self.nodes):
                self._progress(done)
        for _ in range(CATCH_UP_ROUNDS):
            self._advance(self._now_ms())

    def hand_over(self) -> None:
        """Give the journals of some nodes back, for a real agent to go on with."""
        for node in [n for n in self.nodes if n.node in self._settings.form.hand_over]:
            node.advance(self._now_ms())
            node.close("handed over")
            self.nodes.remove(node)
            _log.info("handed_over", node=node.node, sequence=node.durable.sequence)

    def live(self, stop: threading.Event) -> None:
        """Sample all nodes at each interval until stop is set."""
        interval_ms = self._settings.form.interval_ms
        while not stop.is_set():
            now_ms = self._now_ms()
            self.turn(now_ms)
            next_ms = (now_ms // interval_ms + 1) * interval_ms
            stop.wait(max(0, next_ms - self._now_ms()) / 1000)

    def turn(self, now_ms: int) -> None:
        """Bring every node up to an instant, with the faults that the control file holds then."""
        interval_ms = self._settings.form.interval_ms
        tick_ms = now_ms // interval_ms * interval_ms
        if self._control.refresh(max(tick_ms, self._ticked_ms + interval_ms)):
            fate = self._fate.with_faults(self._control.faults)
            for node in self.nodes:
                node.follow(fate)
        for node in self.nodes:
            node.skip_to(now_ms - CATCH_UP_MS_MAX)
        self._advance(now_ms)

    def close(self) -> None:
        """Write that every node stops, and give the journals back."""
        for node in self.nodes:
            node.close("ended")
        self.nodes = []

    def _advance(self, now_ms: int) -> None:
        interval_ms = self._settings.form.interval_ms
        self._ticked_ms = now_ms // interval_ms * interval_ms
        for node in self.nodes:
            node.advance(now_ms)
        for node in self.nodes:
            node.sync()

    def _open(self, name: NodeName) -> PaperNode:
        settings = self._settings
        form = settings.form
        return PaperNode(
            name,
            self._fate,
            settings.configuration,
            settings.data_directory / name / "journal",  # where an agent keeps it
            from_ms=form.start,
            timing=Timing(form.interval_ms, form.valid_ms),
            tenants=form.tenants,
            private_key=private_key(form.key_seed, name),
            block_ms=form.block_ms,
        )

    def _now_ms(self) -> int:
        return self._clock.wall_ms()

    def _progress(self, done: int) -> None:
        records = sum(node.durable.sequence for node in self.nodes)
        seconds = (self._clock.monotonic_ms() - self._started_ms) / 1000
        self._tell(
            f"fleet: {done} of {len(self.nodes)} nodes, {records:,} records, {seconds:.1f} s"
        )


def scenario_of(settings: FleetSettings) -> Scenario:
    """Return the fate of a fleet: what is drawn from its seed, and what its scenario file says."""
    slots = settings.configuration.inventory.slots()
    form = settings.form
    if form.seed is None:
        return Scenario(slots, settings.faults)
    span = Interval(form.start, form.start + AHEAD_MS)
    drawn = draw(form.seed, slots, span, align_ms=form.interval_ms)
    return drawn.with_faults(settings.faults)


def _tell(line: str) -> None:
    sys.stderr.write(line + "\n")
    sys.stderr.flush()
