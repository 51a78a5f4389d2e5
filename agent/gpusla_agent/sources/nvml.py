"""
NVML as a source: a worker process that may hang, and the watchdog over it.

A GPU whose calls do not return in time is unobservable while the others stay fresh.  A worker that
has to go (two of its GPUs hang, one hangs for long, a GPU was lost or needs a reset, the driver let
go of a GPU or lists another number) serves on until its successor is ready, and its last words are
heard.  A killed worker that hangs in the driver cannot be reaped; with two of those, no further one
is started.
"""

import os
from collections.abc import Callable, Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gpusla.catalogue.consent import Consent
from gpusla.clock import Clock
from gpusla.identity import GpuUuid
from gpusla.logs import get_logger
from gpusla.readings import Absence, Absent, GpuReadings, Identity, Pass
from gpusla_agent.sources.nvml_handover import Handover
from gpusla_agent.sources.nvml_wire import LAST_WORDS, NO_CONSENT, PASS, consents_line, unpack
from gpusla_agent.sources.raw import (
    CAPACITY_ONLY,
    SUCCESS,
    Probing,
    RawGpu,
    Told,
    absence_of,
)
from gpusla_agent.sources.worker_process import WorkerProcess

UNREAPED_MAX = 2
"""Killed workers that hang in the driver; more would only add to what hangs."""

HUNG_MAX = 1
"""GPUs that may hang before the worker is replaced at once."""

LAST_WORDS_MS = 100
"""A worker that does not hang says at once what happened since its last pass."""

_log = get_logger()
_GONE = {Absence.LOST, Absence.RESET_REQUIRED}
_ONE_HANGS = "the calls of one GPU do not return"
_HUNG = Absent(Absence.UNOBSERVABLE, "no answer within the deadline")


@dataclass(frozen=True, slots=True)
class NvmlTiming:
    """
    How long the source waits, in milliseconds.

    deadline_ms: for one GPU's pass.  slack_ms: for the worker's own part beyond that.
    ready_ms: for a worker to list the GPUs.  rescan_ms: between attempts to find lost GPUs again.
    hung_ms: for one hung GPU before its worker is replaced.  spawn_ms: between two new workers,
    whatever happens.
    """

    deadline_ms: int = 500
    slack_ms: int = 300
    ready_ms: int = 10_000
    rescan_ms: int = 15_000
    hung_ms: int = 60_000
    spawn_ms: int = 2_000


class NvmlSource:
    """
    The GPUs that the driver lists; sample is called by one thread.

    tap: called with every pass as the worker told it, and with what a new worker lists; for a
    recorder.  listed: the last of the latter, None before the first.
    """

    name = "nvml"

    def __init__(
        self,
        clock: Clock,
        probing: Probing,
        *,
        library_directory: Path | None = None,
        timing: NvmlTiming | None = None,
    ) -> None:
        """Start the first worker and wait until it is ready, or for the time it is allowed."""
        self.restarts = 0
        self.events_lost = 0
        self.other_events = 0
        self.tap: Callable[[dict[str, Any]], None] | None = None
        self.listed: dict[str, Any] | None = None
        self._clock = clock
        self._probing = probing
        self._timing = timing or NvmlTiming()
        self._environment = _environment(library_directory)
        self._consents: dict[GpuUuid, frozenset[Consent]] = {}
        self._consents_told = NO_CONSENT
        self._before: dict[GpuUuid, GpuReadings] = {}
        self._seconds: dict[str, float] = {}
        self._gone: set[GpuUuid] = set()
        self._handover = Handover()
        self._identities: dict[int, Identity] = {}
        self._unreaped: list[WorkerProcess] = []
        self._why_silent = "the worker has not started"
        self._trouble_now: str | None = None
        self._is_started = False
        self._worker: WorkerProcess | None = None
        self._successor: WorkerProcess | None = None
        self._try_ms = 0
        self._other_events_now = 0
        self._has_driver_changed = False
        self._spawned_ms = clock.monotonic_ms() - self._timing.spawn_ms
        self._replace()
        self._adopt(clock.monotonic_ms() + self._timing.ready_ms)

    def sample(self) -> Pass:
        """Return one pass; waits for deadline_ms and slack_ms at most."""
        until_ms = self._clock.monotonic_ms() + self._timing.deadline_ms + self._timing.slack_ms
        self._reap()
        message = self._ask(until_ms)
        if message is None:  # Dead or hung as a whole: try once more with a new one.
            self._adopt(until_ms)
            message = self._ask(until_ms)
        seen = self._pass(message) if message is not None else self._silence()
        self._watch(message)
        return seen

    def allow(self, consents: Mapping[GpuUuid, AbstractSet[Consent]]) -> None:
        """Say what may be read from now on, by GPU; of whoever is not named: capacity only."""
        self._consents = {uuid: CAPACITY_ONLY | held for uuid, held in consents.items()}

    def close(self) -> None:
        """Kill the workers."""
        self._retire(self._worker)
        self._retire(self._successor)
        self._worker = self._successor = None
        for worker in self._unreaped:
            worker.wait(1)

    # --- one pass -----------------------------------------------------------------------------

    def _ask(self, until_ms: int) -> dict[str, Any] | None:
        self._adopt(self._clock.monotonic_ms())
        if self._worker is None:
            return None
        is_asked = self._worker.request(self._request())
        message = self._worker.receive(until_ms) if is_asked else None
        if message is None:
            self._why_silent = "the worker does not answer"
            self._retire(self._worker)
            self._worker = None
            self._replace()
        return message

    def _request(self) -> str:
        """Return the line that asks for a pass, with the consents if the worker has others."""
        allowed = consents_line(
            {index: self._allowed(identity) for index, identity in self._identities.items()}
        )
        if allowed == self._consents_told:
            return PASS
        self._consents_told = allowed
        return f"{PASS} {allowed}"

    def _allowed(self, identity: Identity) -> frozenset[Consent]:
        return self._consents.get(identity.uuid, CAPACITY_ONLY)

    def _pass(self, message: dict[str, Any]) -> Pass:
        for one in message["identities"]:
            self._learn(one)
        gpus: dict[GpuUuid, GpuReadings] = {}
        success: dict[str, bool] = {"xid": message["events"] == SUCCESS}
        seconds: dict[str, float] = {"xid": 0.0}
        answers = {answer["index"]: answer for answer in message["gpus"]}
        for index, identity in self._identities.items():
            raw = self._raw(identity, answers.get(index))
            found = self._probing.interpret(raw, self._before.get(identity.uuid))
            gpus[identity.uuid] = found.readings
            for probe, is_good in found.success.items():
                success[probe] = success.get(probe, True) and is_good
            for probe, took in found.seconds.items():
                seconds[probe] = max(seconds.get(probe, 0.0), took)
        # A GPU that did not answer once keeps its slow readings for when it does again.
        self._before = {
            uuid: now if now.answered is None else self._before.get(uuid, now)
            for uuid, now in gpus.items()
        }
        told = self._handover.after(self._happened(message), self._clock.monotonic_ms())
        events = self._probing.events(told)
        self._tell({**message, "xids": told})
        now_ms = self._clock.monotonic_ms()
        self._seconds |= seconds  # What was not due took as long as it did when it was.
        lasted = {probe: self._seconds.get(probe, 0.0) for probe in success}
        return Pass(now_ms, dict(gpus), events, None, lasted, success)

    def _tell(self, message: dict[str, Any]) -> None:
        if self.tap is not None:
            self.tap(message)

    def _silence(self) -> Pass:
        why = Absent(Absence.UNOBSERVABLE, self._why_silent)
        return Pass(self._clock.monotonic_ms(), {}, source=why)

    def _raw(self, identity: Identity, answer: dict[str, Any] | None) -> RawGpu:
        allowed = self._allowed(identity)
        if answer is None:
            now_ms = self._clock.monotonic_ms()
            return RawGpu(identity, now_ms, {}, {}, _HUNG, allowed=allowed)
        if "code" in answer:  # It has no handle, so nothing could be read.
            self._gone |= _gone(identity, [answer["code"]])
            values = {"handle": (answer["code"], None)}
            return RawGpu(identity, answer["at_ms"], values, {}, allowed=allowed)
        values, seconds, failed = unpack(answer["read"])
        self._gone |= _gone(identity, failed)
        families = frozenset(seconds)
        return RawGpu(identity, answer["at_ms"], values, seconds, None, families, allowed)

    def _happened(self, message: dict[str, Any]) -> list[Told]:
        """Return the Xids of a message, and count what it counts."""
        self.events_lost += message["events_lost"]
        self.other_events += message["other_events"] - self._other_events_now
        self._other_events_now = message["other_events"]
        self._has_driver_changed |= message["driver_changes"] > 0
        told: list[Told] = [(*one,) for one in message["xids"]]
        if self._successor is not None:
            self._handover.note(told)
        return told

    # --- what the driver lists ----------------------------------------------------------------

    def _list(self, ready: dict[str, Any]) -> None:
        self.listed = ready
        self._tell(ready)
        before = self._identities
        self._identities = {}
        for one in ready["gpus"]:
            self._learn(one)
        told = {identity.uuid for identity in self._identities.values()}
        for index in range(ready["count"]):
            if index in self._identities:
                continue
            # It does not say who it is: who it was if nobody else is, or nobody that is known.
            known = before.get(index)
            is_free = known is not None and known.uuid not in told
            stranger = Identity(GpuUuid(f"index-{index}"), index, "")
            self._identities[index] = known if known is not None and is_free else stranger
        self._forget(before)

    def _learn(self, one: dict[str, Any]) -> None:
        identity = self._probing.identify(one["index"], one["identity"])
        if identity is not None:
            self._identities[identity.index] = identity

    def _forget(self, before: Mapping[int, Identity]) -> None:
        """Forget what was read of GPUs that are not as they were, or behind another driver."""
        known = {identity.uuid: identity for identity in before.values()}
        self._before = {
            identity.uuid: self._before[identity.uuid]
            for identity in self._identities.values()
            if identity.uuid in self._before
            and identity.uuid not in self._gone
            and identity == known.get(identity.uuid)
            and not self._has_driver_changed
        }
        self._gone = set()
        self._has_driver_changed = False

    # --- the watchdog -------------------------------------------------------------------------

    def _watch(self, message: dict[str, Any] | None) -> None:
        """Start a successor where the worker has shown that it needs one."""
        trouble = self._trouble(message)
        now_ms = self._clock.monotonic_ms()
        if trouble is None:
            self._trouble_now = None
            return
        is_slow = trouble == _ONE_HANGS
        every_ms = self._timing.hung_ms if is_slow else self._timing.rescan_ms
        if message is None:  # Nobody serves on meanwhile: as soon as another may be started.
            every_ms = self._timing.spawn_ms
        if trouble != self._trouble_now:
            self._trouble_now = trouble
            self._try_ms = now_ms + (every_ms if is_slow else 0)
        if now_ms >= self._try_ms and self._replace():
            self._try_ms = now_ms + every_ms
            _log.warning("source_worker_replaced", cause=trouble)

    def _trouble(self, message: dict[str, Any] | None) -> str | None:
        if message is None:
            return self._why_silent
        hung = len(self._identities) - len(message["gpus"])
        if hung > HUNG_MAX:
            return "the calls of more than one GPU do not return"
        if message["count"] != len(self._identities):
            return "the driver lists another number of GPUs"
        if self._gone:
            return "a GPU is lost or needs a reset"
        if message["driver_changes"]:
            return "the driver let go of a GPU, or took one"
        return _ONE_HANGS if hung else None

    def _replace(self) -> bool:
        """Start a successor unless there is one, the last one is too young, or too many hang."""
        now_ms = self._clock.monotonic_ms()
        if self._successor is not None or now_ms - self._spawned_ms < self._timing.spawn_ms:
            return False
        if len(self._unreaped) >= UNREAPED_MAX:
            self._why_silent = f"{UNREAPED_MAX} killed workers still hang in the driver"
            return False
        self._spawned_ms = now_ms
        self._handover.begin()
        self._successor = WorkerProcess(self._clock, self._timing.deadline_ms, self._environment)
        return True

    def _adopt(self, until_ms: int) -> None:
        """Let the successor take over if it is ready by then."""
        successor = self._successor
        if successor is None:
            return
        ready = successor.receive(until_ms)
        if ready is not None and ready["code"] == SUCCESS:
            self.restarts += self._is_started
            self._is_started = True
            self._hear_out(self._worker, ready["listens_wall_ms"])
            self._retire(self._worker)
            self._worker, self._successor = successor, None
            self._consents_told, self._other_events_now = NO_CONSENT, 0
            self._list(ready)
            return
        is_late = self._clock.monotonic_ms() - successor.started_ms > self._timing.ready_ms
        if ready is not None or successor.has_ended() or is_late:
            words = "a new worker is not ready in time" if is_late else "a new worker ended"
            self._why_silent = words if ready is None else absence_of(ready["code"]).detail
            self._has_driver_changed |= ready is not None
            self._retire(successor)
            self._successor = None

    def _hear_out(self, worker: WorkerProcess | None, listens_wall_ms: int) -> None:
        """Take what happened since a worker's last pass; its successor may tell it once more."""
        now_ms = self._clock.monotonic_ms()
        is_asked = worker is not None and worker.request(LAST_WORDS)
        message = None
        if worker is not None and is_asked:
            message = worker.receive(now_ms + LAST_WORDS_MS)
        told = self._happened(message) if message is not None else []
        self._handover.take_over(told, listens_wall_ms, now_ms)

    def _retire(self, worker: WorkerProcess | None) -> None:
        if worker is not None:
            worker.kill()
            self._unreaped.append(worker)

    def _reap(self) -> None:
        self._unreaped = [worker for worker in self._unreaped if not worker.has_ended()]


def _gone(identity: Identity, codes: Iterable[int]) -> set[GpuUuid]:
    is_gone = any(absence_of(code).absence in _GONE for code in codes if code != SUCCESS)
    return {identity.uuid} if is_gone else set()


def _environment(library_directory: Path | None) -> dict[str, str]:
    # One arena of memory for all threads, which hold next to nothing.
    environment = {**os.environ, "MALLOC_ARENA_MAX": "1"}
    if library_directory is not None:
        paths = [str(library_directory), environment.get("LD_LIBRARY_PATH", "")]
        environment["LD_LIBRARY_PATH"] = ":".join(path for path in paths if path)
    return environment
