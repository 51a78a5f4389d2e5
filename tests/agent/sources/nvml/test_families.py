"""Every family of calls: its names, its values, its shapes, on a tray that is told what to say."""

from itertools import pairwise

import pytest

from gpusla.catalogue.consent import Consent
from gpusla_agent import standin
from gpusla_agent.sources.families import FAMILIES, FAMILY, LINK_ERROR_FIELDS, LINKS_MAX
from tests.agent.sources.nvml.heard import ACTIVITY, EVERYTHING, Heard

MIB = 1024 * 1024
ALWAYS = {family.name for family in FAMILIES if family.consent is Consent.CAPACITY}


def everything(heard: Heard) -> None:
    """Agree to all of GPU 0, and read until each family was there once."""
    heard.allow(EVERYTHING)
    names = {name for family in FAMILIES for name in family.values}
    heard.until(lambda _: names <= heard.values[0].keys())


def test_the_first_pass_reads_all_that_needs_no_consent(heard: Heard) -> None:
    """And says of each family which it is, and how long it took."""
    for raw in heard.raw.values():
        assert raw.families == ALWAYS == set(raw.seconds)
        assert set(raw.values) == {name for one in ALWAYS for name in FAMILY[one].values}
        assert all(0 <= seconds < 1 for seconds in raw.seconds.values())


def test_every_family_gives_the_values_that_it_is_said_to_give(heard: Heard) -> None:
    """With every consent, all names of the table, and every call succeeds on the newest driver."""
    everything(heard)
    failed = {name: code for name, (code, _) in heard.values[0].items() if code}
    assert failed == {"confidential_computing_ready": 3}  # the mode is off


def test_a_healthy_tray_says_what_the_capture_says(heard: Heard) -> None:
    """Units are NVML's own; a number in the wrong place of a batch would show here."""
    everything(heard)
    values = {name: value for name, (_, value) in heard.values[0].items()}
    expected = {
        "power_milliwatts": pytest.approx(180_000, rel=0.05),
        "power_limit_milliwatts": 1_400_000,
        "power_limit_default_milliwatts": 1_400_000,
        "power_limit_min_milliwatts": 200_000,
        "recovery_action": 0,
        "temperature": 38,
        "temperature_margin": 49,
        "temperature_slowdown_margin": -2,
        "temperature_shutdown_margin": -5,
        "sm_clock_megahertz": 120,
        "sm_clock_max_megahertz": 2_070,
        "memory_clock_megahertz": 3_996,
        "memory_total_bytes": 284_208 * MIB,
        "memory_reserved_bytes": 947 * MIB,
        "memory_used_bytes": 0,
        "memory_free_bytes": (284_208 - 947) * MIB,
        "ecc_mode": 1,
        "module_power_limit_milliwatts": 2_900_000,
        "c2c_links": 5,
        "c2c_links_active": 5,
        "remap_banks": [5952, 0, 0, 0, 0],
        "mig_mode": 0,
        "confidential_computing_ready": None,
        "instances": [],
        "processes": [],
    }
    assert {name: values[name] for name in expected} == expected


@pytest.mark.parametrize(("mode", "expected"), [(0, (3, None)), (1, (0, 0))])
def test_ready_is_asked_only_where_confidential_computing_is_on(
    heard: Heard, control: standin.Control, mode: int, expected: tuple[int, int | None]
) -> None:
    """With the mode off nobody says what 0 means, and it must not take a GPU away."""
    control.set("confidential_computing_ready", 0)
    control.set("confidential_computing_feature", mode)
    heard.anew()
    assert heard.values[0]["confidential_computing_ready"] == expected


def test_links_come_as_a_list_by_number(heard: Heard, control: standin.Control) -> None:
    """Each a map from the fields' names to code and value; not one more than the GPU has."""
    control.set("gpu", 0, "link", 14, "recoveries", 505)
    control.set("gpu", 0, "link", 3, "state", 0)
    fresh = heard.anew()
    code, errors = fresh.raw[0].values["link_errors"]
    assert (code, len(errors)) == (0, LINKS_MAX)
    assert [link["recoveries"] for link in errors] == [
        [0, 505 if number == 14 else 0] for number in range(LINKS_MAX)
    ]
    assert set(errors[0]) == set(LINK_ERROR_FIELDS)
    _, links = fresh.raw[0].values["links"]
    assert [link["state"][1] for link in links] == [number != 3 for number in range(LINKS_MAX)]
    assert links[0]["speed_megabytes_per_second"] == [0, 53_125]


def test_gpm_says_what_was_done_between_two_passes(heard: Heard, control: standin.Control) -> None:
    """A rate needs two samples, so the first pass has none; counters go on."""
    control.set("gpu", 0, "tensor_active", 37.5)
    control.set("gpu", 0, "nvlink_tx_rate", 1_000)
    heard.allow(ACTIVITY)
    heard.until(lambda _: heard.values[0].get("gpm_tensor_percent") == (0, 37.5))
    assert heard.values[0]["gpm_nvlink_tx_mebibytes_per_second"][1] == pytest.approx(
        1_000, rel=0.01
    )
    first = heard.values[0]["gpm_sm_cycles_elapsed"][1]
    assert isinstance(first, int)
    heard.until(lambda _: heard.values[0]["gpm_sm_cycles_elapsed"][1] > first)


def test_samples_of_gpm_are_never_too_close(heard: Heard) -> None:
    """The driver renews them every 100 ms; in between there is nothing to tell."""
    heard.allow(ACTIVITY)
    times = []
    heard.until(lambda _: "gpm" in heard.raw[0].families)
    for _ in range(20):
        heard.sample()
        if "gpm" in heard.raw[0].families:
            times.append(heard.raw[0].at_mono_ms)
    assert all(later - earlier >= 99 for earlier, later in pairwise(times))


def test_a_divided_gpu_lists_its_instances_and_has_no_gpm(
    heard: Heard, control: standin.Control
) -> None:
    """NVML gives GPM of the instances only, which belong to other tenants."""
    with control.batch():
        control.set("gpu", 1, "mig_mode", 1)
        control.set("gpu", 1, "instance", 2, 0, 1_024)
        control.event(1, "mig_configuration")
    heard.allow(EVERYTHING, EVERYTHING)
    heard.until(lambda _: bool(heard.values[1]["instances"][1]))
    ((uuid, gpu_instance, compute_instance, size),) = heard.values[1]["instances"][1]
    assert uuid.startswith("MIG-")
    assert (gpu_instance, compute_instance, size) == (2, 0, 1_024 * MIB)
    heard.until(lambda _: heard.values[1].get("gpm_sm_percent") == (3, None))


def test_processes_come_with_their_memory(heard: Heard, control: standin.Control) -> None:
    """More of them than there was room for at first."""
    with control.batch():
        for pid in range(1, 17):
            control.set("gpu", 0, "process", pid, pid)
    fresh = heard.anew()
    everything(fresh)
    listed = fresh.values[0]["processes"][1]
    assert sorted(listed) == [[pid, pid * MIB] for pid in range(1, 17)]


def test_identity_says_where_the_gpu_sits(heard: Heard) -> None:
    """As the capture of a GB300 tray has it."""
    identity = heard.raw[0].identity
    assert (identity.module_id, identity.chassis_slot, identity.tray_index) == (2, 25, 15)
    assert (identity.host_id, identity.peer_type) == (1, 1)
    assert identity.board_part_number == "900-2G548-0081-000"
    assert identity.driver_version == "580.173.02"


@pytest.mark.parametrize("profile", ["gb300x8", "h100x8"])
def test_trays_of_eight_are_read(heard: Heard, control: standin.Control, profile: str) -> None:
    """An H100 has no fields of NVLink 5, which is said of each and is no failure of the batch."""
    control.set("profile", profile)
    eight = heard.anew()
    assert len(eight.raw) == 8
    codes = {link["symbol_ber"][0] for link in links_of(eight)}
    assert codes == ({3} if profile == "h100x8" else {0})


def links_of(heard: Heard) -> list[dict[str, list[int]]]:
    """The error counters of all links of the last GPU; one that says nothing if it has none."""
    code, links = heard.raw[7].values["link_errors"]
    return links or [{"symbol_ber": [code, 0]}]
