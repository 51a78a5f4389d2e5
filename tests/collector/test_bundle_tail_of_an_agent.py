"""The journal of a real recorder that is killed within an hour, and what its tail rests on."""

import io
import json
from pathlib import Path

import pytest

from gpusla.cli import main
from gpusla.evidence.ed25519 import public_of
from gpusla.evidence.keys import to_text
from gpusla.journal.model import ClockState, ClockStepped, Condition, Started
from gpusla_agent.evidence.files import KEY_FILE, read_key
from gpusla_agent.evidence.node_keys import NodeKeys
from gpusla_agent.recorder.recorder import Recorder
from gpusla_agent.recorder.values import ClockReading
from gpusla_collector.ports import OPERATOR
from tests.collector.bundles import TRAYS, bundles_of, enrolled, members_of
from tests.collector.journals import DOWN, OK, Journal
from tests.collector.site import NODE
from tests.collector.stage import ALPHA, DAY_MS, HOUR_MS, Stage
from tests.collector.tails import MINUTE_MS, SEPTEMBER_MS

BEGIN_MS = SEPTEMBER_MS - 2 * HOUR_MS
STEP_MS = 2_500


class Agent:
    """A recorder and its clocks: the wall clock runs five parts in a million too fast."""

    def __init__(self, folder: Path) -> None:
        self.mono_ms, self.ahead_ms = 5_000, 0
        self.keys = NodeKeys(folder, NODE)
        self.recorder = Recorder(folder / "journal", NODE, self.clock)
        self.recorder.signer = self.keys
        at = self.recorder.now()
        self.recorder.append(Started(at, NODE, "0.1.0", "fake", 1_000, 2_500))
        introduction = self.keys.introduction(at, "")
        assert introduction is not None
        self.recorder.append(introduction)
        self.recorder.sync()

    def clock(self) -> ClockReading:
        """Return all clocks."""
        run_ms = self.mono_ms - 5_000
        wall_ms = BEGIN_MS + run_ms + run_ms // 200_000 + self.ahead_ms
        return ClockReading("boot", self.mono_ms, wall_ms, ClockState.SYNCHRONISED, 5)

    def live(self, journal: Journal, seconds: int, first: Condition = OK) -> None:
        """Take a sample a second; first: what the first GPU is in."""
        seen = dict.fromkeys(journal.slots, OK) | {journal.slots[0]: first}
        for _ in range(seconds):
            self.mono_ms += 1_000
            self.recorder.observe(self.recorder.now(), seen)
            if self.recorder.has_pending:
                self.recorder.sync()

    def step(self) -> None:
        """Set the wall clock forward."""
        self.ahead_ms += STEP_MS
        self.recorder.append(ClockStepped(self.recorder.now(), STEP_MS))


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    """Return one of an agent that starts at 22:00, is stepped at 23:30 and killed at 00:40:22."""
    stage, agent = Stage(TRAYS[:1]), Agent(tmp_path)
    journal = stage.journal()
    agent.live(journal, 90 * 60)
    agent.step()
    agent.live(journal, 40 * 60)
    agent.live(journal, 30 * 60 + 20, DOWN)
    kind, private = ("Inventory", "inventory.yaml"), read_key(tmp_path / KEY_FILE)
    assert private is not None
    stage.files.texts[kind] = enrolled(stage.files.texts[kind], {"t01": private})
    assert to_text(public_of(private)) in stage.files.texts[kind]
    journal.lines = agent.recorder.read(0, 10**9, 10**12)
    journal.head = agent.recorder.durable
    turns = stage.turns()
    stage.clock.now_ms = SEPTEMBER_MS + 41 * MINUTE_MS
    turns.once()
    stage.agents.silent.add(NODE)
    for now_ms in (SEPTEMBER_MS + 32 * DAY_MS, SEPTEMBER_MS + 33 * DAY_MS):
        stage.clock.now_ms = now_ms
        turns.once()
    return stage


def test_an_agent_s_tail_gives_the_same_dollars(
    stage: Stage, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Of September it has 40 minutes: a record a second, a signature a minute, and no block."""
    stream = io.BytesIO()
    made = bundles_of(stage).write(stream, OPERATOR, ALPHA, "2026-09", with_journals=True)
    assert made.lacking == []
    lines = members_of(stream.getvalue())[f"hours/{NODE}.jsonl"].splitlines()
    kinds = [json.loads(line)["kind"] for line in lines]
    assert kinds[:4] == ["started", "key", "signature", "clock_stepped"]
    assert kinds.count("hour") == 1
    tail = kinds[kinds.index("hour") + 1 :]
    assert (len(tail) - tail.count("signature"), tail.count("signature")) == (2_423, 40)
    file = tmp_path / "x.zip"
    file.write_bytes(stream.getvalue())
    assert main(["verify", str(file), "--jobs", "1"]) == 0
    capsys.readouterr()
    assert main(["recompute", str(file), "--as", "json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["verdict"], told["blocks"]) == ("same", 1)
    (one,) = told["tails"]
    assert one["until_ms"] - one["signed_ms"] < MINUTE_MS
