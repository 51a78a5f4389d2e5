"""
What is not agreed is not asked: proven by calls that would betray themselves.

The stand-in is told to answer "the GPU is lost" to every call that belongs to a consent; whoever
makes one of them loses the GPU.
"""

import os
import signal

from gpusla.catalogue.consent import Consent
from gpusla_agent import standin
from gpusla_agent.sources.families import FAMILIES, LINK_BYTES_FIELDS
from tests.agent.sources.nvml.heard import ACTIVITY, EVERYTHING, Heard

LOST = 15
OF_ACTIVITY = (
    "nvmlDeviceGetUtilizationRates",
    "nvmlGpmQueryDeviceSupport",
    "nvmlGpmSampleAlloc",
    "nvmlGpmSampleGet",
    "nvmlGpmMetricsGet",
)
OF_PROCESSES = ("nvmlDeviceGetComputeRunningProcesses_v3",)
FIELDS_OF_ACTIVITY = (*LINK_BYTES_FIELDS.values(), 197, 198)


def set_traps(control: standin.Control) -> None:
    """Let every call that needs a consent answer that the GPU is lost."""
    with control.batch():
        for call in (*OF_ACTIVITY, *OF_PROCESSES):
            control.set("answer", call, LOST)
        for field in FIELDS_OF_ACTIVITY:
            control.set("field", field, LOST)


def codes(heard: Heard, index: int) -> set[int]:
    """Every code that was among the last answers of a GPU."""
    raw = heard.raw[index]
    links = [
        one for link in raw.values.get("link_bytes", (0, []))[1] or [] for one in link.values()
    ]
    return {code for code, _ in [*raw.values.values(), *links]}


def test_without_consent_the_driver_is_never_asked(heard: Heard, control: standin.Control) -> None:
    """Not once, from the first pass on; and nothing of it is in the sample."""
    set_traps(control)
    fresh = heard.anew()
    withheld = {family.name for family in FAMILIES if family.consent is not Consent.CAPACITY}
    for _ in range(5):
        fresh.sample()
        assert codes(fresh, 0) == {0}
        assert not fresh.raw[0].families & withheld
    assert "memory_used_bytes" not in fresh.values[0]


def test_the_traps_are_real(heard: Heard, control: standin.Control) -> None:
    """With consent each of them is stepped into, by the GPU that agreed and no other."""
    set_traps(control)
    fresh = heard.anew()
    fresh.allow(EVERYTHING)
    fresh.until(lambda _: LOST in codes(fresh, 0))
    assert codes(fresh, 1) == {0}


def test_activity_agreed_to_is_no_agreement_to_processes(
    heard: Heard, control: standin.Control
) -> None:
    """Each consent stands for itself."""
    control.set("answer", *OF_PROCESSES, LOST)
    fresh = heard.anew()
    fresh.allow(ACTIVITY, EVERYTHING)
    fresh.until(lambda _: LOST in codes(fresh, 1))
    assert codes(fresh, 0) == {0}
    assert {"utilization", "memory_use", "link_bytes"} <= fresh.seen[0]


def test_a_consent_that_ends_ends_at_the_next_pass(heard: Heard) -> None:
    """And one that comes is at once made use of, slow families too."""
    heard.allow(EVERYTHING)
    heard.sample()
    assert {"utilization", "link_bytes", "processes"} <= heard.raw[0].families
    assert heard.raw[0].allowed == EVERYTHING
    heard.allow()
    heard.sample()
    assert not {"utilization", "gpm", "memory_use"} & heard.raw[0].families
    assert heard.raw[0].allowed == {Consent.CAPACITY}


def test_nothing_is_told_of_the_time_without_consent(heard: Heard) -> None:
    """A rate over the gap would tell of it: GPM begins anew with two samples."""
    heard.allow(ACTIVITY)
    heard.until(lambda _: "gpm" in heard.raw[0].families)
    heard.allow()
    heard.sample()
    heard.allow(ACTIVITY)
    heard.sample()
    assert "utilization" in heard.raw[0].families
    assert "gpm" not in heard.raw[0].families


def test_a_new_worker_is_told_what_holds(heard: Heard) -> None:
    """It starts with capacity alone, whatever its predecessor was allowed."""
    heard.allow(ACTIVITY)
    heard.sample()
    worker = heard.source._worker
    assert worker is not None
    os.kill(worker.pid, signal.SIGKILL)
    heard.until(lambda seen: heard.source.restarts == 1 and seen.source is None)
    assert "utilization" in heard.raw[0].families
    assert "utilization" not in heard.raw[1].families
