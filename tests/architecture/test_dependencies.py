"""What an install brings along: few packages on a node, nothing abandoned, everything locked."""

import re
import tomllib
from importlib import metadata
from pathlib import Path

import pytest

from tests.architecture.tree import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
LOCKS = sorted((ROOT / "requirements").glob("*.txt"))
PINNED = re.compile(r"^([A-Za-z0-9._-]+)==([^\s;\\]+)", re.MULTILINE)

# All that a node installs by name. A tenth needs a decision record, as the ninth has one (0070).
ON_A_NODE = {
    "bcrypt",
    "nvidia-ml-py",
    "prometheus-client",
    "pydantic",
    "pyyaml",
    "structlog",
    "typer",
    "tzdata",
    "waitress",
}


def test_a_node_installs_nine_packages_by_name() -> None:
    """The agent runs beside somebody else's training job."""
    named = PROJECT["dependencies"] + PROJECT["optional-dependencies"]["agent"]
    assert {name_of(requirement) for requirement in named} == ON_A_NODE


def test_the_deprecated_shim_of_nvml_is_not_installed() -> None:
    """The module pynvml comes from nvidia-ml-py; the distribution of that name only warns."""
    with pytest.raises(metadata.PackageNotFoundError):
        metadata.distribution("pynvml")


def test_the_grafana_client_is_in_no_lock() -> None:
    """It brings urllib3-future, which overwrites urllib3 for everything beside it."""
    for lock in LOCKS:
        assert not pins(lock.name).keys() & {"grafana-client", "niquests", "urllib3-future"}


def test_the_dashboards_are_built_with_one_exact_version() -> None:
    """An unpinned install of the SDK resolves to the oldest Grafana's line."""
    assert "grafana-foundation-sdk==0.0.21" in PROJECT["optional-dependencies"]["dashboards"]


def test_what_is_tested_is_what_runs() -> None:
    """Every package of the runtime lock is in the development lock, at the same version."""
    tested = pins("dev.txt")
    assert {name: tested.get(name) for name in pins("runtime.txt")} == pins("runtime.txt")


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.name)
def test_a_lock_has_a_hash_for_everything_and_names_no_host(lock: Path) -> None:
    """So an install is the same from any mirror."""
    text = (ROOT / "requirements" / lock.name).read_text("utf-8")
    for requirement in re.split(r"\n(?=\S)", text.strip()):
        assert "--hash=sha256:" in requirement, requirement
    assert "://" not in text
    assert not re.search(r"(?m)^-", text), "a lock gives pip no options"


def test_the_locks_satisfy_what_the_project_asks_for() -> None:
    """A dependency that was added and not locked would be missing on a fresh machine."""
    extras = PROJECT["optional-dependencies"]
    runtime = PROJECT["dependencies"] + extras["agent"] + extras["collector"]
    assert {name_of(item) for item in runtime} <= pins("runtime.txt").keys()
    development = runtime + extras["dashboards"] + extras["dev"][1:]
    assert {name_of(item) for item in development} <= pins("dev.txt").keys()


def pins(lock: str) -> dict[str, str]:
    """The packages of a lock and their versions."""
    return dict(PINNED.findall((ROOT / "requirements" / lock).read_text("utf-8")))


def name_of(requirement: str) -> str:
    """The distribution that a requirement names, as a lock writes it."""
    found = re.match(r"[A-Za-z0-9._-]+", requirement)
    assert found is not None, requirement
    return found[0].lower().replace("_", "-")
