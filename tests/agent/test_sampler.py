"""The step from a source to conditions, and what contracts used."""

from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import replace

from gpusla.catalogue.readings import Consent
from gpusla.identity import GpuUuid
from gpusla.readings import Absence, Absent, GpuReadings, Pass, Present, Reading
from gpusla_agent.sampler import Holder, Sampler, Usage, UsageKey
from tests.core.health.gpus import EXPECTED, SLOT, UUID, absent, gpu, one_pass, verdict

CURSOR = Holder("cursor-2026", "cursor")
HOUSE = Holder("house-lab", "house")


class ScriptedSource:
    """A source that gives passes from a list."""

    name = "scripted"
    restarts = 0

    def __init__(self, *passes: Pass) -> None:
        self._passes: Iterator[Pass] = iter(passes)

    def sample(self) -> Pass:
        """Return the next pass."""
        return next(self._passes)

    def allow(self, consents: Mapping[GpuUuid, AbstractSet[Consent]]) -> None:
        """Take note."""

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


def at(second: float, busy: float | None, joules: float | None) -> Pass:
    """Return a pass at some second with a utilisation and an energy reading."""
    numbers: dict[str, Reading] = {
        name: Absent(Absence.UNSUPPORTED) if value is None else Present(value)
        for name, value in (("utilization_ratio", busy), ("energy_joules", joules))
    }
    return Pass(int(second * 1_000), {UUID: timed(gpu(**numbers), second)})


def timed(seen: GpuReadings, second: float) -> GpuReadings:
    """Return the GPU as seen at some second."""
    return replace(seen, at_mono_ms=int(second * 1_000))


def totals(holder: Holder, *passes: Pass) -> tuple[float | None, float | None]:
    """Return the busy seconds and the joules that a holder used."""
    usage = Usage(valid_ms=2_500)
    for seen in passes:
        usage.add(seen, {UUID: holder})
    key = UsageKey(UUID, 0, holder)
    return usage.busy_seconds.get(key), usage.energy_joules.get(key)


def test_usage_is_utilisation_over_time_and_energy_by_difference() -> None:
    """From one pass to the next."""
    assert totals(CURSOR, at(0, 1.0, 100), at(1, 0.5, 900), at(3, 1.0, 2_100)) == (2.5, 2_000)


def test_time_that_nobody_saw_was_not_used() -> None:
    """After a silence the sum goes on where it was."""
    assert totals(CURSOR, at(0, 1.0, 0), at(10, 1.0, 9_000), at(11, 1.0, 9_800)) == (1.0, 800)


def test_a_driver_that_counts_from_zero_takes_nothing_back() -> None:
    """The sum never goes down."""
    assert totals(CURSOR, at(0, 0.0, 5_000), at(1, 0.0, 20), at(2, 0.0, 70)) == (0.0, 50)


def test_usage_that_cannot_be_read_is_absent() -> None:
    """It is not zero."""
    assert totals(CURSOR, at(0, None, None), at(1, None, None)) == (None, None)


def test_each_contract_has_its_own_sum() -> None:
    """A hand-over ends the one and begins the other."""
    usage = Usage(valid_ms=2_500)
    for second, holder in ((0, CURSOR), (1, CURSOR), (2, HOUSE), (3, HOUSE)):
        usage.add(at(second, 1.0, second * 100), {UUID: holder})
    assert {key.holder: value for key, value in usage.busy_seconds.items()} == {CURSOR: 1, HOUSE: 2}


def test_a_gpu_that_does_not_answer_uses_nothing() -> None:
    """Until it answers again."""
    silent = Pass(1_000, {UUID: timed(absent(Absence.UNOBSERVABLE), 1)})
    assert totals(CURSOR, at(0, 1.0, 0), silent, at(2, 1.0, 300)) == (2.0, 300)
