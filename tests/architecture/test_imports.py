"""
Who may import whom: the contracts of pyproject.toml are kept, and each would notice.

A contract that has never failed may be one that cannot. So each is broken on purpose, in a copy of
the tree, and has to say so.
"""

import os
import shutil
import subprocess
import tomllib
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.architecture.tree import PACKAGES, ROOT

CONTRACTS = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"][
    "contracts"
]
SIDES = ("core", "agent", "collector", "dashboards")


@dataclass(frozen=True, slots=True)
class Breach:
    """One line that must not be: the contract it breaks, the module it stands in, what it says."""

    contract: str
    module: str
    line: str
    named: str

    def __str__(self) -> str:
        return f"{self.contract}: {self.module}: {self.line}"


BREACHES = [
    Breach("sides", "gpusla_agent.sampler", "import gpusla_collector", "gpusla_collector"),
    Breach("sides", "gpusla.timeline.planted", "import gpusla_agent", "gpusla_agent"),
    Breach("sides", "gpusla_dashboards.panels", "import gpusla_agent", "gpusla_agent"),
    Breach("core", "gpusla.timeline.planted", "import gpusla.sla", "gpusla.sla"),
    Breach("core", "gpusla.sla.planted", "import gpusla.forecast", "gpusla.forecast"),
    Breach("core", "gpusla.forecast.planted", "import gpusla.parity", "gpusla.parity"),
    Breach("core", "gpusla.helpers", "ANSWER = 42", "gpusla.helpers"),
    Breach("agent", "gpusla_agent.sources.planted", "import gpusla_agent.settings", "settings"),
    Breach("agent", "gpusla_agent.helpers", "ANSWER = 42", "gpusla_agent.helpers"),
    Breach(
        "collector",
        "gpusla_collector.usecases.planted",
        "import gpusla_collector.adapters",
        "gpusla_collector.adapters",
    ),
    Breach("collector", "gpusla_collector.helpers", "ANSWER = 42", "gpusla_collector.helpers"),
    Breach(
        "dashboards",
        "gpusla_dashboards.panels",
        "import gpusla_dashboards.publish",
        "gpusla_dashboards.publish",
    ),
    Breach("pure", "gpusla.sla.planted", "import time", "time"),
    Breach("pure", "gpusla.ledger.planted", "import gpusla.clock", "gpusla.clock"),
    Breach("pure", "gpusla.health.planted", "import structlog", "structlog"),
    Breach("pure", "gpusla.forecast.planted", "import time", "time"),
    Breach("pure", "gpusla.parity.planted", "import random", "random"),
    Breach("truth", "gpusla.simulation.planted", "import gpusla.sla", "gpusla.sla"),
    Breach("truth", "gpusla.simulation.planted", "import time", "time"),
    Breach("nvml", "gpusla_agent.probes.planted", "import pynvml", "pynvml"),
    Breach("cryptography", "gpusla.ledger.planted", "import cryptography", "cryptography"),
    Breach("verifier", "gpusla.verify.planted", "import gpusla.evidence", "gpusla.evidence"),
    Breach("verifier", "gpusla.verify.planted", "import socket", "socket"),
    Breach("base-install", "gpusla.statement.planted", "import httpx", "httpx"),
    Breach("arrays", "gpusla.ledger.planted", "import numpy", "numpy"),
    Breach("pages", "gpusla.statement.planted", "import jinja2", "jinja2"),
    Breach("agent-install", "gpusla_agent.server", "import sqlalchemy", "sqlalchemy"),
    Breach("simulation", "gpusla_agent.sampler", "import gpusla.simulation", "gpusla.simulation"),
    Breach(
        "cycles",
        "gpusla_agent.probes.one",
        "import gpusla_agent.probes.two  # and two imports one",
        "gpusla_agent.probes",
    ),
]


def test_every_import_contract_is_kept() -> None:
    """The whole tree keeps every contract; the linter's own words say which is broken and where."""
    linted = lint(ROOT)
    assert linted.returncode == 0, linted.stdout + linted.stderr


@pytest.mark.parametrize("breach", BREACHES, ids=str)
def test_a_planted_breach_is_noticed(breach: Breach, tmp_path: Path) -> None:
    """One forbidden line, and the contract fails with the line's own module named."""
    copy_tree(tmp_path)
    plant(tmp_path, breach)
    linted = lint(tmp_path, "--contract", breach.contract)
    assert linted.returncode == 1, linted.stdout + linted.stderr
    assert "BROKEN" in linted.stdout
    assert breach.named in linted.stdout


def test_every_contract_has_a_planted_breach() -> None:
    """A new contract comes with the line that breaks it."""
    assert {contract["id"] for contract in CONTRACTS} == {breach.contract for breach in BREACHES}


def test_a_source_must_not_be_pure_by_omission() -> None:
    """Whatever core module is neither at the edge nor named pure would be judged by nobody."""
    edges = {"cli", "clock", "commands", "doctor", "logs", "simulation", "verify"}
    contracts = {contract["id"]: contract for contract in CONTRACTS}
    pure = {name.removeprefix("gpusla.") for name in contracts["pure"]["source_modules"]}
    present = {
        entry.stem
        for entry in PACKAGES["gpusla"].iterdir()
        if entry.suffix == ".py" or (entry / "__init__.py").exists()
    }
    assert present - {"__init__", "__main__"} - edges <= pure


def copy_tree(target: Path) -> None:
    """Copy what the linter reads."""
    for side in SIDES:
        shutil.copytree(ROOT / side, target / side, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", target)


def plant(tree: Path, breach: Breach) -> None:
    """Write the forbidden line, and whatever it names that is not there yet."""
    write_module(tree, breach.module, breach.line)
    imported = breach.line.partition("#")[0].split()[-1]
    if imported.startswith("gpusla"):
        write_module(tree, imported, "")
    for named in modules_of(breach.contract):
        write_module(tree, named, "")
    if breach.contract == "cycles":
        write_module(tree, imported, f"import {breach.module}")


def modules_of(contract: str) -> list[str]:
    """Our own modules that a contract names in full; the linter wants every one to be there."""
    row = next(row for row in CONTRACTS if row["id"] == contract)
    lists = ("source_modules", "forbidden_modules", "protected_modules", "allowed_importers")
    named = [module for key in lists for module in row.get(key, ())]
    return [module for module in named if module.startswith("gpusla")]


def write_module(tree: Path, module: str, line: str) -> None:
    """Add a line to a module, making it and the packages above it where they are missing."""
    *packages, name = module.split(".")
    folder = tree / PACKAGES[module.partition(".")[0]].parent.name
    for package in packages:
        folder = folder / package
        folder.mkdir(exist_ok=True)
        (folder / "__init__.py").touch()
    file = folder / f"{name}.py"
    if (folder / name).is_dir():
        file = folder / name / "__init__.py"
    with file.open("a", encoding="utf-8") as opened:
        opened.write(f"\n{line}\n")


def lint(tree: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """Run the linter on a tree as a developer would, seeing that tree's packages."""
    seen = os.pathsep.join(str(tree / side) for side in SIDES)
    return subprocess.run(
        ["lint-imports", "--no-logo", "--no-cache", *options],
        cwd=tree,
        env=os.environ | {"PYTHONPATH": seen, "PYTHONDONTWRITEBYTECODE": "1"},
        check=False,
        capture_output=True,
        text=True,
    )
