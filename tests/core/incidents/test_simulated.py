"""A simulated fate has as many incidents as things that went wrong, each with its own slots."""

from random import Random

import pytest

from gpusla.catalogue.reasons import State
from gpusla.incidents import Incident, Scope, incidents
from gpusla.instants import Interval
from gpusla.simulation.faults import EFFECTS, Fault, FaultKind, Sight
from gpusla.simulation.scenario import Scenario, struck
from tests.core.incidents.making import HOUR_MS, MINUTE_MS, fleet, reported, seen, watch

PERIOD = Interval(0, 24 * HOUR_MS)
FLEET = fleet(6)
SEEN_KINDS = [kind for kind in FaultKind if kind is not FaultKind.XID_ERROR]


def fault(kind: FaultKind, target: str, start_ms: int, end_ms: int, name: str = "f") -> Fault:
    """Something goes wrong."""
    return Fault(name, kind, struck(kind, target, FLEET), start_ms, end_ms)


def of(*faults: Fault) -> tuple[Incident, ...]:
    """The incidents of a day in which these went wrong."""
    scenario = Scenario(FLEET, faults)
    return incidents(watch(FLEET, *seen(scenario, PERIOD), xids=reported(faults)))


def is_hit(one: Fault, number: int) -> bool:
    """Whether something is to be seen of a fault on one of its slots."""
    effect = one.effect_on(one.slots[number])
    return effect.state is not State.OK or effect.sight is not Sight.SEEN


@pytest.mark.parametrize("kind", SEEN_KINDS)
def test_one_fault_of_any_kind_is_one_incident(kind: FaultKind) -> None:
    """Over its own time and slots, and in the place that it takes out."""
    one = fault(kind, str(FLEET[5]), HOUR_MS, 3 * HOUR_MS)
    (found,) = of(one)
    assert (found.start_ms, found.end_ms) == (one.start_ms, one.end_ms)
    assert set(found.slots) == {s for n, s in enumerate(one.slots) if is_hit(one, n)}
    scopes = {"slot": Scope.SLOT, "tray": Scope.NODE, "domain": Scope.DOMAIN}
    is_story = EFFECTS[kind].elsewhere is not None
    assert found.scope is (Scope.SLOT if is_story else scopes[EFFECTS[kind].scope])


def test_an_error_of_a_program_is_none() -> None:
    """Nothing fails with it."""
    assert of(fault(FaultKind.XID_ERROR, str(FLEET[5]), HOUR_MS, 2 * HOUR_MS)) == ()


def test_a_switch_takes_out_72_slots_in_one_incident() -> None:
    """The rack is its root, and every slot an after-effect."""
    (found,) = of(fault(FaultKind.NVLINK_SWITCH, "c2/r03", HOUR_MS, 2 * HOUR_MS))
    assert (found.place, len(found.slots), found.root.slot) == ("c2/r03", 72, None)
    assert len(found.after_effects) == 72
    assert found.gpu_ms[State.DOWN] == 72 * HOUR_MS


def test_a_link_and_its_145s_are_one_incident_with_a_root() -> None:
    """One GPU is down; the 71 others work on, and are named as what followed."""
    story = fault(FaultKind.NVLINK_STORY, "c2/r02/t07/m3", HOUR_MS, 2 * HOUR_MS)
    (found,) = of(story)
    assert (found.root.slot, found.root.xid) == (story.slots[0], 149)
    followed = [effect for effect in found.after_effects if effect.what == "xid 145"]
    assert len(followed) == 71
    assert found.slots == story.slots[:1]


def test_forty_racks_that_lose_their_cooling_are_one_incident() -> None:
    """One after another over twenty minutes; a GPU that is hot elsewhere next day is not."""
    slots = fleet(60, trays=2)
    faults = [
        Fault(
            f"f{rack}",
            FaultKind.THERMAL_SLOWDOWN,
            tuple(slot for slot in slots if slot.rack == f"r{rack:02}"),
            HOUR_MS + rack * 30_000,
            3 * HOUR_MS + rack * 45_000,
        )
        for rack in range(5, 45)
    ]
    other = Fault("o", FaultKind.THERMAL_SLOWDOWN, slots[-1:], 20 * HOUR_MS, 21 * HOUR_MS)
    scenario = Scenario(slots, (*faults, other))
    wide, narrow = incidents(watch(slots, *seen(scenario, PERIOD)))
    assert (wide.family, wide.scope, len(wide.slots)) == ("cooling", Scope.SITE, 40 * 8)
    assert (narrow.place, len(narrow.slots)) == (str(slots[-1]), 1)


def test_the_same_fault_in_five_racks_at_once_is_five_incidents() -> None:
    """Nothing that several racks share can have caused them."""
    for kind in (FaultKind.NVLINK_SWITCH, FaultKind.TRAY_POWER, FaultKind.GPU_LOST):
        faults = [fault(kind, f"c2/r{r:02}/t03", HOUR_MS, 2 * HOUR_MS, str(r)) for r in range(1, 6)]
        alone = [
            Fault(
                one.id,
                kind,
                one.slots[:1] if EFFECTS[kind].scope == "slot" else one.slots,
                one.start_ms,
                one.end_ms,
            )
            for one in faults
        ]
        assert sorted(found.slots for found in of(*alone)) == sorted(one.slots for one in alone)


def test_a_switch_fault_with_a_silent_agent_is_one_incident() -> None:
    """From its start, so that its slots are told of ten minutes late."""
    rack = fault(FaultKind.NVLINK_SWITCH, "c2/r03", HOUR_MS, 5 * HOUR_MS, "a")
    gap = fault(FaultKind.AGENT_SILENT, "c2/r03/t04", HOUR_MS, HOUR_MS + 10 * MINUTE_MS, "b")
    (found,) = of(rack, gap)
    assert len(found.slots) == 72
    assert found.gpu_ms[State.UNKNOWN] == 4 * 10 * MINUTE_MS


@pytest.mark.parametrize("seed", range(12))
def test_faults_that_are_apart_are_as_many_incidents(seed: int) -> None:
    """A day of 60 faults; those of one rack never share an hour, those of different racks do."""
    chance = Random(seed)  # noqa: S311  (a simulation; it must repeat)
    faults = []
    for rack in range(1, 7):
        for place in range(10):
            kind = chance.choice(SEEN_KINDS)
            start_ms = place * 2 * HOUR_MS + chance.randrange(30) * MINUTE_MS
            end_ms = start_ms + chance.randrange(2, 60) * MINUTE_MS
            tray, module = chance.randrange(1, 19), chance.randrange(1, 5)
            target = f"c2/r{rack:02}/t{tray:02}/m{module}"
            faults.append(fault(kind, target, start_ms, end_ms, f"{rack}-{place}"))
    found = of(*faults)
    expected = sorted(
        (one.start_ms, one.end_ms, sorted(s for n, s in enumerate(one.slots) if is_hit(one, n)))
        for one in faults
    )
    assert sorted((one.start_ms, one.end_ms or 0, sorted(one.slots)) for one in found) == expected
