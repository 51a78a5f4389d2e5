"""`gpusla collector check` holds what is promised against what is assigned."""

from pathlib import Path

import pytest

from gpusla.cli import main
from gpusla.documents import digest
from gpusla.instants import parse_instant
from gpusla_collector.commands.check import told_of
from gpusla_collector.ports import InputFile
from gpusla_collector.usecases.promised import promised
from gpusla_collector.usecases.world import read_world
from tests.collector.site import ONE_TRAY, write_site
from tests.collector.stage import texts_of

LESS = "promised GPUs that are not assigned count as not delivered"
RAMP = "    - {from: 2026-07-01, gpus: 4}\n"


def told(ramp: str, at: str) -> list[str]:
    """Return the words on four assigned GPUs and a contract with this ramp."""
    texts = {place: text.replace(RAMP, ramp) for place, text in texts_of(ONE_TRAY).items()}
    files = (
        InputFile(*place, digest(text.encode()), text.encode()) for place, text in texts.items()
    )
    return [told_of(one) for one in promised(read_world(files), parse_instant(at))]


def test_as_many_as_are_promised_are_assigned() -> None:
    """Before the term its first day is told, in it today; after it nothing."""
    assert told(RAMP, "2026-06-01T00:00:00Z") == [
        "alpha-2026: on 2026-07-01 4 GPUs are promised, 4 assigned"
    ]
    assert told(RAMP, "2026-11-22T12:00:00Z") == [
        "alpha-2026: on 2026-11-22 4 GPUs are promised, 4 assigned"
    ]
    assert told(RAMP, "2027-07-01T00:00:00Z") == []


def test_fewer_or_more_are_a_warning() -> None:
    """144 promised and one tray assigned: 140 are never delivered."""
    assert told(RAMP.replace("gpus: 4", "gpus: 144"), "2026-11-22T12:00:00Z") == [
        f"warning: alpha-2026: on 2026-11-22 144 GPUs are promised, 4 assigned: {LESS}"
    ]
    (more,) = told(RAMP.replace("gpus: 4", "gpus: 3"), "2026-11-22T12:00:00Z")
    assert more.startswith("warning: alpha-2026: on 2026-11-22 3 GPUs are promised, 4 assigned: ")
    assert more.endswith("those beyond the promise were not agreed")


def test_a_step_of_the_ramp_that_nothing_is_assigned_for_is_told_in_time() -> None:
    """From March on eight are promised; the step after it is told once this one is mended."""
    more = RAMP + "    - {from: 2027-03-01, gpus: 8}\n    - {from: 2027-05-01, gpus: 12}\n"
    assert told(more, "2026-11-22T12:00:00Z") == [
        "alpha-2026: on 2026-11-22 4 GPUs are promised, 4 assigned",
        f"warning: alpha-2026: on 2027-03-01 8 GPUs are promised, 4 assigned: {LESS}",
    ]


def test_check_prints_it_and_ends_with_0(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A contract that is promised more is in order; the operator is told."""
    path = write_site(tmp_path, "http://agents")
    contract = tmp_path / "contracts" / "alpha-2026.yaml"
    text = contract.read_text("utf-8").replace("gpus: 4}", "gpus: 144}")
    text = text.replace("2027-06-30", "2080-06-30")
    contract.write_text(text, "utf-8")
    assert main(["collector", "check", "--config", str(path)]) == 0
    said = capsys.readouterr().out
    assert "1 contracts, 1 nodes, 1 assignments\nwarning: alpha-2026: on 20" in said
    assert "144 GPUs are promised, 4 assigned" in said
