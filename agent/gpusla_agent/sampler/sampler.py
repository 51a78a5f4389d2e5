"""From the source to the condition of each slot."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from gpusla.health import Judged, Memory, judge, locate
from gpusla.identity import GpuUuid, Slot
from gpusla.journal.model import Condition
from gpusla.readings import Expected, Pass
from gpusla_agent.sampler.consent import (
    CAPACITY,
    EVERYTHING,
    Consents,
    shared,
    withhold,
    withhold_event,
    withhold_host,
)
from gpusla_agent.sources.base import Source


@dataclass(frozen=True, slots=True)
class Sampled:
    """
    One pass, what was expected at its instant, and the verdict on each expected slot.

    seen: without what was not agreed.  allowed: what was agreed of each GPU seen.
    rejected: how often each reading was refused as impossible, since the sampler was made.
    """

    seen: Pass
    expected: Sequence[Expected]
    judged: Judged
    allowed: Mapping[GpuUuid, Consents] = field(default_factory=dict)
    rejected: Mapping[str, int] = field(default_factory=dict)

    @property
    def conditions(self) -> dict[Slot, Condition]:
        """The condition of each expected slot."""
        return self.judged.conditions


def capacity_only(_slot: Slot, _wall_ms: int) -> Consents:
    """Return what may be read where nobody agreed to anything."""
    return CAPACITY


def everything(_slot: Slot, _wall_ms: int) -> Consents:
    """Return what may be read where everybody agreed to everything, such as of GPUs on paper."""
    return EVERYTHING


class Sampler:
    """
    Samples and judges; remembers what the rules of health need from one pass to the next.

    expected_of: what the inventory expects of this node at an instant of wall time.
    wall_ms: the wall clock, or the virtual one of a simulation.
    consents_of: what may be known of who holds a slot at an instant; capacity always.
    """

    def __init__(
        self,
        source: Source,
        expected_of: Callable[[int], Sequence[Expected]],
        wall_ms: Callable[[], int],
        memory: Memory | None = None,
        consents_of: Callable[[Slot, int], Consents] = capacity_only,
    ) -> None:
        self.memory = memory or Memory()
        self._source = source
        self._expected_of = expected_of
        self._wall_ms = wall_ms
        self._consents_of = consents_of
        self._rejected: dict[str, int] = {}
        self._told: dict[GpuUuid, Consents] | None = None
        self._told_of_all = CAPACITY

    def step(self) -> Sampled:
        """Sample once and judge what was seen; blocks no longer than the source does."""
        if self._told is None:
            self._tell_first()
        seen = self._source.sample()
        wall_ms = self._wall_ms()
        expected = self._expected_of(wall_ms)
        by_slot = {one.slot: self._consents_of(one.slot, wall_ms) for one in expected}
        allowed = dict.fromkeys(seen.gpus, CAPACITY)
        for slot, gpu in locate(expected, seen.gpus).items():
            if gpu is not None:
                allowed[gpu.identity.uuid] = CAPACITY | by_slot[slot]
        agreed = self._take_out(seen, allowed, shared(by_slot.values()))
        self._count_rejected(agreed)
        judged, self.memory = judge(expected, agreed, self.memory)
        return Sampled(agreed, expected, judged, allowed, dict(self._rejected))

    def _tell_first(self) -> None:
        """Say what may be read of the GPUs that the inventory names; others wait for a pass."""
        wall_ms = self._wall_ms()
        consents = {one: self._consents_of(one.slot, wall_ms) for one in self._expected_of(wall_ms)}
        self._told_of_all = shared(consents.values())
        self._tell({one.uuid: CAPACITY | of for one, of in consents.items() if one.uuid})

    def _tell(self, allowed: dict[GpuUuid, Consents]) -> None:
        self._told = allowed
        self._source.allow(allowed)

    def _take_out(self, seen: Pass, allowed: dict[GpuUuid, Consents], of_all: Consents) -> Pass:
        """Leave what both who held a GPU at the pass before and who holds it now agreed to."""
        told = self._told or {}
        both = {uuid: of & told.get(uuid, CAPACITY) for uuid, of in allowed.items()}
        agreed = _withhold(seen, both, of_all & self._told_of_all)
        if seen.source is None:
            self._tell(allowed)
            self._told_of_all = of_all
        return agreed

    def _count_rejected(self, seen: Pass) -> None:
        for gpu in seen.gpus.values():
            for name in gpu.rejected:
                self._rejected[name] = self._rejected.get(name, 0) + 1


def _withhold(seen: Pass, allowed: Mapping[GpuUuid, Consents], of_all: Consents) -> Pass:
    return replace(
        seen,
        gpus={uuid: withhold(gpu, allowed[uuid]) for uuid, gpu in seen.gpus.items()},
        events=tuple(
            withhold_event(event, allowed.get(event.uuid, CAPACITY)) for event in seen.events
        ),
        host=None if seen.host is None else withhold_host(seen.host, of_all),
    )
