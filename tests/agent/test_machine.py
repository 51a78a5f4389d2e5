"""The machine's clocks, what health remembers on disk, and the set-up of logs."""

import io
import json
import logging
from pathlib import Path

from gpusla import logs
from gpusla.clock import SystemClock
from gpusla.health import Memory, SlotMemory
from gpusla.health.memory import Fatal
from gpusla.identity import GpuUuid
from gpusla.journal.model import ClockState
from gpusla_agent.app.machine import MachineClock, give_memory_back
from gpusla_agent.app.memory import KeptMemory
from tests.core.health.gpus import SLOT

LOST = (Fatal(79, "catalogue: Xid 79", "reboot_node"),)
FATAL = Memory({SLOT: SlotMemory(GpuUuid("GPU-1"), 5.0, LOST, is_interrupted=True)})


class StutteringClock:
    """A clock whose reader is held up for a second the first time."""

    def __init__(self) -> None:
        self._mono = iter([0, 1_000, 1_001])
        self._wall = iter([500, 1_501])

    def wall_ms(self) -> int:
        """Return wall time."""
        return next(self._wall)

    def monotonic_ms(self) -> int:
        """Return monotonic time."""
        return next(self._mono)

    def sleep(self, seconds: float) -> None:
        """Nobody waits here."""


def test_the_clocks_are_read_together() -> None:
    """A reader that was held up between two clocks reads them again."""
    reading = MachineClock(StutteringClock()).read()
    assert (reading.mono_ms, reading.wall_ms) == (1_001, 1_501)


def test_the_machine_says_whether_its_clock_is_kept() -> None:
    """Only a clock that is kept has a bound for its error."""
    reading = MachineClock(SystemClock()).read()
    assert len(reading.boot) == 36
    assert (reading.error_ms is not None) == (reading.clock is ClockState.SYNCHRONISED)


def test_memory_is_given_back_wherever_it_can_be() -> None:
    """On a C library without that call nothing happens."""
    give_memory_back()


def test_a_restart_of_the_agent_heals_no_gpu(tmp_path: Path) -> None:
    """What is remembered comes back within one boot."""
    KeptMemory(tmp_path / "health.json", "boot-1").keep(FATAL)
    assert KeptMemory(tmp_path / "health.json", "boot-1").load() == FATAL


def test_a_restart_of_the_node_does(tmp_path: Path) -> None:
    """Another boot resets every GPU."""
    KeptMemory(tmp_path / "health.json", "boot-1").keep(FATAL)
    assert KeptMemory(tmp_path / "health.json", "boot-2").load() == Memory()


def test_only_what_lasts_is_written(tmp_path: Path) -> None:
    """Energy changes at every pass and costs nothing to lose."""
    path = tmp_path / "health.json"
    kept = KeptMemory(path, "boot-1")
    kept.keep(FATAL)
    path.unlink()
    kept.keep(Memory({SLOT: SlotMemory(GpuUuid("GPU-1"), 6.0, LOST, is_interrupted=True)}))
    assert not path.exists()
    kept.keep(Memory({SLOT: SlotMemory(GpuUuid("GPU-1"), 6.0)}))
    assert path.exists()


def test_a_spoilt_memory_is_said_and_empty(tmp_path: Path) -> None:
    """And the agent starts."""
    path = tmp_path / "health.json"
    half = {"slots": {str(SLOT): {"uuid": "GPU-1"}}, "recent": []}
    for content in (
        "",
        "[]",
        '{"boot": "boot-1"}',
        '{"boot": "boot-1", "slots": {"x": {"y": 1}}}',
        '{"boot": "boot-1", "memory": {"slots": [], "recent": []}}',
        json.dumps({"boot": "boot-1", "memory": half}),
    ):
        path.write_text(content)
        assert KeptMemory(path, "boot-1").load() == Memory()


def test_the_memory_of_an_older_agent_is_read(tmp_path: Path) -> None:
    """An update within one boot heals no GPU."""
    path = tmp_path / "health.json"
    slot = {"uuid": "GPU-1", "energy_joules": 5.0, "fatal_xids": [79], "is_interrupted": True}
    older = {**slot, "thermal_reasons": 0, "thermal_until_ms": 0, "unclassified_xids": []}
    path.write_text(json.dumps({"boot": "boot-1", "slots": {str(SLOT): older}}))
    read = KeptMemory(path, "boot-1").load().slots[SLOT]
    assert (read.uuid, read.energy_joules, read.is_interrupted) == ("GPU-1", 5.0, True)
    assert [(fatal.xid, fatal.action) for fatal in read.fatal] == [(79, "reboot_node")]


def test_a_log_line_is_json_where_nobody_reads_along(log: io.StringIO) -> None:
    """Ours and those of libraries, with the same keys."""
    logs.get_logger().info("probe_failed", duration_seconds=0.4)
    logging.getLogger("waitress").warning("queue depth is %d", 3)
    ours, theirs = (json.loads(line) for line in log.getvalue().splitlines())
    assert (ours["event"], ours["level"], ours["duration_seconds"]) == ("probe_failed", "info", 0.4)
    assert (theirs["event"], theirs["level"]) == ("queue depth is 3", "warning")
    assert set(theirs) == {"event", "level", "timestamp"}
