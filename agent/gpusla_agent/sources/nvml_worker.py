"""
The worker that talks to the driver: a process of its own, so that it can be killed.

A call that never returns costs one GPU (`gpusla_agent.sources.nvml_crew`).  A request is a line on
standard input; the answer is a line of JSON on standard output, after every GPU answered or the
deadline passed (`gpusla_agent.sources.nvml_wire`).  The first line out says what the driver lists.
The end of standard input ends the process, so it never outlives the agent.  Imports as little as
it can: python -m gpusla_agent.sources.nvml_worker DEADLINE_MS.
"""

import ctypes
import json
import os
import sys
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

from gpusla.catalogue.consent import Consent
from gpusla.clock import SystemClock
from gpusla_agent.sources.nvml_calls import binding
from gpusla_agent.sources.nvml_calls.gpu import Gpu
from gpusla_agent.sources.nvml_crew import Batch, Crew, Task
from gpusla_agent.sources.nvml_listener import Listener
from gpusla_agent.sources.nvml_schedule import Schedule
from gpusla_agent.sources.nvml_wire import LAST_WORDS, consents_of

CLOCK = SystemClock()
COUNT_MS = 2_000
"""How often the driver is asked how many GPUs it lists."""

_CAPACITY = frozenset({Consent.CAPACITY})
_COUNT = -1
"""Whose task it is to count the GPUs: nobody's, but it may hang like a call on one of them."""


class Worker:
    """All that one driver lists."""

    def __init__(self, count: int, deadline_ms: int) -> None:
        self._deadline_ms = deadline_ms
        self._listener = Listener(CLOCK)
        self._gpus = [Gpu(index) for index in range(count)]
        self._schedule = Schedule(count)
        self._crew = Crew(CLOCK)
        self._unfinished: list[Batch] = []
        self._busy: set[int] = set()
        self._allowed: Mapping[int, frozenset[Consent]] = {}
        self._count = count
        self._count_ms = CLOCK.monotonic_ms() + COUNT_MS

    def identities(self) -> list[dict[str, Any]]:
        """Return what each GPU is, and begin to listen for what happens to them."""
        found = self._run([(gpu.index, partial(self._identify, gpu)) for gpu in self._gpus])
        self._listener.start()
        return found

    def allow(self, allowed: Mapping[int, frozenset[Consent]]) -> None:
        """Take note of what may be read from now on, by place; capacity needs no saying."""
        self._allowed = allowed

    def sample(self) -> dict[str, Any]:
        """Return one pass; GPUs that did not answer in time are not in it."""
        identities = self._late_identities()
        gpus = self._run(list(self._due()))
        message = {"count": self._count, "gpus": gpus, "identities": identities}
        return {**message, **self._listener.told()}

    def last_words(self) -> dict[str, Any]:
        """Return what happened since the last pass, without asking any GPU; there is no other."""
        self._listener.hear_out()
        return self._listener.told()

    # --- tasks -------------------------------------------------------------------------------

    def _due(self) -> Iterator[Task]:
        now_ms = CLOCK.monotonic_ms()
        hurried = self._listener.hurried()
        for gpu in self._gpus:
            if gpu.index in self._busy:
                continue
            if gpu.uuid in hurried:
                self._schedule.hurry(gpu.index, now_ms)
            allowed = self._allowed.get(gpu.index, _CAPACITY)
            families = self._schedule.take(gpu.index, allowed, now_ms)
            yield gpu.index, partial(_sample, gpu, families)
        if now_ms >= self._count_ms and _COUNT not in self._busy:
            self._count_ms = now_ms + COUNT_MS
            yield _COUNT, self._list

    def _identify(self, gpu: Gpu) -> dict[str, Any]:
        """Registering for events is a call on the GPU too, and may hang like one."""
        told = gpu.identity()
        self._listener.register(gpu)
        return {"index": gpu.index, "identity": told}

    def _list(self) -> None:
        code, count = binding.count()
        self._count = count if code == binding.SUCCESS else -1

    # --- answers -----------------------------------------------------------------------------

    def _run(self, tasks: list[Task]) -> list[dict[str, Any]]:
        """Return what the tasks answered before the deadline."""
        batch = Batch(tasks)
        self._busy |= {whose for whose, _ in tasks}
        self._busy.difference_update(self._crew.run(batch, self._deadline_ms))
        self._unfinished.append(batch)
        return self._answers(batch)

    def _answers(self, batch: Batch) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        while batch.answers:
            whose, answer = batch.answers.popleft()
            self._busy.discard(whose)
            if answer is not None:
                found.append(answer)
        return found

    def _late_identities(self) -> list[dict[str, Any]]:
        """Free who came too late for its pass; of that only who it is is still of use."""
        late = [answer for batch in self._unfinished for answer in self._answers(batch)]
        self._unfinished = [batch for batch in self._unfinished if not batch.is_finished]
        return [answer for answer in late if "identity" in answer]


def _sample(gpu: Gpu, families: tuple[str, ...]) -> dict[str, Any]:
    read = gpu.sample(families, CLOCK.monotonic_ms())
    said = "code" if isinstance(read, int) else "read"
    return {"index": gpu.index, "at_ms": CLOCK.monotonic_ms(), said: read}


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
    for request in requests():
        command, _, allowed = request.partition(" ")
        if command == LAST_WORDS:
            say(worker.last_words())
            continue
        if allowed:
            worker.allow(consents_of(allowed))
        say(worker.sample())
    os._exit(0)  # Threads that hang in the driver must not hold the process.


if __name__ == "__main__":
    main()
