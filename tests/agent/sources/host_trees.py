"""Trees like /sys and /proc of a GB300 tray, made in a temporary folder."""

from pathlib import Path

STAT = "cpu  1000 20 300 9000 400 5 6 7 50 0\ncpu0 1 2 3 4 5 6 7 8 9 0\nintr 17\n"
MEMINFO = "MemTotal:       1006632960 kB\nMemFree: 5 kB\nMemAvailable:    900000000 kB\n"


def write(root: Path, **files: str) -> None:
    """Write files below root; two underscores stand for a slash."""
    for name, content in files.items():
        path = root / name.replace("__", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)


def make_node(root: Path) -> tuple[Path, Path]:
    """Make a node without a network; returns its /sys and /proc."""
    sys, proc = root / "sys", root / "proc"
    write(sys, devices__system__cpu__present="0-71,72-143\n")
    write(proc, stat=STAT, meminfo=MEMINFO)
    return sys, proc


def make_pci(sys: Path, address: str, driver: str = "mlx5_core") -> Path:
    """Make a PCI device with a driver; returns it."""
    device = sys / "devices/pci" / address
    place = sys / "bus/pci/drivers" / driver
    device.mkdir(parents=True)
    place.mkdir(parents=True, exist_ok=True)
    (device / "driver").symlink_to(place)
    return device


def make_infiniband(sys: Path, name: str, device: Path) -> Path:
    """Make an adapter's InfiniBand side at 800 Gb/s; returns its first port."""
    port = sys / "class/infiniband" / name / "ports/1"
    write(port, state="4: ACTIVE\n", rate="800 Gb/sec (4X XDR)\n", link_layer="InfiniBand\n")
    write(
        port / "counters",
        symbol_error="3\n",
        local_link_integrity_errors="1\n",
        port_rcv_errors="2\n",
        link_downed="5\n",
        port_xmit_data="1000\n",
        port_rcv_data="2000\n",
    )
    (sys / "class/infiniband" / name / "device").symlink_to(device)
    return port


def make_ethernet(sys: Path, name: str, device: Path) -> Path:
    """Make an adapter's Ethernet side at 200 Gb/s; returns it."""
    place = sys / "class/net" / name
    write(place, operstate="up\n", speed="200000\n", carrier_down_count="4\n", dev_port="0\n")
    write(place / "statistics", rx_bytes="10\n", tx_bytes="20\n", rx_errors="1\n", tx_errors="2\n")
    (place / "device").symlink_to(device)
    return place
