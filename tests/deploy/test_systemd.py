"""The units as systemd judges them, and what the agent needs that hardening would take away."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.programs import program

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "deploy" / "systemd"
UNITS = sorted(FOLDER.glob("*.service"))
EXPOSURE_MAX = 2.0
EXPOSURE = re.compile(r"Overall exposure level for \S+: ([0-9.]+)")

every_unit = pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)


@every_unit
def test_systemd_has_nothing_to_say_about_a_unit(unit: Path, tmp_path: Path) -> None:
    """Its exit status is 0 whatever it finds, so any word of it fails."""
    copy = tmp_path / unit.name
    text = re.sub(r"/opt/gpusla/bin/[a-z-]+", sys.executable, unit.read_text("utf-8"))
    copy.write_text(text, "utf-8")
    checked = analyze("verify", copy)
    assert not checked.stdout + checked.stderr


@every_unit
def test_a_unit_is_well_protected(unit: Path) -> None:
    """Two of ten is the most that we allow; most exporters have nine."""
    judged = analyze("security", "--offline=true", "--no-pager", unit)
    found = EXPOSURE.search(judged.stdout)
    assert found, judged.stdout + judged.stderr
    assert float(found[1]) <= EXPOSURE_MAX


@every_unit
def test_a_unit_is_restarted_for_ever(unit: Path) -> None:
    """A meter that gives up after five tries is a silent one."""
    settings = read(unit)
    assert settings["Restart"] == ["always"]
    assert settings["StartLimitIntervalSec"] == ["0"]
    assert settings["StateDirectoryMode"] == ["0700"]


@every_unit
def test_a_unit_runs_as_a_user_that_is_made(unit: Path) -> None:
    """And not as root, nor as each other."""
    users = (FOLDER / "gpusla.sysusers.conf").read_text("utf-8")
    assert f"u {unit.stem} - " in users
    assert read(unit)["User"] == [unit.stem]


def test_the_agent_can_read_the_boot_and_the_clocks_error() -> None:
    """By the boot id a restart of the node is told; by adjtimex, how wrong an edge may be."""
    settings = read(FOLDER / "gpusla-agent.service")
    assert "ProcSubset" not in settings
    assert "ProtectClock" not in settings
    assert settings["SystemCallFilter"][-1] == "adjtimex clock_adjtime"


def test_the_agent_starts_when_the_time_is_known() -> None:
    """A clock an hour behind would anchor its first samples inside the outage before them."""
    settings = read(FOLDER / "gpusla-agent.service")
    for order in ("After", "Wants"):
        assert "time-sync.target" in settings[order][0].split()


def test_the_agent_reaches_the_gpus_the_kernels_log_and_no_other_device() -> None:
    """The glob covers the control device and one for each GPU."""
    settings = read(FOLDER / "gpusla-agent.service")
    assert settings["DevicePolicy"] == ["closed"]
    assert settings["DeviceAllow"] == ["char-nvidia* rw", "/dev/kmsg r"]


def test_the_agent_is_handed_the_kernels_log_and_has_no_capability() -> None:
    """Opening it takes a right that reading does not; ProtectKernelLogs would close the device."""
    settings = read(FOLDER / "gpusla-agent.service")
    assert settings["StandardInput"] == ["file:/dev/kmsg"]
    assert settings["AmbientCapabilities"] == settings["CapabilityBoundingSet"] == [""]
    assert "ProtectKernelLogs" not in settings
    assert settings["NoNewPrivileges"] == ["yes"]


def test_the_agent_sees_what_its_host_probes_read() -> None:
    """Links under /sys/class are readable unless the whole tree is hidden."""
    settings = read(FOLDER / "gpusla-agent.service")
    assert settings["ProtectSystem"] == ["strict"]
    hidden = " ".join(
        settings.get("InaccessiblePaths", []) + settings.get("TemporaryFileSystem", [])
    )
    assert "/sys" not in hidden
    assert "PrivateNetwork" not in settings


def test_the_agent_is_told_of_new_settings_by_a_reload() -> None:
    """And nothing else of systemd is needed: no socket, no library."""
    settings = read(FOLDER / "gpusla-agent.service")
    assert settings["ExecReload"] == ["/bin/kill -HUP $MAINPID"]
    assert settings["Type"] == ["exec"]
    assert settings["RestrictAddressFamilies"] == ["AF_UNIX AF_INET AF_INET6"]


def read(unit: Path) -> dict[str, list[str]]:
    """Give a unit's settings, each with all its values."""
    settings: dict[str, list[str]] = {}
    for line in unit.read_text("utf-8").splitlines():
        name, equals, value = line.partition("=")
        if equals and not line.startswith("#"):
            settings.setdefault(name, []).append(value)
    return settings


def analyze(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run systemd-analyze, which needs no systemd that runs."""
    return subprocess.run(
        [program("systemd-analyze"), *map(str, arguments)],
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )
