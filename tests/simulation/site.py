"""A site: one store, everything that acts on it, and what goes wrong between the two."""

import hashlib
import random
from collections import Counter, deque
from dataclasses import dataclass, field
from typing import Any

from gpusla.catalogue.codes import FENCED, JOURNAL_WRITE
from gpusla.errors import GpuslaError, StoreError
from gpusla_collector.ports import Evidence, InputFile, Page
from tests.simulation import faults
from tests.simulation.actors import Host, HostClock, JournalAgents, Sender
from tests.simulation.facts import Facts
from tests.simulation.faults import Call, CrashError, Weather, refusal, torn_lines, wrong_page
from tests.simulation.watch import Inside, Watch

TOLD = 40
"""How many of the last steps are told of a run that found something."""

SECOND_MS = 1_000
CALM = Weather(random.Random(0), 0)  # noqa: S311  (nothing is ever drawn)


class FoundError(AssertionError):
    """Something that must hold did not."""


@dataclass(slots=True)
class Site:
    """Everything that acts on one store, and the time that passes."""

    seed: int
    facts: Facts
    inside: Inside
    evidence: Evidence
    weather: Weather
    now_ms: int = field(init=False)
    watch: Watch = field(init=False)
    agents: JournalAgents = field(init=False)
    hosts: list[Host] = field(init=False)
    sender: Sender = field(init=False)
    operations: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    trace: Any = field(default_factory=hashlib.sha256)
    last: deque[str] = field(default_factory=lambda: deque(maxlen=TOLD))
    _depth: int = 0
    _earlier: Page | None = None
    _latest: Page | None = None
    _files: tuple[int, tuple[InputFile, ...]] = (-1, ())

    def __post_init__(self) -> None:
        self.now_ms = self.facts.start_ms
        self.watch = Watch(self.facts, self.inside)
        self.agents = JournalAgents(self.facts, self)
        self.sender = Sender(self.inside)
        count = 1 if self.weather is CALM else self.weather.dice.choice((2, 3))
        self.hosts = [self.host(f"host-{number}") for number in range(1, count + 1)]

    def call(self, host: Host, call: Call) -> Any:
        """Make a call of a port for a host's process, with what may go wrong before and after."""
        fault = self.weather.fault(call.port, call.method)
        self.note(call.port, f"{host.name} {call.method} {fault or ''}")
        if fault is None:
            return self._effect(call)
        self.counts[fault] += 1
        is_before = self.weather.dice.random() < 0.5
        if is_before:
            self._go_wrong(host, call, fault)
        if fault == faults.TORN:
            node, segment, lines = call.words
            call.function(node, segment, torn_lines(self.weather.dice, lines))
            raise CrashError
        result = self._effect(call)
        if fault == faults.WRONG:
            return wrong_page(self.weather.dice, result, self._earlier)
        if not is_before:
            self._go_wrong(host, call, fault)
        return result

    def wake(self, host: Host, turn: str) -> None:
        """Let a host's process take a turn, however that ends."""
        turns = host.turns or host.start()
        self.note("turn", f"{host.name}-{host.lives} {turn}")
        try:
            getattr(turns, turn)()
        except CrashError:
            host.die()
        except GpuslaError as error:
            self.tell(f"-> {error.code.name}")
            if not _is_expected(error):
                self.watch.found.append(f"{turn}: {error!r}")
        except Exception as error:  # noqa: BLE001  (whatever it is, it is a finding)
            self.watch.found.append(f"{turn}: {error!r}")
        self.check()

    def check(self) -> None:
        """Raise FoundError if anything does not hold."""
        found = self.watch.after_step()
        if found:
            told = "\n".join([*self.last, *found])
            message = f"seed {self.seed}, operation {self.operations}:\n{told}"
            raise FoundError(message)

    def pass_ms(self, gap_ms: int) -> None:
        """Let time pass; what the agents write in it are steps of theirs."""
        before_ms, self.now_ms = self.now_ms, self.now_ms + gap_ms
        for node, written in self.facts.journals.items():
            lines = written.count(self.now_ms) - written.count(before_ms)
            if lines:
                self.operations += lines
                self.counts["agent"] += lines
                self.tell(f"{node} writes {lines}")

    def files(self) -> tuple[InputFile, ...]:
        """Return the files as they stand now."""
        count = sum(put.at_ms <= self.now_ms for put in self.facts.puts)
        if self._files[0] != count:
            self._files = count, self.facts.files(self.now_ms)
        return self._files[1]

    def host(self, name: str) -> Host:
        """Return a machine on which nothing runs yet."""
        clock = HostClock(self)
        return Host(name, self, self.inside.store, self.agents, self.evidence, clock)

    def _effect(self, call: Call) -> Any:
        result = call.function(*call.words, **call.named)
        if call.port == "store":
            self.watch.took_effect(call.method, call.words, result)
            if call.method == "acquire":
                self.tell(f"-> {result}")
        elif call.port == "agents":
            self._earlier, self._latest = self._latest, result
        return result

    def _go_wrong(self, host: Host, call: Call, fault: str) -> None:
        if fault == faults.CRASHED:
            raise CrashError
        if fault == faults.REFUSED:
            raise refusal(call.port, call.method)
        if fault == faults.SLOW:
            self.pass_ms(self.weather.dice.randint(1, 30) * SECOND_MS)
        if fault == faults.PAUSED and not self._depth:
            self._meanwhile(host)

    def _meanwhile(self, paused: Host) -> None:
        """Let the others work while one process stands still, long enough to lose its lease."""
        dice = self.weather.dice
        self._depth = 1
        self.pass_ms(dice.randint(1, 120) * SECOND_MS)
        others = [host for host in self.hosts if host is not paused]
        for _ in range(dice.randint(1, 3)):
            host = dice.choice(others)
            for turn in ("lead_turn", "reload_turn", "fetch_turn", "close_turn"):
                self.wake(host, turn)
        self.tell(f"{paused.name} goes on")
        self._depth = 0

    def note(self, kind: str, words: str) -> None:
        """Count an operation."""
        self.operations += 1
        self.counts[kind] += 1
        self.tell(words)

    def tell(self, words: str) -> None:
        """Write down what happens."""
        line = f"{self.now_ms} {words}"
        self.last.append(line)
        self.trace.update(line.encode())


def _is_expected(error: GpuslaError) -> bool:
    """Tell whether a turn may end so: refused for now, fenced, or a disk that failed."""
    if isinstance(error, StoreError):
        return error.retryable or error.code is FENCED
    return error.code is JOURNAL_WRITE
