"""Processors, memory, clock and network of a node, from trees made for the purpose."""

import os
import struct
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gpusla.catalogue.readings import Consent
from gpusla.readings import Absence, Absent, NetworkPort, Present
from gpusla_agent.sources.host.clock import KernelClock, read_clock, read_kernel_clock, read_timex
from gpusla_agent.sources.host.cpu import read_cpu
from gpusla_agent.sources.host.memory import read_memory
from gpusla_agent.sources.host.network import PORTS_MAX, read_network
from tests.agent.sources.host_trees import (
    make_ethernet,
    make_infiniband,
    make_node,
    make_pci,
    write,
)

CAPACITY = frozenset({Consent.CAPACITY})
ACTIVITY = frozenset({Consent.CAPACITY, Consent.ACTIVITY})


def present(port: NetworkPort) -> dict[str, float]:
    """Return the numbers of a port that have a value."""
    return {name: one.value for name, one in port.numbers.items() if isinstance(one, Present)}


def test_processors_are_counted_and_their_time_is_theirs(tmp_path: Path) -> None:
    """Idle and waiting are not busy, and a guest's time is not counted twice."""
    found = read_cpu(*make_node(tmp_path), ACTIVITY)
    ticks = 1000 + 20 + 300 + 5 + 6 + 7
    assert found.numbers == {
        "cpus": Present(144),
        "cpu_busy_seconds": Present(ticks / os.sysconf("SC_CLK_TCK")),
    }


def test_memory_is_in_bytes(tmp_path: Path) -> None:
    """The kernel's kB are 1,024 bytes."""
    _, proc = make_node(tmp_path)
    assert read_memory(proc, ACTIVITY).numbers == {
        "host_memory_total_bytes": Present(1_006_632_960 * 1_024),
        "host_memory_available_bytes": Present(900_000_000 * 1_024),
    }


def test_activity_is_not_read_where_it_was_not_agreed(tmp_path: Path) -> None:
    """Not of processors, memory or network."""
    sys, proc = make_node(tmp_path)
    make_infiniband(sys, "mlx5_0", make_pci(sys, "0000:03:00.0"))
    make_ethernet(sys, "eth0", make_pci(sys, "0000:04:00.0"))
    assert set(read_cpu(sys, proc, CAPACITY).numbers) == {"cpus"}
    assert set(read_memory(proc, CAPACITY).numbers) == {"host_memory_total_bytes"}
    for port in read_network(sys, CAPACITY).ports:
        assert not {"tx_bytes", "rx_bytes"} & set(port.numbers)


@pytest.mark.parametrize("text", ["", "x", "5-2", "1-", "cpu", "cpu 1 2 3", "cpu a b c d e f g h"])
def test_a_spoilt_file_is_an_error_and_no_number(tmp_path: Path, text: str) -> None:
    """Nor a zero."""
    sys, proc = make_node(tmp_path)
    write(sys, devices__system__cpu__present=text)
    write(proc, stat=text, meminfo=text)
    for found in (read_cpu(sys, proc, ACTIVITY), read_memory(proc, ACTIVITY)):
        assert not found.is_good
        for reading in found.numbers.values():
            assert isinstance(reading, Absent)
            assert reading.absence is Absence.ERROR


def test_a_file_that_is_not_there_is_unsupported(tmp_path: Path) -> None:
    """Which is no failure of the probe."""
    found = read_cpu(tmp_path, tmp_path, ACTIVITY)
    assert found.is_good
    assert {one.absence for one in found.numbers.values() if isinstance(one, Absent)} == {
        Absence.UNSUPPORTED
    }


def test_the_machines_own_files_are_read() -> None:
    """The real ones: at least one processor, some memory, and no more free than there is."""
    cpus = read_cpu(Path("/sys"), Path("/proc"), ACTIVITY).numbers
    memory = read_memory(Path("/proc"), ACTIVITY).numbers
    assert isinstance(busy := cpus["cpu_busy_seconds"], Present)
    assert busy.value > 0
    assert isinstance(total := memory["host_memory_total_bytes"], Present)
    assert isinstance(free := memory["host_memory_available_bytes"], Present)
    assert 0 < free.value < total.value
    assert read_network(Path("/sys"), ACTIVITY).is_good


# --- network ----------------------------------------------------------------------------------


def test_an_infiniband_port_is_read(tmp_path: Path) -> None:
    """State, rate, errors, and bytes where the kernel counts words of four."""
    sys, _ = make_node(tmp_path)
    make_infiniband(sys, "mlx5_0", make_pci(sys, "0000:03:00.0"))
    (port,) = read_network(sys, ACTIVITY).ports
    assert (port.device, port.port) == ("mlx5_0", 1)
    assert present(port) == {
        "link_up": 1,
        "rate_bytes_per_second": 100e9,
        "errors": 6,
        "link_downs": 5,
        "tx_bytes": 4_000,
        "rx_bytes": 8_000,
    }


@pytest.mark.parametrize("state", ["1: DOWN", "2: INIT", "3: ARMED"])
def test_a_port_that_is_not_active_is_not_up(tmp_path: Path, state: str) -> None:
    """Armed is not active either."""
    sys, _ = make_node(tmp_path)
    port = make_infiniband(sys, "mlx5_0", make_pci(sys, "0000:03:00.0"))
    write(port, state=state + "\n")
    assert present(read_network(sys, CAPACITY).ports[0])["link_up"] == 0


def test_an_adapter_is_listed_once(tmp_path: Path) -> None:
    """Its Ethernet side only where it has no InfiniBand side; other makes and functions never."""
    sys, _ = make_node(tmp_path)
    both, plain = make_pci(sys, "0000:03:00.0"), make_pci(sys, "0000:04:00.0")
    virtual = make_pci(sys, "0000:04:00.1")
    (virtual / "physfn").symlink_to(plain)
    make_infiniband(sys, "mlx5_0", both)
    make_infiniband(sys, "mlx5_9", virtual)
    make_ethernet(sys, "eth0", both)
    make_ethernet(sys, "eth1", plain)
    make_ethernet(sys, "eth2", virtual)
    make_ethernet(sys, "eth3", make_pci(sys, "0000:05:00.0", "igb"))
    write(sys / "class/net/lo", operstate="unknown\n")
    ports = read_network(sys, ACTIVITY).ports
    assert [port.device for port in ports] == ["mlx5_0", "eth1"]
    assert present(ports[1]) == {
        "link_up": 1,
        "rate_bytes_per_second": 25e9,
        "errors": 3,
        "link_downs": 4,
        "tx_bytes": 20,
        "rx_bytes": 10,
    }


def test_a_link_that_is_down_has_no_speed(tmp_path: Path) -> None:
    """The kernel says -1; that is no speed and no failure."""
    sys, _ = make_node(tmp_path)
    place = make_ethernet(sys, "eth1", make_pci(sys, "0000:04:00.0"))
    write(place, operstate="down\n", speed="-1\n")
    found = read_network(sys, CAPACITY)
    assert found.is_good
    assert present(found.ports[0])["link_up"] == 0
    assert "rate_bytes_per_second" not in present(found.ports[0])


def test_counters_that_an_adapter_lacks_are_not_zero(tmp_path: Path) -> None:
    """What is there is added up; of what is not there, nothing is said."""
    sys, _ = make_node(tmp_path)
    port = make_infiniband(sys, "mlx5_0", make_pci(sys, "0000:03:00.0"))
    (port / "counters/symbol_error").unlink()
    (port / "counters/link_downed").unlink()
    numbers = present(read_network(sys, CAPACITY).ports[0])
    assert numbers["errors"] == 3
    assert "link_downs" not in numbers


def test_a_broken_tree_costs_no_more_than_a_few_ports(tmp_path: Path) -> None:
    """Series are money too."""
    sys, _ = make_node(tmp_path)
    device = make_pci(sys, "0000:03:00.0")
    for number in range(PORTS_MAX + 5):
        make_infiniband(sys, f"mlx5_{number}", device)
    assert len(read_network(sys, CAPACITY).ports) == PORTS_MAX


# --- clock ------------------------------------------------------------------------------------


def timex(*, offset: int, error_us: int, status: int) -> bytes:
    """A struct timex as 64-bit Linux lays it out."""
    return struct.pack("=i4xqqqqi", 0, offset, 7, error_us, 8, status).ljust(208, b"\0")


def test_an_offset_is_in_nanoseconds_where_the_kernel_says_so() -> None:
    """STA_NANO is bit 13, STA_UNSYNC bit 6."""
    assert read_timex(timex(offset=-250_000, error_us=1_500, status=0x2001)) == KernelClock(
        is_synchronised=True, offset_seconds=-0.00025, error_max_us=1_500
    )
    assert read_timex(timex(offset=250, error_us=16_000_000, status=0x40)) == KernelClock(
        is_synchronised=False, offset_seconds=0.00025, error_max_us=16_000_000
    )


def test_a_clock_that_nobody_keeps_has_no_bound() -> None:
    """Its maximum error is a number that only grows."""
    free = KernelClock(is_synchronised=False, offset_seconds=0.0, error_max_us=16_000_000)
    found = read_clock(lambda: free)
    assert found.numbers["clock_synchronised"] == Present(0)
    assert isinstance(found.numbers["clock_error_max_seconds"], Absent)
    kept = KernelClock(is_synchronised=True, offset_seconds=0.0, error_max_us=2_500)
    assert read_clock(lambda: kept).numbers["clock_error_max_seconds"] == Present(0.0025)


def test_a_kernel_that_cannot_be_asked_is_unsupported() -> None:
    """As in a sandbox that forbids the call."""
    found = read_clock(lambda: None)
    assert len(found.numbers) == 3
    assert found.is_good


def test_this_kernel_is_asked_without_privilege() -> None:
    """The real call: an error bound that is not negative."""
    clock = read_kernel_clock()
    assert clock is not None
    assert clock.error_max_us >= 0


@settings(max_examples=40)
@given(st.text(max_size=80))
def test_any_text_in_a_file_is_read_or_refused(text: str) -> None:
    """No content of a file raises."""
    with TemporaryDirectory() as directory:
        sys, proc = make_node(Path(directory))
        port = make_infiniband(sys, "mlx5_0", make_pci(sys, "0000:03:00.0"))
        write(sys, devices__system__cpu__present=text)
        write(proc, stat=text, meminfo=text)
        write(port, state=text, rate=text)
        for found in (read_cpu(sys, proc, ACTIVITY), read_memory(proc, ACTIVITY)):
            assert found.numbers
        assert read_network(sys, ACTIVITY).ports
