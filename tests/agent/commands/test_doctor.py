"""`gpusla-agent doctor`: everything that metering rests on, and the way out where it gives way."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from gpusla.clock import SystemClock
from gpusla.identity import NodeName
from gpusla.journal.model import Started
from gpusla_agent import standin
from gpusla_agent.app.doctor import WORKER_MODULE, Level, Line, _leftovers, examine, to_text
from gpusla_agent.recorder import Recorder
from tests.agent.commands.conftest import Call
from tests.agent.journals import HandClock
from tests.agent.processes import AgentProcess, write_settings
from tests.conftest import ROOT

SUBJECTS = ["settings", "web", "address", "inventory", "driver"]


def lines(path: Path) -> dict[str, Line]:
    """Return what is said, by subject."""
    return {line.subject: line for line in examine(path, SystemClock())}


def changed(settings: Path, old: str, new: str) -> Path:
    """Change a word of the settings file."""
    text = settings.read_text()
    assert old in text
    settings.write_text(text.replace(old, new))
    return settings


def test_a_node_that_can_be_metered_has_nothing_bad(settings: Path, call: Call) -> None:
    """Each part is named, warnings allowed, code 0."""
    found = lines(settings)
    assert list(found)[:5] == SUBJECTS
    assert {"permissions", "kernel log", "clock", "journal"} < found.keys()
    assert Level.BAD not in {line.level for line in found.values()}
    assert "580" in found["driver"].found
    assert call("doctor").exit_code == 0


def test_a_gpu_that_does_not_answer_is_named(
    settings: Path, control: standin.Control, call: Call
) -> None:
    """By its slot, with code 1."""
    control.set("gpu", 1, "lost")
    line = lines(settings)["c2/r01/t03/m1"]
    assert (line.level, line.found) == (Level.BAD, "index-1: NVML 15: the GPU is lost")
    assert call("doctor").exit_code == 1


def test_a_driver_that_does_not_answer_is_bad(settings: Path, control: standin.Control) -> None:
    """And no slot is blamed for it."""
    control.set("answer", "nvmlInitWithFlags", 9)
    found = lines(settings)
    assert found["driver"].level is Level.BAD
    assert "the driver is not loaded" in found["driver"].found
    assert not [subject for subject in found if "/" in subject]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (("node: c2-r01-t03", "node: c2-r01-t99"), ("inventory", Level.BAD, "is no node of")),
        (("inventory: inventory", "inventory: no"), ("inventory", Level.BAD, "No such file")),
        (("listen: 127.0.0.1:0", "listen: 0.0.0.0:0"), ("web", Level.WARN, "sees every page")),
        (("interval_ms:", "interval:"), ("settings", Level.BAD, "interval is not a known key")),
        (("nvml:", "web_config_file: web.yml\nnvml:"), ("web", Level.BAD, "cannot be read")),
        (("nvml:", "kernel_log: {path: no}\nnvml:"), ("kernel log", Level.WARN, "No such file")),
        (("nvml:", "kernel_log: {enabled: false}\nnvml:"), ("kernel log", Level.WARN, "is off")),
        (("y: data", "y: a-file/data"), ("journal", Level.BAD, "a-file cannot be written")),
    ],
)
def test_what_is_wrong_is_said_with_the_way_out(
    settings: Path, change: tuple[str, str], expected: tuple[str, Level, str]
) -> None:
    """In the line of what it is wrong with."""
    (settings.parent / "a-file").touch()
    subject, level, words = expected
    line = lines(changed(settings, *change))[subject]
    assert line.level is level
    assert words in line.found
    assert line.way_out


def test_a_taken_address_is_bad_unless_an_agent_holds_it(tmp_path: Path) -> None:
    """Then all is as it should be."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        settings = write_settings(
            tmp_path, standin.build(ROOT / ".cache" / "standin"), listen=f"127.0.0.1:{port}"
        )
        assert lines(settings)["address"].level is Level.BAD
    agent = AgentProcess(settings)
    try:
        assert lines(settings)["address"] == Line("address", Level.OK, "an agent is running on it")
    finally:
        agent.process.terminate()
        agent.wait()


def test_a_journal_that_is_no_chain_is_bad(settings: Path) -> None:
    """Whoever changed it."""
    agent = AgentProcess(settings)
    while agent.look().head < 4:
        pass
    agent.process.terminate()
    agent.wait()
    assert "its last file is a chain" in lines(settings)["journal"].found
    (segment,) = (settings.parent / "data/journal").glob("journal-*.jsonl")
    segment.write_bytes(segment.read_bytes().replace(b'"ok"', b'"ko"', 1))
    assert lines(settings)["journal"].level is Level.BAD


def test_the_journal_of_another_node_is_bad(settings: Path) -> None:
    """The agent would not start over it."""
    clock, directory = HandClock(), settings.parent / "data/journal"
    recorder = Recorder(directory, NodeName("c2-r01-t04"), clock.read)
    recorder.append(Started(recorder.now(), recorder.node, "0.1.0", "fake", 1_000, 2_500))
    recorder.close()
    line = lines(settings)["journal"]
    assert line.level is Level.BAD
    assert "is that of node 'c2-r01-t04'" in line.found
    assert line.way_out.startswith("Move the journal and node-key.pem aside")


def test_a_worker_without_an_agent_is_left_over() -> None:
    """One that init has taken over; others are an agent's own."""
    table = {
        "7": (WORKER_MODULE.encode(), b"7 (python (x)) S 1 7"),
        "8": (WORKER_MODULE.encode(), b"8 (python) S 6 8"),
        "9": (b"sh", b"9 (sh) S 1 9"),
    }

    class Proc:
        """A table of processes."""

        def glob(self, _pattern: str) -> Iterator[Path]:
            """List them."""
            return (Path(f"/proc/{pid}/cmdline") for pid in table)

    def read(path: Path) -> bytes:
        command, stat = table[path.parent.name]
        return command if path.name == "cmdline" else stat

    found = list(_leftovers(Proc(), read))  # type: ignore[arg-type]
    assert [line.found for line in found] == ["process 7 of an agent that is gone"]


def test_lines_are_read_by_people() -> None:
    """In columns, the way out below, colours if wanted."""
    told = [Line("clock", Level.WARN, "unsynchronised", "Start chrony"), Line("web", Level.OK, "x")]
    assert to_text(told).splitlines() == [
        "warn  clock  unsynchronised",
        "             way out: Start chrony",
        "ok    web    x",
    ]
    assert "\x1b[33mwarn\x1b[0m" in to_text(told, is_coloured=True)
