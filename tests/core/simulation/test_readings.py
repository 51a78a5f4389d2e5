"""What a GPU on paper reads: everything the catalogue names, and nothing that was not agreed."""

from itertools import combinations

import pytest

from gpusla.catalogue.readings import GPU, Consent
from gpusla.identity import GpuUuid, Slot
from gpusla.readings import Absent, GpuReadings, Present
from gpusla.simulation.faults import Fault, FaultKind
from gpusla.simulation.profile import GB300
from gpusla.simulation.readings import probes
from gpusla.simulation.scenario import Scenario
from gpusla_agent.sources.simulated import SimulatedSource, paper_gpu
from tests.fakes import FakeClock

START = 1_782_882_000_000
TRAY = tuple(Slot("c2", "r01", "t01", f"m{module}") for module in (2, 1, 4, 3))
GPUS = [
    paper_gpu(slot, int(slot.module[1:]), index, GpuUuid(f"GPU-{index}"), GB300)
    for index, slot in enumerate(TRAY)
]
ALL = frozenset(Consent)


def node(*faults: Fault, consents: frozenset[Consent] = ALL) -> tuple[SimulatedSource, FakeClock]:
    """A tray on paper whose driver was loaded at the start."""
    clock = FakeClock(START, START)
    source = SimulatedSource(Scenario(TRAY, faults), GPUS, clock, loaded_ms=START)
    source.allow({gpu.identity.uuid: consents for gpu in GPUS})
    return source, clock


def read(source: SimulatedSource) -> list[GpuReadings]:
    """All GPUs of one pass, in index order."""
    return list(source.sample().gpus.values())


def value(gpu: GpuReadings, name: str) -> float:
    """A reading that is there."""
    reading = gpu.numbers[name]
    assert isinstance(reading, Present), name
    return reading.value


def test_a_healthy_gpu_reads_all_that_the_catalogue_names() -> None:
    """Only what the confidential computing mode would say is absent, as that mode is off."""
    source, _ = node()
    (gpu, *_) = read(source)
    assert gpu.numbers.keys() == GPU.keys()
    absent = {name for name, reading in gpu.numbers.items() if isinstance(reading, Absent)}
    assert absent == {"confidential_computing_ready"}


@pytest.mark.parametrize(
    "agreed",
    [agreed for count in range(4) for agreed in combinations(list(Consent)[1:], count)],
    ids=lambda agreed: "+".join(agreed) or "capacity",
)
def test_what_was_not_agreed_is_not_read(agreed: tuple[Consent, ...]) -> None:
    """By every combination of consents; capacity is always agreed."""
    consents = frozenset({Consent.CAPACITY, *agreed})
    source, _ = node(consents=frozenset(agreed))
    (gpu, *_) = read(source)
    assert gpu.numbers.keys() == {n for n, row in GPU.items() if row.consent in consents}
    assert set(gpu.read_at_mono_ms) == set(probes(consents))
    assert isinstance(gpu.processes, Present) == (Consent.PROCESSES in consents)
    if isinstance(gpu.processes, Present):
        assert bool(gpu.processes.value[0].name) == (Consent.JOB_NAMES in consents)


def test_a_gpu_that_nobody_named_reads_capacity_only() -> None:
    """As all are before the first word on it."""
    clock = FakeClock(START, START)
    source = SimulatedSource(Scenario(TRAY), GPUS, clock, loaded_ms=START)
    assert "utilization_ratio" not in read(source)[0].numbers
    source.allow({GPUS[0].identity.uuid: {Consent.ACTIVITY}})
    assert ["utilization_ratio" in gpu.numbers for gpu in read(source)] == [True] + [False] * 3
    source.allow({})
    assert "utilization_ratio" not in read(source)[0].numbers


def test_two_gpus_of_a_superchip_read_one_power_and_one_serial() -> None:
    """Its module power is what both draw and some more, so a sum over GPUs counts it twice."""
    source, _ = node()
    one, other, *rest = read(source)
    assert one.identity.serial == other.identity.serial
    assert one.identity.serial not in {gpu.identity.serial for gpu in rest}
    assert value(one, "module_power_watts") == value(other, "module_power_watts")
    both = value(one, "power_watts") + value(other, "power_watts")
    assert value(one, "module_power_watts") == pytest.approx(both + 135)


def test_a_lost_neighbour_shows_in_the_power_of_the_module_at_once() -> None:
    """Although what does not change is read once a minute."""
    fault = Fault("f", FaultKind.GPU_LOST, (TRAY[1],), START + 5_000, START + 9_000)
    source, clock = node(fault)
    before = value(read(source)[0], "module_power_watts")
    clock.sleep(5)
    assert value(read(source)[0], "module_power_watts") < before - 100


def test_temperature_and_margin_are_eighty_seven() -> None:
    """On every capture of a GB300."""
    source, clock = node()
    for _ in range(30):
        for gpu in read(source):
            together = value(gpu, "temperature_celsius") + value(gpu, "temperature_margin_celsius")
            assert together == 87
        clock.sleep(61)


def test_activity_counters_give_the_shares_that_are_shown() -> None:
    """Over any window without a change: cycles against the share, bytes against the rate."""
    source, clock = node()
    first = read(source)[0]
    clock.sleep(30)
    last = read(source)[0]
    elapsed = value(last, "sm_cycles_elapsed") - value(first, "sm_cycles_elapsed")
    for counter, share in (
        ("sm_cycles_active", "sm_active_ratio"),
        ("tensor_cycles_active", "tensor_active_ratio"),
    ):
        grown = value(last, counter) - value(first, counter)
        assert grown / elapsed == pytest.approx(value(last, share), rel=1e-6)
    for name in ("nvlink_tx", "nvlink_rx", "pcie_tx", "pcie_rx"):
        grown = value(last, f"{name}_bytes") - value(first, f"{name}_bytes")
        rate = value(last, f"{name}_bytes_per_second")
        assert grown / 30 == pytest.approx(rate, rel=1e-6)


@pytest.mark.parametrize("kind", FaultKind)
def test_no_counter_falls_whatever_happens(kind: FaultKind) -> None:
    """Before, while and after every kind of fault."""
    fault = Fault("f", kind, TRAY, START + 60_000, START + 240_000)
    source, clock = node(fault)
    counters = [name for name, row in GPU.items() if row.is_counter]
    last: dict[tuple[int, str], float] = {}
    for _ in range(80):
        for gpu in read(source):
            for name in counters:
                if name in gpu.numbers:
                    now = value(gpu, name)
                    assert now >= last.get((gpu.identity.index, name), 0), name
                    last[gpu.identity.index, name] = now
        clock.sleep(5)


def test_a_link_that_is_down_has_no_speed_and_is_counted_out() -> None:
    """Seventeen of eighteen at 53.125 GB/s."""
    fault = Fault("f", FaultKind.NVLINK_LINK_DOWN, (TRAY[0],), START)
    source, _ = node(fault)
    gpu, other, *_ = read(source)
    assert isinstance(gpu.links, Present)
    assert [link.number for link in gpu.links.value if not link.is_active] == [14]
    assert value(gpu, "nvlink_links_active") == 17
    assert value(other, "nvlink_links_active") == 18
    assert value(gpu, "nvlink_speed_min_bytes_per_second") == 53_125_000_000
