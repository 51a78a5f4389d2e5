"""Sums, minima and the worst of a GPU's NVLinks: none of them is smaller for a link unread."""

from typing import Any

import pytest

from gpusla.readings import Absence, Absent, GpuReadings, NvLink, Present
from gpusla_agent.probes import PROBING
from gpusla_agent.probes.nvlink import bit_error_rate
from tests.agent.probes.said import LINK, LINK_ERRORS, raw


def read(family: str, normal: dict[str, Any], place: int, **changed: Any) -> GpuReadings:
    """Return the readings of a GPU of which one link says something else."""
    links = [dict(normal) for _ in range(18)]
    links[place].update(changed)
    told: dict[str, Any] = {family: (0, links)}
    return PROBING.interpret(raw(**told), None).readings


def states(**changed: Any) -> GpuReadings:
    """Return the readings of a GPU whose link 7 says something else of its state."""
    return read("links", LINK, 7, **changed)


def errors(**changed: Any) -> GpuReadings:
    """Return the readings of a GPU whose link 7 says something else of its errors."""
    return read("link_errors", LINK_ERRORS, 7, **changed)


@pytest.mark.parametrize(
    ("state", "active"), [(0, 17), (1, 18), (2, 18), (3, 17)], ids=["down", "up", "asleep", "mute"]
)
def test_a_link_is_active_if_it_carries_traffic_or_can(state: int, active: int) -> None:
    """One that sleeps wakes up; one whose traffic is disabled does not help anybody."""
    found = states(state=(0, state))
    assert found.numbers["nvlink_links_active"] == Present(active)
    assert found.numbers["nvlink_links"] == Present(18)
    assert isinstance(found.links, Present)
    assert found.links.value[7].is_active is (active == 18)


def test_a_link_whose_state_is_not_known_makes_their_number_unknown() -> None:
    """Seventeen would be a fault that nobody saw."""
    found = states(state=(999, None))
    why = Absent(Absence.ERROR, "NVLink 7: NVML 999: unknown error of the driver")
    assert found.numbers["nvlink_links_active"] == why
    assert found.links == why
    assert found.numbers["nvlink_links"] == Present(18)


def test_a_state_that_the_header_does_not_know_is_not_believed() -> None:
    """It is neither up nor down."""
    found = states(state=(0, 9))
    assert "nvlink_links_active" in found.rejected
    assert found.links == Absent(Absence.ERROR, "implausible: NVLink 7: state 9")


def test_the_slowest_active_link_counts() -> None:
    """A link that is down has no speed to be slow by."""
    slow = {"speed_megabytes_per_second": (0, 26_562)}
    name = "nvlink_speed_min_bytes_per_second"
    assert states(**slow).numbers[name] == Present(26_562_000_000)
    assert states(state=(0, 0), **slow).numbers[name] == Present(53_125_000_000)


def test_a_speed_that_is_not_known_could_be_the_slowest() -> None:
    """The link itself is still known to be up."""
    found = states(speed_megabytes_per_second=(3, None))
    assert isinstance(found.numbers["nvlink_speed_min_bytes_per_second"], Absent)
    assert isinstance(found.links, Present)
    assert found.links.value[7] == NvLink(7, is_active=True)
    odd = states(speed_megabytes_per_second=(0, 10**9))
    assert "nvlink_speed_min_bytes_per_second" in odd.rejected


def test_a_gpu_without_active_links_has_no_slowest_one() -> None:
    """And none that is active, which is a number."""
    down = PROBING.interpret(raw(links=(0, [LINK | {"state": (0, 0)}] * 18)), None)
    assert down.readings.numbers["nvlink_links_active"] == Present(0)
    slowest = down.readings.numbers["nvlink_speed_min_bytes_per_second"]
    assert slowest == Absent(Absence.UNSUPPORTED, "no NVLink is active")
    assert down.success["nvlink"]


def test_a_gpu_without_links_has_none() -> None:
    """Not unknown: it has zero."""
    found = PROBING.interpret(raw(links=(0, []), link_errors=(0, [])), None).readings
    assert found.numbers["nvlink_links"] == Present(0)
    assert found.links == Present(())
    assert isinstance(found.numbers["nvlink_symbol_errors"], Absent)


def test_errors_of_all_links_are_added_up() -> None:
    """Each kind of damaged packet, over all links."""
    found = errors(symbol_errors=(0, 1_000), tx_discards=(0, 106))
    assert found.numbers["nvlink_symbol_errors"] == Present(17 * 10 + 1_000)
    assert found.numbers["nvlink_packet_errors"] == Present(18 * 21 + 100)


@pytest.mark.parametrize(
    ("code", "absence"),
    [(3, Absence.UNSUPPORTED), (999, Absence.ERROR), (15, Absence.LOST)],
)
def test_a_link_that_cannot_be_read_makes_the_sum_absent(code: int, absence: Absence) -> None:
    """A smaller sum would be a counter that fell, and grew again when the link came back."""
    found = errors(symbol_errors=(code, None)).numbers["nvlink_symbol_errors"]
    assert isinstance(found, Absent)
    assert found.absence is absence
    assert found.detail.startswith("NVLink 7: NVML")


def test_a_field_that_no_link_has_is_left_out_of_a_sum() -> None:
    """A driver that lacks one of six counters still tells the other five."""
    links = [LINK_ERRORS | {"rx_general_errors": (3, None)}] * 18
    found = PROBING.interpret(raw(link_errors=(0, links)), None).readings
    assert found.numbers["nvlink_packet_errors"] == Present(18 * 16)


def test_a_count_that_is_none_makes_the_sum_implausible() -> None:
    """All bits set is how a link that is gone reads."""
    found = errors(symbol_errors=(0, 2**32 - 1))
    assert found.rejected == ("nvlink_symbol_errors",)


@pytest.mark.parametrize(
    ("coded", "rate"),
    [(0x000, 0.0), (0x00F, 0.0), (0x100, 1.0), (0x50F, 5e-15), (0xFFF, 1.5e-254), (0x308, 3e-8)],
)
def test_a_bit_error_rate_is_mantissa_and_exponent(coded: int, rate: float) -> None:
    """Four bits of the one, eight of the other; no mantissa is no error."""
    assert bit_error_rate(coded) == rate


def test_the_worst_link_tells_the_bit_error_rate() -> None:
    """A link that is down has none, and the others' still holds."""
    name = "nvlink_effective_ber_max_ratio"
    assert errors(effective_ber=(0, 0x906)).numbers[name] == Present(9e-6)
    assert errors(effective_ber=(3, None)).numbers[name] == Present(5e-15)
    assert isinstance(errors(effective_ber=(999, None)).numbers[name], Absent)


def test_a_bit_error_rate_above_one_is_not_believed() -> None:
    """More errors than bits."""
    found = errors(symbol_ber=(0, 0x500))
    assert found.rejected == ("nvlink_symbol_ber_max_ratio",)
