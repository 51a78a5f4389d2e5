"""Telemetry on paper is plausible, and its energy is the integral of its power."""

import pytest

from gpusla.identity import Slot
from gpusla.simulation.faults import Fault, FaultKind
from gpusla.simulation.profile import GB300
from gpusla.simulation.telemetry import MINUTE_MS, Telemetry

SLOT = Slot("c2", "r01", "t01", "m1")
START = 1_782_882_000_000
FAULTS = (
    Fault("a", FaultKind.GPU_LOST, (SLOT,), START + 7 * MINUTE_MS, START + 9 * MINUTE_MS),
    Fault("b", FaultKind.POWER_LIMIT, (SLOT,), START + 20 * MINUTE_MS),
)


@pytest.mark.parametrize("faults", [(), FAULTS], ids=["well", "with faults"])
@pytest.mark.parametrize("seed", range(4))
def test_energy_is_the_integral_of_power(seed: int, faults: tuple[Fault, ...]) -> None:
    """Added up by steps of ten seconds over two hours, to the milliwatt that is rounded away."""
    telemetry = Telemetry(SLOT, seed, START, faults)
    added = 0
    for at_ms in range(START, START + 120 * MINUTE_MS, 10_000):
        added += telemetry.at(at_ms).power * 10_000
        energy = telemetry.at(at_ms + 10_000).energy
        assert abs(energy - added) <= 10_000 + at_ms - START


def test_energy_starts_at_zero_and_never_goes_back() -> None:
    """It counts from when the driver was loaded."""
    telemetry = Telemetry(SLOT, 1, START, FAULTS)
    energies = [telemetry.at(START + step * 777).energy for step in range(5000)]
    assert energies[0] == 0
    assert energies == sorted(energies)


def test_a_gpu_stays_within_what_its_kind_can_do() -> None:
    """Over a day, whatever it does."""
    for seed in range(6):
        telemetry = Telemetry(SLOT, seed, START, ())
        day = [telemetry.at(START + minute * MINUTE_MS) for minute in range(1440)]
        assert all(GB300.power_idle_watts * 1000 <= r.power <= 1_400_000 for r in day)
        assert all(0 < r.utilization <= 1000 for r in day)
        assert all(30 <= r.temperature < 70 for r in day)
        assert sum(r.power for r in day) / 1440 > 600_000


@pytest.mark.parametrize("faults", [(), FAULTS], ids=["well", "with faults"])
def test_work_is_the_integral_of_utilisation(faults: tuple[Fault, ...]) -> None:
    """So counters of activity agree with the shares that are shown, whatever the window."""
    telemetry = Telemetry(SLOT, 3, START, faults)
    added = 0
    for at_ms in range(START, START + 120 * MINUTE_MS, 10_000):
        added += telemetry.at(at_ms).utilization * 10_000
        assert abs(telemetry.at(at_ms + 10_000).work - added) <= 10_000 + at_ms - START
