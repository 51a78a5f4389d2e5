"""Evidence: what was acknowledged stays, what was not is cut off."""

from pathlib import Path

import pytest

from gpusla.catalogue.codes import JOURNAL_CORRUPT, JOURNAL_WRITE
from gpusla.errors import JournalError
from gpusla.identity import NodeName
from gpusla_collector.adapters.evidence import EvidenceFiles
from gpusla_collector.ports import Evidence, Segment

NODE = NodeName("c2-r01-t01")
EMPTY = Segment(1, 1, 0, 0)


def test_lines_come_back_as_they_were_written(evidence: Evidence) -> None:
    """Byte for byte."""
    first = evidence.append(NODE, EMPTY, [b"one", b"two"])
    both = evidence.append(NODE, first, [b"three"])
    assert both == Segment(1, 1, 3, 14)
    assert list(evidence.read(NODE, both)) == [b"one", b"two", b"three"]


def test_what_was_not_acknowledged_is_overwritten(evidence: Evidence) -> None:
    """As after a crash between the files and the database."""
    first = evidence.append(NODE, EMPTY, [b"one"])
    evidence.append(NODE, first, [b"lost", b"in the crash"])
    again = evidence.append(NODE, first, [b"two"])
    assert list(evidence.read(NODE, again)) == [b"one", b"two"]


def test_what_was_not_acknowledged_is_trimmed(tmp_path: Path) -> None:
    """At the next start."""
    files = EvidenceFiles(tmp_path)
    first = files.append(NODE, EMPTY, [b"one"])
    files.append(NODE, first, [b"lost"])
    files.trim(NODE, first)
    assert files.path(NODE, first).read_bytes() == b"one\n"


def test_another_epoch_writes_another_file(evidence: Evidence) -> None:
    """So a process that lost its lease spoils nothing."""
    first = evidence.append(NODE, EMPTY, [b"one"])
    mine = evidence.append(NODE, Segment(2, 2, 1, 0), [b"two"])
    evidence.append(NODE, first, [b"stale"])
    assert list(evidence.read(NODE, first)) == [b"one"]
    assert list(evidence.read(NODE, mine)) == [b"two"]


def test_acknowledged_bytes_that_are_gone_are_noticed(evidence: Evidence) -> None:
    """And not made up for."""
    longer = Segment(1, 1, 5, 500)
    evidence.append(NODE, EMPTY, [b"one"])
    with pytest.raises(JournalError) as caught:
        evidence.append(NODE, longer, [b"two"])
    assert caught.value.code is JOURNAL_CORRUPT
    with pytest.raises(JournalError):
        evidence.trim(NODE, longer)


@pytest.mark.parametrize("name", ["..", ".", "a/b", "../../etc", "%2E%2E", "ä"])
def test_any_name_of_a_node_stays_inside_the_folder(tmp_path: Path, name: str) -> None:
    """Whatever the inventory says."""
    files = EvidenceFiles(tmp_path / "evidence")
    path = files.path(NodeName(name), EMPTY)
    assert path.resolve().parent.parent == (tmp_path / "evidence").resolve()


def test_a_disk_that_refuses_is_told(tmp_path: Path) -> None:
    """With the path and the system's words."""
    (tmp_path / "c2-r01-t01").write_text("a file where the folder should be")
    with pytest.raises(JournalError, match="c2-r01-t01") as caught:
        EvidenceFiles(tmp_path).append(NODE, EMPTY, [b"one"])
    assert caught.value.code is JOURNAL_WRITE
