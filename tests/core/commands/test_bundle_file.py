"""Archives with damaged bytes are refused in words, whatever zipfile makes of them."""

import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from gpusla.commands.bundle_file import BundleFile
from gpusla.commands.exits import Exit, exit_of
from gpusla.errors import EvidenceError

NAME = "statement.json"
CONTENT = bytes(range(256)) * 8
Damage = Callable[[bytearray, int], None]
"""Changes an archive's bytes; the number is where its directory begins."""


def archive(packing: int) -> bytes:
    """An archive of one member."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", packing) as file:
        file.writestr(NAME, CONTENT)
    return stream.getvalue()


def damaged(packing: int, damage: Damage, path: Path) -> Path:
    """A file of such an archive."""
    content = bytearray(archive(packing))
    damage(content, content.index(b"PK\x01\x02"))
    path.write_bytes(content)
    return path


def put(place: int, value: bytes, *, in_directory: bool = False) -> Damage:
    """Write over some bytes at a place of the archive, or of its directory."""

    def damage(content: bytearray, directory: int) -> None:
        start = place + (directory if in_directory else 0)
        content[start : start + len(value)] = value

    return damage


def a_name_that_is_not_utf_8(content: bytearray, directory: int) -> None:
    """Set the flag that says UTF-8, and begin the name with a byte that it never has."""
    content[directory + 9] |= 8
    content[directory + 46] = 0xFF


def a_members_name_that_is_not_utf_8(content: bytearray, _: int) -> None:
    """The same in the member's own header."""
    content[7] |= 8
    content[30] = 0xFF


def an_offset_before_the_file(content: bytearray, _: int) -> None:
    """Say that the directory begins later than it does."""
    content[-6:-2] = b"\xff\xff\xff\x7f"


def more_packed_bytes_than_there_are(content: bytearray, directory: int) -> None:
    """Say so in the directory, of both sizes."""
    content[directory + 20 : directory + 28] = b"\0\0\0\1" * 2


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(put(6, b"\xff", in_directory=True), id="version"),
        pytest.param(a_name_that_is_not_utf_8, id="name"),
        pytest.param(put(0, b"XX", in_directory=True), id="directory"),
    ],
)
def test_a_directory_that_cannot_be_read_makes_it_no_archive(
    damage: Damage, tmp_path: Path
) -> None:
    """BadZipFile is one of what zipfile raises."""
    file = damaged(zipfile.ZIP_STORED, damage, tmp_path / "x.zip")
    with pytest.raises(EvidenceError, match="this is not a ZIP archive") as caught:
        BundleFile(file)
    assert exit_of(caught.value) is Exit.INTEGRITY


@pytest.mark.parametrize(
    ("packing", "damage"),
    [
        pytest.param(zipfile.ZIP_STORED, put(50, b"XX"), id="sum"),
        pytest.param(zipfile.ZIP_DEFLATED, put(44, b"\xff" * 9), id="deflate"),
        pytest.param(zipfile.ZIP_BZIP2, put(44, b"\xff" * 9), id="bzip2"),
        pytest.param(zipfile.ZIP_LZMA, put(53, b"\xff" * 9), id="lzma"),
        pytest.param(zipfile.ZIP_STORED, put(10, b"\x63", in_directory=True), id="packing"),
        pytest.param(zipfile.ZIP_STORED, put(8, b"\x40", in_directory=True), id="encryption"),
        pytest.param(zipfile.ZIP_STORED, a_members_name_that_is_not_utf_8, id="name"),
        pytest.param(zipfile.ZIP_STORED, an_offset_before_the_file, id="offset"),
        pytest.param(zipfile.ZIP_STORED, more_packed_bytes_than_there_are, id="size"),
    ],
)
def test_a_member_that_cannot_be_unpacked_is_named(
    packing: int, damage: Damage, tmp_path: Path
) -> None:
    """Each meets another of zipfile's ways to fail."""
    file = damaged(packing, damage, tmp_path / "x.zip")
    with pytest.raises(EvidenceError, match=r"statement\.json cannot be unpacked: ") as caught:
        BundleFile(file).member(NAME)
    assert exit_of(caught.value) is Exit.INTEGRITY
