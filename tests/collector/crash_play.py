"""One run: which collectors play, where each life of theirs ends, and what they leave behind."""

import os
import random
import signal
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, TypeVar

from gpusla_collector.adapters.sql.database import Database
from tests.collector.crash_acts import ACTS
from tests.collector.crash_ground import KINDS, Ground, Scene, Start
from tests.collector.crash_life import CALLED, NOTHING, End

CASTS = (("sqlite", 1), ("postgresql", 2), ("postgresql", 3))
KILLED = ("before", "during", "after")
STOPPED = (*KILLED, "stop", "stop", "stop", "wake", "wake")
LEASES_MS = (60, 200, 600)
POLLS_SECONDS = (0.05, 0.2, 0.4)
LATER_MS = 700
"""
How far the clock goes on, at least, when a leader dies or stops: nobody waits for the lease of the
dead.  One that was refused asks for more, so that it may be longer than those that are drawn.
"""

LIVES_MAX = 4
AGAIN = 0.5
"""How likely something happens to a life but the first."""

REPLACED = 0.3
"""How likely a new collector follows one that died while others live; without others it must."""

TWICE = 0.3
"""How likely the others still take their turn when all is done, and must find nothing to do."""

WRITING = ("INSERT", "UPDATE", "DELETE")
Plant = Callable[[Database], None]
Number = TypeVar("Number", int, float)


class Run(NamedTuple):
    """What is played: a scene, and the end of each collector's first life."""

    scene: Scene
    ends: tuple[End, ...]
    dice: random.Random | None


@dataclass(slots=True)
class Tally:
    """What some runs came to; found: by number, what did not hold."""

    runs: int = 0
    lives: int = 0
    takeovers: int = 0
    kinds: Counter[str] = field(default_factory=Counter)
    landed: Counter[str] = field(default_factory=Counter)
    found: dict[str, str] = field(default_factory=dict)


def drawn(ground: Ground, seed: int, number: int) -> Run:
    """
    Draw a run.

    Of each scene every round trip has its turn, each time in another of the three ways to be
    killed at it; all else is drawn.
    """
    dice = random.Random(f"{seed} {number}")  # noqa: S311  (a seed, not a secret)
    kind, count = CASTS[number % len(CASTS)]
    number //= len(CASTS)
    scene = ground.scenes[KINDS.index(kind) * len(ACTS) + number % len(ACTS)]
    calls, place = len(scene.calls), number // len(ACTS)
    first = End(1 + place % calls, KILLED[place // calls % len(KILLED)])
    others = (
        _end(dice, scene, count) if dice.random() < AGAIN else NOTHING for _ in range(count - 1)
    )
    return Run(scene, (first, *others), dice)


def every(ground: Ground) -> Iterator[Run]:
    """Yield a run for each round trip of each scene: a death before it, and one after it."""
    for scene in ground.scenes:
        for call in range(1, len(scene.calls) + 1):
            yield Run(scene, (End(call, "before"),), None)
            yield Run(scene, (End(call, "after"),), None)


def every_write(ground: Ground) -> Iterator[Run]:
    """
    Yield those of all of these that can leave something else behind than the others.

    These are the deaths before each statement that writes and before and after each commit, of all
    transactions that differ in their statements.
    """
    known: set[tuple[str, tuple[str, ...]]] = set()
    for scene in ground.scenes:
        for first, words in _transactions(scene.calls):
            writes = [place for place, one in enumerate(words) if one.startswith(WRITING)]
            if writes and (scene.kind, words) not in known:
                known.add((scene.kind, words))
                last = len(words) - 1
                yield from (
                    Run(scene, (End(first + place, "before"),), None) for place in (*writes, last)
                )
                yield Run(scene, (End(first + last, "after"),), None)


def _transactions(calls: tuple[str, ...]) -> Iterator[tuple[int, tuple[str, ...]]]:
    """Yield where each transaction begins, counted from 1, and its round trips."""
    first = 0
    for last, words in enumerate(calls):
        if words in {"COMMIT", "ROLLBACK"} or last == len(calls) - 1:
            yield 1 + first, calls[first : last + 1]
            first = last + 1


def _end(dice: random.Random, scene: Scene, count: int) -> End:
    hows = STOPPED if count > 1 else KILLED
    return End(dice.randint(1, len(scene.calls)), dice.choice(hows))


def play(ground: Ground, run: Run, tally: Tally, plant: Plant = lambda _: None) -> None:
    """Play a run and add what it came to; raises AssertionError if its books are not whole."""
    with ground.fresh(run.scene):
        try:
            tally.lives += _Troupe(ground, run, plant).play()
            epoch = ground.require_books(run.scene)
        finally:
            tally.landed.update(ground.words())
    tally.runs += 1
    tally.kinds[f"{run.scene.name} {len(run.ends)}"] += 1
    tally.takeovers += epoch - run.scene.epoch


class _Troupe:
    """The collectors of one run."""

    def __init__(self, ground: Ground, run: Run, plant: Plant) -> None:
        self._ground, self._run, self._plant = ground, run, plant
        self._dice = run.dice
        self._poll_seconds = self._chosen(POLLS_SECONDS)
        self._is_repeated = self._happens(TWICE)
        self._lives: dict[int, tuple[int, int]] = {}
        self._asleep: set[int] = set()
        self._count = 0

    def play(self) -> int:
        """Let collectors live and die until all is done; returns how many lives that took."""
        shared = self._ground.shared
        shared.open(is_open=True)
        shared.lead(0)
        try:
            for place in range(len(self._run.ends)):
                self._start(place, 0)
            while self._lives:
                if self._asleep >= set(self._lives):
                    self._wake()
                self._one()
        except AssertionError:
            for pid in self._lives:
                os.kill(pid, signal.SIGKILL)
                os.waitpid(pid, 0)
            raise
        return self._count

    def _one(self) -> None:
        """See one of them stop, go on, die or come to its end."""
        pid, status = os.waitpid(-1, os.WUNTRACED | os.WCONTINUED)
        if os.WIFSTOPPED(status):
            self._asleep.add(pid)
            self._gone(pid)
            return
        self._asleep.discard(pid)
        if os.WIFCONTINUED(status):
            return
        place, life = self._lives.pop(pid)
        code = os.waitstatus_to_exitcode(status)
        assert code in {0, -signal.SIGKILL, -signal.SIGALRM}, f"a collector ended with {code}"
        if code:
            self._gone(pid)
            if self._asleep >= set(self._lives) or self._happens(REPLACED):
                self._start(place, life + 1)
        else:
            self._ground.shared.open(is_open=self._is_repeated)
            self._ground.shared.call(CALLED)
            self._wake()  # a leader of long ago goes on where it was

    def _gone(self, pid: int) -> None:
        """Let the lease of a leader run out that died or stopped, and the others ask for it."""
        shared = self._ground.shared
        if shared.leader() in {0, pid}:
            shared.outlast(LATER_MS)
            shared.lead(-1)
            shared.call(CALLED)

    def _start(self, place: int, life: int) -> None:
        end, scene = self._run.ends[place], self._run.scene
        if life:
            end = NOTHING
            if self._dice and life < LIVES_MAX - 1 and self._happens(AGAIN):
                end = _end(self._dice, scene, len(self._run.ends))
        start = Start(
            end, self._chosen(LEASES_MS), self._poll_seconds, place == 0 or life > 0, self._plant
        )
        self._lives[self._ground.begin(scene, start)] = place, life
        self._ground.shared.seat(list(self._lives))
        self._count += 1

    def _wake(self) -> None:
        while self._asleep:
            os.kill(self._asleep.pop(), signal.SIGCONT)

    def _happens(self, chance: float) -> bool:
        return self._dice is not None and self._dice.random() < chance

    def _chosen(self, among: Sequence[Number]) -> Number:
        """Draw one, or take the last where nothing is drawn."""
        return among[-1] if self._dice is None else self._dice.choice(among)
