"""
The worker that talks to the driver: a process of its own, so that it can be killed.

One thread for each GPU, so that a call that never returns costs one GPU.  A request is a line on
standard input; the answer is a line of JSON on standard output, after every GPU answered or the
deadline passed (`gpusla_agent.sources.nvml_wire`).  The first line out says what the driver lists.
The end of standard input ends the process, so it never outlives the agent.  Imports as little as
it can: python -m gpusla_agent.sources.nvml_worker DEADLINE_MS.
"""

import ctypes
import json
import os
import sys
import threading
from collections.abc import Iterator, Mapping
from queue import Empty, SimpleQueue
from typing import Any

from gpusla.catalogue.consent import Consent
from gpusla.clock import SystemClock
from gpusla_agent.sources.nvml_calls import binding
from gpusla_agent.sources.nvml_calls.gpu import Gpu
from gpusla_agent.sources.nvml_listener import Listener
from gpusla_agent.sources.nvml_schedule import Schedule
from gpusla_agent.sources.nvml_wire import LAST_WORDS, consents_of

CLOCK = SystemClock()
COUNT_MS = 2_000
"""How often the driver is asked how many GPUs it lists."""

TURN_MS = 5
"""
How long the next GPU waits for the one before.

Threads that ask at the same time mostly fight for the interpreter's lock; in turn they cost less
processor time, and a GPU that takes longer than this is not waited for.
"""

_CAPACITY = frozenset({Consent.CAPACITY})

Job = tuple[int, tuple[str, ...]]
"""Number and families; number 0 is the GPU's identity."""


class Sampled:
    """One GPU and the thread that asks it."""

    def __init__(
        self, index: int, done: "SimpleQueue[tuple[int, int, Any]]", listener: Listener
    ) -> None:
        self.gpu = Gpu(index)
        self.is_busy = False
        self._jobs: SimpleQueue[Job] = SimpleQueue()
        self._done = done
        self._listener = listener
        threading.Thread(target=self._run, daemon=True).start()

    def ask(self, job: Job) -> None:
        """Let the thread take a pass over its GPU."""
        self.is_busy = True
        self._jobs.put(job)

    def _run(self) -> None:
        while True:
            job, families = self._jobs.get()
            found = self._sample(families) if job else self._identity()
            self._done.put((job, self.gpu.index, found))

    def _identity(self) -> dict[str, Any]:
        """Registering for events is a call on the GPU too, and may hang like one."""
        told = self.gpu.identity()
        self._listener.register(self.gpu)
        return {"index": self.gpu.index, "identity": told}

    def _sample(self, families: tuple[str, ...]) -> dict[str, Any]:
        read = self.gpu.sample(families, CLOCK.monotonic_ms())
        said = "code" if isinstance(read, int) else "read"
        return {"index": self.gpu.index, "at_ms": CLOCK.monotonic_ms(), said: read}


class Listed:
    """The driver's count, asked for in a thread of its own: it can hang like every call."""

    def __init__(self, count: int) -> None:
        self.count = count
        self._ask_ms = CLOCK.monotonic_ms() + COUNT_MS
        self._jobs: SimpleQueue[None] = SimpleQueue()
        threading.Thread(target=self._run, daemon=True).start()

    def ask(self) -> None:
        """Ask once more if it is time, unless an answer is still awaited."""
        now_ms = CLOCK.monotonic_ms()
        if now_ms >= self._ask_ms and self._jobs.empty():
            self._ask_ms = now_ms + COUNT_MS
            self._jobs.put(None)

    def _run(self) -> None:
        while True:
            self._jobs.get()
            code, count = binding.count()
            self.count = count if code == binding.SUCCESS else -1


class Worker:
    """All that one driver lists."""

    def __init__(self, count: int, deadline_ms: int) -> None:
        self._deadline_ms = deadline_ms
        self._done: SimpleQueue[tuple[int, int, Any]] = SimpleQueue()
        self._listener = Listener(CLOCK)
        self._gpus = [Sampled(index, self._done, self._listener) for index in range(count)]
        self._listed = Listed(count)
        self._schedule = Schedule(count)
        self._allowed: Mapping[int, frozenset[Consent]] = {}
        self._late: list[dict[str, Any]] = []

    def identities(self) -> list[dict[str, Any]]:
        """Return what each GPU is, and begin to listen for what happens to them."""
        found = self._ask(0, [(sampled, ()) for sampled in self._gpus])
        self._listener.start()
        return found

    def allow(self, allowed: Mapping[int, frozenset[Consent]]) -> None:
        """Take note of what may be read from now on, by place; capacity needs no saying."""
        self._allowed = allowed

    def sample(self, job: int) -> dict[str, Any]:
        """Return one pass; GPUs that did not answer in time are not in it."""
        self._listed.ask()
        self._take_what_came_late()
        gpus = self._ask(job, list(self._due()))
        late, self._late = self._late, []
        message = {"job": job, "count": self._listed.count, "gpus": gpus, "identities": late}
        return {**message, **self._listener.told()}

    def last_words(self) -> dict[str, Any]:
        """Return what happened since the last pass, without asking any GPU; there is no other."""
        self._listener.hear_out()
        return self._listener.told()

    def _due(self) -> Iterator[tuple[Sampled, tuple[str, ...]]]:
        now_ms = CLOCK.monotonic_ms()
        hurried = self._listener.hurried()
        for index, sampled in enumerate(self._gpus):
            if sampled.is_busy:
                continue
            if sampled.gpu.uuid in hurried:
                self._schedule.hurry(index, now_ms)
            allowed = self._allowed.get(index, _CAPACITY)
            yield sampled, self._schedule.take(index, allowed, now_ms)

    def _ask(self, job: int, due: list[tuple[Sampled, tuple[str, ...]]]) -> list[dict[str, Any]]:
        """Ask one GPU after the other, and return what came before the deadline."""
        answers: list[dict[str, Any]] = []
        waiting: set[int] = set()
        deadline_ms = CLOCK.monotonic_ms() + self._deadline_ms
        for sampled, families in due:
            sampled.ask((job, families))
            waiting.add(sampled.gpu.index)
            self._gather(job, waiting, answers, CLOCK.monotonic_ms() + TURN_MS)
        self._gather(job, waiting, answers, deadline_ms)
        return answers

    def _gather(
        self, job: int, waiting: set[int], answers: list[dict[str, Any]], until_ms: int
    ) -> None:
        while waiting:
            seconds = max(0, until_ms - CLOCK.monotonic_ms()) / 1_000
            try:
                done, index, answer = self._done.get(timeout=seconds)
            except Empty:
                return
            waiting.discard(index)
            self._take(done, index, answer, answers if done == job else self._late)

    def _take_what_came_late(self) -> None:
        for _ in range(self._done.qsize()):
            self._take(*self._done.get(), self._late)

    def _take(self, done: int, index: int, answer: Any, into: list[dict[str, Any]]) -> None:
        """Free the thread; a late answer is of use only if it says who the GPU is."""
        self._gpus[index].is_busy = False
        if into is not self._late or done == 0:
            into.append(answer)


def say(message: dict[str, Any]) -> None:
    """Write one line to the agent."""
    remaining = memoryview(json.dumps(message, separators=(",", ":")).encode() + b"\n")
    while remaining:
        remaining = remaining[os.write(1, remaining) :]


def requests() -> Iterator[str]:
    """Yield each line of standard input until it ends."""
    pending = b""
    while content := os.read(0, 4_096):
        *lines, pending = (pending + content).split(b"\n")
        yield from (line.decode("ascii") for line in lines)


def main() -> None:
    """Serve requests until standard input ends."""
    deadline_ms = int(sys.argv[1])
    code = binding.start()
    count_code, count = binding.count() if code == binding.SUCCESS else (code, 0)
    if count_code != binding.SUCCESS:
        say({"code": count_code})
        return
    listens_wall_ms = CLOCK.wall_ms()  # Not before the sets are made, which is in the next line.
    worker = Worker(count, deadline_ms)
    gpus = worker.identities()
    say({"code": 0, "count": count, "gpus": gpus, "listens_wall_ms": listens_wall_ms})
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)  # Building the binding's thousands of types took memory that nothing needs now.
    for job, request in enumerate(requests(), start=1):
        command, _, allowed = request.partition(" ")
        if command == LAST_WORDS:
            say(worker.last_words())
            continue
        if allowed:
            worker.allow(consents_of(allowed))
        say(worker.sample(job))
    os._exit(0)  # Threads that hang in the driver must not hold the process.


if __name__ == "__main__":
    main()
