"""Starts the demo's processes and knows when each is ready."""

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from gpusla_collector.demo.scenery import Scenery
from gpusla_collector.demo.stage import Child, Stage, wait_until_ready
from gpusla_collector.demo.teller import StepFailedError

ROOT_OF_COMMANDS = Path(sys.executable).parent


@dataclass(frozen=True, slots=True)
class Tools:
    """Programs that are not Python; None for one that could not be had."""

    prometheus: str | None
    alertmanager: str | None
    compiler: str | None

    @property
    def missing(self) -> tuple[str, ...]:
        """What is not there, in words."""
        parts = (
            (self.prometheus, "Prometheus"),
            (self.alertmanager, "Alertmanager"),
            (self.compiler, "a C compiler"),
        )
        return tuple(name for path, name in parts if path is None)


def find_tools() -> Tools:
    """Return the programs that ./run found or got."""
    names = ("GPUSLA_PROMETHEUS", "GPUSLA_ALERTMANAGER", "GPUSLA_CC")
    return Tools(*(os.environ.get(name) or None for name in names))


@dataclass(slots=True)
class Cast:
    """Who plays: each method starts one process and waits until it answers."""

    stage: Stage
    scenery: Scenery
    tools: Tools

    def fleet(self, settings: Path) -> Child:
        """Start the simulated fleet; ready when its journals reach the present."""
        child = self.stage.start("fleet", self._agent("simulate", settings))
        wait_until_ready(child, f"{self._url(self.scenery.ports.fleet)}/healthz", 120.0)
        return child

    def agent(self, settings: Path, library: Path) -> Child:
        """Start the agent on the NVML path; the stand-in is found by the loader's own search."""
        environment = {
            "LD_LIBRARY_PATH": str(library.parent),
            "GPUSLA_STANDIN_CONTROL": str(self.scenery.standin_control),
        }
        child = self.stage.start("agent", self._agent("run", settings), environment)
        wait_until_ready(child, f"{self._url(self.scenery.ports.agent)}/healthz")
        return child

    def switch(self, settings: Path, contracts: Sequence[str], person: str) -> None:
        """Let a person switch contracts to automatic, by the command that an operator has."""
        words = ["collector", "automatic", *contracts, "--as", person, "--config", str(settings)]
        child = self.stage.start("automatic", [self._command("gpusla"), *words])
        if child.process.wait():
            raise StepFailedError(f"the contracts were not switched: {child.log_tail()}")

    def collector(self, settings: Path) -> Child:
        """Start the collector; ready when it has judged every contract."""
        command = [self._command("gpusla"), "collector", "run", "--config", str(settings)]
        child = self.stage.start("collector", command)
        wait_until_ready(child, f"{self._url(self.scenery.ports.collector)}/healthz")
        return child

    def alertmanager(self, configuration: Path) -> Child:
        """Start Alertmanager without its gossip port."""
        port = self.scenery.ports.alertmanager
        command = [
            str(self.tools.alertmanager),
            f"--config.file={configuration}",
            f"--storage.path={self.scenery.folder / 'alertmanager'}",
            f"--web.listen-address=127.0.0.1:{port}",
            "--cluster.listen-address=",
        ]
        child = self.stage.start("alertmanager", command)
        wait_until_ready(child, f"{self._url(port)}/-/ready")
        return child

    def prometheus(self, configuration: Path) -> Child:
        """Start Prometheus."""
        port = self.scenery.ports.prometheus
        command = [
            str(self.tools.prometheus),
            f"--config.file={configuration}",
            f"--storage.tsdb.path={self.scenery.folder / 'prometheus'}",
            f"--web.listen-address=127.0.0.1:{port}",
        ]
        child = self.stage.start("prometheus", command)
        wait_until_ready(child, f"{self._url(port)}/-/ready")
        return child

    def _agent(self, verb: str, settings: Path) -> list[str]:
        return [self._command("gpusla-agent"), verb, "--config", str(settings)]

    def _command(self, name: str) -> str:
        return str(ROOT_OF_COMMANDS / name)

    def _url(self, port: int) -> str:
        return self.scenery.ports.url(port)
