"""A working tray of the NVML stand-in, on which one thing after the other goes wrong."""

import os
import platform
import sys
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path

from gpusla.catalogue.readings import Consent
from gpusla.clock import SystemClock
from gpusla_agent import standin
from gpusla_agent.app.record import Recording, Terms, listed_uuids, record
from gpusla_agent.probes import PROBING
from gpusla_agent.sources.nvml import NvmlSource
from gpusla_agent.standin import Control
from tests.conftest import ROOT

SECONDS = 14
NOTE = "the NVML stand-in: heat, a link that goes down with an Xid, a lost GPU, blind monitors"
BUSY = {
    "utilization": 97,
    "memory_utilization": 41,
    "sm_active": 90,
    "tensor_active": 62,
    "dram_active": 25,
    "power_watts": 1_100,
    "temperature": 71,
    "sm_clock": 1_920,
    "memory_used": 190_000,
    "nvlink_tx_rate": 100_000,
    "nvlink_rx_rate": 100_000,
}
"""What every GPU does at the start."""


def heat(control: Control) -> None:
    """GPU 0 slows down because it is hot."""
    control.set("gpu", 0, "temperature", 88)
    control.set("gpu", 0, "sm_clock", 900)
    control.set("gpu", 0, "clock_event_reasons", 0x40)


def lose_link(control: Control) -> None:
    """Link 14 of GPU 3 goes down, and the driver says so."""
    control.set("gpu", 3, "link", 14, "state", 0)
    control.set("gpu", 3, "link", 14, "recoveries_failed", 1)
    control.event(3, "xid", 149)


def lose_gpu(control: Control) -> None:
    """GPU 1 falls off the bus."""
    control.set("gpu", 1, "lost")
    control.event(1, "xid", 79)


def blind(control: Control) -> None:
    """GPU 2's performance monitors read zero although it works."""
    for name in ("graphics_active", "sm_active", "sm_occupancy", "tensor_active", "dram_active"):
        control.set("gpu", 2, name, 0)


STEPS: dict[int, Callable[[Control], None]] = {2: heat, 4: lose_link, 6: lose_gpu, 9: blind}
"""By number of the pass before which it happens."""


class Director:
    """The system's clock; before each pass it lets happen what is due."""

    def __init__(self, control: Control) -> None:
        self._clock = SystemClock()
        self._control = control
        self._passes = 0

    def wall_ms(self) -> int:
        """Return the wall time."""
        return self._clock.wall_ms()

    def monotonic_ms(self) -> int:
        """Return the time since the machine was booted."""
        return self._clock.monotonic_ms()

    def sleep(self, seconds: float) -> None:
        """Wait for the next pass."""
        threading.Event().wait(seconds)
        step = STEPS.get(self._passes)
        self._passes += 1
        if step is not None:
            with self._control.batch():
                step(self._control)


def make(path: Path) -> Recording:
    """Record the tray; takes as many seconds as it says."""
    library = standin.build(ROOT / ".cache" / "standin")
    with tempfile.TemporaryDirectory() as folder:
        control = Control(Path(folder) / "tray.control")
        for name, value in BUSY.items():
            control.set("gpu", "*", name, value)
        os.environ[standin.CONTROL_VARIABLE] = str(control.path)
        source = NvmlSource(SystemClock(), PROBING, library_directory=library.parent)
        try:
            consents = frozenset({Consent.CAPACITY, Consent.ACTIVITY})
            source.allow(dict.fromkeys(listed_uuids(source.listed), consents))
            terms = Terms(consents=consents, is_synthetic=True, note=NOTE)
            return record(source, Director(control), path, SECONDS, terms)
        finally:
            source.close()


if __name__ == "__main__":
    machine = f"{platform.system().lower()}-{platform.machine()}"
    made = make(Path(__file__).parent / f"{machine}__nvidia-gb300-standin__580.173.02.jsonl")
    sys.stdout.write(f"{made}\n")
