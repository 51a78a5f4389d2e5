"""The verifier is small, and alone: one file tree, one dependency, no word of the rest."""

import ast
import importlib.util
import os
import subprocess
import sys
from pathlib import Path
from typing import get_args

import pytest

from gpusla.commands.exits import Exit
from gpusla.verify import __main__ as command
from gpusla.verify.faults import Fault
from tests.architecture.tree import PACKAGES, ROOT
from tests.core.verify.maker import OPERATOR, bundle, public, usual
from tests.programs import program

VERIFIER = PACKAGES["gpusla"] / "verify"
LINES_MAX = 800
BROUGHT = ("cryptography", "cffi", "_cffi_backend")
"""What an install of cryptography brings."""

PAGE = ROOT / "docs" / "start" / "verify.md"


def test_it_is_short_enough_to_be_read_first() -> None:
    """Every line counts, empty ones too."""
    lines = {file.name: len(file.read_text("utf-8").splitlines()) for file in files()}
    assert sum(lines.values()) <= LINES_MAX, lines


def test_it_imports_itself_the_standard_library_and_cryptography() -> None:
    """No module of the product could make both sides wrong in the same way."""
    names = {name for file in files() for name in imported(file)}
    foreign = {name for name in names if name.partition(".")[0] not in sys.stdlib_module_names}
    others = {name for name in foreign if not name.startswith("gpusla.verify")}
    assert {name.partition(".")[0] for name in others} == {"cryptography"}


def test_its_exit_codes_are_those_of_every_command() -> None:
    """It cannot import them, so they stand there a second time."""
    codes = (command.FINE, command.REFUSED, command.BROKEN)
    assert codes == (Exit.FINE, Exit.REFUSED, Exit.INTEGRITY)


@pytest.mark.parametrize("fault", get_args(Fault))
def test_every_class_of_fault_is_explained(fault: str) -> None:
    """Scripts rely on these words, so the page lists them all."""
    assert f"| `{fault}` |" in PAGE.read_text("utf-8")


def test_it_runs_where_there_is_no_network_and_nothing_but_cryptography(tmp_path: Path) -> None:
    """In an empty network namespace, with no other package: a whole bundle, and a tampered one."""
    folder, file = alone(tmp_path), tmp_path / "october.bundle.zip"
    file.write_bytes(bundle(usual()))
    trace = tmp_path / "trace"
    watched = (program("strace"), "-f", "-e", "trace=network", "-o", str(trace))
    words = (*offline(), *watched, sys.executable, "-S", "-m", "gpusla.verify", str(file))
    fine = run(folder, *words, "--key", public(OPERATOR))
    assert (fine.returncode, fine.stderr) == (0, "")
    assert fine.stdout.startswith("verified: acme-2026, 2026-10, revision 1\n")
    calls = [line for line in trace.read_text("utf-8").splitlines() if "exited" not in line]
    assert not calls

    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)
    broken = run(folder, *words)
    assert broken.returncode == Exit.INTEGRITY
    assert broken.stdout.startswith("broken: ")


def test_the_page_that_says_how_to_run_what_was_read_works_as_it_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """
    It ended with `No module named 'gpusla'`, or verified with an installed program instead.

    Only what needs a network is done otherwise: what pip would install is linked.
    """
    script = commands_of("Read the program first").replace("SOURCE", str(ROOT))
    before, install, after = script.partition("alone/bin/pip install cryptography\n")
    assert install
    (tmp_path / "october.bundle.zip").write_bytes(bundle(usual()))
    (tmp_path / "operator.pub").write_text(public(OPERATOR), "ascii")
    liar = tmp_path / "elsewhere" / "cryptography"
    liar.mkdir(parents=True)
    (liar / "__init__.py").write_text("raise SystemExit('another cryptography')\n")
    monkeypatch.setenv("PYTHONPATH", str(liar.parent))
    venv = before.replace("python3 -m venv", f"'{sys.executable}' -E -m venv --without-pip")
    shell(tmp_path, venv)
    (packages,) = (tmp_path / "alone" / "lib").glob("python*/site-packages")
    link_brought(packages)
    shown = shell(tmp_path, after)
    assert f"{tmp_path}/gpusla/verify/__init__.py\nverified: acme-2026, 2026-10" in shown
    copied = {file.name for file in (tmp_path / "gpusla" / "verify").iterdir()}
    assert copied - {"__pycache__"} == {file.name for file in files()}


@pytest.mark.parametrize("package", ["pydantic", "typer", "yaml", "gpusla.evidence"])
def test_nothing_else_can_be_imported_there(package: str, tmp_path: Path) -> None:
    """The test before would prove nothing if it could."""
    found = run(alone(tmp_path), sys.executable, "-S", "-c", f"import {package}")
    assert "ModuleNotFoundError" in found.stderr


def alone(folder: Path) -> Path:
    """Return a folder with the verifier and what cryptography needs, and nothing else."""
    there = folder / "alone"
    (there / "gpusla").mkdir(parents=True)
    (there / "gpusla" / "__init__.py").symlink_to(PACKAGES["gpusla"] / "__init__.py")
    (there / "gpusla" / "verify").symlink_to(VERIFIER)
    link_brought(there)
    return there


def link_brought(there: Path) -> None:
    """Put what an install of cryptography brings into a folder."""
    for name in BROUGHT:
        found = importlib.util.find_spec(name)
        assert found is not None, name
        assert found.origin is not None, name
        origin = Path(found.origin)
        origin = origin.parent if origin.name == "__init__.py" else origin
        (there / origin.name).symlink_to(origin)


def commands_of(title: str) -> str:
    """Return the commands of a section of the page."""
    section = PAGE.read_text("utf-8").partition(f"\n## {title}\n")[2].partition("\n## ")[0]
    return section.partition("```sh\n")[2].partition("```")[0]


def shell(folder: Path, script: str) -> str:
    """Run commands in a folder, the first that fails the last; return what they printed."""
    words = ("bash", "-euc", script)
    ended = subprocess.run(words, cwd=folder, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


def offline() -> tuple[str, ...]:
    """Return what starts a program without a network, or nothing where this user may not."""
    words = ("unshare", "--map-root-user", "--net")
    return words if subprocess.run((*words, "true"), check=False).returncode == 0 else ()


def run(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run a program that sees the packages of a folder alone."""
    environment = {"PYTHONPATH": str(folder), "PATH": os.environ["PATH"], "PYTHONSAFEPATH": "1"}
    return subprocess.run(
        words, cwd=folder, env=environment, capture_output=True, text=True, check=False
    )


def files() -> list[Path]:
    """Return the verifier's files."""
    return sorted(VERIFIER.rglob("*.py"))


def imported(file: Path) -> list[str]:
    """Return the modules that a file imports."""
    found = []
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found += [name.name for name in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert not node.level  # relative imports would hide where they lead
            found.append(str(node.module))
    return found
