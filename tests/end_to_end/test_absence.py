"""Ten missed scrapes and a killed agent: nothing is lost, and the absence is unknown."""

import contextlib
import itertools
import os
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import httpx
import pytest
import yaml

from gpusla.catalogue.metrics import SLOT_STATE_SECONDS
from gpusla.catalogue.reasons import State
from gpusla.clock import SystemClock
from gpusla.instants import Interval
from gpusla.sla.periods import period_at
from gpusla.timeline.build import build
from gpusla.timeline.model import StateSpan, Timeline
from gpusla_agent import standin
from gpusla_collector.adapters.sql.reading import reading
from gpusla_collector.app import once, upgrade
from gpusla_collector.demo.cast import ROOT_OF_COMMANDS
from gpusla_collector.demo.stage import Child, Stage, wait_until_ready
from gpusla_collector.settings import read_settings
from tests.end_to_end.world import HOUR_MS, Rack, build_rack
from tests.programs import program

NODE = "r01-t01"
SCRAPE_MS = 1_000
BEFORE_SECONDS, AWAY_SECONDS, AFTER_SECONDS = 6, 3, 6
MISSED_SCRAPES = 10


@dataclass(slots=True)
class Lived:
    """What happened: addresses, and the wall times around the agent's absence."""

    rack: Rack
    agent_port: int
    prometheus_url: str
    acknowledged: tuple[int, str]
    killed_ms: int
    started_ms: int


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lived]:
    """Run one agent on the stand-in and a Prometheus; stop the one and kill the other."""
    rack = build_rack(tmp_path_factory.mktemp("absence"))
    stage = Stage(rack.folder)
    port = stage.reserve_port()
    library = standin.build(rack.folder / "standin")
    with contextlib.ExitStack() as stack:
        stack.callback(stage.stop)
        agent = _start_agent(stage, rack, port, library)
        url, prometheus = _start_prometheus(stage, rack.folder, port)
        time.sleep(BEFORE_SECONDS)
        os.kill(prometheus.process.pid, signal.SIGSTOP)
        time.sleep(MISSED_SCRAPES - AWAY_SECONDS - AFTER_SECONDS / 2)
        acknowledged = _head(port)
        agent.process.kill()
        agent.process.wait()
        killed_ms = SystemClock().wall_ms()
        time.sleep(AWAY_SECONDS)
        _start_agent(stage, rack, port, library)
        started_ms = _first_sample_ms(port)
        time.sleep(AFTER_SECONDS / 2)
        os.kill(prometheus.process.pid, signal.SIGCONT)
        time.sleep(AFTER_SECONDS)
        _collect(rack, port)
        yield Lived(rack, port, url, acknowledged, killed_ms, started_ms)


def test_nothing_acknowledged_is_lost(lived: Lived) -> None:
    """The record that was the head before the kill still stands under its number and digest."""
    sequence, digest = lived.acknowledged
    answer = httpx.get(
        f"http://127.0.0.1:{lived.agent_port}/journal", params={"after": sequence, "limit": 1}
    )
    following = answer.json()
    assert following["seq"] == sequence + 1
    assert following["prev"] == digest


def test_scrapes_were_missed_and_no_counter_went_back(lived: Lived) -> None:
    """Prometheus has a hole of ten scrapes or more, and every counter grew across it."""
    for series in _samples(lived.prometheus_url):
        times = [at_ms for at_ms, _ in series]
        values = [value for _, value in series]
        assert max(b - a for a, b in itertools.pairwise(times)) >= (MISSED_SCRAPES * SCRAPE_MS)
        assert values == sorted(values)


def test_counters_and_journals_agree_across_the_hole(lived: Lived) -> None:
    """What a counter gained between its first and last sample is what the journal says of it."""
    ok = [series for series in _samples(lived.prometheus_url, State.OK) if series]
    assert len(ok) == 4
    timeline = _timeline(lived, Interval(ok[0][0][0], ok[0][-1][0]))
    for series in ok:
        gained = series[-1][1] - series[0][1]
        for spans in timeline.spans.values():
            journalled = _milliseconds(spans, State.OK)
            transitions = 2  # into the absence and out of it
            assert abs(gained - journalled) <= SCRAPE_MS * (1 + transitions)


def test_every_millisecond_of_the_absence_is_unknown(lived: Lived) -> None:
    """From the kill to the first sample after it, no slot is anything but unknown."""
    timeline = _timeline(lived, Interval(lived.killed_ms, lived.started_ms))
    assert len(timeline.spans) == 4
    for spans in timeline.spans.values():
        assert _milliseconds(spans, State.UNKNOWN) == lived.started_ms - lived.killed_ms


def _start_agent(stage: Stage, rack: Rack, port: int, library: Path) -> Child:
    settings = rack.folder / "agent.yaml"
    content = {
        "apiVersion": "gpusla/v1",
        "kind": "Agent",
        "node": NODE,
        "data_directory": "agent",
        "inventory": "inventory.yaml",
        "assignments": "assignments.yaml",
        "listen": f"127.0.0.1:{port}",
        "nvml": {"library_directory": str(library.parent)},
    }
    settings.write_text(yaml.safe_dump(content), "utf-8")
    command = [str(ROOT_OF_COMMANDS / "gpusla-agent"), "run", "--config", str(settings)]
    child = stage.start("agent", command)
    wait_until_ready(child, f"http://127.0.0.1:{port}/healthz")
    return child


def _start_prometheus(stage: Stage, folder: Path, agent_port: int) -> tuple[str, Child]:
    port = stage.reserve_port()
    targets = [{"targets": [f"127.0.0.1:{agent_port}"]}]
    configuration = {
        "global": {"scrape_interval": "1s"},
        "scrape_configs": [{"job_name": "gpusla-agent", "static_configs": targets}],
    }
    path = folder / "prometheus.yml"
    path.write_text(yaml.safe_dump(configuration), "utf-8")
    command = [
        program("prometheus"),
        f"--config.file={path}",
        f"--storage.tsdb.path={folder / 'prometheus'}",
        f"--web.listen-address=127.0.0.1:{port}",
    ]
    child = stage.start("prometheus", command)
    url = f"http://127.0.0.1:{port}"
    wait_until_ready(child, f"{url}/-/ready")
    return url, child


def _head(port: int) -> tuple[int, str]:
    answer = httpx.get(f"http://127.0.0.1:{port}/journal", params={"after": 0, "limit": 1})
    sequence, digest = answer.headers["X-Gpusla-Head"].split()
    return int(sequence), digest


def _first_sample_ms(port: int) -> int:
    """Return the wall time of the first sample after the newest start, from the journal."""
    for _ in range(100):
        text = httpx.get(f"http://127.0.0.1:{port}/journal", params={"after": 0}).text
        records = [yaml.safe_load(line) for line in text.splitlines()]
        last = max(i for i, record in enumerate(records) if record["kind"] == "started")
        anchor = records[last]["body"]["at"]
        observed = [r["body"] for r in records[last:] if r["kind"] == "observed"]
        if observed:
            return int(anchor["wall_ms"] + observed[0]["from_mono_ms"] - anchor["mono_ms"])
        time.sleep(0.1)
    raise AssertionError("the restarted agent took no sample")


def _collect(rack: Rack, port: int) -> None:
    """Let a collector take in the one journal that there is."""
    path = rack.folder / "inventory.yaml"
    content = yaml.safe_load(path.read_text("utf-8"))
    content["nodes"] = [node for node in content["nodes"] if node["node"] == NODE]
    content["nodes"][0]["address"] = f"http://127.0.0.1:{port}"
    path.write_text(yaml.safe_dump(content), "utf-8")
    period = period_at(rack.contract, SystemClock().wall_ms())
    settings = read_settings(rack.write_collector(period), {})
    upgrade(settings)
    once(settings, SystemClock())


def _timeline(lived: Lived, window: Interval) -> Timeline:
    slots = [slot for slot in lived.rack.slots if slot.tray == "t01"]
    reach = Interval(window.start_ms - HOUR_MS, window.end_ms + HOUR_MS)
    with reading(read_settings(lived.rack.folder / "collector.yaml", {}).database) as store:
        return build(store.account(slots, reach).spans, slots, window)


def _milliseconds(spans: tuple[StateSpan, ...], state: State) -> int:
    return sum(s.end_ms - s.start_ms for s in spans if s.condition.state is state)


def _samples(url: str, state: State | None = None) -> list[list[tuple[int, int]]]:
    """Return raw samples of the state counters in milliseconds, one list for each series."""
    selector = "" if state is None else f'{{state="{state.value}"}}'
    answer = httpx.get(
        f"{url}/api/v1/query", params={"query": f"{SLOT_STATE_SECONDS.name}{selector}[5m]"}
    )
    return [
        [
            (int(Decimal(str(at)) * 1000), int(Decimal(value) * 1000))
            for at, value in found["values"]
        ]
        for found in answer.json()["data"]["result"]
    ]
