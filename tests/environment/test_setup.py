"""How an environment is made: whole or not at all, one at a time, and only when it is needed."""

import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.environment.shell import ROOT, call, script


def make_ready(cache: Path, root: str = str(ROOT)) -> Path:
    """Write what a finished set-up leaves behind, with a Python that is only a script."""
    folder = cache / "venv" / "dev"
    script(folder / "bin" / "python")
    lock = call("lock_sum dev", cache).stdout.strip()
    (folder / ".ready").write_text(f"{lock}\n{root}\n")
    return folder


def is_ready(cache: Path) -> bool:
    """Whether ./run would use the environment as it is."""
    return call("environment_is_ready dev", cache).returncode == 0


def test_a_finished_environment_is_used(tmp_path: Path) -> None:
    """Its stamp names the lock file's sum and the checkout."""
    make_ready(tmp_path)
    assert is_ready(tmp_path)


def test_an_interrupted_environment_is_not_used(tmp_path: Path) -> None:
    """The stamp is the last thing that is written."""
    (make_ready(tmp_path) / ".ready").unlink()
    assert not is_ready(tmp_path)


def test_an_environment_of_another_lock_file_is_not_used(tmp_path: Path) -> None:
    """A changed lock file asks for an environment made from it."""
    (make_ready(tmp_path) / ".ready").write_text(f"0123456789abcdef\n{ROOT}\n")
    assert not is_ready(tmp_path)


def test_an_environment_that_was_copied_is_not_used(tmp_path: Path) -> None:
    """Commands carry the path they were made for."""
    make_ready(tmp_path, root="/somewhere/else")
    assert not is_ready(tmp_path)


def test_an_environment_whose_python_is_gone_is_not_used(tmp_path: Path) -> None:
    """An upgraded system takes the interpreter away from under it."""
    python = make_ready(tmp_path) / "bin" / "python"
    python.unlink()
    python.symlink_to("/nonexistent/python3.11")
    assert not is_ready(tmp_path)


def test_an_old_python_is_refused_with_the_way_out(tmp_path: Path) -> None:
    """Whatever is called python3 here says that it is too old."""
    old = script(tmp_path / "bin" / "python3", "exit 1")
    found = call("find_python", tmp_path, GPUSLA_PYTHON=str(old))
    assert found.returncode == 2
    assert "needs Python 3.11 or newer, and found none" in found.stderr


def test_the_python_that_is_asked_for_is_taken(tmp_path: Path) -> None:
    """And it is the interpreter's own path, whatever shim stood before it."""
    shim = script(tmp_path / "bin" / "python3", f'exec "{sys.executable}" "$@"')
    found = call("find_python", tmp_path, GPUSLA_PYTHON=str(shim))
    assert found.stdout.strip() == sys.executable


def test_a_second_set_up_waits_for_the_first(tmp_path: Path) -> None:
    """It says so, and goes on when the first is done or dead."""
    holder = subprocess.Popen(
        ["flock", str(tmp_path / "lock"), "sh", "-c", "echo held; read -r _"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert holder.stdin is not None
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    waiting = subprocess.Popen(
        ["sh", "-c", '. "$ROOT/tools/setup.sh"; take_lock; echo mine'],
        env={"PATH": "/usr/bin:/bin", "ROOT": str(ROOT), "CACHE": str(tmp_path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert waiting.stderr is not None
    assert waiting.stderr.readline() == (
        "set-up: another ./run is setting up here; waiting for it\n"
    )
    holder.communicate("\n")
    assert waiting.communicate(timeout=10)[0] == "mine\n"


def test_steps_are_told_with_their_seconds(tmp_path: Path) -> None:
    """One line a step, to standard error."""
    told = call('tell_step "packages dev" "$(($(centiseconds) - 1230))"', tmp_path)
    assert told.stdout == ""
    assert told.stderr.startswith("set-up: packages dev 12.3 s")


def test_the_clock_of_the_steps_is_the_machines(tmp_path: Path) -> None:
    """Hundredths of a second since boot, whatever digits the kernel prints."""
    before = time.clock_gettime(time.CLOCK_BOOTTIME)
    told = int(call("centiseconds", tmp_path).stdout) / 100
    after = time.clock_gettime(time.CLOCK_BOOTTIME)
    assert before - 0.02 <= told <= after


@pytest.mark.parametrize("wheel", ["ensurepip/_bundled/pip-1-py3-none-any.whl"])
def test_a_python_without_pip_takes_the_wheel_beside_it(wheel: str, tmp_path: Path) -> None:
    """Debian keeps ensurepip in a package of its own; where it is there, its wheel is used."""
    bundled = tmp_path / wheel
    bundled.parent.mkdir(parents=True)
    bundled.touch()
    python = script(tmp_path / "python", f"echo {tmp_path}/ensurepip")
    assert call(f"find_pip_wheel {python}", tmp_path).stdout.strip() == str(bundled)
