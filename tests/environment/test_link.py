"""The link that ./run makes is what an install makes: same metadata, same commands."""

import configparser
import runpy
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Iterable
from email import message_from_string
from importlib import metadata
from pathlib import Path, PurePosixPath

import pytest

from tests.environment.shell import ROOT

BUILD = "from hatchling import build; print(build.build_{kind}({folder!r}))"
SCRIPT = str(runpy.run_path(str(ROOT / "tools" / "link.py"))["SCRIPT"])
SIDES = {"gpusla", "gpusla_agent", "gpusla_collector", "gpusla_dashboards"}


def build(kind: str, folder: Path) -> Path:
    """Build a wheel or an sdist with the real back end."""
    command = [sys.executable, "-c", BUILD.format(kind=kind, folder=str(folder))]
    built = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    return folder / built.stdout.split()[-1]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    """The wheel of this checkout."""
    return zipfile.ZipFile(build("wheel", tmp_path_factory.mktemp("wheel")))


def test_a_wheel_holds_the_four_packages_and_their_types(wheel: zipfile.ZipFile) -> None:
    """And no folder of the root: `tests` or `agent` must not become somebody's import."""
    names = [PurePosixPath(name) for name in wheel.namelist()]
    assert {name.parts[0] for name in names if ".dist-info" not in name.parts[0]} == SIDES
    assert {f"{side}/py.typed" for side in SIDES} <= set(wheel.namelist())


def test_the_link_says_what_the_wheel_says(wheel: zipfile.ZipFile) -> None:
    """What a program asks of the metadata has the same answer in a checkout as in an install."""
    linked = metadata.distribution("gpusla")
    assert linked.read_text("INSTALLER") == "gpusla-run\n", "run the tests by ./run test"
    built = message_from_string(read(wheel, "METADATA"))
    assert linked.version == built["Version"]
    assert wanted(linked.requires or ()) == wanted(built.get_all("Requires-Dist", []))
    assert sections(linked.read_text("entry_points.txt") or "") == sections(
        read(wheel, "entry_points.txt")
    )


def test_a_command_starts_from_a_folder_with_a_space_in_its_name(tmp_path: Path) -> None:
    """A checkout may lie anywhere."""
    spaced = tmp_path / "a folder" / "python"
    spaced.parent.mkdir()
    spaced.symlink_to(sys.executable)
    (tmp_path / "spoken.py").write_text("def main() -> str:\n    return 'spoken'\n")
    command = tmp_path / "command"
    command.write_text(SCRIPT.format(python=spaced, module="spoken", function="main"))
    command.chmod(0o755)
    finished = subprocess.run(
        [command],
        env={"PATH": "/usr/bin:/bin", "PYTHONPATH": str(tmp_path)},
        check=False,
        capture_output=True,
        text=True,
    )
    assert (finished.returncode, finished.stderr) == (1, "spoken\n")


def test_an_sdist_holds_what_was_asked_for(tmp_path: Path) -> None:
    """An environment under the root has been swallowed by an sdist before."""
    with tarfile.open(build("sdist", tmp_path)) as sdist:
        roots = {PurePosixPath(name).parts[1] for name in sdist.getnames()}
    assert "core" in roots
    assert not {".cache", ".git", ".venv"} & roots


def read(wheel: zipfile.ZipFile, name: str) -> str:
    """Read one file of the wheel's metadata."""
    path = next(path for path in wheel.namelist() if path.endswith(f".dist-info/{name}"))
    return wheel.read(path).decode()


def wanted(requirements: Iterable[str]) -> list[str]:
    """Write requirements to compare; like the back end, ours write out the extras they include."""
    return sorted(plain(requirement) for requirement in requirements)


def sections(text: str) -> dict[str, dict[str, str]]:
    """Read entry points as values, so that order and spacing do not count."""
    parser = configparser.ConfigParser(delimiters=("=",))
    parser.read_string(text)
    return {name: dict(parser[name]) for name in parser.sections()}


def plain(requirement: str) -> str:
    """Write a requirement without what only differs in spelling."""
    name, _, marker = requirement.lower().replace(" ", "").replace('"', "'").partition(";")
    head, *bounds = name.replace(">", ",>").replace("<", ",<").replace("==", ",==").split(",")
    return f"{head}{sorted(filter(None, bounds))}{marker}"
