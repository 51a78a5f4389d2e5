"""`gpusla-agent scan`: what a person reads, and what a machine does."""

import json
from dataclasses import replace

import pytest

from gpusla.catalogue.actions import Action
from gpusla.catalogue.readings import Consent
from gpusla.catalogue.reasons import State
from gpusla.health import Judged
from gpusla.journal.model import Condition, Finding
from gpusla.readings import Present, Process
from gpusla_agent import standin
from gpusla_agent.app.scan import Row, Scan, to_json, to_text, told
from gpusla_agent.sampler import Sampled
from gpusla_agent.sampler.consent import EVERYTHING, Consents
from tests.agent.commands.conftest import Call
from tests.core.health.gpus import EXPECTED, OK, SLOT, UUIDS, gpu, one_pass

FOUND = Scan(
    "n1",
    (
        Row("a/m1", None, Condition(State.OK, ()), Action.NONE),
        Row(
            "a/m2",
            None,
            Condition(State.DOWN, (Finding("gpu_lost", "driver: gone"),)),
            Action.REBOOT_NODE,
        ),
    ),
    None,
)


def test_a_slot_that_is_not_ok_says_why_and_what_to_do(
    call: Call, control: standin.Control
) -> None:
    """Under its line, in words; the others in one line each."""
    control.set("gpu", 1, "lost")
    lines = call("scan").stdout.splitlines()
    assert lines[0].split()[:5] == ["SLOT", "GPU", "NAME", "STATE", "ACTION"]
    (place,) = [number for number, line in enumerate(lines) if " down " in line]
    assert lines[place].split()[0] == "c2/r01/t03/m1"
    assert lines[place + 1].strip() == "gpu_lost: driver: NVML 15: the GPU is lost"
    assert lines[place + 2].strip().startswith("what to do: ")
    assert len(lines) == 1 + 4 + 2


def test_readings_stand_beside_the_state(call: Call) -> None:
    """Rounded for people; a unit with each."""
    ok = call("scan").stdout.splitlines()[1]
    assert [word in ok for word in (" W ", " C ", " MHz ", "GPU-")] == [True] * 4


def test_colours_are_for_terminals_alone() -> None:
    """The words are the same with and without."""
    plain, coloured = to_text(FOUND), to_text(FOUND, is_coloured=True)
    assert "\x1b" not in plain
    assert coloured.count("\x1b[32m") == coloured.count("\x1b[31m") == 1
    for code in ("\x1b[32m", "\x1b[31m", "\x1b[0m"):
        coloured = coloured.replace(code, "")
    assert coloured == plain


def test_a_machine_gets_the_same_and_every_reading(call: Call) -> None:
    """With null for what could not be had."""
    told = json.loads(call("scan", "--json").stdout)
    slot = told["slots"]["c2/r01/t03/m2"]
    assert (slot["state"], slot["action"], slot["findings"]) == ("ok", "none", [])
    assert slot["readings"]["power_watts"] > 0
    assert to_json(FOUND)["slots"]["a/m2"]["action"] == "reboot_node"


@pytest.mark.parametrize(
    ("consents", "told_of"),
    [
        (EVERYTHING, [[4_000, 2**30, "train"]]),
        (EVERYTHING - {Consent.JOB_NAMES}, [[4_000, 2**30, ""]]),
    ],
)
def test_processes_are_listed_and_named_as_agreed(
    consents: Consents, told_of: list[list[object]]
) -> None:
    """A name is asked for only where job names were agreed."""
    working = replace(gpu(), processes=Present((Process(4_000, 2**30),)))
    sampled = Sampled(
        one_pass(working), EXPECTED[:1], Judged({SLOT: OK}), dict.fromkeys(UUIDS.values(), consents)
    )
    found = told("n1", sampled, read_name=lambda _pid: "train")
    assert to_json(found)["slots"][str(SLOT)]["processes"] == told_of
    assert ("process 4000 train, 1.0 GiB" in to_text(found)) == (Consent.JOB_NAMES in consents)


def test_processes_that_were_not_agreed_are_null(call: Call, control: standin.Control) -> None:
    """Nobody asked the driver for them."""
    control.set("gpu", 0, "process", 4_000, 1_024)
    slots = json.loads(call("scan", "--json").stdout)["slots"].values()
    assert [slot["processes"] for slot in slots] == [None] * 4
