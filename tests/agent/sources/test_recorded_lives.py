"""What may happen to a worker while it is recorded, replayed: hangs, new workers, silence."""

import json
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from gpusla.readings import Absence, Absent, GpuReadings, Pass, Present
from gpusla_agent.probes import PROBING
from gpusla_agent.sources.capture import CaptureWriter, Header
from gpusla_agent.sources.masking import Masker
from gpusla_agent.sources.recorded import RecordedSource, unpacked
from tests.fakes import FakeClock

UUIDS = [f"GPU-{index}1111111-2222-3333-4444-555555555555" for index in range(2)]
FIRST_MS = 50_000


def identity(index: int) -> dict[str, Any]:
    """Return who a GPU says it is."""
    return {"index": index, "identity": {"uuid": [0, UUIDS[index]]}}


def listed(*indexes: int) -> dict[str, Any]:
    """Return what a driver of two GPUs lists, of whom these say who they are."""
    return {"code": 0, "count": 2, "gpus": [identity(index) for index in indexes]}


def gpu(index: int, at_ms: int, **read: Any) -> dict[str, Any]:
    """Return what was read of a GPU."""
    return {"index": index, "at_ms": at_ms, "read": {"temperature": [9, [40, 47]], **read}}


def told(*gpus: dict[str, Any], late: tuple[int, ...] = (), changes: int = 0) -> dict[str, Any]:
    """Return what a worker says at a pass."""
    return {
        "job": 1,
        "count": 2,
        "gpus": list(gpus),
        "identities": [identity(index) for index in late],
        "xids": [],
        "events": 0,
        "driver_changes": changes,
    }


@contextmanager
def replay(tmp_path: Path, *said: dict[str, Any] | str) -> Iterator[Iterator[Pass]]:
    """Record what a worker said, a second between two passes, and replay it."""
    path = tmp_path / "capture.jsonl"
    at_ms = FIRST_MS
    with path.open("w", encoding="ascii") as file:
        writer = CaptureWriter(file, frozenset(), Masker())
        writer.begin("nvml", "580.173.02", 1_000, is_synthetic=True, note="")
        for one in said:
            if isinstance(one, str):
                writer.write_silence(at_ms, at_ms, one)
            else:
                writer.write(at_ms, at_ms, one)
            at_ms += 1_000 if isinstance(one, str) or "job" in one else 0
    clock = FakeClock()
    with closing(RecordedSource(path, clock, PROBING)) as source:
        yield passes(source, clock)


def passes(source: RecordedSource, clock: FakeClock) -> Iterator[Pass]:
    """Yield a pass a second."""
    while True:
        yield source.sample()
        clock.sleep(1)


def by_place(seen: Pass) -> list[GpuReadings]:
    """Return the GPUs of a pass in the driver's order."""
    return sorted(seen.gpus.values(), key=lambda one: one.identity.index)


def test_a_gpu_that_hung_is_unobservable(tmp_path: Path) -> None:
    """It is not in the pass, and the other one is."""
    with replay(tmp_path, listed(0, 1), told(gpu(0, FIRST_MS))) as seen:
        first, second = by_place(next(seen))
    assert first.numbers["temperature_celsius"] == Present(40)
    assert second.answered == Absent(Absence.UNOBSERVABLE, "no answer within the deadline")
    assert second.numbers == {}


def test_a_gpu_that_hung_keeps_its_slow_readings_for_later(tmp_path: Path) -> None:
    """They were read eleven seconds before and still hold."""
    links = [3, [1, 53_125] * 18]
    full = told(gpu(0, FIRST_MS, links=links), gpu(1, FIRST_MS))
    hung = told(gpu(1, FIRST_MS))
    back = told(gpu(0, FIRST_MS + 2_000), gpu(1, FIRST_MS))
    with replay(tmp_path, listed(0, 1), full, hung, back) as seen:
        states = [by_place(next(seen))[0].numbers.get("nvlink_links_active") for _ in range(3)]
    assert states == [Present(18), None, Present(18)]


def test_a_gpu_without_a_handle_is_lost(tmp_path: Path) -> None:
    """With the code that the driver gave instead."""
    lost = {"index": 1, "at_ms": FIRST_MS, "code": 15}
    with replay(tmp_path, listed(0, 1), told(gpu(0, FIRST_MS), lost)) as seen:
        answered = by_place(next(seen))[1].answered
    assert answered == Absent(Absence.LOST, "NVML 15: the GPU is lost")


def test_a_gpu_may_say_late_who_it_is(tmp_path: Path) -> None:
    """Until then it has a place and no name."""
    nameless = told(gpu(0, FIRST_MS))
    named = told(gpu(0, FIRST_MS), gpu(1, FIRST_MS), late=(1,))
    with replay(tmp_path, listed(0), nameless, named) as seen:
        before, after = (by_place(next(seen))[1].identity.uuid for _ in range(2))
    assert before == "index-1"
    assert after.startswith("GPU-")


def test_a_new_worker_is_counted_and_a_gpu_keeps_its_name(tmp_path: Path) -> None:
    """Even if it hangs when the new worker asks it who it is."""
    both = told(gpu(0, FIRST_MS), gpu(1, FIRST_MS))
    path = tmp_path / "capture.jsonl"
    with replay(tmp_path, listed(0, 1), both, listed(0), both) as seen:
        before, after = (by_place(next(seen))[1].identity for _ in range(2))
    assert before == after
    clock = FakeClock()
    with closing(RecordedSource(path, clock, PROBING)) as source:
        source.sample()
        assert source.restarts == 0
        clock.sleep(1)
        source.sample()
        assert source.restarts == 1


def test_a_driver_that_changed_makes_what_was_read_before_void(tmp_path: Path) -> None:
    """What the next worker did not read yet is not there."""
    links = [3, [1, 53_125] * 18]
    full = told(gpu(0, FIRST_MS, links=links), changes=1)
    later = told(gpu(0, FIRST_MS + 1_000))
    with replay(tmp_path, listed(0, 1), full, listed(0, 1), later) as seen:
        states = [by_place(next(seen))[0].numbers.get("nvlink_links") for _ in range(2)]
    assert states == [Present(18), None]


def test_a_worker_that_was_silent_is_silent_again(tmp_path: Path) -> None:
    """In the words of then."""
    with replay(tmp_path, listed(0, 1), "the worker does not answer", told()) as seen:
        silent, back = next(seen), next(seen)
    assert silent.source == Absent(Absence.UNOBSERVABLE, "the worker does not answer")
    assert silent.gpus == {}
    assert back.source is None


def header(**families: tuple[str, ...]) -> Header:
    """Return the header of a version that named its values so."""
    return Header("9", "nvml", "", 1_000, True, "", (), families, {"links": ("speed", "state")})  # noqa: FBT003


def test_a_capture_of_another_version_names_its_own_values() -> None:
    """Their order was that of its families; what it does not name cannot be known."""
    other = header(temperature=("temperature_margin", "novelty", "temperature"), links=("links",))
    read: dict[str, Any] = {
        "temperature": [7, [47, None, 40], {"1": 3}],
        "links": [8, [53_125, 1, 26_562, 0]],
        "unheard_of": [9, [1]],
        "clocks": [9, 15],
    }
    values, seconds = unpacked(json.loads(json.dumps(read)), other)
    assert values == {
        "temperature_margin": (0, 47),
        "novelty": (3, None),
        "temperature": (0, 40),
        "links": (
            0,
            [{"speed": (0, 53_125), "state": (0, 1)}, {"speed": (0, 26_562), "state": (0, 0)}],
        ),
    }
    assert seconds == {"temperature": 7e-6, "links": 8e-6}
