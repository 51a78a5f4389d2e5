"""
The worker's ears: threads that wait for what the driver tells by itself.

Only Xids are told on.  Every event of a GPU makes its slow families due, because what it changed
should not wait for its turn.
"""

import threading
from typing import Any

from gpusla.clock import SystemClock
from gpusla_agent.sources.nvml_calls.binding import SUCCESS, TIMEOUT
from gpusla_agent.sources.nvml_calls.events import GpuEvents, Happened, SystemEvents
from gpusla_agent.sources.nvml_calls.gpu import Gpu
from gpusla_agent.sources.nvml_xids import NVML, OPERATIONAL_EVENT, Xids

WAIT_MS = 2_000
"""For one event; a GPU that was registered meanwhile may be heard only at the next wait."""

HEAR_OUT_SECONDS = 0.05

_SANE_US = 60_000_000
"""A driver's time stamp further from now than this is on another clock than ours."""


class Listener:
    """The events of all GPUs of a driver, and of the driver itself."""

    def __init__(self, clock: SystemClock) -> None:
        self._clock = clock
        self._events = GpuEvents()
        self._system = SystemEvents()
        self._xids = Xids()
        self._hurried: set[str | None] = set()
        self._other = 0
        self._changes = 0
        self._is_last = threading.Event()
        self._is_heard = threading.Event()

    def register(self, gpu: Gpu) -> None:
        """Ask for a GPU's events."""
        self._events.register(gpu)

    def start(self) -> None:
        """Begin to wait, as far as the driver has events."""
        if self._events.can_wait:
            threading.Thread(target=self._listen, daemon=True).start()
        if self._system.code == SUCCESS:
            threading.Thread(target=self._listen_to_system, daemon=True).start()

    def hurried(self) -> set[str | None]:
        """Return the UUIDs of the GPUs that something happened to since this was last asked."""
        hurried, self._hurried = self._hurried, set()
        return hurried

    def told(self) -> dict[str, Any]:
        """
        Return what happened, as the message to the agent has it.

        xids and events_lost: since the last time.  other_events, driver_changes (a GPU bound or
        unbound): since the start.  events: the code of listening at all.
        """
        xids, lost = self._xids.take()
        return {
            "xids": xids,
            "events_lost": lost,
            "events": self._events.code,
            "other_events": self._other,
            "driver_changes": self._changes,
        }

    def hear_out(self) -> None:
        """
        Hear what the driver still has to tell, and listen no longer.

        A thread that waits for the driver has heard all; one that rests beside a lost GPU has not.
        """
        self._is_last.set()
        self._is_heard.wait(HEAR_OUT_SECONDS)

    def _listen(self) -> None:
        while True:
            code, happened = self._events.wait(0 if self._is_last.is_set() else WAIT_MS)
            if happened is not None:
                self._take(happened)
            elif self._is_last.is_set():
                self._is_heard.set()
                return
            elif code not in {SUCCESS, TIMEOUT}:
                self._is_last.wait(1)  # A lost GPU makes every wait return at once.

    def _take(self, happened: Happened) -> None:
        self._hurried.add(happened.uuid)
        self._other += not happened.xids
        origin = OPERATIONAL_EVENT if happened.is_operational else NVML
        for xid in happened.xids:
            if not happened.uuid:
                self._xids.lose()
                continue
            told = (happened.uuid, xid, self._wall_ms(happened.epoch_us), origin)
            may_pair = self._events.is_operational
            self._xids.add(told, self._clock.monotonic_ms(), may_pair=may_pair)

    def _wall_ms(self, epoch_us: int) -> int:
        """Return when it happened: as the driver says if that can be, else now."""
        now_ms = self._clock.wall_ms()
        return epoch_us // 1_000 if abs(epoch_us - now_ms * 1_000) < _SANE_US else now_ms

    def _listen_to_system(self) -> None:
        while True:
            code, number = self._system.wait(WAIT_MS)
            self._changes += number
            if code not in {SUCCESS, TIMEOUT}:
                self._clock.sleep(1)
