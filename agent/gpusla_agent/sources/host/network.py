"""
Ports of the node's ConnectX adapters: InfiniBand's view where there is one, Ethernet's else.

Files: Documentation/ABI/stable/sysfs-class-infiniband and testing/sysfs-class-net of Linux.
Virtual functions belong to whoever they were given to and are left out.
"""

import re
from collections.abc import Set as AbstractSet
from pathlib import Path

from gpusla.catalogue.readings import Consent
from gpusla.readings import Absence, Absent, NetworkPort, Present, Reading
from gpusla_agent.sources.host.found import Found
from gpusla_agent.sources.host.tree import children, read_count, read_text, total

PORTS_MAX = 64
"""A compute tray has five adapters; this only bounds what a broken tree could cost."""

_DRIVER = "mlx5_core"
_WORD_BYTES = 4
_RATE = re.compile(r"([0-9]{1,6}(?:\.[0-9]{1,3})?) Gb/sec\b", re.ASCII)
_STATE = re.compile(r"([0-9]): [A-Z_ ]+", re.ASCII)
_ACTIVE = "4"
_ERRORS = ("symbol_error", "local_link_integrity_errors", "port_rcv_errors")


def read_network(sys: Path, allowed: AbstractSet[Consent]) -> Found:
    """Return every port; bytes only where activity was agreed."""
    is_activity = Consent.ACTIVITY in allowed
    ports, places = list[NetworkPort](), set[Path]()
    for device in children(sys / "class/infiniband"):
        if _is_virtual(device):
            continue
        places.add((device / "device").resolve())
        for port in children(device / "ports"):
            if port.name.isdecimal():
                ports.append(_infiniband(device.name, port, is_activity=is_activity))
    for device in children(sys / "class/net"):
        if _is_adapter(device) and (device / "device").resolve() not in places:
            ports.append(_ethernet(device, is_activity=is_activity))
    return Found(ports=tuple(ports[:PORTS_MAX]))


def _is_virtual(device: Path) -> bool:
    return (device / "device/physfn").exists()


def _is_adapter(device: Path) -> bool:
    return (device / "device/driver").resolve().name == _DRIVER and not _is_virtual(device)


# --- InfiniBand and RoCE ----------------------------------------------------------------------


def _infiniband(name: str, port: Path, *, is_activity: bool) -> NetworkPort:
    counters = port / "counters"
    numbers: dict[str, Reading] = {
        "link_up": _state(port / "state"),
        "rate_bytes_per_second": _rate(port / "rate"),
        "errors": total([read_count(counters / name) for name in _ERRORS]),
        "link_downs": read_count(counters / "link_downed"),
    }
    if is_activity:  # The counters are in words of four bytes.
        numbers["tx_bytes"] = total([read_count(counters / "port_xmit_data")], _WORD_BYTES)
        numbers["rx_bytes"] = total([read_count(counters / "port_rcv_data")], _WORD_BYTES)
    return NetworkPort(name, int(port.name), numbers)


def _state(path: Path) -> Reading:
    text = read_text(path)
    if isinstance(text, Absent):
        return text
    found = _STATE.fullmatch(text.strip())
    if found is None:
        return Absent(Absence.ERROR, "state is no state of a port")
    return Present(int(found[1] == _ACTIVE))


def _rate(path: Path) -> Reading:
    text = read_text(path)
    if isinstance(text, Absent):
        return text
    found = _RATE.match(text)
    if found is None:
        return Absent(Absence.ERROR, "rate is not in Gb/sec")
    return Present(float(found[1]) * 1e9 / 8)


# --- Ethernet ---------------------------------------------------------------------------------


def _ethernet(device: Path, *, is_activity: bool) -> NetworkPort:
    counters = device / "statistics"
    numbers: dict[str, Reading] = {
        "link_up": _operation(device / "operstate"),
        "rate_bytes_per_second": _speed(device / "speed"),
        "errors": total([read_count(counters / name) for name in ("rx_errors", "tx_errors")]),
        "link_downs": read_count(device / "carrier_down_count"),
    }
    if is_activity:
        numbers["tx_bytes"] = read_count(counters / "tx_bytes")
        numbers["rx_bytes"] = read_count(counters / "rx_bytes")
    number = read_count(device / "dev_port")
    first = number.value if isinstance(number, Present) else 0
    return NetworkPort(device.name, first + 1, numbers)


def _operation(path: Path) -> Reading:
    text = read_text(path)
    return text if isinstance(text, Absent) else Present(int(text.strip() == "up"))


def _speed(path: Path) -> Reading:
    # A link that is down has no speed: the file says -1, or cannot be read at all (EINVAL).
    found = read_count(path)
    if isinstance(found, Absent):
        is_down = found.absence is Absence.ERROR
        return Absent(Absence.UNSUPPORTED, "the link has no speed now") if is_down else found
    return Present(found.value * 1e6 / 8)
