"""Sums on disk: what a restart keeps, what a kill loses, and that nothing shown goes back."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from gpusla.readings import Pass, Present
from gpusla_agent.app.node import Node
from gpusla_agent.app.usage import WRITE_MS, KeptUsage
from gpusla_agent.assignments import FixedConfiguration
from gpusla_agent.recorder import Recorder
from gpusla_agent.sampler import CAPACITY, EVERYTHING, Consents, Sampler, Usage
from tests.agent.journals import HandClock
from tests.agent.test_node import CONFIGURATION, NODE, FakeSource
from tests.agent.test_usage import CURSOR, at, used
from tests.core.health.gpus import EXPECTED, UUID, gpu

VALID_MS = 2_500


def kept(directory: Path, boot: str = "boot-1") -> KeptUsage:
    """Return the file of one boot."""
    return KeptUsage(directory / "usage.json", boot)


def step(usage: Usage, second: int, joules: float) -> None:
    """Take in a pass that is busy all the time."""
    usage.add(at(second, utilization_ratio=1.0, energy_joules=joules), {UUID: CURSOR})


def test_a_restart_goes_on_where_the_sums_were(tmp_path: Path) -> None:
    """Shares lose the time away; a counter of the driver loses nothing."""
    usage = kept(tmp_path).load(VALID_MS, 0)
    step(usage, 0, 100)
    step(usage, 1, 150)
    assert kept(tmp_path).keep(usage, 1_000, at_once=True)

    again = kept(tmp_path).load(VALID_MS, 61_000)
    assert used(again) == {"busy_seconds": 1.0, "energy_joules": 50}
    step(again, 61, 7_000)
    step(again, 62, 7_100)
    assert used(again) == {"busy_seconds": 2.0, "energy_joules": 7_000}


def test_after_a_boot_the_sums_go_on_and_the_drivers_counters_begin_anew(tmp_path: Path) -> None:
    """A counter of another boot says nothing of this one, even if it is higher."""
    usage = kept(tmp_path).load(VALID_MS, 0)
    step(usage, 100, 100)
    step(usage, 101, 150)
    kept(tmp_path).keep(usage, 101_000, at_once=True)

    again = kept(tmp_path, "boot-2").load(VALID_MS, 5_000)
    step(again, 5, 4_000)
    step(again, 6, 4_001)
    assert used(again) == {"busy_seconds": 2.0, "energy_joules": 51}


def test_the_file_is_written_every_ten_seconds_and_when_it_must_be(tmp_path: Path) -> None:
    """Its answer says whether what the sums are now is on disk, and so may be shown."""
    file, usage = kept(tmp_path), Usage(VALID_MS)
    answers = [file.keep(usage, now_ms) for now_ms in range(0, 2 * WRITE_MS + 1, 5_000)]
    assert answers == [True, False, True, False, True]
    assert file.keep(usage, 2 * WRITE_MS + 1, at_once=True)


@pytest.mark.parametrize("content", ["", "{", "[]", '{"digest": "0", "usage": "{}"}', "null"])
def test_a_file_that_is_not_what_was_written_is_as_good_as_none(
    tmp_path: Path, content: str
) -> None:
    """Prometheus knows a counter that begins at zero."""
    (tmp_path / "usage.json").write_text(content)
    assert not kept(tmp_path).load(VALID_MS, 0).sums


def test_a_sum_that_somebody_wrote_into_the_file_is_not_believed(tmp_path: Path) -> None:
    """A slip of an editor or half a write, not an attack: the digest is no signature."""
    usage = Usage(VALID_MS)
    step(usage, 0, 0)
    kept(tmp_path).keep(usage, 0, at_once=True)
    path = tmp_path / "usage.json"
    content = json.loads(path.read_text())
    content["usage"] = content["usage"].replace("0.0", "9.0")
    path.write_text(json.dumps(content))
    assert not kept(tmp_path).load(VALID_MS, 0).sums


def test_a_disk_that_cannot_be_written_shows_nothing_new(tmp_path: Path) -> None:
    """And loses nothing as long as the agent lives."""
    (tmp_path / "usage.new").mkdir()
    file, usage = kept(tmp_path), Usage(VALID_MS)
    step(usage, 0, 0)
    assert not file.keep(usage, 0)
    (tmp_path / "usage.new").rmdir()
    assert file.keep(usage, 1)


class Life:
    """One life of an agent on a node whose GPU is busy all the time."""

    def __init__(self, directory: Path, clock: HandClock, consents: Consents = EVERYTHING) -> None:
        """Start it."""
        self.clock = clock
        self.consents = consents
        source = FakeSource(clock, self._seen)
        self.file = KeptUsage(directory / "usage.json", "boot")
        self.node = Node(
            Recorder(directory / "journal", NODE, clock.read),
            Sampler(source, lambda _: EXPECTED, lambda: 0, None, lambda *_: self.consents),
            source,
            clock.read,
            FixedConfiguration(CONFIGURATION),
            usage=self.file.load(VALID_MS, clock.mono_ms),
            keep_usage=self.file.keep,
        )
        self.node.start()

    def busy(self, seconds: int) -> float | None:
        """Live on for so long and return the busy seconds on the page."""
        for _ in range(seconds):
            self.clock.pass_ms(1_000)
            self.node.step()
        lines = self.node.metrics("")[0].decode().splitlines()
        found = [line for line in lines if line.startswith("gpusla_usage_busy_seconds_total{")]
        return float(found[0].split()[-1]) if found else None

    def _seen(self) -> Pass:
        seen = replace(gpu(utilization_ratio=Present(1.0)), at_mono_ms=self.clock.mono_ms)
        return Pass(0, {UUID: seen})


@pytest.mark.parametrize("seconds", [1, 7, 11, 19, 25])
def test_no_kill_makes_a_counter_on_the_page_go_back(tmp_path: Path, seconds: int) -> None:
    """Prometheus would count all of it again."""
    clock = HandClock()
    killed = Life(tmp_path, clock)
    shown = killed.busy(seconds)
    killed.node._recorder.close()  # As the kernel does: nothing is told, nothing is written.
    again = Life(tmp_path, clock).busy(1)
    assert shown is not None
    assert again is not None
    assert shown <= again
    assert again >= seconds - 1 - WRITE_MS / 1_000


def test_a_withdrawal_is_on_the_page_and_on_disk_one_pass_later(tmp_path: Path) -> None:
    """Not when the file is written the next time."""
    life = Life(tmp_path, HandClock())
    assert life.busy(13) is not None
    life.consents = CAPACITY
    assert life.busy(1) is None
    assert "busy_seconds" not in (tmp_path / "usage.json").read_text()
