"""A capture replayed: the golden readings, its own pace, its end, and parity with the live node."""

import os
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from gpusla.catalogue.readings import GPU, Consent
from gpusla.clock import SystemClock
from gpusla.errors import InputError
from gpusla.readings import Absent, GpuReadings, NvLink, Pass, Present
from gpusla_agent import standin
from gpusla_agent.app.record import Terms, listed_uuids, record
from gpusla_agent.probes import PROBING
from gpusla_agent.sources.capture import CaptureReader
from gpusla_agent.sources.nvml import NvmlSource
from gpusla_agent.sources.recorded import RecordedSource
from tests.captures import CAPTURES
from tests.conftest import ROOT
from tests.fakes import FakeClock

GOLDEN = ROOT / "tests" / "golden" / "readings"
STANDIN = next(path for path in CAPTURES if "standin" in path.name)


def replayed(path: Path, clock: FakeClock, *consents: Consent) -> Iterator[Pass]:
    """Yield a pass for each interval of a capture, the one behind its end included."""
    with closing(RecordedSource(path, clock, PROBING)) as source:
        seen = source.sample()
        source.allow(dict.fromkeys(seen.gpus, frozenset(consents)))
        source.close()
    with closing(RecordedSource(path, clock, PROBING)) as source:
        source.allow(dict.fromkeys(seen.gpus, frozenset(consents)))
        while True:
            seen = source.sample()
            yield seen
            if seen.source is not None and seen.source.detail == "the recording has ended":
                return
            clock.sleep(source.header.interval_ms / 1_000)


def told(reading: Present[Any] | Absent) -> str:
    """Return a reading as a word."""
    return str(reading.value) if isinstance(reading, Present) else str(reading.absence)


def down(links: Present[tuple[NvLink, ...]] | Absent) -> str:
    """Return the numbers of the links that are not active."""
    if isinstance(links, Absent):
        return str(links.absence)
    return str([link.number for link in links.value if not link.is_active])


def readings_of(gpu: GpuReadings) -> dict[str, str]:
    """Return all that was read of a GPU, as words by name."""
    return {
        "answered": "yes" if gpu.answered is None else str(gpu.answered.absence),
        "rejected": " ".join(gpu.rejected) or "none",
        "fabric": told(gpu.fabric),
        "links down": down(gpu.links),
        **{name: told(reading) for name, reading in gpu.numbers.items()},
    }


def listing(passes: Iterator[Pass]) -> Iterator[str]:
    """Yield, for each pass, what changed since the one before."""
    before: dict[int, dict[str, str]] = {}
    for number, seen in enumerate(passes):
        yield f"pass {number}: {'ok' if seen.source is None else seen.source.detail}"
        for event in seen.events:
            yield f"  xid {event.xid} of gpu {seen.gpus[event.uuid].identity.index}"
        for gpu in sorted(seen.gpus.values(), key=lambda one: one.identity.index):
            now, index = readings_of(gpu), gpu.identity.index
            known = before.get(index, {})
            changed = {name: word for name, word in now.items() if known.get(name) != word}
            yield from (f"  gpu {index} {name}: {word}" for name, word in sorted(changed.items()))
            yield from (f"  gpu {index} {name}: gone" for name in sorted(known.keys() - now))
            before[index] = now


@pytest.mark.parametrize("path", CAPTURES, ids=lambda path: path.stem)
def test_a_capture_gives_its_golden_readings(path: Path) -> None:
    """Every reading of every pass; what changes here changes for the fleet."""
    passes = replayed(path, FakeClock(), *Consent)
    text = "".join(f"{line}\n" for line in listing(passes))
    golden = GOLDEN / f"{path.stem}.txt"
    if os.environ.get("GPUSLA_UPDATE_GOLDEN"):
        golden.write_text(text, "ascii")
    assert text == golden.read_text("ascii")


def test_the_standins_capture_shows_each_fault() -> None:
    """It would be a poor capture otherwise; and it says that no hardware was met."""
    text = (GOLDEN / f"{STANDIN.stem}.txt").read_text("ascii")
    for line in (
        "gpu 0 clock_event_reasons: 64",
        "xid 149 of gpu 3",
        "gpu 3 nvlink_links_active: 17",
        "gpu 3 links down: [14]",
        "xid 79 of gpu 1",
        "gpu 1 answered: lost",
        "gpu 2 tensor_active_ratio: error",
        "the recording has ended",
    ):
        assert line in text, line
    with closing(CaptureReader(STANDIN)) as reader:
        assert reader.header.is_synthetic


@pytest.mark.parametrize("path", CAPTURES, ids=lambda path: path.stem)
def test_what_a_capture_holds_is_shown_only_as_agreed(path: Path) -> None:
    """It was read once; it is shown as a contract says now."""
    for seen in replayed(path, FakeClock(), Consent.CAPACITY):
        for gpu in seen.gpus.values():
            assert {GPU[name].consent for name in gpu.numbers} <= {Consent.CAPACITY}


def test_a_recording_is_replayed_at_its_own_pace() -> None:
    """Asked too early it says the same again, with no new event; asked late, it has caught up."""
    clock = FakeClock()
    with closing(RecordedSource(STANDIN, clock, PROBING)) as source:
        first = source.sample()
        clock.sleep(0.4)
        assert source.sample() == replace(first, events=())
        clock.sleep(7)
        late = source.sample()
    assert late.at_mono_ms > first.at_mono_ms + 6_000
    assert sorted(event.xid for event in late.events) == [79, 149]


def test_a_recording_happens_now() -> None:
    """Its clocks are moved to the clock of who replays it, events as well."""
    clock = FakeClock()
    with closing(RecordedSource(STANDIN, clock, PROBING)) as source:
        assert source.sample().at_mono_ms == clock.monotonic_ms()
        started_ms = clock.wall_ms()
        clock.sleep(60)
        events = source.sample().events
    assert events
    assert all(started_ms < event.wall_ms < started_ms + 15_000 for event in events)


def test_a_recording_that_ended_is_no_healthy_node() -> None:
    """It has no GPUs and says why, for ever."""
    clock = FakeClock()
    with closing(RecordedSource(STANDIN, clock, PROBING)) as source:
        source.sample()
        clock.sleep(3_600)
        last = source.sample()
        again = source.sample()
    assert last.source is not None
    assert (last.gpus, last.source.detail) == ({}, "the recording has ended")
    assert (again.source, again.events) == (last.source, ())


def test_a_capture_that_is_broken_is_refused_at_the_start(tmp_path: Path) -> None:
    """Not in the middle of the night."""
    path = tmp_path / "broken.jsonl"
    path.write_bytes(STANDIN.read_bytes()[:-20])
    with pytest.raises(InputError, match="the line has no end"):
        RecordedSource(path, FakeClock(), PROBING)


class Watched(NvmlSource):
    """The live source, and what it gave."""

    def sample(self) -> Pass:
        """Keep the pass."""
        seen = super().sample()
        self.passes.append(seen)
        return seen

    passes: list[Pass]


def test_a_recording_of_the_stand_in_replays_to_equal_readings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every reading of every GPU in every pass, with its time; only the names are others."""
    control = standin.Control(tmp_path / "tray.control")
    control.set("gpu", "*", "utilization", 80)
    control.set("gpu", 1, "link", 3, "state", 0)
    control.set("field", 142, 999)
    monkeypatch.setenv(standin.CONTROL_VARIABLE, str(control.path))
    library = standin.build(ROOT / ".cache" / "standin")
    source = Watched(SystemClock(), PROBING, library_directory=library.parent)
    source.passes = []
    path = tmp_path / "capture.jsonl"
    with closing(source):
        terms = Terms(interval_ms=150, consents=frozenset(Consent), is_synthetic=True)
        uuids = listed_uuids(source.listed)
        source.allow(dict.fromkeys(uuids, frozenset(Consent)))
        recording = record(source, SystemClock(), path, 0.7, terms)
    assert recording.passes == len(source.passes) > 2
    assert not [uuid for uuid in uuids if uuid in path.read_text("ascii")]

    clock = FakeClock()
    for live, again in zip(source.passes, again_of(path, clock), strict=True):
        assert again.probe_success == live.probe_success
        assert again.probe_seconds == live.probe_seconds
        assert again.probe_seconds.keys() == again.probe_success.keys()
        pairs = zip(live.gpus.values(), again.gpus.values(), strict=True)
        for one, other in pairs:
            same = replace(other, identity=one.identity, fabric=one.fabric)
            assert same == one


def again_of(path: Path, clock: FakeClock) -> Iterator[Pass]:
    """Yield the passes of a capture at the very times at which they were recorded."""
    with closing(CaptureReader(path)) as reader:
        times = [(line.at_ms, line.wall_ms) for line in reader.lines() if line.kind == "pass"]
    first_ms, wall_ms = times[0]
    clock.now_ms, clock.booted_ms = wall_ms, wall_ms - first_ms
    with closing(RecordedSource(path, clock, PROBING)) as source:
        uuids = source.sample().gpus
    with closing(RecordedSource(path, clock, PROBING)) as source:
        source.allow(dict.fromkeys(uuids, frozenset(Consent)))
        for at_ms, _ in times:
            clock.now_ms = at_ms + clock.booted_ms
            yield source.sample()
