"""The step from a source to conditions, and what may be seen on the way."""

from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import replace

from gpusla.catalogue.readings import Consent
from gpusla.identity import GpuUuid
from gpusla.readings import Absence, Absent, Pass, Present
from gpusla_agent.sampler import CAPACITY, EVERYTHING, Sampler, everything
from tests.core.health.gpus import EXPECTED, SLOT, UUID, gpu, one_pass, verdict


class ScriptedSource:
    """A source that gives passes from a list."""

    name = "scripted"
    restarts = 0

    def __init__(self, *passes: Pass) -> None:
        self._passes: Iterator[Pass] = iter(passes)
        self.asked: list[Mapping[GpuUuid, AbstractSet[Consent]]] = []

    def sample(self) -> Pass:
        """Return the next pass."""
        return next(self._passes)

    def allow(self, consents: Mapping[GpuUuid, AbstractSet[Consent]]) -> None:
        """Take note."""
        self.asked.append(consents)

    def close(self) -> None:
        """Nothing is held."""


def test_a_step_asks_the_inventory_for_its_own_instant() -> None:
    """What was expected then, not what is expected now."""
    source = ScriptedSource(one_pass(None))
    sampler = Sampler(source, {42: EXPECTED}.__getitem__, lambda: 42)

    sampled = sampler.step()

    assert verdict(sampled.conditions[SLOT]) == "down gpu_missing"


def test_a_step_remembers_what_the_rules_need() -> None:
    """A fatal Xid is not forgotten by the next pass."""
    source = ScriptedSource(one_pass(gpu(), 79), one_pass(gpu()))
    sampler = Sampler(source, lambda _: EXPECTED, lambda: 0)

    sampler.step()

    assert verdict(sampler.step().conditions[SLOT]) == "down xid_fatal"


def test_the_source_is_told_what_it_may_read_next() -> None:
    """By GPU, and capacity alone for one that nobody agreed on."""
    source = ScriptedSource(one_pass(gpu()))
    agreed = {SLOT: EVERYTHING}

    sampler = Sampler(
        source, lambda _: EXPECTED, lambda: 0, None, lambda slot, _: agreed.get(slot, CAPACITY)
    )
    sampled = sampler.step()

    assert source.asked[-1] == sampled.allowed
    assert source.asked[-1][UUID] == EVERYTHING
    assert {one for uuid, one in source.asked[-1].items() if uuid != UUID} == {CAPACITY}


def test_a_driver_that_does_not_answer_for_a_moment_changes_no_consent() -> None:
    """What was agreed is read again at once when it answers."""
    source = ScriptedSource(one_pass(gpu()), one_pass(None, source=Absent(Absence.ERROR)))
    sampler = Sampler(source, lambda _: EXPECTED, lambda: 0, None, lambda *_: EVERYTHING)
    sampler.step()
    sampler.step()
    assert source.asked[-1][UUID] == EVERYTHING


def test_what_the_driver_gives_and_cannot_be_true_is_counted_by_name() -> None:
    """Since the agent started."""
    bad = replace(gpu(), rejected=("power_watts",))
    sampler = Sampler(ScriptedSource(one_pass(bad), one_pass(bad)), lambda _: EXPECTED, lambda: 0)
    sampler.step()
    assert sampler.step().rejected == {"power_watts": 2}


def test_a_pass_across_a_hand_over_keeps_what_both_agreed_to() -> None:
    """It was read while the one before held the GPU, and may say what that one did."""
    busy = replace(gpu(), numbers={**gpu().numbers, "utilization_ratio": Present(1.0)})
    consents = iter([CAPACITY] * 8 + [EVERYTHING] * 8)  # Four slots, before a pass and after.
    sampler = Sampler(
        ScriptedSource(one_pass(busy), one_pass(busy), one_pass(busy)),
        lambda _: EXPECTED,
        lambda: 0,
        None,
        lambda *_: next(consents),
    )
    shown = ["utilization_ratio" in sampler.step().seen.gpus[UUID].numbers for _ in range(3)]
    assert shown == [False, False, True]


def test_one_look_shows_what_was_agreed() -> None:
    """The inventory says which GPU sits where before the driver does."""
    source = ScriptedSource(one_pass(gpu()))
    Sampler(source, lambda _: EXPECTED, lambda: 0, None, everything).step()
    assert source.asked[0][UUID] == EVERYTHING
