"""The newest good version of the inventory and the assignments, whatever lies in the files."""

import io
import json
from pathlib import Path

import pytest

from gpusla.errors import InputError
from gpusla.identity import ContractId, NodeName, parse_slot
from gpusla_agent.assignments import FileOrigin, Holders, WatchedConfiguration
from tests.agent.processes import ASSIGNMENTS, INVENTORY

SLOT = parse_slot("c2/r01/t03/m2")
SECOND = """\
  - id: a2
    supersedes: a1
    slots: [c2/r01/t03]
    contract: house-lab
    from: 2026-01-01T00:00:00Z
    recorded_at: 2026-07-01T00:00:00Z
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with both files."""
    (tmp_path / "inventory.yaml").write_text(INVENTORY)
    (tmp_path / "assignments.yaml").write_text(ASSIGNMENTS)
    return tmp_path


def watched(folder: Path) -> WatchedConfiguration:
    """Watch the files of a folder."""
    return WatchedConfiguration(
        FileOrigin(folder / "inventory.yaml"),
        FileOrigin(folder / "assignments.yaml"),
        folder / "kept",
    )


def holder(configuration: WatchedConfiguration) -> ContractId | None:
    """Return the contract that the slot serves."""
    holders = Holders(NodeName("c2-r01-t03"))
    return holders.contract_at(configuration.current(), SLOT, 1_790_000_000_000)


def events(log: io.StringIO) -> list[dict[str, str]]:
    """Return what was logged."""
    return [json.loads(line) for line in log.getvalue().splitlines()]


def test_what_did_not_change_is_the_same_object(folder: Path) -> None:
    """A pass asks every second; nothing is read or parsed for that."""
    configuration = watched(folder)
    assert configuration.current() is configuration.current()
    assert holder(configuration) == "ref-2026"


def test_a_new_version_is_taken_in(folder: Path) -> None:
    """With its own digest."""
    configuration = watched(folder)
    before = configuration.current().digests["assignments"]
    (folder / "assignments.yaml").write_text(ASSIGNMENTS + SECOND)
    assert holder(configuration) == "house-lab"
    assert configuration.current().digests["assignments"] != before


def test_a_broken_file_is_refused_once_and_the_last_good_one_holds(
    folder: Path, log: io.StringIO
) -> None:
    """Logged with file, line and reason; counted as not valid; mended when it is mended."""
    configuration = watched(folder)
    path = folder / "assignments.yaml"
    path.write_text(ASSIGNMENTS.replace("contract:", "kontract:"))
    for _ in range(3):
        assert configuration.current().validity == {"inventory": True, "assignments": False}
    assert holder(configuration) == "ref-2026"
    (event,) = events(log)
    assert event["event"] == "configuration_refused"
    assert event["cause"].startswith(f"{path}:6:5: assignments[0].kontract is not a known key")

    path.write_text(ASSIGNMENTS)
    assert configuration.current().validity["assignments"]


def test_a_file_that_vanished_is_refused(folder: Path, log: io.StringIO) -> None:
    """Gone is not empty."""
    configuration = watched(folder)
    (folder / "inventory.yaml").unlink()
    assert not configuration.current().validity["inventory"]
    assert configuration.current().inventory.nodes(1_790_000_000_000)
    assert len(events(log)) == 1


def test_history_is_not_rewritten(folder: Path, log: io.StringIO) -> None:
    """A record that was taken in may be superseded, not changed."""
    configuration = watched(folder)
    (folder / "assignments.yaml").write_text(ASSIGNMENTS.replace("ref-2026", "house-lab"))
    assert holder(configuration) == "ref-2026"
    assert "says something else than when it was taken in" in events(log)[0]["cause"]


def test_a_restart_beside_a_broken_file_meters_on(folder: Path, log: io.StringIO) -> None:
    """The last good version was kept on disk."""
    watched(folder)
    (folder / "inventory.yaml").write_text("kind: [")
    again = watched(folder)
    assert again.current().validity == {"inventory": False, "assignments": True}
    assert holder(again) == "ref-2026"
    assert len(events(log)) == 1


def test_a_first_start_beside_a_broken_file_is_refused(folder: Path) -> None:
    """There is nothing to go on with."""
    (folder / "inventory.yaml").write_text("kind: Inventory\n")
    with pytest.raises(InputError, match="is missing"):
        watched(folder)


def test_a_spoilt_copy_is_no_obstacle(folder: Path) -> None:
    """The file itself is good."""
    watched(folder)
    (folder / "kept/inventory.yaml").write_text("{")
    assert holder(watched(folder)) == "ref-2026"


def test_selectors_follow_the_inventory(folder: Path) -> None:
    """A tray that is added later is met by assignments that name it from then on."""
    configuration = watched(folder)
    tray = INVENTORY.partition("nodes:\n")[2].replace("n1", "n2").replace("t03", "t04")
    (folder / "inventory.yaml").write_text(INVENTORY + tray)
    third = SECOND.replace("    supersedes: a1\n", "").replace("t03", "t04")
    (folder / "assignments.yaml").write_text(ASSIGNMENTS + third)
    assert configuration.current().validity == {"inventory": True, "assignments": True}
    assert len(configuration.current().assignments.records) == 2


def fill(folder: Path) -> Path:
    """Let no copy be written, as on a full disk; return what is in the way."""
    in_the_way = folder / "kept/inventory.new"
    in_the_way.mkdir(parents=True)
    return in_the_way


def test_a_new_version_is_in_force_although_the_disk_is_full(
    folder: Path, log: io.StringIO
) -> None:
    """The copy is a convenience: it is told once, and made as soon as there is room."""
    configuration = watched(folder)
    before = configuration.current().digests["inventory"]
    in_the_way = fill(folder)
    path = folder / "inventory.yaml"
    tray = INVENTORY.partition("nodes:\n")[2].replace("n1", "n2").replace("t03", "t04")
    path.write_text(INVENTORY + tray)
    for _ in range(3):
        now = configuration.current()
        assert now.digests["inventory"] != before
        assert "c2-r01-t04" in now.inventory.node_names()
        assert now.validity["inventory"]
    (event,) = events(log)
    assert event["event"] == "configuration_not_kept"
    assert event["subject"] == "inventory"
    assert (folder / "kept/inventory.yaml").read_text() == INVENTORY

    in_the_way.rmdir()
    configuration.current()
    assert (folder / "kept/inventory.yaml").read_bytes() == path.read_bytes()


def test_a_first_start_on_a_full_disk_is_a_start(folder: Path, log: io.StringIO) -> None:
    """It can do without a copy, and without a folder for copies."""
    (folder / "kept").touch()
    configuration = watched(folder)
    assert holder(configuration) == "ref-2026"
    assert [one["subject"] for one in events(log)] == ["inventory", "assignments"]
    (folder / "kept").unlink()
    configuration.current()
    assert (folder / "kept/assignments.yaml").read_text() == ASSIGNMENTS


def test_a_copy_that_cannot_be_read_is_no_obstacle(folder: Path) -> None:
    """As one that is spoilt: the file itself is good."""
    watched(folder)
    (folder / "kept/inventory.yaml").unlink()
    (folder / "kept/inventory.yaml").mkdir()
    assert holder(watched(folder)) == "ref-2026"
