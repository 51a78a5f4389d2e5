"""What is taken out of a pass when it was not agreed."""

import pytest

from gpusla.catalogue.readings import GPU, HOST, PORT, Consent
from gpusla.identity import ContractId
from gpusla.readings import Absent, Present, Process, XidDetail, XidEvent
from gpusla_agent.sampler import CAPACITY, EVERYTHING, Holder, TelemetryPolicy
from gpusla_agent.sampler.consent import shared, withhold, withhold_event, withhold_host
from tests.agent.trays import gpu_of, host_of, uuid_of

ACTIVITY = CAPACITY | {Consent.ACTIVITY}
PROCESSES = CAPACITY | {Consent.PROCESSES}


def test_a_contract_gives_what_it_agreed_to_and_capacity_always() -> None:
    """One that is not named, and nobody at all, give capacity alone."""
    policy = TelemetryPolicy(
        {ContractId("ref-2026"): {Consent.ACTIVITY}, ContractId(""): {Consent.JOB_NAMES}}
    )
    assert policy.consents_of(Holder("ref-2026")) == ACTIVITY
    assert policy.consents_of(Holder("another")) == CAPACITY
    assert policy.consents_of(Holder()) == CAPACITY


@pytest.mark.parametrize("allowed", [CAPACITY, ACTIVITY, PROCESSES, EVERYTHING])
def test_the_readings_that_stay_are_those_that_were_agreed(allowed: frozenset[Consent]) -> None:
    """By the catalogue, and no other."""
    left = withhold(gpu_of(0), allowed)
    assert set(left.numbers) == {name for name, row in GPU.items() if row.consent in allowed}


def test_a_reading_that_the_catalogue_does_not_have_is_never_kept() -> None:
    """Nobody could have agreed to it."""
    gpu = gpu_of(0)
    gpu.numbers["something_new"] = Present(1)
    assert "something_new" not in withhold(gpu, ACTIVITY).numbers


def test_processes_are_taken_out_and_names_by_themselves() -> None:
    """That there is a process is one agreement, what it is called another."""
    assert isinstance(withhold(gpu_of(0), ACTIVITY).processes, Absent)
    assert withhold(gpu_of(0), PROCESSES).processes == Present((Process(4711, 1 << 30),))
    named = withhold(gpu_of(0), PROCESSES | {Consent.JOB_NAMES}).processes
    assert named == gpu_of(0).processes


def test_the_activity_of_a_node_needs_everybody() -> None:
    """It is all its contracts' activity together."""
    assert shared([ACTIVITY, EVERYTHING]) == ACTIVITY
    assert shared([ACTIVITY, CAPACITY]) == CAPACITY
    assert shared([]) == CAPACITY

    left = withhold_host(host_of(), CAPACITY)
    assert set(left.numbers) == {n for n, row in HOST.items() if row.consent is Consent.CAPACITY}
    assert all(
        set(port.numbers) == {n for n, row in PORT.items() if row.consent is Consent.CAPACITY}
        for port in left.ports
    )
    assert withhold_host(host_of(), ACTIVITY) == host_of()


LINES = [
    ("pid=2458, name=python3, Ch 00000010", "pid=(withheld), name=(withheld), Ch 00000010"),
    (
        "pid='<unknown>', name=<unknown>, Ch 00000008, intr 00000000",
        "pid=(withheld), name=(withheld), Ch 00000008, intr 00000000",
    ),
    ("pid=7, name=a, Ch secret, Ch 00000010", "pid=(withheld), name=(withheld), Ch 00000010"),
    ("pid=7, name=secret of nobody's line", "pid=(withheld), name=(withheld)"),
    ("pid=7, name=x, Timeout after 6s", "pid=(withheld), name=(withheld), Timeout after 6s"),
    ("GPU has fallen off the bus.", "GPU has fallen off the bus."),
]


@pytest.mark.parametrize(("line", "left"), LINES)
def test_the_process_in_a_line_of_the_kernels_log_is_taken_out(line: str, left: str) -> None:
    """Whatever it calls itself."""
    event = XidEvent(uuid_of(0), 31, 0, detail=XidDetail(text=line))
    found = withhold_event(event, ACTIVITY)
    assert found.detail is not None
    assert found.detail.text == left
    assert withhold_event(event, EVERYTHING) is event
