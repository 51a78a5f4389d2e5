"""The truth about a scenario, in small cases that can be counted by hand."""

from fractions import Fraction

import pytest

from gpusla.catalogue.reasons import State
from gpusla.errors import InventoryError
from gpusla.identity import Slot
from gpusla.instants import Interval
from gpusla.simulation.faults import EFFECTS, FOREVER_MS, Fault, FaultKind
from gpusla.simulation.scenario import Scenario, struck
from gpusla.simulation.truth import Stretch, Terms, delivered_gpu_ms, stretches, totals

SLOTS = tuple(
    Slot("c2", rack, f"t{tray:02}", f"m{module}")
    for rack in ("r01", "r02")
    for tray in (1, 2)
    for module in (1, 2)
)
ONE = SLOTS[0]
SPAN = Interval(0, 1000)
VALID_MS = 10


def scenario(*faults: tuple[FaultKind, str, int, int]) -> Scenario:
    """Return two racks of two trays of two GPUs with these faults."""
    return Scenario(
        SLOTS,
        tuple(
            Fault(str(number), kind, struck(kind, target, SLOTS), start, end)
            for number, (kind, target, start, end) in enumerate(faults)
        ),
    )


def terms(min_healthy: int = 3, committed: int = 4, *, unknown: bool = False) -> Terms:
    """Return a contract on the first rack."""
    held = {slot: (SPAN,) for slot in SLOTS if slot.rack == "r01"}
    return Terms(held, [(0, committed)], min_healthy, True, lambda _: Fraction(1, 2), unknown)  # noqa: FBT003


def test_a_slot_without_faults_is_ok_throughout() -> None:
    """Every millisecond of it."""
    assert list(stretches(scenario(), ONE, SPAN, VALID_MS)) == [
        Stretch(0, 1000, State.OK, is_observed=True)
    ]


def test_the_worst_fault_is_the_state_and_its_reasons_stand_beside_it() -> None:
    """Down covers degraded while both last."""
    fate = scenario(
        (FaultKind.POWER_LIMIT, str(ONE), 100, 400), (FaultKind.GPU_LOST, str(ONE), 200, 300)
    )
    assert list(stretches(fate, ONE, Interval(50, 350), VALID_MS)) == [
        Stretch(50, 100, State.OK, is_observed=True),
        Stretch(100, 200, State.DEGRADED, is_observed=True, reasons=("power_limit",)),
        Stretch(200, 300, State.DOWN, is_observed=True, reasons=("gpu_lost",)),
        Stretch(300, 350, State.DEGRADED, is_observed=True, reasons=("power_limit",)),
    ]


@pytest.mark.parametrize(
    ("kind", "true_state"),
    [
        (FaultKind.AGENT_SILENT, State.OK),
        (FaultKind.SOURCE_DOWN, State.OK),
        (FaultKind.TRAY_POWER, State.DOWN),
        (FaultKind.GPU_HUNG, State.DOWN),
    ],
)
def test_what_nobody_saw_has_a_true_state_and_is_unknown(
    kind: FaultKind, true_state: State
) -> None:
    """Truth knows what happened in the dark; the agent does not."""
    sums = totals(scenario((kind, str(ONE), 100, 300)), [ONE], SPAN, VALID_MS)
    assert sums.seen[State.UNKNOWN] == 200
    assert sums.true[true_state] >= 200
    assert sum(sums.true.values()) == sum(sums.seen.values()) == 1000


def test_a_silence_within_the_validity_of_a_sample_hides_nothing() -> None:
    """Two of them that overlap into a longer one do."""
    short = scenario((FaultKind.AGENT_SILENT, str(ONE), 100, 110))
    joined = scenario(
        (FaultKind.AGENT_SILENT, str(ONE), 100, 108), (FaultKind.TRAY_POWER, str(ONE), 105, 113)
    )
    assert totals(short, [ONE], SPAN, VALID_MS).seen[State.UNKNOWN] == 0
    assert totals(joined, [ONE], SPAN, VALID_MS).seen[State.UNKNOWN] == 13


def test_a_fault_takes_out_what_its_kind_takes_out_together() -> None:
    """A switch the rack, power the tray, a lost GPU itself."""
    assert len(struck(FaultKind.NVLINK_SWITCH, str(ONE), SLOTS)) == 4
    assert len(struck(FaultKind.TRAY_POWER, str(ONE), SLOTS)) == 2
    assert struck(FaultKind.GPU_LOST, str(ONE), SLOTS) == (ONE,)
    assert len(struck(FaultKind.GPU_LOST, "c2/r01/t01", SLOTS)) == 2
    with pytest.raises(InventoryError, match="the fleet has no slot 'c2/r1'"):
        struck(FaultKind.GPU_LOST, "c2/r1", SLOTS)


def test_every_kind_has_an_effect() -> None:
    """No fault can be planned that truth knows nothing of."""
    assert set(EFFECTS) == set(FaultKind)


def test_a_rack_counts_its_healthy_gpus_while_there_are_enough_of_them() -> None:
    """Four GPUs, three must be healthy: one lost costs one, two lost cost the rack."""
    one = (FaultKind.GPU_LOST, str(SLOTS[0]), 100, 300)
    two = (FaultKind.GPU_LOST, str(SLOTS[1]), 200, 400)
    assert delivered_gpu_ms(scenario(), terms(), SPAN, VALID_MS) == 4000
    assert delivered_gpu_ms(scenario(one), terms(), SPAN, VALID_MS) == 4000 - 200
    assert delivered_gpu_ms(scenario(one, two), terms(), SPAN, VALID_MS) == 4000 - 100 - 400 - 100


def test_degraded_counts_in_part_and_the_surplus_is_not_banked() -> None:
    """A half GPU is a healthy one; what is over the commitment is not kept for later."""
    slow = (FaultKind.POWER_LIMIT, str(SLOTS[0]), 0, 500)
    assert delivered_gpu_ms(scenario(slow), terms(), SPAN, VALID_MS) == 4000 - 250
    assert delivered_gpu_ms(scenario(slow), terms(committed=3), SPAN, VALID_MS) == 3000


def test_unknown_time_is_borne_by_whom_the_contract_says() -> None:
    """The provider or the tenant."""
    dark = scenario((FaultKind.AGENT_SILENT, "c2/r01/t01", 0, 100))
    assert delivered_gpu_ms(dark, terms(), SPAN, VALID_MS) == 4000 - 400
    assert delivered_gpu_ms(dark, terms(unknown=True), SPAN, VALID_MS) == 4000


def test_an_open_fault_lasts_to_the_end_of_what_is_asked() -> None:
    """Nobody has mended it yet."""
    fate = Scenario(SLOTS, (Fault("a", FaultKind.GPU_LOST, (ONE,), 900, FOREVER_MS),))
    assert totals(fate, [ONE], SPAN, VALID_MS).true[State.DOWN] == 100
