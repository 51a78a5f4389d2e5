"""The library as a file: what it exports, what it needs, and processes that come from it."""

import ctypes
import os
import re
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest

from gpusla.errors import SourceError
from gpusla_agent import standin

ASK_FOR_FABRIC = """
import pynvml
from ctypes import byref
pynvml.nvmlInit()
gpu = pynvml.nvmlDeviceGetHandleByIndex(0)
try:
    pynvml.nvmlDeviceGetGpuFabricInfoV(gpu, byref(pynvml.c_nvmlGpuFabricInfo_v3_t()))
except pynvml.NVMLError_FunctionNotFound:
    print("not found", pynvml.nvmlDeviceGetPowerUsage(gpu))
"""

FORK = """
import os, pynvml
pynvml.nvmlInit()
gpu = pynvml.nvmlDeviceGetHandleByIndex(0)
child = os.fork()
if child == 0:
    os._exit(0 if pynvml.nvmlDeviceGetPowerUsage(gpu) == 180360 else 1)
print(os.waitpid(child, 0)[1], pynvml.nvmlDeviceGetPowerUsage(gpu))
"""


def test_a_symbol_can_be_really_missing(tmp_path: Path) -> None:
    """The binding raises FunctionNotFound when the loader cannot find it, and all else works."""
    library = standin.build(tmp_path, without=["nvmlDeviceGetGpuFabricInfoV"])
    assert run(library, ASK_FOR_FABRIC) == "not found 180360\n"


def test_the_library_exports_nvml_and_nothing_else(library: Path) -> None:
    """So that it cannot get in the way of another library of the process."""
    headers = [file for file in standin.SOURCES.glob("*.h") if not file.name.startswith("nvml")]
    ours = {
        name
        for header in headers
        for name in re.findall(r"^[a-z].*?\b(\w+)\(.*\);", header.read_text("utf-8"), re.MULTILINE)
    }
    assert {"call_begin", "meters_read", "tray_derive", "control_load"} <= ours
    loaded = ctypes.CDLL(str(library))
    assert hasattr(loaded, "nvmlInit_v2")
    assert not [name for name in ours if hasattr(loaded, name)]


def test_a_forked_child_can_ask(library: Path) -> None:
    """No lock and no thread is left behind in the parent."""
    assert run(library, FORK) == "0 180360\n"


def test_a_library_is_built_once(library: Path) -> None:
    """Until a source is newer."""
    built = library.stat().st_mtime_ns
    assert standin.build(library.parent) == library
    assert library.stat().st_mtime_ns == built


def test_a_compiler_that_is_not_there_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the way out."""
    monkeypatch.setenv("GPUSLA_CC", "no-such-compiler")
    with pytest.raises(SourceError, match="no-such-compiler"):
        standin.build(tmp_path)


def test_a_newcomer_finds_the_usage(tmp_path: Path) -> None:
    """Wrong usage is exit 2, and one line."""
    finished = subprocess.run(
        [str(standin.SOURCES / "build")], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert (finished.returncode, finished.stderr.startswith("usage: ")) == (2, True)


def test_nvitop_runs_on_it_unmodified(library: Path, tmp_path: Path) -> None:
    """A program that somebody else wrote, with its own idea of which calls there are."""
    control = standin.Control(tmp_path / "tray.control")
    control.set("gpu", 1, "utilization", 97)
    control.set("gpu", 1, "power_watts", 1350)
    program = Path(sys.executable).with_name("nvitop")
    finished = subprocess.run(
        [str(program), "-1", "--ascii"],
        env=os.environ | standin.environment(library, control.path) | {"COLUMNS": "120"},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert finished.returncode == 0, finished.stderr
    assert f"NVITOP {metadata.version('nvitop')}" in finished.stdout
    assert finished.stdout.count("277.5GiB") == 4
    assert re.search(r"1350W / 1400W .* 97%", finished.stdout)


@pytest.mark.parametrize(
    "source", sorted(standin.SOURCES.glob("*.[ch]")), ids=lambda file: file.name
)
def test_c_sources_fit_the_eye(source: Path) -> None:
    """At most 400 lines a file and 70 a function, as for Python."""
    lines = source.read_text("utf-8").splitlines()
    assert len(lines) <= 400
    starts = [number for number, line in enumerate(lines) if line == "{"]
    ends = [number for number, line in enumerate(lines) if line == "}"]
    assert all(end - start <= 70 for start, end in zip(starts, ends, strict=True))


def run(library: Path, code: str) -> str:
    """What Python code prints in a process of its own on this library."""
    return subprocess.run(
        [sys.executable, "-c", code],
        env=standin.environment(library),
        capture_output=True,
        text=True,
        check=True,
    ).stdout
