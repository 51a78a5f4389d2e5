"""`gpusla fsck` on a folder of segments: where two overlap the later one holds."""

from functools import cache
from pathlib import Path

import pytest

from gpusla.cli import main
from tests.core.evidence.signed import ONE, SignedJournal

Capture = pytest.CaptureFixture[str]

FIRSTS = (1, 7, 10)
"""With which record each of three segments begins."""

NAMES = {first: f"journal-{first:020}.jsonl" for first in FIRSTS}


def begun() -> SignedJournal:
    """The records of the first segment."""
    return SignedJournal().start().introduce(ONE).observe(1, 4)


def record_given_up() -> bytes:
    """A seventh record whose sync failed: the same number was given again in the next segment."""
    return begun().observe(60).lines[-1] + b"\n"


@cache
def records() -> tuple[bytes, ...]:
    """Twelve records, the last of which signs all others; a signature takes its time."""
    return tuple(line + b"\n" for line in begun().observe(5, 5).sign(ONE).lines)


def segments(folder: Path, *, behind: bytes = b"") -> tuple[bytes, ...]:
    """Write the records as three segments, with something behind the first; return them."""
    lines = records()
    ends = (*(first - 1 for first in FIRSTS[1:]), len(lines))
    for first, end, rest in zip(FIRSTS, ends, (behind, b"", b""), strict=True):
        (folder / NAMES[first]).write_bytes(b"".join(lines[first - 1 : end]) + rest)
    return lines


@pytest.mark.parametrize(
    "behind",
    [record_given_up(), record_given_up() * 3, record_given_up()[:91], bytes(512)],
    ids=["a record", "three records", "torn", "zeros"],
)
def test_what_a_failed_sync_left_behind_is_a_remark(
    behind: bytes, tmp_path: Path, capsys: Capture
) -> None:
    """It was never acknowledged; all that was is whole, and is read to its end."""
    segments(tmp_path, behind=behind)
    assert main(["fsck", str(tmp_path)]) == 0
    shown = capsys.readouterr().out
    assert (
        f"remark: {tmp_path / NAMES[1]}: the last {len(behind)} bytes do not count: by its name "
        "the next file begins with record 7\n"
    ) in shown
    assert shown.endswith("12 records: nothing broken\n")
    assert "ends with record 12:" in shown


def test_segments_that_end_where_the_next_begins_need_no_remark(
    tmp_path: Path, capsys: Capture
) -> None:
    """The usual journal."""
    segments(tmp_path)
    assert main(["fsck", str(tmp_path)]) == 0
    assert "do not count" not in capsys.readouterr().out


@pytest.mark.parametrize("behind", [b"", record_given_up(), record_given_up()[:91]])
@pytest.mark.parametrize("sequence", range(1, 13))
def test_a_bit_that_flipped_in_what_counts_is_found(
    sequence: int, behind: bytes, tmp_path: Path
) -> None:
    """In every record, before the overlap and behind it."""
    line = segments(tmp_path, behind=behind)[sequence - 1]
    path = tmp_path / NAMES[max(first for first in FIRSTS if first <= sequence)]
    flipped = bytes([*line[:40], line[40] ^ 1, *line[41:]])
    content = path.read_bytes()
    assert content.count(line) == 1
    path.write_bytes(content.replace(line, flipped))
    assert main(["fsck", str(tmp_path)]) == 6


@pytest.mark.parametrize("behind", [b"", record_given_up(), record_given_up()[:91], bytes(512)])
@pytest.mark.parametrize("sequence", [3, 6])
def test_a_record_that_is_missing_before_an_overlap_is_found(
    sequence: int, behind: bytes, tmp_path: Path
) -> None:
    """What lies behind does not take its place."""
    line = segments(tmp_path, behind=behind)[sequence - 1]
    path = tmp_path / NAMES[1]
    path.write_bytes(path.read_bytes().replace(line, b""))
    assert main(["fsck", str(tmp_path)]) == 6


def test_a_segment_that_is_gone_is_found(tmp_path: Path, capsys: Capture) -> None:
    """The one before it does not reach the one behind it."""
    segments(tmp_path, behind=record_given_up())
    (tmp_path / NAMES[7]).unlink()
    assert main(["fsck", str(tmp_path)]) == 6
    assert "numbers are missing" in capsys.readouterr().out


def test_a_torn_end_before_the_next_segment_begins_is_broken(
    tmp_path: Path, capsys: Capture
) -> None:
    """Half of a record whose number the next file does not give again was acknowledged."""
    segments(tmp_path)
    path = tmp_path / NAMES[1]
    path.write_bytes(path.read_bytes()[:-20])
    assert main(["fsck", str(tmp_path)]) == 6
    assert capsys.readouterr().out.startswith(f"evidence: {tmp_path}: {path}: the last ")


def test_a_collectors_copies_of_one_beginning_are_read_once(tmp_path: Path) -> None:
    """Of two fetches that began with the same record, the one of the later epoch holds."""
    lines = [line + b"\n" for line in begun().lines]
    (tmp_path / f"{1:020}-000001.jsonl").write_bytes(b"".join(lines[:2]))
    (tmp_path / f"{1:020}-000002.jsonl").write_bytes(b"".join(lines))
    assert main(["fsck", str(tmp_path)]) == 0
