"""A node metered live whose journal is signed, with everything that can happen to it at hand."""

import os
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

from gpusla.journal.body import Body
from gpusla.journal.codec import decode
from gpusla.readings import GpuReadings, Pass
from gpusla.timeline.hours import HOUR_MS
from gpusla_agent.app.node import Node
from gpusla_agent.assignments import Configuration
from gpusla_agent.evidence import NodeKeys
from gpusla_agent.recorder import Disk, Recorder
from gpusla_agent.sampler import Sampler, everything
from tests.agent.journals import HandClock
from tests.agent.test_node import CONFIGURATION, NODE, FakeSource
from tests.core.health.gpus import UUID, gpu, one_pass

__all__ = ["NODE", "SignedRig", "one_pass_of"]


def one_pass_of(found: GpuReadings, *xids: int) -> Pass:
    """Return a pass that saw one GPU and some errors."""
    return one_pass(found, *xids)


class SteppingClock(HandClock):
    """A hand clock whose wall part can be set."""

    def step_ms(self, milliseconds: int) -> None:
        """Set the wall clock forward or back."""
        self.wall_ms += milliseconds


class RestartingSource(FakeSource):
    """A source whose worker can be replaced, and whose GPU can."""

    def restart(self) -> None:
        """Replace the worker."""
        self.restarts += 1

    def swap_gpu(self) -> None:
        """Put another GPU into the slot."""
        other = gpu()
        other = replace(other, identity=replace(other.identity, uuid=f"{UUID}-new"))  # type: ignore[arg-type]
        self.show = lambda: one_pass(other)


@dataclass(slots=True)
class ChangingConfiguration:
    """A configuration whose digest changes on demand."""

    now: Configuration = CONFIGURATION

    def current(self) -> Configuration:
        """Return what is in force."""
        return self.now

    def change(self) -> None:
        """Put another version in force."""
        self.now = replace(self.now, digests={"inventory": "cd" * 32})


@dataclass(slots=True)
class SignedRig:
    """A node with a key, and what drives it; directory: its data directory."""

    directory: Path
    disk: Disk | None = None
    build: str = ""
    segment_bytes: int = 1 << 20
    hour_ms: int = HOUR_MS
    clock: SteppingClock = field(default_factory=SteppingClock)
    configuration: ChangingConfiguration = field(default_factory=ChangingConfiguration)
    source: RestartingSource = field(init=False)
    recorder: Recorder = field(init=False)
    node: Node = field(init=False)

    def __post_init__(self) -> None:
        self.source = RestartingSource(self.clock)
        self.start()

    def start(self) -> None:
        """Start the agent, for the first time or again."""
        self.recorder = Recorder(
            self.directory / "journal",
            NODE,
            self.clock.read,
            segment_bytes=self.segment_bytes,
            disk=self.disk or Disk(),
            hour_ms=self.hour_ms,
        )
        sampler = Sampler(
            self.source,
            lambda at_ms: CONFIGURATION.inventory.expected(NODE, at_ms),
            lambda: self.clock.wall_ms,
            consents_of=everything,
        )
        self.node = Node(
            self.recorder,
            sampler,
            self.source,
            self.clock.read,
            self.configuration,
            keys=NodeKeys(self.directory, NODE),
            build=self.build,
        )
        self.node.start()

    def run(self, seconds: int, show: Callable[[], Pass] | None = None) -> None:
        """Take a step each second."""
        if show is not None:
            self.source.show = show
        for _ in range(seconds):
            self.clock.pass_ms(1_000)
            self.node.step()

    def crash(self) -> None:
        """Leave everything as a killed process does."""
        os.close(self.recorder._lock)

    def lines(self) -> list[bytes]:
        """Return every durable line."""
        return self.node.read(0, 100_000, 1 << 30)

    def bodies(self) -> list[Body]:
        """Return every durable record."""
        return [decode(line)[1] for line in self.lines()]

    def kinds(self) -> list[type]:
        """Return the kinds of all durable records."""
        return [type(body) for body in self.bodies()]
