"""The control file: what is refused, what is taken, and that each setting is described."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from gpusla_agent import standin
from gpusla_agent.standin import Control
from tests.agent.standin.tray import Tray

README = (standin.SOURCES / "README.md").read_text("utf-8")
KEYS = (standin.SOURCES / "control_keys.c").read_text("utf-8")
GPU_KEYS = re.findall(r'^    (?:KEY(?:_TEXT)?\(|\{)"(\w+)", (\w+)', KEYS, re.MULTILINE)
TEXT_KEYS = set(re.findall(r'^    KEY_TEXT\("(\w+)"', KEYS, re.MULTILINE))
VALUES = {"UUID": "00112233-4455-6677-8899-aabbccddeeff", "GUID": "0xb0cf0e0300112233"}
LINK_KEYS = re.findall(r'^    LINK_KEY\("(\w+)"', KEYS, re.MULTILINE)
STATEMENTS = re.findall(
    r'^    \{"(\w+)", read_\w+\},', (standin.SOURCES / "control_lines.c").read_text("utf-8"),
    re.MULTILINE,
)  # fmt: skip

REFUSED = {
    "gpu 4 lost": '"4" is not a number from 0 to 3',
    "gpu 0 temprature 91": '"temprature 91" is not a setting of a GPU',
    "gpu 0 temperature": '"temperature" is not a condition of a GPU, or its value is missing',
    "gpu 0 temperature hot": '"temperature hot" is not a setting of a GPU',
    "gpu 0 utilization 101": '"utilization 101" is not a setting of a GPU',
    "gpu 0 uuid GPU-" + "0" * 40: "is not a setting of a GPU",
    "gpu 0 cluster_uuid 12-34": "is not a setting of a GPU",
    "gpu 0 link 18 state 0": '"18" is not a number from 0 to 17',
    "gpu 0 link 1 stat 0": '"stat 0" is not a setting of a link',
    "gpu 0 process 1": '"gpu" takes 4 to 5 words and got 3',
    "gpu -1 lost": '"-1" is not a number from 0 to 3',
    "gpu": '"gpu" takes 2 to 5 words and got 0',
    "event 5 gpu 0 xid 79\nevent 5 gpu 0 xid 79": "event 5 does not follow event 5",
    "event 1 gpu 0 explosion": '"explosion" is not an event',
    "event 1 of 0 xid": '"of" stands where "gpu" belongs',
    "count 5": '"5" is not a number from 0 to 4',
    "missing nvmlDeviceGetWeather": '"nvmlDeviceGetWeather" is not a call of this library',
    "latency * slow": '"slow" is not a number from 0 to 3600000000',
    "field 310 3": '"310" is not a number from 0 to 309',
    "permission admin": '"admin" is neither "root" nor "user"',
    "profile b200x8": 'there is no profile "b200x8"',
    "gpu 0 instance 1 0": '"gpu" takes 5 to 5 words and got 4',
    "event 1 gpu 0 xid 13 2000000": '"2000000" is not a number from 0 to 1000000',
    "hello": '"hello" is not a line of a control file',
    "a b c d e f g h i": "there are more than 8 words",
    "node " + "n" * 600: "is longer than 510 characters",
}


@pytest.mark.parametrize("lines", REFUSED, ids=lambda lines: str(lines)[:40])
def test_a_line_that_is_not_understood_is_refused_with_a_sentence(
    library: Path, tmp_path: Path, lines: str
) -> None:
    """A fault that was mistyped must not look like health: init fails, and names file and line."""
    path = tmp_path / "tray.control"
    path.write_text(f"# a remark\n{lines}\n", "utf-8")
    finished = start(library, path, "import pynvml; pynvml.nvmlInit()")
    assert finished.returncode == 1
    assert "NVMLError_InvalidArgument" in finished.stderr
    number = 2 + lines.count("\n")
    said = finished.stderr.splitlines()[0]
    assert said.startswith(f"gpusla stand-in: {path}:{number}: ")
    assert REFUSED[lines] in said


def test_a_bad_file_later_leaves_the_last_good_one_in_force(
    tray: Tray, capfd: pytest.CaptureFixture[str]
) -> None:
    """And is complained of once."""
    tray.set("gpu", 0, "temperature", 91)
    assert tray.nvml.nvmlDeviceGetTemperatureV(tray.gpus[0], 0) == 91
    good = tray.control.path.read_text("utf-8")
    replace(tray.control.path, "gpu 0 temperature 95\ngpu 0 nonsense 1\n")
    assert [tray.nvml.nvmlDeviceGetTemperatureV(tray.gpus[0], 0) for _ in range(3)] == [91] * 3
    assert capfd.readouterr().err.count("nonsense") == 1
    replace(tray.control.path, good.replace("91", "60"))
    assert tray.nvml.nvmlDeviceGetTemperatureV(tray.gpus[0], 0) == 60


def test_a_file_that_is_not_there_is_a_healthy_tray_and_said(library: Path, tmp_path: Path) -> None:
    """It may be a misspelt path."""
    finished = start(library, tmp_path / "none", "import pynvml; pynvml.nvmlInit()")
    assert finished.returncode == 0
    assert "No such file or directory; the tray is healthy and idle" in finished.stderr


@pytest.mark.parametrize(("key", "kind"), GPU_KEYS)
def test_every_setting_of_a_gpu_is_taken_and_described(tray: Tray, key: str, kind: str) -> None:
    """The table in the sources and the one in README.md name the same settings."""
    value = VALUES.get(kind, "text" if key in TEXT_KEYS else "1")
    tray.set("gpu", "*", key, value)
    assert tray.code(tray.nvml.nvmlInit) == 0
    tray.nvml.nvmlShutdown()
    assert f"`{key}`" in README


@pytest.mark.parametrize("key", [*LINK_KEYS, "fec0", "fec15"])
def test_every_setting_of_a_link_is_taken_and_described(tray: Tray, key: str) -> None:
    """The same for links."""
    tray.set("gpu", 0, "link", "*", key, 1)
    assert f"`{key}`" in README


@pytest.mark.parametrize("word", STATEMENTS)
def test_every_kind_of_line_is_described(word: str) -> None:
    """By the word it opens with."""
    assert len(STATEMENTS) > 10
    assert f"`{word} " in README


def test_a_change_is_seen_without_a_new_init(tray: Tray) -> None:
    """The next call knows, and a line that is taken back is health again."""
    tray.set("gpu", 2, "temperature", 91.6)
    assert tray.nvml.nvmlDeviceGetTemperatureV(tray.gpus[2], 0) == 92
    assert tray.nvml.nvmlDeviceGetMarginTemperature(tray.gpus[2]) == -5
    assert tray.fields([308], 2)[0].value.dVal == 91.6
    tray.control.clear("gpu", 2)
    assert tray.nvml.nvmlDeviceGetTemperatureV(tray.gpus[2], 0) == 39


def test_a_control_keeps_what_a_file_says_already(tmp_path: Path) -> None:
    """And counts events on from there."""
    path = tmp_path / "tray.control"
    path.write_text("gpu 1 lost # since noon\nevent 41 gpu 0 xid 79\n", "utf-8")
    control = Control(path)
    assert control.event(1, "xid", 48) == 42
    control.set("node", "c2-r01-t03")
    assert path.read_text("utf-8").splitlines() == [
        "node c2-r01-t03",
        "gpu 1 lost",
        "event 41 gpu 0 xid 79",
        "event 42 gpu 1 xid 48",
    ]


def test_a_control_replaces_a_value_and_keeps_the_rest(tmp_path: Path) -> None:
    """One line for one thing; processes are told apart by their number."""
    control = Control(tmp_path / "tray.control")
    control.set("gpu", 0, "temperature", 50)
    control.set("gpu", 0, "temperature", 60)
    control.set("gpu", 0, "process", 1, 10)
    control.set("gpu", 0, "process", 2, 10)
    control.clear("gpu", 0, "process", 1)
    assert control.path.read_text("utf-8") == "gpu 0 temperature 60\ngpu 0 process 2 10\n"


def test_old_events_leave_the_file_and_numbers_go_on(tmp_path: Path) -> None:
    """A demo that runs for a month must not fill it."""
    control = Control(tmp_path / "tray.control")
    with control.batch():
        assert [control.event(0, "xid", 31) for _ in range(300)][-1] == 300
    kept = control.path.read_text("utf-8").splitlines()
    assert (len(kept), kept[-1]) == (standin.EVENTS_KEPT, "event 300 gpu 0 xid 31")


def start(library: Path, path: Path, code: str) -> subprocess.CompletedProcess[str]:
    """Run Python code in a process of its own on the stand-in."""
    return subprocess.run(
        [sys.executable, "-c", code],
        env=standin.environment(library, path),
        capture_output=True,
        text=True,
        check=False,
    )


def replace(path: Path, text: str) -> None:
    """Write a file the way a shell would: aside, then renamed into place."""
    aside = path.with_suffix(".aside")
    aside.write_text(text, "utf-8")
    aside.replace(path)
