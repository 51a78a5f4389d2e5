"""From the source to the condition of each slot."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from gpusla.health import Judged, Memory, judge
from gpusla.identity import Slot
from gpusla.journal.model import Condition
from gpusla.readings import Expected, Pass
from gpusla_agent.sources.base import Source


@dataclass(frozen=True, slots=True)
class Sampled:
    """One pass, what was expected at its instant, and the verdict on each expected slot."""

    seen: Pass
    expected: Sequence[Expected]
    judged: Judged

    @property
    def conditions(self) -> dict[Slot, Condition]:
        """The condition of each expected slot."""
        return self.judged.conditions


class Sampler:
    """
    Samples and judges; remembers what the rules of health need from one pass to the next.

    expected_of: what the inventory expects of this node at an instant of wall time.
    wall_ms: the wall clock, or the virtual one of a simulation.
    """

    def __init__(
        self,
        source: Source,
        expected_of: Callable[[int], Sequence[Expected]],
        wall_ms: Callable[[], int],
        memory: Memory | None = None,
    ) -> None:
        self.memory = memory or Memory()
        self._source = source
        self._expected_of = expected_of
        self._wall_ms = wall_ms

    def step(self) -> Sampled:
        """Sample once and judge what was seen; blocks no longer than the source does."""
        seen = self._source.sample()
        expected = self._expected_of(self._wall_ms())
        judged, self.memory = judge(expected, seen, self.memory)
        return Sampled(seen, expected, judged)
