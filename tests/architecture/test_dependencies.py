"""What an install brings along: few packages on a node, nothing abandoned, everything locked."""

import json
import os
import re
import subprocess
import sys
import tomllib
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

import pytest

from tests.architecture.tree import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
LOCKS = sorted((ROOT / "requirements").glob("*.txt"))
PINNED = re.compile(r"^([A-Za-z0-9._-]+)==([^\s;\\]+)", re.MULTILINE)

AGENT_LOCK = (ROOT / "requirements" / "agent.txt").read_text("utf-8")

# Imports every module of the agent where nothing can be imported but the standard library, the
# product's own two packages, and what the named distributions bring.
IMPORTS = """
import importlib, json, pkgutil, re, sys
from importlib import metadata

locked = set(json.loads(sys.argv[1]))
brought = metadata.packages_distributions()
allowed = {*sys.stdlib_module_names, "gpusla", "gpusla_agent"}
for module, owners in brought.items():
    if locked & {re.sub("[-_.]+", "-", owner).lower() for owner in owners}:
        allowed.add(module)


class Gate:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] not in allowed:
            raise ModuleNotFoundError(f"{name} is not in the agent's lock", name=name)


for name in [one for one in sys.modules if one.partition(".")[0] not in allowed]:
    if name != "__main__":
        del sys.modules[name]
sys.meta_path.insert(0, Gate())
import gpusla_agent
found = [module.name for module in pkgutil.walk_packages(gpusla_agent.__path__, "gpusla_agent.")]
for name in found:
    if not name.endswith("__main__"):
        importlib.import_module(name)
print(len(found))
"""

# All that a node installs by name. An eleventh needs a decision record, as the ninth and the tenth
# have one (0070, 0127).
ON_A_NODE = {
    "bcrypt",
    "cryptography",
    "nvidia-ml-py",
    "prometheus-client",
    "pydantic",
    "pyyaml",
    "structlog",
    "typer",
    "tzdata",
    "waitress",
}


def test_a_node_installs_ten_packages_by_name() -> None:
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


def test_what_a_node_installs_is_what_is_tested() -> None:
    """Alone, without the collector's packages, and at the same versions."""
    agent = pins("agent.txt")
    assert {name: pins("runtime.txt").get(name) for name in agent} == agent
    named = PROJECT["optional-dependencies"]["agent"] + PROJECT["dependencies"]
    assert {name_of(item) for item in named} <= agent.keys()
    collector = {name_of(item) for item in PROJECT["optional-dependencies"]["collector"]}
    assert agent.keys() & collector == {"prometheus-client"}
    assert not agent.keys() & {"numpy", "jinja2", "pyarrow", "typst"}


@pytest.mark.parametrize("name", sorted(dict(PINNED.findall(AGENT_LOCK))))
def test_a_node_of_another_architecture_has_a_wheel(name: str) -> None:
    """GB300 hosts are aarch64: pure Python, or built for it, under a hash of the lock."""
    rows = [row for row in wheels() if row.name == name]
    (block,) = re.findall(rf"^{name}==.*\n(?: .*\n)*", AGENT_LOCK, re.MULTILINE)
    assert {row.version for row in rows} == {pins("agent.txt")[name]}
    assert all(f"--hash={row.digest}" in block for row in rows)
    for python in ("cp311", "cp312", "cp313"):
        assert any(row.suits(python) for row in rows), python


def test_the_table_of_wheels_is_of_this_lock() -> None:
    """No package more than it has; `./run lock` writes both."""
    assert {row.name for row in wheels()} == pins("agent.txt").keys()


def test_the_agent_imports_nothing_that_a_node_does_not_have() -> None:
    """Every module of it, with all other packages of this environment refused."""
    finished = subprocess.run(
        [sys.executable, "-c", IMPORTS, json.dumps(sorted(pins("agent.txt")))],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
    )
    assert finished.returncode == 0, finished.stderr
    assert int(finished.stdout) > 50


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
    runtime = PROJECT["dependencies"] + extras["agent"] + extras["recompute"]
    runtime += extras["collector"][1:]  # the first names an extra of our own
    runtime += extras["statements"]
    assert {name_of(item) for item in runtime} <= pins("runtime.txt").keys()
    development = runtime + extras["dashboards"] + extras["dev"][1:]
    assert {name_of(item) for item in development} <= pins("dev.txt").keys()


@dataclass(frozen=True, slots=True)
class Wheel:
    """One row of the table."""

    name: str
    version: str
    tag: str
    digest: str

    def suits(self, python: str) -> bool:
        """Whether a CPython of this tag installs it on aarch64 Linux."""
        tags, abi, platform = self.tag.split("-")
        if platform != "any" and "_aarch64" not in platform:
            return False
        if abi == "abi3":
            return int(tags.removeprefix("cp3")) <= int(python.removeprefix("cp3"))
        return abi == tags == python or (abi == "none" and "py3" in tags.split("."))


def wheels() -> list[Wheel]:
    """The committed table."""
    lines = (ROOT / "requirements" / "agent.wheels").read_text("utf-8").splitlines()
    return [Wheel(*line.split()) for line in lines if not line.startswith("#")]


def pins(lock: str) -> dict[str, str]:
    """The packages of a lock and their versions."""
    return dict(PINNED.findall((ROOT / "requirements" / lock).read_text("utf-8")))


def name_of(requirement: str) -> str:
    """The distribution that a requirement names, as a lock writes it."""
    found = re.match(r"[A-Za-z0-9._-]+", requirement)
    assert found is not None, requirement
    return found[0].lower().replace("_", "-")
