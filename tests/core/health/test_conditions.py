"""What readings beyond the required ones show, what each asks for, and what ends it."""

from dataclasses import replace

import pytest

from gpusla.health import Memory, judge
from gpusla.journal.model import Finding
from gpusla.readings import (
    Absence,
    Absent,
    Expected,
    Fabric,
    GpuReadings,
    HostReadings,
    NvLink,
    Pass,
    Present,
    Reading,
)
from tests.core.health.gpus import EXPECTED, FABRIC, OK, SLOT, UUID, fabric, gpu, one_pass

SPEED = 53_125_000_000
BUSY = Present(0.97)
FULL: dict[str, Reading] = {
    "power_limit_requested_watts": Present(1_400.0),
    "power_limit_default_watts": Present(1_400.0),
    "sm_clock_hertz": Present(1_920_000_000),
    "utilization_ratio": BUSY,
    "nvlink_links": Present(18),
    "nvlink_links_active": Present(18),
    "nvlink_speed_min_bytes_per_second": Present(SPEED),
    "pcie_generation": Present(6),
    "pcie_generation_max": Present(6),
    "pcie_width": Present(16),
    "pcie_width_max": Present(16),
    "c2c_links": Present(5),
    "c2c_links_active": Present(5),
    "remap_pending": Present(0),
    "remap_failed": Present(0),
    "unrepairable_memory": Present(0),
    "channel_repair_pending": Present(0),
    "tpc_repair_pending": Present(0),
    "sram_threshold_exceeded": Present(0),
    "confidential_computing_ready": Present(1),
    "mig_mode": Present(0),
    "ecc_corrected_volatile": Present(7),
    "ecc_uncorrected_volatile": Present(1),
    "nvlink_recoveries": Present(3),
    "nvlink_recoveries_failed": Present(0),
}


def full(**numbers: Reading) -> GpuReadings:
    """Return a healthy GPU that tells everything, with some readings changed."""
    return gpu(**{**FULL, **numbers})


def judged(*seen: GpuReadings | None, every_ms: int = 1_000) -> list[tuple[str, Finding | None]]:
    """Return state and only finding of the first slot after each pass."""
    memory = Memory()
    found = []
    for count, one in enumerate(seen):
        verdict, memory = judge(EXPECTED, one_pass(one, at_ms=count * every_ms), memory)
        condition = verdict.conditions[SLOT]
        assert len(condition.findings) <= 1
        found.append((condition.state.value, next(iter(condition.findings), None)))
    return found


CASES: list[tuple[str, dict[str, Reading], str, Finding]] = [
    ("an inactive link", {"nvlink_links_active": Present(17)}, "degraded",
     Finding("nvlink_degraded", "driver: 17 of 18 NVLinks active", "reset_gpu")),
    ("a slow link", {"nvlink_speed_min_bytes_per_second": Present(SPEED // 2)}, "degraded",
     Finding("nvlink_degraded", "driver: slowest NVLink 26562 of 53125 MB/s", "inspect")),
    ("half the lanes", {"pcie_width": Present(8)}, "degraded",
     Finding("pcie_degraded", "driver: 8 of 16 PCIe lanes", "inspect")),
    ("a link to the CPU", {"c2c_links_active": Present(4)}, "degraded",
     Finding("c2c_down", "driver: 4 of 5 chip-to-chip links are up", "reboot_node")),
    ("a row to be remapped", {"remap_pending": Present(1)}, "degraded",
     Finding("remap_pending", "driver: a memory row waits for a reset", "reset_gpu")),
    ("a row that could not be", {"remap_failed": Present(1)}, "down",
     Finding("remap_failed", "driver: a memory row could not be remapped", "replace")),
    ("memory beyond repair", {"unrepairable_memory": Present(1)}, "down",
     Finding("memory_unrepairable", "driver: memory cannot be repaired", "replace")),
    ("a channel to be repaired", {"channel_repair_pending": Present(1)}, "degraded",
     Finding("repair_pending",
             "driver: a memory channel waits for a reset to be repaired", "reset_gpu")),
    ("a cluster to be repaired", {"tpc_repair_pending": Present(1)}, "degraded",
     Finding("repair_pending",
             "driver: a processing cluster waits for a reset to be repaired", "reset_gpu")),
    ("too many SRAM errors", {"sram_threshold_exceeded": Present(1)}, "degraded",
     Finding("sram_threshold",
             "driver: uncorrected errors of the SRAM are over its threshold", "replace")),
    ("not let to work", {"confidential_computing_ready": Present(0)}, "down",
     Finding("not_ready",
             "driver: confidential computing is on, and the GPUs are not ready", "inspect")),
    ("divided", {"mig_mode": Present(1)}, "ok",
     Finding("mig_enabled", "driver: MIG mode is on", "none")),
]  # fmt: skip
IDS = [case[0] for case in CASES]


@pytest.mark.parametrize(("change", "state", "expected"), [case[1:] for case in CASES], ids=IDS)
def test_a_reading_shows_a_fault_until_it_shows_none(
    change: dict[str, Reading], state: str, expected: Finding
) -> None:
    """From its first sample to the first good one."""
    assert judged(full(), full(**change), full(**change), full()) == [
        ("ok", None),
        (state, expected),
        (state, expected),
        ("ok", None),
    ]


@pytest.mark.parametrize(("change", "state", "expected"), [case[1:] for case in CASES], ids=IDS)
def test_a_fault_does_not_end_because_nobody_looks(
    change: dict[str, Reading], state: str, expected: Finding
) -> None:
    """It stands while its reading is absent, and ends on a good one."""
    for absence in Absence:
        if absence in {Absence.LOST, Absence.RESET_REQUIRED}:
            continue
        gone = full(**dict.fromkeys(change, Absent(absence)))
        assert judged(full(**change), gone, full()) == [
            (state, expected),
            (state, expected),
            ("ok", None),
        ]


@pytest.mark.parametrize("name", sorted(FULL))
@pytest.mark.parametrize("absence", [Absence.UNSUPPORTED, Absence.STALE, Absence.NO_PERMISSION])
def test_a_reading_that_is_not_there_is_no_fault(name: str, absence: Absence) -> None:
    """A verdict of ok rests on four readings and the fabric; older drivers lack the others."""
    assert judged(full(**{name: Absent(absence)})) == [("ok", None)]


def test_a_fault_stands_while_its_gpu_hangs() -> None:
    """The failure that is known outranks not knowing."""
    hung = replace(full(), numbers={}, answered=Absent(Absence.UNOBSERVABLE, "no answer"))
    memory = Memory()
    for seen in (full(remap_failed=Present(1)), hung):
        verdict, memory = judge(EXPECTED, one_pass(seen), memory)
    assert verdict.conditions[SLOT].state == "down"
    assert {f.reason for f in verdict.conditions[SLOT].findings} == {
        "remap_failed",
        "gpu_unobservable",
    }


def test_another_gpu_in_the_slot_ends_what_stood() -> None:
    """It was a fault of the part, not of the place."""
    expected = tuple(replace(one, uuid=None) for one in EXPECTED)
    _, memory = judge(expected, one_pass(full(remap_failed=Present(1))), Memory())
    new = gpu()
    new = replace(new, identity=replace(new.identity, uuid=UUID + "9"))  # type: ignore[arg-type]
    verdict, _ = judge(expected, one_pass(new), memory)
    assert verdict.conditions[SLOT] == OK


def test_inactive_links_are_named() -> None:
    """So that somebody can find the cable."""
    links = tuple(NvLink(number, number not in {3, 14}) for number in range(18))
    seen = replace(full(nvlink_links_active=Present(16)), links=Present(links))
    ((_, finding),) = judged(seen)
    assert finding is not None
    assert finding.evidence == "driver: 16 of 18 NVLinks active, inactive: 3 14"


def test_a_link_one_percent_slow_is_rounding() -> None:
    """The driver gives whole megabytes a second."""
    assert judged(full(nvlink_speed_min_bytes_per_second=Present(SPEED * 99 // 100))) == [
        ("ok", None)
    ]


def test_an_h100_is_not_asked_for_nvlink() -> None:
    """The same name is sold with and without."""
    small = gpu(
        memory_total_bytes=Present(81_559 * 1024 * 1024),
        power_limit_watts=Present(700.0),
        nvlink_links_active=Present(0),
    )
    seen = Pass(0, {UUID: replace(small, fabric=Absent(Absence.UNSUPPORTED))})
    verdict, _ = judge((Expected(SLOT, 2, UUID, "h100"),), seen, Memory())
    assert verdict.conditions[SLOT] == OK


def test_a_domain_without_imex_is_whole() -> None:
    """Idle nodes were called unhealthy for 13 days while NVLink ran (aicr issue 2641)."""
    for state in (0, 1, 2):
        host = HostReadings(numbers={"imex_state": Present(state), "imex_nodes_ready": Present(0)})
        verdict, _ = judge(EXPECTED, replace(one_pass(full()), host=host), Memory())
        assert verdict.conditions[SLOT] == OK


# --- the power limit, and who could have set it ---------------------------------------------------

LIMITS: list[tuple[str, dict[str, float], str]] = [
    ("software", {"": 1_000, "_requested": 1_000},
     ("driver: power limit 1000 of 1400 watts, as requested: set by software (root, through NVML "
     "or nvidia-smi, or a power profile)")),
    ("the platform", {"": 1_037, "_requested": 1_400},
     ("driver: power limit 1000 or a little more of 1400 watts, 1400 requested: set by the "
     "platform (BMC, module limit, heat)")),
    ("the VBIOS", {"": 1_000, "_requested": 1_000, "_default": 1_000},
     "driver: power limit 1000 of 1400 watts, as requested: the default of the VBIOS"),
    ("nobody known", {"": 1_000}, "driver: power limit 1000 of 1400 watts"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("watts", "evidence"), [case[1:] for case in LIMITS], ids=[case[0] for case in LIMITS]
)
def test_a_low_power_limit_says_who_could_have_set_it(
    watts: dict[str, float], evidence: str
) -> None:
    """1,400 watts sold, less set."""
    limits: dict[str, Reading] = {"power_limit_default_watts": Present(1_400.0)}
    limits |= {f"power_limit{name}_watts": Present(value) for name, value in watts.items()}
    seen = gpu(**limits)
    assert judged(seen) == [("degraded", Finding("power_limit", evidence, "inspect"))]


def test_a_limit_that_the_platform_moves_is_one_finding() -> None:
    """Else every sample would be another record."""
    found = judged(*[full(power_limit_watts=Present(watts)) for watts in (1_001.3, 1_049.0)])
    assert found[0] == found[1]


# --- the fabric -----------------------------------------------------------------------------------

FABRICS: list[tuple[str, dict[str, object], str]] = [
    ("completed without resources (azhpc-images issue 506)", {"status": 23, "clique": 0},
     "driver: fabric state completed, status 23 (insufficient resources), clique 0"),
    ("never up (dstack issue 1167)", {"state": 1, "clique": 0},
     "driver: fabric state not started, status 0"),
    ("no cluster", {"cluster_uuid": "00000000-0000-0000-0000-000000000000"},
     "driver: fabric state completed, and no cluster: its UUID is zero"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "evidence"), [case[1:] for case in FABRICS], ids=[case[0] for case in FABRICS]
)
def test_a_fabric_that_passes_for_whole_is_not(changes: dict[str, object], evidence: str) -> None:
    """State, status and cluster all have to say so."""
    assert judged(fabric(**changes)) == [
        ("down", Finding("fabric_down", evidence, "recover_fabric"))
    ]


def test_a_fabric_of_one_node_has_no_cluster() -> None:
    """An HGX B200 reads zeros and is whole."""
    lone = Fabric(3, 0, "00000000-0000-0000-0000-000000000000", 0, 0x0AA, 1)
    seen = gpu(
        memory_total_bytes=Present(183_359 * 1024 * 1024), power_limit_watts=Present(1_000.0)
    )
    passed = Pass(0, {UUID: replace(seen, fabric=Present(lone))})
    verdict, _ = judge((Expected(SLOT, 2, UUID, "b200"),), passed, Memory())
    assert verdict.conditions[SLOT] == OK
    verdict, _ = judge(
        (Expected(SLOT, 2, UUID, "gb300"),),
        one_pass(replace(full(), fabric=Present(replace(FABRIC, clique=0)))),
        Memory(),
    )
    assert verdict.conditions[SLOT] == OK


# --- what the operator should do ------------------------------------------------------------------


def test_a_slot_asks_for_the_most_that_its_findings_ask() -> None:
    """Two lesser things do not hide a greater one."""
    seen = full(remap_pending=Present(1), remap_failed=Present(1), pcie_width=Present(8))
    verdict, _ = judge(EXPECTED, one_pass(seen), Memory())
    assert verdict.actions[SLOT] == "replace"


def test_an_event_asks_for_ten_minutes() -> None:
    """A program to be restarted is no condition of the slot."""
    verdict, memory = judge(EXPECTED, one_pass(full(), 31, at_ms=0), Memory())
    assert verdict.conditions[SLOT] == OK
    assert verdict.actions[SLOT] == "restart_application"
    verdict, _ = judge(EXPECTED, one_pass(full(), at_ms=599_999), memory)
    assert verdict.actions[SLOT] == "restart_application"
    verdict, _ = judge(EXPECTED, one_pass(full(), at_ms=600_000), memory)
    assert verdict.actions[SLOT] == "none"


def test_an_action_of_the_future_is_never_none() -> None:
    """What the driver asks for is not known: the capacity is unknown, and support is asked."""
    verdict, _ = judge(EXPECTED, one_pass(full(recovery_action=Present(8))), Memory())
    assert verdict.conditions[SLOT].state == "unknown"
    assert verdict.actions[SLOT] == "contact_support"
