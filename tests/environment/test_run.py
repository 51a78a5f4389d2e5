"""What ./run does for a person: says what it can do, starts at once, fails with a sentence."""

import re
import subprocess
import time
from pathlib import Path

import pytest

from tests.environment.shell import ROOT, run

SCRIPTS = [ROOT / "run", ROOT / ".ci" / "run", *sorted((ROOT / "tools").glob("*.sh"))]
STARTED = (ROOT / ".cache" / "venv" / "dev").exists()


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.name)
def test_a_script_is_plain_posix_shell(script: Path) -> None:
    """Debian's /bin/sh parses it."""
    assert subprocess.run(["/bin/sh", "-n", script], check=False).returncode == 0


def test_the_scripts_have_no_known_mistake() -> None:
    """Shellcheck has nothing to say, notes included."""
    checked = subprocess.run(
        ["shellcheck", *SCRIPTS],
        cwd=ROOT,
        check=False,
        capture_output=True,
        text=True,
    )
    assert checked.stdout == ""


def test_help_shows_every_command() -> None:
    """A command that help does not name is one that nobody finds."""
    text = (ROOT / "run").read_text("utf-8").partition("\nmain() {")[2].partition("\n}\n")[0]
    commands = re.findall(r"^  ([a-z-]+)\) (?:run_|in_)", text, re.MULTILINE)
    helped = run("help")
    assert helped.returncode == 0
    assert len(commands) >= 10
    assert not [name for name in commands if f"./run {name}" not in helped.stdout]


def test_without_a_command_it_helps() -> None:
    """Somebody who types ./run wants to know what there is."""
    assert run().stdout == run("help").stdout


def test_a_command_that_there_is_not_is_wrong_usage() -> None:
    """Status 2, one sentence, and the way out."""
    asked = run("dmeo")
    assert asked.returncode == 2
    assert asked.stderr == "run: there is no command 'dmeo'; ./run help lists them.\n"


def test_a_folder_that_cannot_be_written_is_said_in_one_sentence(tmp_path: Path) -> None:
    """A checkout may belong to somebody else."""
    (tmp_path / "file").write_text("")
    asked = run("gpusla", "--help", cache=tmp_path / "file" / "cache")
    assert asked.returncode == 2
    assert "set GPUSLA_CACHE to a folder of your own" in asked.stderr


def test_a_missing_benchmark_is_wrong_usage() -> None:
    """The sentence names the file and how to list what there is."""
    assert STARTED, "run the tests by ./run test"
    asked = run("bench", "no_such", GPUSLA_APT="never")
    assert asked.returncode == 2
    assert "there is no bench/no_such.py; ./run bench lists what there is." in asked.stderr


def test_a_second_start_takes_no_time() -> None:
    """Nothing is installed, nothing is asked of a network, no pip is started."""
    started = time.monotonic()
    finished = run("shell", "true", GPUSLA_APT="never")
    assert finished.returncode == 0, finished.stderr
    assert time.monotonic() - started < 2
    assert "set-up: packages" not in finished.stderr


def test_a_command_sees_the_environment_and_the_programs() -> None:
    """Our Python comes first on PATH, and every program has its variable."""
    finished = run("shell", "sh", "-c", "command -v python; env", GPUSLA_APT="never")
    assert finished.stdout.startswith(f"{ROOT}/.cache/venv/dev/bin/python\n")
    for name in ("PROMETHEUS", "PROMTOOL", "ALERTMANAGER", "AMTOOL", "CC", "MISSING"):
        assert f"\nGPUSLA_{name}=" in finished.stdout


def test_what_a_caller_has_set_does_not_reach_our_python(tmp_path: Path) -> None:
    """A module of somebody's PYTHONPATH must not shadow one of ours."""
    (tmp_path / "gpusla.py").write_text("raise SystemExit(1)\n")
    finished = run(
        "shell", "python", "-c", "import gpusla", PYTHONPATH=str(tmp_path), GPUSLA_APT="never"
    )
    assert finished.returncode == 0, finished.stderr


def test_ci_runs_what_a_person_runs() -> None:
    """The last line of CI's script is ./run test, and no line before it does any work."""
    lines = (ROOT / ".ci" / "run").read_text("utf-8").splitlines()
    work = [line for line in lines if line and not line.startswith("#")]
    assert work == ["set -eu", 'cd "$(dirname "$0")/.."', "exec ./run test"]
