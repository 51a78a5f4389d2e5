"""What the agent writes of itself and of its GPUs beside the states: gaps, resets, readings."""

import hashlib
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from gpusla.identity import GpuUuid
from gpusla.journal.model import (
    Gap,
    GpuChanged,
    HeadSigned,
    Observed,
    ReadingsTaken,
    Started,
    TailCut,
)
from gpusla.readings import Absence, Absent, GpuReadings, Pass, Present
from gpusla_agent.app.build import build_digest, configuration_digest
from gpusla_agent.recorder import recorder as recorder_module
from tests.agent.journals import FailingDisk
from tests.agent.signed_rig import SignedRig
from tests.core.health.gpus import SLOT, UUID, gpu, one_pass


def of_kind(rig: SignedRig, kind: type) -> list:  # type: ignore[type-arg]
    """Return the durable records of one kind."""
    return [body for body in rig.bodies() if isinstance(body, kind)]


def with_numbers(**numbers: Present[float] | Absent) -> GpuReadings:
    """Return a GPU that is well and says so much."""
    found = gpu()
    return replace(found, numbers={**found.numbers, **numbers})


def showing(found: GpuReadings | None) -> Pass:
    """Return a pass that saw one GPU or none."""
    return one_pass(found)


def test_a_start_names_program_and_configuration(tmp_path: Path) -> None:
    """As digests that anybody with the same files gets."""
    rig = SignedRig(tmp_path, build="ab" * 32)
    (started,) = of_kind(rig, Started)
    assert started.build == "ab" * 32
    text = '{"inventory":"%s"}' % ("ab" * 32)
    assert started.configuration == hashlib.sha256(text.encode()).hexdigest()


def test_the_digest_of_the_program_follows_its_files() -> None:
    """And nothing else: twice the same."""
    assert build_digest() == build_digest()
    assert len(build_digest()) == 64


def test_the_digest_of_the_configuration_does_not_hang_on_order() -> None:
    """Nor do two configurations share one."""
    one = configuration_digest({"a": "1", "b": "2"})
    assert one == configuration_digest({"b": "2", "a": "1"})
    assert one != configuration_digest({"a": "2", "b": "1"})


def test_a_loop_that_came_late_says_so(tmp_path: Path) -> None:
    """Nobody called it: the machine was busy or asleep."""
    rig = SignedRig(tmp_path)
    rig.run(2)
    rig.clock.pass_ms(9_000)
    rig.run(1)
    (gap,) = of_kind(rig, Gap)
    assert (gap.until_mono_ms - gap.from_mono_ms, gap.cause) == (10_000, "not_scheduled")
    assert gap.until_mono_ms == gap.at.mono_ms


def test_a_source_that_took_long_is_named(tmp_path: Path) -> None:
    """The pass was begun in time."""
    rig = SignedRig(tmp_path)
    rig.run(2)

    def slow() -> Pass:
        rig.clock.pass_ms(7_000)
        return one_pass(gpu())

    rig.run(1, slow)
    (gap,) = of_kind(rig, Gap)
    assert (gap.until_mono_ms - gap.from_mono_ms, gap.cause) == (8_000, "source_slow")


def test_passes_that_failed_are_named(tmp_path: Path) -> None:
    """The loop went on, and there is no sample of them."""
    rig = SignedRig(tmp_path)
    rig.run(2)

    def broken() -> Pass:
        message = "a defect"
        raise RuntimeError(message)

    for _ in range(4):
        with pytest.raises(RuntimeError, match="a defect"):
            rig.run(1, broken)
    rig.run(1, lambda: one_pass(gpu()))
    (gap,) = of_kind(rig, Gap)
    assert (gap.until_mono_ms - gap.from_mono_ms, gap.cause) == (5_000, "step_failed")


def test_a_sample_that_still_speaks_leaves_no_gap(tmp_path: Path) -> None:
    """Up to the very millisecond."""
    rig = SignedRig(tmp_path)
    rig.run(2)
    rig.clock.pass_ms(1_500)
    rig.run(1)
    assert not of_kind(rig, Gap)


def test_samples_that_the_disk_took_are_a_gap(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was given up while memory was full is said when the disk is back."""
    monkeypatch.setattr(recorder_module, "BACKLOG_BYTES_MAX", 1_000)
    disk = FailingDisk()
    rig = SignedRig(tmp_path, disk=disk.as_disk())
    rig.run(2)
    disk.fails_on = {"write"}
    rig.run(400)
    assert rig.recorder.health.dropped > 0
    disk.fails_on = set()
    rig.run(130)
    (gap,) = of_kind(rig, Gap)
    assert gap.cause == "disk"
    seen = of_kind(rig, Observed)
    before = max(one.at.mono_ms for one in seen if one.at.mono_ms < gap.from_mono_ms)
    after = min(one.from_mono_ms for one in seen if one.from_mono_ms > gap.from_mono_ms)
    assert before < gap.from_mono_ms < gap.until_mono_ms < after


@pytest.mark.parametrize("shows", [lambda: showing(gpu()), lambda: one_pass(None)])
def test_every_minute_is_recorded_whatever_is_seen(tmp_path: Path, shows: object) -> None:
    """Also one in which nothing answers and nothing happens."""
    rig = SignedRig(tmp_path)
    rig.run(240, shows)  # type: ignore[arg-type]
    instants = sorted(one.at.mono_ms for one in of_kind(rig, HeadSigned))
    assert all(later - sooner <= 60_000 for sooner, later in pairwise(instants))
    assert rig.clock.mono_ms - instants[-1] < 60_000
    assert len(of_kind(rig, Observed)) >= 239


def test_readings_are_recorded_each_minute_with_their_flags(tmp_path: Path) -> None:
    """Integers of base units or thousandths, and why there is none."""
    shown = with_numbers(
        power_watts=Present(412.25),
        temperature_celsius=Absent(Absence.STALE),
        sm_clock_hertz=Present(1_980_000_000),
        ecc_corrected_aggregate=Absent(Absence.UNSUPPORTED),
        ecc_uncorrected_aggregate=Absent(Absence.NO_PERMISSION),
        nvlink_links_active=Absent(Absence.ERROR),
    )
    shown = replace(shown, rejected=("nvlink_links_active",))
    rig = SignedRig(tmp_path)
    rig.run(150, lambda: showing(shown))
    taken = of_kind(rig, ReadingsTaken)
    assert [one.at.mono_ms - taken[0].at.mono_ms for one in taken] == [0, 60_000, 120_000]
    told = taken[0].gpus[SLOT]
    assert told["power_milliwatts"] == 412_250
    assert told["sm_clock_hertz"] == 1_980_000_000
    assert told["temperature_celsius"] == "stale"
    assert told["ecc_corrected_aggregate"] == "unsupported"
    assert told["ecc_uncorrected_aggregate"] == "error"
    assert told["nvlink_links_active"] == "rejected"
    assert all(type(value) in {int, str} for value in told.values())


def test_a_gpu_that_leaves_the_list_and_comes_back_is_recorded(tmp_path: Path) -> None:
    """Occupancy says nothing of it: it sits in its slot, for all we know."""
    rig = SignedRig(tmp_path)
    rig.run(2, lambda: showing(gpu()))
    rig.run(2, lambda: showing(None))
    rig.run(2, lambda: showing(gpu()))
    told = [(one.slot, one.gpu, one.change) for one in of_kind(rig, GpuChanged)]
    assert told == [(SLOT, UUID, "removed"), (SLOT, UUID, "added")]


def test_a_silent_driver_removes_no_gpu(tmp_path: Path) -> None:
    """It said nothing about any."""
    rig = SignedRig(tmp_path)
    rig.run(2, lambda: showing(gpu()))
    rig.run(2, lambda: Pass(0, {}, source=Absent(Absence.ERROR, "driver not loaded")))
    rig.run(2, lambda: showing(gpu()))
    assert not of_kind(rig, GpuChanged)


def test_another_gpu_in_the_slot_is_one_that_left_and_one_that_came(tmp_path: Path) -> None:
    """In this order."""
    rig = SignedRig(tmp_path)
    rig.run(1)
    rig.source.swap_gpu()
    rig.run(1)
    told = [(one.gpu, one.change) for one in of_kind(rig, GpuChanged)]
    assert told == [(UUID, "removed"), (GpuUuid(f"{UUID}-new"), "added")]


def test_a_gpu_whose_energy_begins_anew_was_reset(tmp_path: Path) -> None:
    """With its driver or alone; once for each time."""
    rig = SignedRig(tmp_path)
    shown_one_by_one: list[Present[float] | Absent] = [
        *(Present(joules) for joules in (1_000.0, 2_000.0, 5.0, 6.0)),
        Absent(Absence.STALE),
        Present(7.0),
    ]
    for reading in shown_one_by_one:
        shown = with_numbers(energy_joules=reading)
        rig.run(1, lambda shown=shown: showing(shown))  # type: ignore[misc]
    assert [one.change for one in of_kind(rig, GpuChanged)] == ["reset"]


def test_a_torn_end_is_cut_and_said_so(tmp_path: Path) -> None:
    """With how much it was; a clean end says nothing."""
    rig = SignedRig(tmp_path)
    rig.run(3)
    rig.crash()
    (segment,) = (tmp_path / "journal").glob("journal-*.jsonl")
    with segment.open("ab") as file:
        file.write(b'{"body":{"at":{"bo')
    rig.start()
    (cut,) = of_kind(rig, TailCut)
    assert cut.size_bytes == 18
    rig.node.stop("test")
    rig.start()
    assert len(of_kind(rig, TailCut)) == 1
