"""When families are due, by a clock that the tests turn."""

from collections import Counter
from itertools import pairwise

from gpusla.catalogue.consent import Consent
from gpusla_agent.sources.families import FAMILIES, FAMILY
from gpusla_agent.sources.nvml_schedule import HURRY_MS, Schedule

EVERYTHING = frozenset(Consent)
CAPACITY = frozenset({Consent.CAPACITY})
GPUS = 4
SLOW = {family.name for family in FAMILIES if family.period_ms}


def taken(schedule: Schedule, seconds: int) -> dict[tuple[int, str], list[int]]:
    """When each family of each GPU was read, in milliseconds, in passes of a second."""
    times: dict[tuple[int, str], list[int]] = {}
    for now_ms in range(0, seconds * 1_000, 1_000):
        for index in range(GPUS):
            for name in schedule.take(index, EVERYTHING, now_ms):
                times.setdefault((index, name), []).append(now_ms)
    return times


def test_everything_is_read_at_the_first_pass() -> None:
    """An agent that has just started must not wait a minute for what it judges."""
    assert Schedule(GPUS).take(2, EVERYTHING, 5_000) == tuple(family.name for family in FAMILIES)


def test_a_family_is_read_once_in_its_period() -> None:
    """Never sooner, and never so late that its values are stale."""
    for (_, name), times in taken(Schedule(GPUS), 600).items():
        family = FAMILY[name]
        if not family.period_ms:
            assert len(times) == 600
            continue
        gaps = [later - earlier for earlier, later in pairwise(times)]
        assert min(gaps) >= family.period_ms - 1_000
        assert max(gaps) <= 2 * family.period_ms < family.valid_ms
        assert sum(gaps[1:]) / len(gaps[1:]) <= family.period_ms + 100


def test_slow_families_of_different_gpus_do_not_fall_on_one_pass() -> None:
    """After the first pass the busiest has little more than its share."""
    at = Counter(
        now_ms
        for (_, name), times in taken(Schedule(GPUS), 600).items()
        if name in SLOW
        for now_ms in times[2:]
    )
    middle = [at[now_ms] for now_ms in range(200_000, 500_000, 1_000)]
    assert max(middle) <= 2 * sum(middle) / len(middle) + 1


def test_what_is_not_allowed_is_due_once_it_is() -> None:
    """A consent does not wait for a period that ran without it."""
    schedule = Schedule(GPUS)
    assert "processes" not in schedule.take(0, CAPACITY, 0)
    assert "processes" in schedule.take(0, EVERYTHING, 1_000)
    assert "processes" not in schedule.take(0, EVERYTHING, 2_000)


def test_an_event_makes_slow_families_due_but_a_storm_does_not() -> None:
    """Once in five seconds at most, and only those of the GPU that it happened to."""
    schedule = Schedule(GPUS)
    for index in range(GPUS):
        schedule.take(index, CAPACITY, 0)
    schedule.hurry(0, 1_000)
    assert {"slow_fields", "repair", "link_errors"} <= set(schedule.take(0, CAPACITY, 1_000))
    assert "repair" not in schedule.take(1, CAPACITY, 1_000)
    schedule.hurry(0, 2_000)
    assert "repair" not in schedule.take(0, CAPACITY, 2_000)
    schedule.hurry(0, 1_000 + HURRY_MS)
    assert "repair" in schedule.take(0, CAPACITY, 1_000 + HURRY_MS)


def test_a_pass_that_was_long_in_coming_is_not_made_up_for() -> None:
    """A machine that slept an hour reads once, and goes on in its period."""
    schedule = Schedule(GPUS)
    schedule.take(0, CAPACITY, 0)
    assert "links" in schedule.take(0, CAPACITY, 3_600_000)
    assert "links" not in schedule.take(0, CAPACITY, 3_600_001)
