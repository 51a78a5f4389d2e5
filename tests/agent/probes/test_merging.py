"""What was not due in a pass: kept with its own time, then stale; and what may not be shown."""

from dataclasses import replace
from typing import Any

import pytest

from gpusla.catalogue.readings import GPU, Consent
from gpusla.readings import Absence, Absent, GpuReadings, Present
from gpusla_agent.probes import PROBING, with_names
from gpusla_agent.sources.families import FAMILY
from tests.agent.probes.said import EVERYTHING, FAST, raw

START_MS = 1_000_000
CAPACITY = frozenset({Consent.CAPACITY})


def first() -> GpuReadings:
    """Return the readings of a pass in which everything was due."""
    return PROBING.interpret(raw(at_ms=START_MS), None).readings


def test_a_probe_with_fast_and_slow_parts_keeps_the_slow_ones() -> None:
    """Power is new at every pass and its limits are those of ten seconds ago, with their time."""
    later = raw(FAST, at_ms=START_MS + 9_000, power_milliwatts=(0, 700_000))
    found = PROBING.interpret(later, first()).readings
    assert found.numbers["power_watts"] == Present(700)
    assert found.numbers["power_limit_max_watts"] == Present(1_400)
    assert found.family_read_at_mono_ms["health_fields"] == START_MS + 9_000
    assert found.family_read_at_mono_ms["slow_fields"] == START_MS


def test_a_probe_says_when_it_was_last_read() -> None:
    """A slow one keeps the time of its own reading; a fast one has this pass's."""
    found = PROBING.interpret(raw(FAST, at_ms=START_MS + 9_000), first()).readings
    assert found.read_at_mono_ms["nvlink"] == START_MS
    assert found.read_at_mono_ms["energy"] == START_MS + 9_000


def test_a_reading_is_stale_once_it_is_older_than_its_family_allows() -> None:
    """Three periods after it was read it still holds; a millisecond later it does not."""
    valid_ms = FAMILY["links"].valid_ms
    at_end = PROBING.interpret(raw(FAST, at_ms=START_MS + valid_ms), first())
    assert at_end.readings.numbers["nvlink_links_active"] == Present(18)
    after = PROBING.interpret(raw(FAST, at_ms=START_MS + valid_ms + 1), at_end.readings)
    stale = Absent(Absence.STALE, f"read {valid_ms + 1} ms ago")
    assert after.readings.numbers["nvlink_links_active"] == stale
    assert after.readings.links == stale
    assert (at_end.success["nvlink"], after.success["nvlink"]) == (True, False)


def test_what_is_stale_stays_stale_until_it_is_read_again() -> None:
    """And then it is new."""
    gone = PROBING.interpret(raw(FAST, at_ms=START_MS + 40_000), first()).readings
    still = PROBING.interpret(raw(FAST, at_ms=START_MS + 41_000), gone).readings
    assert isinstance(still.numbers["nvlink_links"], Absent)
    again = PROBING.interpret(raw(FAST | {"links"}, at_ms=START_MS + 42_000), still)
    assert again.readings.numbers["nvlink_links"] == Present(18)
    assert again.success["nvlink"]


def test_a_fast_family_that_was_not_read_is_stale_at_once() -> None:
    """It belongs to every pass."""
    found = PROBING.interpret(raw(FAST - {"gpm"}, at_ms=START_MS + 1_000), first()).readings
    assert found.numbers["tensor_active_ratio"] == Absent(Absence.STALE, "read 1000 ms ago")


def test_what_a_driver_does_not_have_does_not_become_stale() -> None:
    """The reason is still the better one."""
    found = PROBING.interpret(raw(FAST, at_ms=START_MS + 10**9), first()).readings
    absent = found.numbers["confidential_computing_ready"]
    assert isinstance(absent, Absent)
    assert absent.absence is Absence.UNSUPPORTED


def test_a_probe_keeps_the_success_of_its_last_reading() -> None:
    """Between two readings it did neither better nor worse; and it took no time in this pass."""
    failed = raw(at_ms=START_MS, c2c_links=(999, None))
    before = PROBING.interpret(failed, None).readings
    found = PROBING.interpret(raw(FAST, at_ms=START_MS + 1_000), before)
    assert not found.success["c2c"]
    assert found.success["ecc"]
    assert "c2c" not in found.seconds
    assert found.seconds["ecc"] == 0.001


def test_what_is_not_allowed_any_more_goes_at_once() -> None:
    """Numbers, lists, times and successes of it, in the very next pass."""
    found = PROBING.interpret(raw(FAST, at_ms=START_MS + 1_000, allowed=CAPACITY), first())
    assert {GPU[name].consent for name in found.readings.numbers} == CAPACITY
    assert isinstance(found.readings.processes, Absent)
    activity = {row.probe for row in GPU.values() if row.consent is not Consent.CAPACITY}
    assert activity.isdisjoint(found.success)
    assert activity.isdisjoint(found.readings.read_at_mono_ms)
    assert "link_bytes" not in found.readings.family_read_at_mono_ms


def test_a_worker_that_tells_what_was_not_agreed_is_not_heard() -> None:
    """The agent does not rely on its worker to keep quiet."""
    told = PROBING.interpret(raw(allowed=CAPACITY), None).readings
    assert {GPU[name].consent for name in told.numbers} == CAPACITY
    assert isinstance(told.processes, Absent)
    some = PROBING.interpret(raw(allowed=EVERYTHING - {Consent.PROCESSES}), None).readings
    assert "tensor_active_ratio" in some.numbers
    assert isinstance(some.processes, Absent)


def test_a_reading_that_did_not_change_is_the_same_object() -> None:
    """A node makes a hundred readings of each GPU a second, and most say what they said."""
    before = first()
    found = PROBING.interpret(raw(FAST, at_ms=START_MS + 1_000), before).readings
    assert found.numbers["memory_total_bytes"] is before.numbers["memory_total_bytes"]


def test_readings_of_before_are_not_changed() -> None:
    """Whoever still holds the pass before must not see it move."""
    before = first()
    numbers, times = dict(before.numbers), dict(before.read_at_mono_ms)
    PROBING.interpret(raw(FAST, at_ms=START_MS + 60_000, allowed=CAPACITY), before)
    assert (before.numbers, before.read_at_mono_ms) == (numbers, times)


@pytest.mark.parametrize("told", [-1.0, float("nan"), 10**400, "a while", None])
def test_a_duration_that_cannot_be_is_none(told: Any) -> None:
    """The worker measures it, and may be mad."""
    sample = replace(raw(FAST), seconds={"clocks": told})
    assert PROBING.interpret(sample, None).seconds["clocks"] == 0


def test_process_names_are_read_only_by_who_asks_for_them() -> None:
    """A process that is gone has none, and one that names itself oddly is quoted safely."""
    names = {4_242: "python3\n"}
    plain = first()
    assert isinstance(plain.processes, Present)
    assert [one.name for one in plain.processes.value] == ["", ""]
    named = with_names(plain, names.get).processes
    assert isinstance(named, Present)
    assert [one.name for one in named.value] == ["python3", ""]
    odd = with_names(plain, lambda _: "\x1b[31m" + "a" * 100).processes
    assert isinstance(odd, Present)
    assert odd.value[0].name == "?[31m" + "a" * 59
