"""A node for the fault matrix: a real agent process on a stand-in tray that a test may break."""

import os
import re
import signal
import threading
import time
import urllib.error
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from gpusla.clock import SystemClock
from gpusla_agent import standin
from tests.agent.processes import AgentProcess, write_settings

SCRAPES = 40
ATTEMPTS = 3
HELD_UP_SECONDS_MAX = 0.020
"""What a sick GPU may add to a scrape; the issue's figure."""

PATIENCE_SECONDS = 20
PROBE_WATTS = 512
"""A power draw that no GPU has by itself, told by its own place: 512, 513, 514, 515 watts."""

_MORE = """\
telemetry: {{ref-2026: [activity, processes]}}
kernel_log: {{path: {log}}}
"""


@dataclass(frozen=True, slots=True)
class Scrape:
    """One look at the page, and at a page that costs nothing, in the same moment."""

    seconds: float
    bare_seconds: float
    page: str


class FaultyNode:
    """An agent, its tray's control file and its kernel's log."""

    def __init__(
        self,
        folder: Path,
        library: Path,
        *,
        log: Path | None = None,
        before: Sequence[str] = (),
    ) -> None:
        """log: what the agent takes for the kernel's log, by default one that works."""
        self.folder = folder
        self.control = standin.Control(Path(os.environ[standin.CONTROL_VARIABLE]))
        self.kernel_log = standin.KernelLog(folder / "kmsg", SystemClock())
        path = write_settings(folder, library, interval_ms="250", deadline_ms="100")
        with path.open("a") as settings:
            settings.write(_MORE.format(log=log or self.kernel_log.path))
        self.agent = AgentProcess(path, before)
        # An agent that logs must not wait for a test that does not listen.
        self.said = deque[bytes](maxlen=100)
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()

    def close(self) -> None:
        """End the agent; one that does not end by itself fails its test and is killed."""
        self.control.clear()
        self.agent.process.send_signal(signal.SIGTERM)
        try:
            self.agent.process.wait(15)
        finally:
            self.agent.process.kill()
            self._listener.join(15)
        self.kernel_log.close()

    def _listen(self) -> None:
        assert self.agent.process.stderr is not None  # it was asked for
        with self.agent.process.stderr as stderr:
            for line in stderr:
                self.said.append(line)

    # --- looking ------------------------------------------------------------------------------

    def page(self) -> str:
        """The page of metrics."""
        return self.agent.get("/metrics")[0].decode()

    def scrape(self) -> Scrape:
        """Fetch the page and, right before it, one that is not there."""
        started = time.perf_counter()
        with pytest.raises(urllib.error.HTTPError, match="404"):
            self.agent.get("/nothing")
        between = time.perf_counter()
        page = self.page()
        return Scrape(time.perf_counter() - between, between - started, page)

    def until(self, is_there: Callable[[str], bool], what: str) -> str:
        """Look at the page until it shows something; return it."""
        end = time.monotonic() + PATIENCE_SECONDS
        while True:
            page = self.page()
            if is_there(page):
                return page
            assert time.monotonic() < end, f"never seen: {what}\n{page}"

    # --- what must stay -----------------------------------------------------------------------

    def assert_others_are_fresh(self, sick: Sequence[int] = (0,)) -> None:
        """What changes on the other GPUs from now on is seen."""
        others = [place for place in range(4) if place not in sick]
        for place in others:
            self.control.set("gpu", place, "power_watts", PROBE_WATTS + place)
        wanted = {float(PROBE_WATTS + place) for place in others}
        self.until(lambda page: wanted <= set(values(page, POWER)), f"{wanted} watts")
        for place in others:
            self.control.clear("gpu", place, "power_watts")

    def assert_page_is_quick(self) -> None:
        """
        The 95th percentile of what a scrape takes beyond a bare one of the same moment.

        The machine may be busy with something else, so the best of some attempts counts: a page
        that waits for a GPU waits in each of them.
        """
        found = []
        for _ in range(ATTEMPTS):
            scrapes = sorted(max(0.0, self._extra()) for _ in range(SCRAPES))
            found.append(scrapes[SCRAPES * 95 // 100])
            if found[-1] < HELD_UP_SECONDS_MAX:
                return
        raise AssertionError(f"p95 of a scrape: {found} s")

    def _extra(self) -> float:
        scrape = self.scrape()
        return scrape.seconds - scrape.bare_seconds


POWER = "gpusla_gpu_power_watts"
_SAMPLE = re.compile(r"^(\w+)(?:\{([^}]*)\})? (\S+)$", re.MULTILINE)


def values(page: str, family: str, having: str = "") -> list[float]:
    """The values of a family's series whose labels have a text."""
    return [
        float(value)
        for name, labels, value in _SAMPLE.findall(page)
        if name == family and having in labels
    ]
