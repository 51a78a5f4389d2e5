"""What the watchdog does when a GPU, a worker or the whole driver fails; the others stay fresh."""

import os
import signal
import time

from gpusla.readings import Absence, Pass
from gpusla_agent import standin
from tests.agent.sources.nvml.heard import EVERYTHING, TIMING, Heard


def silent(seen: Pass) -> list[int]:
    """Return the places of the GPUs that did not answer."""
    return sorted(gpu.identity.index for gpu in seen.gpus.values() if gpu.answered is not None)


def test_a_hung_gpu_does_not_hold_up_the_passes_after_it(
    heard: Heard, control: standin.Control
) -> None:
    """Its deadline is waited for once; then the others are read at their own pace."""
    control.set("gpu", 1, "hung")
    heard.until(lambda seen: silent(seen) == [1])
    begin = time.monotonic()
    seen = heard.sample()
    assert time.monotonic() - begin < TIMING.deadline_ms / 1_000 / 2
    assert silent(seen) == [1]
    absent = seen.gpus[heard.raw[1].identity.uuid].answered
    assert absent is not None
    assert absent.absence is Absence.UNOBSERVABLE
    assert len(heard.raw[0].families) > 4


def test_what_was_read_before_it_hung_is_still_handed_in(
    heard: Heard, control: standin.Control
) -> None:
    """It is the same GPU; whether its readings may be shown is for the probes to say."""
    control.set("gpu", 1, "hung")
    heard.until(lambda seen: silent(seen) == [1])
    assert heard.before[1] is not None


def test_a_gpu_that_hung_from_the_start_is_heard_once_it_speaks(
    heard: Heard, control: standin.Control
) -> None:
    """Its identity comes late, and its Xids are asked for then."""
    control.set("gpu", 2, "hung")
    fresh = heard.anew()
    assert fresh.raw[2].identity.uuid.startswith("index-")
    control.clear("gpu", 2, "hung")
    fresh.until(lambda _: fresh.raw[2].identity.uuid.startswith("GPU-"))
    fresh.until(lambda seen: silent(seen) == [])
    control.event(2, "xid", 13)
    fresh.until(lambda seen: [event.xid for event in seen.events] == [13])


def test_consents_hold_for_the_gpu_and_not_for_its_place(
    heard: Heard, control: standin.Control
) -> None:
    """When the first GPU is gone, the others move up in the driver's list."""
    heard.allow(EVERYTHING)
    control.set("gpu", 0, "absent")
    heard.until(lambda seen: len(seen.gpus) == 3)
    seen = heard.sample()
    listed = {gpu.identity.index for gpu in seen.gpus.values()}
    assert all("utilization" not in heard.raw[index].families for index in listed)


def test_a_driver_that_was_loaded_anew_begins_anew(heard: Heard, control: standin.Control) -> None:
    """Lost for a while, not loaded for a while, then back: no reading from before is handed in."""
    with control.batch():
        control.set("gpu", "*", "lost")
        control.set("answer", "nvmlInitWithFlags", 9)
    heard.until(
        lambda _: all(
            raw.values.get("power_milliwatts", (0,))[0] == 15 for raw in heard.raw.values()
        )
    )
    with control.batch():
        control.clear("gpu", "*", "lost")
        control.clear("answer")
        control.set("driver_loads", 2)
    heard.until(lambda _: heard.source.restarts > 0 and heard.before == dict.fromkeys(range(4)))
    heard.until(lambda seen: silent(seen) == [])


def test_a_worker_that_is_killed_again_and_again_is_replaced_each_time(heard: Heard) -> None:
    """Ten times in a row: a pass without readings says so, and none is a pass without GPUs."""
    for number in range(1, 11):
        worker = heard.source._worker
        assert worker is not None
        os.kill(worker.pid, signal.SIGKILL)
        while heard.source.restarts < number:
            heard.sample()
        seen = heard.until(lambda one: one.source is None)
        assert len(seen.gpus) == 4
    assert len(heard.source._unreaped) <= 1


def test_no_worker_outlives_its_agent(heard: Heard) -> None:
    """The end of its input is its end, whatever hangs in it."""
    worker = heard.source._worker
    assert worker is not None
    assert worker._process.stdin is not None
    worker._process.stdin.close()
    assert worker._process.wait(5) == 0
