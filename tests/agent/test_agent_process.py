"""The whole agent, from its settings file to its pages, started, stopped and killed for real."""

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest
from typer.testing import CliRunner

from gpusla.errors import GpuslaError
from gpusla.evidence.grades import check
from gpusla.identity import NodeName
from gpusla.journal.body import Body
from gpusla.journal.chain import EMPTY, follow
from gpusla.journal.codec import decode
from gpusla.journal.hours import HourClosed
from gpusla.journal.model import KeyIntroduced, Observed, Started, Stopped
from gpusla_agent import standin
from gpusla_agent.cli import app
from tests.agent.journal_lives import where
from tests.agent.processes import AgentProcess, write_settings
from tests.conftest import ROOT
from tests.programs import program

KILLS = (("fdatasync", 6), ("fsync", 1), ("fdatasync", 5))
"""Equal samples share a record a second, so each number more takes a second more."""


@pytest.fixture(scope="module")
def library() -> Path:
    """The stand-in, built where every run of the tests finds it again."""
    return standin.build(ROOT / ".cache" / "standin")


@pytest.fixture
def settings(tmp_path: Path, library: Path) -> Path:
    """A settings file over the stand-in."""
    return write_settings(tmp_path, library)


def bodies(lines: list[bytes]) -> list[Body]:
    """Check the chain and return what its records say."""
    head = EMPTY
    for line in lines:
        head, _, _ = follow(head, line)
    return [decode(line)[1] for line in lines]


def test_an_agent_meters_and_stops_when_told(settings: Path) -> None:
    """It serves what it synced, writes that it stopped, and leaves no worker behind."""
    agent = AgentProcess(settings)
    seen = agent.look()
    while seen.head < 6:
        seen = agent.look()
    # A machine that is busy with other tests may be late with one sample, and the page says so.
    until = time.monotonic() + 10
    while (troubles := agent.troubles()) and time.monotonic() < until:
        time.sleep(0.2)
    assert not troubles
    workers = subprocess.run(
        ["pgrep", "-P", str(agent.process.pid)], capture_output=True, text=True, check=True
    ).stdout.split()
    agent.process.send_signal(signal.SIGTERM)
    assert agent.wait() == 0

    journal = settings.parent / "data/journal"
    (segment,) = journal.glob("journal-*.jsonl")
    told = bodies(segment.read_bytes().splitlines())
    assert isinstance(told[0], Started)
    assert [type(body) for body in told[-2:]] == [Stopped, HourClosed]
    first = next(body for body in told if isinstance(body, KeyIntroduced))
    lines = segment.read_bytes().splitlines()
    assert check(NodeName("c2-r01-t03"), lines, {first.public}).keyring.signed == len(lines) - 1
    observed = [body for body in told if isinstance(body, Observed)]
    assert {len(body.conditions) for body in observed} == {4}
    assert {c.state for body in observed for c in body.conditions.values()} == {"ok"}
    assert not [worker for worker in workers if Path(f"/proc/{worker}").exists()]


def test_a_killed_agent_takes_nothing_back(settings: Path, tmp_path: Path) -> None:
    """Over several lives: the journal only grows, no state second is lost, no worker stays."""
    lines: list[bytes] = []
    seconds: dict[str, float] = {}
    landed: Counter[str] = Counter()
    log = tmp_path / "strace.log"
    for call, number in KILLS:
        inject = f"inject={call}:signal=KILL:when={number}"
        strace = [program("strace"), "-y", "-o", str(log)]
        agent = AgentProcess(settings, [*strace, "-e", f"trace={call}", "-e", inject])
        seen = agent.look_until_dead()
        agent.wait()
        landed[where(log.read_text())] += 1
        if seen is None:
            continue
        bodies(seen.lines)
        assert seen.lines[: len(lines)] == lines
        assert len(seen.lines) >= len(lines)
        assert all(seen.state_seconds.get(name, 0) >= value for name, value in seconds.items())
        lines, seconds = seen.lines, dict(seen.state_seconds)

    agent = AgentProcess(settings)
    seen = agent.look()
    assert seen.lines[: len(lines)] == lines
    assert all(seen.state_seconds[name] >= value for name, value in seconds.items())
    agent.process.terminate()
    assert agent.wait() == 0
    print(f"\nwhere the kills landed: {dict(landed)}")  # noqa: T201


def test_a_second_agent_is_refused(settings: Path) -> None:
    """The journal has one writer; the sentence says so."""
    agent = AgentProcess(settings)
    finished = subprocess.run(
        [sys.executable, "-m", "gpusla_agent.app", str(settings)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
    )
    agent.process.terminate()
    agent.wait()
    assert finished.returncode == 2
    assert finished.stderr.endswith("a journal has one writer. [GS3002]\n")


# --- the commands that look once --------------------------------------------------------------


def test_check_says_what_is_good(settings: Path) -> None:
    """One line, code 0."""
    result = CliRunner().invoke(app, ["check-config", "--config", str(settings)])
    assert (result.exit_code, result.stdout) == (
        0,
        f"{settings}: good: node c2-r01-t03, 4 GPUs expected, serving ref-2026\n",
    )


def test_the_example_is_good() -> None:
    """What a reader copies works."""
    example = ROOT / "examples/agent/agent.yaml"
    result = CliRunner().invoke(app, ["check-config", "--config", str(example)])
    assert result.stdout.endswith("good: node r01-t03, 4 GPUs expected, serving reflection-2026\n")


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        (
            {"node": "c2-r01-t99"},
            (
                "node: 'c2-r01-t99' is no node of {directory}/inventory.yaml. Write the node's "
                "name as the inventory has it, or add it there. [GS1202]"
            ),
        ),
        (
            {"deadline_ms": "100"},
            (
                "{file}:11:16: nvml.deadline_ms: one GPU may take 100 ms and a pass has 100 ms. "
                "Make it at most half of interval_ms. [GS1301]"
            ),
        ),
        (
            {"listen": "everywhere"},
            (
                "{file}:8:9: listen: 'everywhere' is not an address to listen on. "
                "Write it like 127.0.0.1:9641. [GS1010]"
            ),
        ),
        (
            {"assignments": "nowhere.yaml"},
            (
                "{directory}/nowhere.yaml: cannot be read: No such file or directory. "
                "Check the path and that the user of the service may read it. [GS1001]"
            ),
        ),
    ],
)
def test_check_says_what_is_bad(
    tmp_path: Path, library: Path, changes: dict[str, str], sentence: str
) -> None:
    """The whole sentence, code 1."""
    path = write_settings(tmp_path, library, **changes)
    result = CliRunner().invoke(app, ["check-config", "--config", str(path)])
    expected = sentence.format(file=path, directory=tmp_path)
    assert (result.exit_code, result.stderr) == (1, f"gpusla-agent: {expected}\n")


def test_scan_shows_each_slot(settings: Path) -> None:
    """As a table for people and as JSON for machines."""
    table = CliRunner().invoke(app, ["scan", "--config", str(settings)])
    assert table.exit_code == 0
    assert table.stdout.splitlines()[1].split()[:2] == ["c2/r01/t03/m2", "0"]

    told = json.loads(CliRunner().invoke(app, ["scan", "--config", str(settings), "--json"]).stdout)
    assert [slot["state"] for slot in told["slots"].values()] == ["ok"] * 4


def test_scan_ends_with_what_it_found(
    settings: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Code 1 for a slot that is not ok, 5 for a driver that does not answer."""
    path = tmp_path / "tray.control"
    monkeypatch.setenv(standin.CONTROL_VARIABLE, str(path))
    control = standin.Control(path)
    control.set("gpu", 1, "lost")
    lost = CliRunner().invoke(app, ["scan", "--config", str(settings)])
    assert lost.exit_code == 1
    assert "gpu_lost: driver: NVML 15: the GPU is lost" in lost.stdout

    control.set("answer", "nvmlInitWithFlags", 9)
    silent = CliRunner().invoke(app, ["scan", "--config", str(settings)])
    assert silent.exit_code == 5
    assert "the driver does not answer: NVML 9: the driver is not loaded" in silent.stderr


def test_an_error_of_ours_is_a_sentence(tmp_path: Path) -> None:
    """Not a trace."""
    result = CliRunner().invoke(app, ["scan", "--config", str(tmp_path / "no.yaml")])
    assert isinstance(result.exception, GpuslaError)
