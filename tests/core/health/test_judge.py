"""What each reading does to a slot: state first, then the reasons."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gpusla.catalogue.reasons import REASONS, State
from gpusla.health import Memory, judge
from gpusla.readings import Absence, Absent, Expected, GpuReadings, Pass, Present
from tests.core.health.gpus import (
    EXPECTED,
    HEALTHY,
    OK,
    SLOT,
    SLOTS,
    UUID,
    UUIDS,
    absent,
    conditions_after,
    fabric,
    gpu,
    one_pass,
    verdict,
)

MIB = 1024 * 1024
ERROR = Absent(Absence.ERROR)

READINGS: list[tuple[str, GpuReadings | None, str]] = [
    ("healthy", gpu(), "ok"),
    # The driver's own verdict.
    ("gpu reset", gpu(recovery_action=Present(1)), "down recovery_action"),
    ("node reboot", gpu(recovery_action=Present(2)), "down recovery_action"),
    ("drain peers", gpu(recovery_action=Present(3)), "degraded recovery_drain"),
    ("drain and reset", gpu(recovery_action=Present(4)), "down recovery_action"),
    ("recover IMEX", gpu(recovery_action=Present(5)), "degraded fabric_unhealthy"),
    ("bus reset", gpu(recovery_action=Present(6)), "down recovery_action"),
    ("system reboot", gpu(recovery_action=Present(7)), "down recovery_action"),
    ("an action of the future", gpu(recovery_action=Present(8)), "unknown health_unreadable"),
    ("no action readable", gpu(recovery_action=ERROR), "unknown health_unreadable"),
    # Presence.
    ("not listed", None, "down gpu_missing"),
    ("off the bus", absent(Absence.LOST), "down gpu_lost"),
    ("lost halfway", gpu(power_limit_watts=Absent(Absence.LOST)), "down gpu_lost"),
    ("needs a reset", absent(Absence.RESET_REQUIRED), "down reset_required"),
    ("hangs", absent(Absence.UNOBSERVABLE), "unknown gpu_unobservable"),
    ("does not say why", absent(Absence.ERROR), "unknown gpu_unobservable"),
    # Fabric.
    ("fabric not started", fabric(state=1), "down fabric_down"),
    ("fabric in progress", fabric(state=2), "down fabric_down"),
    ("fabric not supported", fabric(state=0), "down fabric_down"),
    ("completed, not successful", fabric(status=7), "down fabric_down"),
    ("degraded bandwidth", fabric(mask=0x1A9), "degraded fabric_unhealthy"),
    ("route unhealthy", fabric(mask=0x19A), "degraded fabric_unhealthy"),
    ("too few NVLinks", fabric(mask=0x5AA), "degraded fabric_unhealthy"),
    ("no partition", fabric(mask=0x21AA), "degraded fabric_unhealthy"),
    ("manager disconnected", fabric(mask=0x81AA), "degraded fabric_unhealthy"),
    ("manager connected", fabric(mask=0x51AA), "ok"),
    ("GB200's healthy mask", fabric(mask=0x0AA), "ok"),
    ("a mask of zero, summary healthy", fabric(mask=0), "ok"),
    ("an undefined bit pair", fabric(mask=0x1AB), "unknown health_unreadable"),
    ("summary unhealthy", fabric(summary=2), "degraded fabric_unhealthy"),
    ("limited capacity", fabric(summary=3), "degraded fabric_unhealthy"),
    ("a summary of the future", fabric(summary=4), "degraded fabric_unhealthy"),
    ("structure version 2", fabric(summary=None), "ok"),
    ("structure version 1", fabric(summary=None, mask=None), "unknown health_unreadable"),
    ("no fabric readable", replace(gpu(), fabric=ERROR), "unknown health_unreadable"),
    # Memory, power, clocks.
    ("one percent less", gpu(memory_total_bytes=Present(281_366 * MIB)), "ok"),
    ("a stack less", gpu(memory_total_bytes=Present(248_682 * MIB)), "degraded memory_missing"),
    ("sold as decimal GB", gpu(memory_total_bytes=Present(288 * 10**9)), "degraded memory_missing"),
    ("power limit lowered", gpu(power_limit_watts=Present(1_200.0)), "degraded power_limit"),
    ("power limit nominal", gpu(power_limit_watts=Present(1_399.9)), "ok"),
    ("software power cap", gpu(clock_event_reasons=Present(0x4)), "ok"),
    ("software thermal", gpu(clock_event_reasons=Present(0x20)), "degraded thermal_slowdown"),
    ("hardware thermal", gpu(clock_event_reasons=Present(0x48)), "degraded thermal_slowdown"),
    ("power brake", gpu(clock_event_reasons=Present(0x88)), "degraded power_brake"),
    # More than one.
    (
        "an unreadable reading could hide worse than what is seen",
        gpu(memory_total_bytes=ERROR, power_limit_watts=Present(1_200.0)),
        "unknown health_unreadable power_limit",
    ),
    (
        "evidence of failure needs no further reading",
        gpu(memory_total_bytes=ERROR, recovery_action=Present(1)),
        "down health_unreadable recovery_action",
    ),
]


@pytest.mark.parametrize(
    ("seen", "expected"), [case[1:] for case in READINGS], ids=[case[0] for case in READINGS]
)
def test_a_reading_has_its_verdict(seen: GpuReadings | None, expected: str) -> None:
    """One line a case."""
    (condition,) = conditions_after(one_pass(seen))
    assert verdict(condition) == expected


def test_one_bad_gpu_costs_one_slot() -> None:
    """The others keep their own verdict."""
    conditions = judge(EXPECTED, one_pass(None), Memory())[0].conditions
    assert [conditions[slot].state for slot in SLOTS.values()] == ["down", "ok", "ok", "ok"]


def test_a_source_that_is_gone_makes_every_slot_unknown() -> None:
    """Nothing is ok because nobody looked."""
    seen = one_pass(gpu(), source=Absent(Absence.ERROR, "no driver"))
    conditions = judge(EXPECTED, seen, Memory())[0].conditions
    assert {verdict(c) for c in conditions.values()} == {"unknown source_unavailable"}


def test_a_kind_without_a_profile_is_unknown() -> None:
    """Whether it is whole cannot be said."""
    expected = (Expected(SLOT, 2, UUID, "gb999"),)
    conditions = judge(expected, one_pass(gpu()), Memory())[0].conditions
    assert verdict(conditions[SLOT]) == "unknown health_unreadable"


def test_a_kind_without_fabric_needs_none() -> None:
    """An H100 outside a fabric is whole."""
    small = replace(
        gpu(memory_total_bytes=Present(81_559 * MIB), power_limit_watts=Present(700.0)),
        fabric=Absent(Absence.UNSUPPORTED),
    )
    conditions = judge((Expected(SLOT, 2, UUID, "h100"),), one_pass(small), Memory())[0].conditions
    assert conditions[SLOT] == OK


# --- where a GPU sits -------------------------------------------------------------------------


def test_a_replaced_gpu_is_found_by_its_module() -> None:
    """The slot keeps its identity; the inventory may hear of the new GPU later."""
    expected = tuple(replace(one, uuid=None if one.slot != SLOT else UUIDS[1]) for one in EXPECTED)
    seen = one_pass(gpu())
    del seen.gpus[UUIDS[1]]
    conditions = judge(expected, seen, Memory())[0].conditions
    assert conditions[SLOT] == OK
    assert verdict(conditions[SLOTS[1]]) == "down gpu_missing"


def of_unknown_module(module: int) -> GpuReadings:
    """Return a healthy GPU that cannot say where it sits."""
    stray = gpu(module)
    return replace(stray, identity=replace(stray.identity, module_id=None))


def test_the_last_gpu_sits_in_the_last_slot() -> None:
    """Where all others are placed, one that cannot say where it sits is placed as well."""
    expected = tuple(replace(one, uuid=None) for one in EXPECTED)
    conditions = judge(expected, one_pass(of_unknown_module(2)), Memory())[0].conditions
    assert conditions[SLOT] == OK


def test_a_gpu_of_unknown_module_may_be_the_missing_one() -> None:
    """Missing needs evidence, too."""
    expected = tuple(replace(one, uuid=None) for one in EXPECTED)
    seen = one_pass(of_unknown_module(2))
    del seen.gpus[UUIDS[1]]
    conditions = judge(expected, seen, Memory())[0].conditions
    assert verdict(conditions[SLOT]) == "unknown health_unreadable"
    assert verdict(conditions[SLOTS[1]]) == "unknown health_unreadable"


# --- what lasts -------------------------------------------------------------------------------


@pytest.mark.parametrize(("reading", "reason"), [(0x40, "thermal_slowdown"), (0x80, "power_brake")])
def test_a_slowdown_lasts_until_it_was_not_seen_for_thirty_seconds(
    reading: int, reason: str
) -> None:
    """A flicker at the limit is one slowdown."""
    slow = gpu(clock_event_reasons=Present(reading))
    found = conditions_after(
        one_pass(slow, at_ms=0),
        one_pass(gpu(), at_ms=29_999),
        one_pass(slow, at_ms=29_999),
        one_pass(gpu(), at_ms=59_998),
        one_pass(gpu(), at_ms=59_999),
    )
    assert [verdict(c) for c in found] == [*[f"degraded {reason}"] * 4, "ok"]
    assert len(set(found[:4])) == 1


@pytest.mark.parametrize("xid", [46, 48, 62, 64, 79, 95, 109, 119, 120, 140, 143])
def test_a_fatal_xid_lasts_while_nothing_shows_a_reset(xid: int) -> None:
    """Time alone heals nothing."""
    found = conditions_after(one_pass(gpu(), xid), one_pass(gpu(), at_ms=10**9))
    assert [verdict(c) for c in found] == ["down xid_fatal"] * 2


@pytest.mark.parametrize("xid", [13, 31, 43, 45, 63, 92, 94, 74, 149, 154])
def test_an_xid_that_needs_no_reset_costs_no_capacity(xid: int) -> None:
    """Whatever it says of the application, or is judged by elsewhere."""
    assert conditions_after(one_pass(gpu(), xid)) == [OK]


RECOVERIES: list[tuple[str, list[Pass], str]] = [
    ("lost and back", [one_pass(absent(Absence.LOST)), one_pass(gpu())], "ok"),
    ("missing and back", [one_pass(None), one_pass(gpu())], "ok"),
    ("reset and back", [one_pass(absent(Absence.RESET_REQUIRED)), one_pass(gpu())], "ok"),
    ("asked for, then none", [one_pass(gpu(recovery_action=Present(1))), one_pass(gpu())], "ok"),
    ("driver loaded anew", [one_pass(gpu(energy_joules=Present(3.0)))], "ok"),
    ("hung and back", [one_pass(absent(Absence.UNOBSERVABLE)), one_pass(gpu())], "down xid_fatal"),
    ("still lost", [one_pass(absent(Absence.LOST))], "down gpu_lost xid_fatal"),
    (
        "back, health unreadable",
        [one_pass(None), one_pass(gpu(recovery_action=ERROR))],
        "down health_unreadable xid_fatal",
    ),
    (
        "the source was gone",
        [one_pass(gpu(), source=Absent(Absence.ERROR)), one_pass(gpu())],
        "down xid_fatal",
    ),
    ("a second one after the loss", [one_pass(None, 79), one_pass(gpu(), 79)], "down xid_fatal"),
]


@pytest.mark.parametrize(
    ("passes", "expected"), [case[1:] for case in RECOVERIES], ids=[case[0] for case in RECOVERIES]
)
def test_a_fatal_xid_ends_on_evidence_of_a_reset(passes: list[Pass], expected: str) -> None:
    """Evidence is a loss and a return, a recovery asked for and done, or a driver loaded anew."""
    found = conditions_after(one_pass(gpu(), 48), *passes)
    assert verdict(found[-1]) == expected


def test_evidence_of_failure_outranks_a_source_that_is_gone() -> None:
    """A GPU that must be reset is down even while nobody can look."""
    found = conditions_after(one_pass(gpu(), 79), one_pass(None, source=Absent(Absence.ERROR)))
    assert verdict(found[-1]) == "down source_unavailable xid_fatal"


def test_an_xid_of_a_gpu_that_is_gone_counts_for_its_slot() -> None:
    """The number may arrive after the GPU left the driver's list."""
    found = conditions_after(one_pass(gpu()), one_pass(None, 79))
    assert verdict(found[-1]) == "down gpu_missing xid_fatal"


def test_another_gpu_in_the_slot_starts_clean() -> None:
    """What was remembered was of the one before it."""
    expected = tuple(replace(one, uuid=None) for one in EXPECTED)
    _, memory = judge(expected, one_pass(gpu(), 48), Memory())
    new = gpu()
    new = replace(new, identity=replace(new.identity, uuid=UUIDS[1] + "9"))  # type: ignore[arg-type]
    conditions = judge(expected, one_pass(new), memory)[0].conditions
    assert conditions[SLOT] == OK


def test_an_unknown_xid_is_never_nothing() -> None:
    """It is a finding for ten minutes, and takes no capacity that the driver does not deny."""
    found = conditions_after(
        one_pass(gpu(), 999), one_pass(gpu(), at_ms=600_999), one_pass(gpu(), at_ms=601_000)
    )
    assert [verdict(c) for c in found] == ["ok xid_unclassified"] * 2 + ["ok"]
    assert found[0].findings[0].evidence == "catalogue: Xid 999 is not in it"


# --- laws -------------------------------------------------------------------------------------

ABSENCES = st.sampled_from(Absence).map(Absent)
ANY_READING: st.SearchStrategy[Any] = st.one_of(
    ABSENCES, st.integers(0, 300).map(Present), st.floats(0, 3e11).map(Present)
)
ANY_GPU = st.builds(
    lambda numbers, fabric_absence, answered: replace(
        gpu(),
        numbers={**HEALTHY, **numbers},
        fabric=fabric_absence or gpu().fabric,
        answered=answered,
    ),
    st.dictionaries(st.sampled_from(sorted(HEALTHY)), ANY_READING, max_size=3),
    st.none() | ABSENCES,
    st.none() | ABSENCES,
)
ANY_PASS = st.builds(
    lambda seen, xids, source, at_ms: one_pass(seen, *xids, at_ms=at_ms, source=source),
    st.none() | ANY_GPU,
    st.lists(st.integers(0, 200), max_size=2),
    st.none() | ABSENCES,
    st.integers(0, 10**6),
)


@given(st.lists(ANY_PASS, min_size=1, max_size=5))
def test_no_slot_is_ok_without_positive_evidence(passes: list[Pass]) -> None:
    """Every reading that health rests on was there, and said that all is well."""
    condition = conditions_after(*passes)[-1]
    seen = passes[-1].gpus.get(UUID)
    if condition.state is not State.OK:
        assert condition.findings
        return
    assert passes[-1].source is None
    assert seen is not None
    assert seen.answered is None
    assert isinstance(seen.fabric, Present)
    assert seen.numbers["recovery_action"] == Present(0)
    assert not any(
        isinstance(seen.numbers[name], Absent) for name in HEALTHY if "energy" not in name
    )


@given(st.lists(ANY_PASS, min_size=1, max_size=5))
def test_a_state_is_the_worst_of_its_reasons(passes: list[Pass]) -> None:
    """And every finding names a reason of the catalogue."""
    order = [State.OK, State.DEGRADED, State.UNKNOWN, State.DOWN]
    for condition in conditions_after(*passes):
        states = [REASONS[finding.reason].state for finding in condition.findings]
        assert condition.state == max(states, key=order.index, default=State.OK)
        assert list(condition.findings) == sorted(condition.findings)
