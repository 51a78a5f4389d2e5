"""Evidence: what was acknowledged stays, what was not is cut off."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from gpusla.catalogue.codes import JOURNAL_CORRUPT, JOURNAL_WRITE
from gpusla.errors import JournalError
from gpusla.identity import NodeName
from gpusla_collector.adapters.evidence import EvidenceFiles
from gpusla_collector.ports import Evidence, Segment
from tests.collector.fakes import MemoryEvidence
from tests.collector.site import NODE
from tests.programs import program

ROOT = Path(__file__).resolve().parents[2]
EMPTY = Segment(1, 1, 0, 0)
TRIM = """\
import sys
from pathlib import Path
from gpusla_collector.adapters.evidence import EvidenceFiles
from gpusla_collector.ports import Segment
EvidenceFiles(Path(sys.argv[1])).trim("c2-r01-t01", Segment(1, 1, 1, 4))
"""
"""A life that does nothing but trim a file to its first line."""


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


def apart(evidence: Evidence) -> list[bytes]:
    """Return what was cut off and kept, fake and real."""
    if isinstance(evidence, MemoryEvidence):
        return sorted(evidence.apart)
    assert isinstance(evidence, EvidenceFiles)
    folder = evidence.path(NODE, EMPTY).parent
    return sorted(path.read_bytes() for path in folder.glob("*.beyond-*"))


def test_what_is_cut_off_and_holds_a_whole_line_is_kept_apart(evidence: Evidence) -> None:
    """By who trims and by who writes something else there: it may be the only copy."""
    first = evidence.append(NODE, EMPTY, [b"one"])
    evidence.append(NODE, first, [b"of a life", b"that a restore forgot"])
    evidence.trim(NODE, first)
    assert apart(evidence) == [b"of a life\nthat a restore forgot\n"]
    evidence.append(NODE, first, [b"of another"])
    both = evidence.append(NODE, first, [b"two"])
    assert list(evidence.read(NODE, both)) == [b"one", b"two"]
    assert apart(evidence) == [b"of a life\nthat a restore forgot\n", b"of another\n"]


def test_what_is_written_again_is_neither_cut_nor_kept_apart(evidence: Evidence) -> None:
    """Tried again and again, shorter and longer, as where the database refuses for an hour."""
    first = evidence.append(NODE, EMPTY, [b"one"])
    evidence.append(NODE, first, [b"two", b"three"])
    second = evidence.append(NODE, first, [b"two"])
    assert list(evidence.read(NODE, second)) == [b"one", b"two"]
    third = evidence.append(NODE, second, [b"three", b"four"])
    assert list(evidence.read(NODE, third)) == [b"one", b"two", b"three", b"four"]
    evidence.trim(NODE, third)
    assert apart(evidence) == []


def test_half_a_line_is_cut_off_for_good(tmp_path: Path) -> None:
    """Nobody can make anything of it, and its agent has the whole."""
    files = EvidenceFiles(tmp_path)
    first = files.append(NODE, EMPTY, [b"one"])
    with files.path(NODE, first).open("ab") as file:
        file.write(b"tw")
    files.trim(NODE, first)
    assert files.path(NODE, first).read_bytes() == b"one\n"
    assert apart(files) == []


def test_the_name_tells_where_it_was_cut_and_nothing_is_written_over(tmp_path: Path) -> None:
    """Where the same place is cut twice the second gets a number, but for the same bytes."""
    files = EvidenceFiles(tmp_path)
    first = files.append(NODE, EMPTY, [b"one"])
    path = files.path(NODE, first)
    for lost in (b"this", b"that", b"this"):
        files.append(NODE, first, [lost])
        files.trim(NODE, first)
    assert {one.name: one.read_bytes() for one in path.parent.iterdir()} == {
        path.name: b"one\n",
        f"{path.name}.beyond-4": b"this\n",
        f"{path.name}.beyond-4-2": b"that\n",
    }


def test_where_it_cannot_be_kept_it_is_not_cut(tmp_path: Path) -> None:
    """A folder has its place, and then the name of what is being written."""
    files = EvidenceFiles(tmp_path)
    first = files.append(NODE, EMPTY, [b"one"])
    files.append(NODE, first, [b"lost"])
    path = files.path(NODE, first)
    (path.parent / f"{path.name}.beyond-4.part").mkdir()
    with pytest.raises(JournalError) as caught:
        files.trim(NODE, first)
    assert caught.value.code is JOURNAL_WRITE
    assert path.read_bytes() == b"one\nlost\n"


def with_two_too_many(folder: Path) -> tuple[EvidenceFiles, Segment]:
    """Return evidence of one line, behind which two were written that nobody acknowledged."""
    files = EvidenceFiles(folder)
    first = files.append(NODE, EMPTY, [b"one"])
    files.append(NODE, first, [b"lost", b"and found"])
    return files, first


def trimmed(folder: Path, path: Path, call: str, times: int = 1) -> int:
    """Let a life trim that evidence, to be killed as it enters a call; returns how it ended."""
    killing = [program("strace"), "-f", "-o", "/dev/null", "-P", str(path.parent)]
    killing += [word for one in names_of(path) for word in ("-P", str(one))]
    killing += ["-e", f"inject={call}:signal=KILL:when={times}"]
    life = [sys.executable, "-c", TRIM, str(folder)]
    return subprocess.run([*killing, *life], cwd=ROOT, check=False).returncode


def names_of(path: Path) -> tuple[Path, ...]:
    """Return the files that trimming touches."""
    kept = path.with_name(f"{path.name}.beyond-4")
    return path, kept, kept.with_name(f"{kept.name}.part")


def assert_kept_apart(path: Path) -> None:
    """One line where it was, the two others beside it, and nothing else."""
    assert {one.name: one.read_bytes() for one in path.parent.iterdir()} == {
        path.name: b"one\n",
        f"{path.name}.beyond-4": b"lost\nand found\n",
    }


@pytest.mark.slow
@pytest.mark.parametrize(
    ("call", "times"), [("write", 1), ("fsync", 1), ("rename", 1), ("fsync", 2), ("ftruncate", 1)]
)
def test_a_kill_between_keeping_and_cutting_loses_and_doubles_nothing(
    tmp_path: Path, call: str, times: int
) -> None:
    """Strace kills who trims as it enters a call; the next one trims to the same end."""
    files, first = with_two_too_many(tmp_path)
    path = files.path(NODE, first)
    assert trimmed(tmp_path, path, call, times) == -signal.SIGKILL
    assert path.read_bytes() == b"one\nlost\nand found\n"
    files.trim(NODE, first)
    assert_kept_apart(path)


@pytest.mark.slow
def test_a_life_that_makes_no_such_call_trims_to_the_end(tmp_path: Path) -> None:
    """So what kills the others is the call, and trimming once more changes nothing."""
    files, first = with_two_too_many(tmp_path)
    path = files.path(NODE, first)
    assert trimmed(tmp_path, path, "pwrite64") == 0
    assert_kept_apart(path)
    files.trim(NODE, first)
    assert_kept_apart(path)


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
