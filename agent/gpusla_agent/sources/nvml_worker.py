"""
The worker that talks to the driver: a process of its own, so that it can be killed.

One thread for each GPU, so that a call that never returns costs one GPU.  A request is a line on
standard input; the answer is a line of JSON on standard output, after every GPU answered or the
deadline passed.  The first line out says what the driver lists.  The end of standard input ends
the process, so it never outlives the agent.  Imports as little as it can: python -m
gpusla_agent.sources.nvml_worker DEADLINE_MS.
"""

import ctypes
import json
import os
import sys
import threading
from queue import Empty, SimpleQueue
from typing import Any

from gpusla.clock import SystemClock
from gpusla_agent.sources import nvml_calls as calls

CLOCK = SystemClock()

XIDS_MAX = 4_096
"""Events that are kept between two requests; a storm must not fill memory."""


class Sampled:
    """One GPU and the thread that asks it."""

    def __init__(self, index: int, done: "SimpleQueue[tuple[int, int, Any]]") -> None:
        self.gpu = calls.Gpu(index)
        self.is_busy = False
        self._jobs: SimpleQueue[int] = SimpleQueue()
        self._done = done
        threading.Thread(target=self._run, daemon=True).start()

    def ask(self, job: int) -> None:
        """Let the thread take a pass over its GPU; job 0 is its identity."""
        self.is_busy = True
        self._jobs.put(job)

    def _run(self) -> None:
        while True:
            job = self._jobs.get()
            found = self.gpu.sample() if job else self.gpu.identity()
            self._done.put((job, self.gpu.index, (found, CLOCK.monotonic_ms())))


class Listed:
    """The driver's count, asked for in a thread of its own: it can hang like every call."""

    def __init__(self, count: int) -> None:
        self.count = count
        self._jobs: SimpleQueue[None] = SimpleQueue()
        threading.Thread(target=self._run, daemon=True).start()

    def ask(self) -> None:
        """Ask once more, unless an answer is still awaited."""
        if self._jobs.empty():
            self._jobs.put(None)

    def _run(self) -> None:
        while True:
            self._jobs.get()
            code, count = calls.count()
            self.count = count if code == calls.SUCCESS else -1


class Worker:
    """All that one driver lists."""

    def __init__(self, count: int, deadline_ms: int) -> None:
        self._deadline_ms = deadline_ms
        self._done: SimpleQueue[tuple[int, int, Any]] = SimpleQueue()
        self._gpus = [Sampled(index, self._done) for index in range(count)]
        self._listed = Listed(count)
        self._xids: SimpleQueue[tuple[str, int, int, str]] = SimpleQueue()
        self._late: dict[int, Any] = {}
        self._events: calls.XidEvents | None = None

    def identities(self) -> list[dict[str, Any]]:
        """Return what each GPU is, and begin to listen for Xids of those that said so."""
        found = self._ask_all(0)
        self._events = calls.XidEvents()
        for sampled in self._gpus:
            if not sampled.is_busy:
                self._events.register(sampled.gpu)
        if self._events.code == calls.SUCCESS:
            threading.Thread(target=self._listen, daemon=True).start()
        return [{"index": index, "identity": answer} for index, (answer, _) in found.items()]

    def sample(self, job: int) -> dict[str, Any]:
        """Return one pass; GPUs that did not answer in time are not in it."""
        self._listed.ask()
        gpus = [
            {"index": index, "values": values, "seconds": seconds, "at_ms": at_ms}
            for index, ((values, seconds), at_ms) in self._ask_all(job).items()
        ]
        late, self._late = self._late, {}
        return {
            "job": job,
            "count": self._listed.count,
            "gpus": gpus,
            "identities": [{"index": index, "identity": one} for index, one in late.items()],
            "xids": self._taken_xids(),
            "events": self._events.code if self._events else calls.UNKNOWN,
        }

    def _ask_all(self, job: int) -> dict[int, Any]:
        for sampled in self._gpus:
            if not sampled.is_busy:
                sampled.ask(job)
        waited_for = {sampled.gpu.index for sampled in self._gpus}
        answers: dict[int, Any] = {}
        deadline_ms = CLOCK.monotonic_ms() + self._deadline_ms
        while waited_for:
            try:
                done, index, answer = self._next(deadline_ms)
            except Empty:
                break
            self._gpus[index].is_busy = False
            waited_for.discard(index)
            if done == job:
                answers[index] = answer
            elif done == 0:
                self._late[index] = answer[0]
            # Any other answer to an earlier request is stale: it only frees the thread.
        return answers

    def _next(self, deadline_ms: int) -> tuple[int, int, Any]:
        return self._done.get(timeout=max(0, deadline_ms - CLOCK.monotonic_ms()) / 1_000)

    def _listen(self) -> None:
        assert self._events is not None  # the thread is started behind it
        while True:
            code, event = self._events.wait(1_000)
            if code == calls.SUCCESS and self._xids.qsize() < XIDS_MAX:
                self._xids.put((event[0], event[1], CLOCK.wall_ms(), "nvml"))
            elif code not in {calls.SUCCESS, calls.TIMEOUT}:
                CLOCK.sleep(1)  # A lost GPU makes every wait return at once.

    def _taken_xids(self) -> list[tuple[str, int, int, str]]:
        return [self._xids.get() for _ in range(self._xids.qsize())]


def say(message: dict[str, Any]) -> None:
    """Write one line to the agent."""
    remaining = memoryview(json.dumps(message, separators=(",", ":")).encode() + b"\n")
    while remaining:
        remaining = remaining[os.write(1, remaining) :]


def main() -> None:
    """Serve requests until standard input ends."""
    deadline_ms = int(sys.argv[1])
    code = calls.start()
    count_code, count = calls.count() if code == calls.SUCCESS else (code, None)
    if count is None:
        say({"code": count_code})
        return
    worker = Worker(count, deadline_ms)
    say({"code": 0, "count": count, "gpus": worker.identities()})
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)  # Building the binding's thousands of types took memory that nothing needs now.
    job = 0
    while os.read(0, 64):
        job += 1
        say(worker.sample(job))
    os._exit(0)  # Threads that hang in the driver must not hold the process.


if __name__ == "__main__":
    main()
