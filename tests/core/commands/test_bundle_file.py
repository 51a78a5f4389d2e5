"""Archives are read in the form that bundles are written in, and any other is refused in words."""

import hashlib
import io
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest

from gpusla.catalogue.codes import BUNDLE, FILE_UNREADABLE
from gpusla.commands.bundle_file import BundleFile, opened
from gpusla.commands.exits import Exit, exit_of
from gpusla.errors import EvidenceError, InputError, Position
from gpusla.evidence.bundle import MANIFEST, write_bundle
from gpusla.verify.archive import Archive

NAME = "statement.json"
CONTENT = bytes(range(256)) * 8
PACKED_FROM = 30 + len(NAME)
CRC, PACKED_BYTES, SIZE_BYTES = 14, 18, 22
"""Where a member's header says so; the directory's entry has all fields two bytes later."""

Damage = Callable[[bytearray, int, int], None]
"""Changes an archive's bytes; the numbers are where the member's header and its entry begin."""

TORN = "the file ends early, or was altered"
NO_DIRECTORY = f"behind {NAME} is no directory of the headers"
UNUSUAL = f"the header of {NAME} is unusual"


def bundle(content: bytes = CONTENT) -> bytes:
    """A bundle of one member behind its manifest, as the project's own writer makes it."""
    stream = io.BytesIO()
    write_bundle(stream, [(NAME, [content])], lambda _: b"{}")
    return stream.getvalue()


def archive(packing: int) -> bytes:
    """An archive of the same member by another hand, packed in another way."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", packing) as file:
        file.writestr(zipfile.ZipInfo(NAME), CONTENT, packing)
    return stream.getvalue()


def damaged(damage: Damage, path: Path, content: bytes = CONTENT) -> Path:
    """A file of a bundle that was changed."""
    whole = bytearray(bundle(content))
    damage(whole, whole.rindex(b"PK\x03\x04"), whole.rindex(b"PK\x01\x02"))
    path.write_bytes(whole)
    return path


def in_header(place: int, value: bytes) -> Damage:
    """Write over some bytes from a place of the member's header on, or of what is packed."""

    def damage(content: bytearray, header: int, _: int) -> None:
        content[header + place : header + place + len(value)] = value

    return damage


def in_entry(place: int, value: bytes) -> Damage:
    """Write over some bytes from a place of the member's entry in the directory on."""

    def damage(content: bytearray, _: int, entry: int) -> None:
        content[entry + place : entry + place + len(value)] = value

    return damage


def in_both(place: int, value: bytes) -> Damage:
    """Let header and directory say the same of a field, which has its place in the header."""

    def damage(content: bytearray, header: int, entry: int) -> None:
        in_header(place, value)(content, header, entry)
        in_entry(place + 2, value)(content, header, entry)

    return damage


def a_name_that_is_not_utf_8(content: bytearray, _: int, entry: int) -> None:
    """Set the flag that says UTF-8, and begin the name with a byte that it never has."""
    content[entry + 9] |= 8
    content[entry + 46] = 0xFF


def a_members_name_that_is_not_utf_8(content: bytearray, header: int, _: int) -> None:
    """The same in the member's own header."""
    content[header + 7] |= 8
    content[header + 30] = 0xFF


def an_offset_before_the_file(content: bytearray, *_: int) -> None:
    """Say that the directory begins later than it does."""
    content[-6:-2] = b"\xff\xff\xff\x7f"


def refused(file: Path) -> str:
    """The words by which a file is no bundle before any member is read; it ends with 6."""
    with pytest.raises(EvidenceError) as caught, opened(file):
        pass
    return words_of(caught.value, file)


def words_of(error: EvidenceError, file: Path) -> str:
    """What is said of a file, behind what is said of each."""
    assert (error.code, error.position) == (BUNDLE, Position(str(file)))
    assert exit_of(error) is Exit.INTEGRITY
    before, _, words = error.message.partition(": ")
    assert before == "the bundle cannot be read"
    return words


def test_what_was_written_is_read(tmp_path: Path) -> None:
    """All members by name; one that is not there is named if it has to be."""
    file = tmp_path / "x.zip"
    file.write_bytes(bundle())
    with opened(file) as members:
        assert dict(members) == {MANIFEST: b"{}", NAME: CONTENT}
        assert members.member(NAME) == CONTENT
        assert members.get("facts.json") is None
        with pytest.raises(EvidenceError) as caught:
            members.member("facts.json")
    assert caught.value.message == "the archive holds no facts.json"
    assert exit_of(caught.value) is Exit.INTEGRITY


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(in_entry(6, b"\xff"), id="version"),
        pytest.param(a_name_that_is_not_utf_8, id="name"),
        pytest.param(in_entry(0, b"XX"), id="directory"),
        pytest.param(in_entry(10, b"\x63"), id="packing"),
        pytest.param(in_entry(8, b"\x40"), id="encryption"),
        pytest.param(an_offset_before_the_file, id="offset"),
        pytest.param(in_entry(20, b"\0\0\0\1" * 2), id="size"),
        pytest.param(lambda content, *_: content.append(0), id="behind the end"),
    ],
)
def test_a_directory_that_does_not_say_what_the_headers_say_makes_it_no_bundle(
    damage: Damage, tmp_path: Path
) -> None:
    """Of each of these a reader of archives in general makes something else."""
    assert refused(damaged(damage, tmp_path / "x.zip")) == NO_DIRECTORY


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(in_both(PACKED_BYTES, b"\0\0\0\1" * 2), id="beyond the file"),
        pytest.param(lambda content, *_: content.pop(), id="cut off"),
    ],
)
def test_a_file_that_ends_before_its_archive_does_is_told_as_that(
    damage: Damage, tmp_path: Path
) -> None:
    """Most are downloads that broke off."""
    assert refused(damaged(damage, tmp_path / "x.zip")) == TORN


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        pytest.param(in_both(4, b"\xff"), UNUSUAL, id="version"),
        pytest.param(in_both(6, b"\x01"), UNUSUAL, id="encryption"),
        pytest.param(in_both(8, b"\x63"), UNUSUAL, id="packing"),
        pytest.param(
            a_members_name_that_is_not_utf_8,
            r"'\ufffdtatement.json' is no name of a member",
            id="name",
        ),
        pytest.param(
            in_header(0, b"XX"),
            f"behind {MANIFEST} is no directory of the headers",
            id="no header",
        ),
    ],
)
def test_a_header_of_another_form_is_named(damage: Damage, words: str, tmp_path: Path) -> None:
    """Although the directory says the same."""
    assert refused(damaged(damage, tmp_path / "x.zip")) == words


@pytest.mark.parametrize(
    "packing",
    [
        pytest.param(zipfile.ZIP_BZIP2, id="bzip2"),
        pytest.param(zipfile.ZIP_LZMA, id="lzma"),
    ],
)
def test_members_packed_in_another_way_are_refused(packing: int, tmp_path: Path) -> None:
    """Each has a library with errors of its own, of which none is met."""
    file = tmp_path / "x.zip"
    file.write_bytes(archive(packing))
    assert refused(file) == UNUSUAL


def test_a_name_that_stands_twice_is_refused(tmp_path: Path) -> None:
    """Or two readers could read two statements."""
    file = tmp_path / "x.zip"
    one = bundle()
    header, directory = one.rindex(b"PK\x03\x04"), one.index(b"PK\x01\x02")
    file.write_bytes(one[:directory] + one[header:])
    assert refused(file) == f"{NAME} stands twice, or behind {NAME}"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        pytest.param(b"", "behind no member is no directory of the headers", id="empty"),
        pytest.param(b"a text", "behind no member is no directory of the headers", id="text"),
        pytest.param(b"PK\x03\x04", TORN, id="first four bytes"),
    ],
)
def test_what_is_no_archive_at_all_is_refused(content: bytes, words: str, tmp_path: Path) -> None:
    """However it begins."""
    file = tmp_path / "x.zip"
    file.write_bytes(content)
    assert refused(file) == words


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        pytest.param(
            in_both(CRC, b"XXXX"),
            "breaks off, or has another sum than its header says",
            id="sum",
        ),
        pytest.param(
            in_header(PACKED_FROM, b"\xff" * 9),
            "cannot be unpacked: Error -3 while decompressing",
            id="deflate",
        ),
        pytest.param(
            in_both(SIZE_BYTES, (len(CONTENT) - 1).to_bytes(4, "little")),
            "goes on behind its end",
            id="longer than told",
        ),
        pytest.param(
            in_both(SIZE_BYTES, (len(CONTENT) + 1).to_bytes(4, "little")),
            "breaks off, or has another sum than its header says",
            id="shorter than told",
        ),
    ],
)
def test_a_member_that_cannot_be_unpacked_is_named(
    damage: Damage, words: str, tmp_path: Path
) -> None:
    """The others are read all the same."""
    file = damaged(damage, tmp_path / "x.zip")
    with opened(file) as members:
        assert members.member(MANIFEST) == b"{}"
        with pytest.raises(EvidenceError) as caught:
            members.member(NAME)
    assert words_of(caught.value, file).startswith(f"{NAME} {words}")


def test_a_member_that_would_unpack_to_too_much_is_refused(tmp_path: Path) -> None:
    """More than 200 times its packed bytes, and more than a MiB."""
    size_bytes = (1 << 20) + 1
    file = damaged(in_both(SIZE_BYTES, size_bytes.to_bytes(4, "little")), tmp_path / "x.zip")
    packed_bytes = len(zlib.compress(CONTENT, wbits=-zlib.MAX_WBITS))
    assert refused(file) == f"{NAME} would unpack from {packed_bytes} bytes to {size_bytes}"


def test_a_member_that_is_larger_than_any_is_refused_before_it_is_unpacked(
    tmp_path: Path,
) -> None:
    """By a byte, of so many packed ones that it could be true."""
    size_bytes = (256 << 20) + 1
    damage = in_both(SIZE_BYTES, size_bytes.to_bytes(4, "little"))
    cannot_be_packed = hashlib.shake_256().digest(size_bytes // 200 + 1)
    file = damaged(damage, tmp_path / "x.zip", cannot_be_packed)
    with opened(file) as members, pytest.raises(EvidenceError) as caught:
        members.member(NAME)
    assert words_of(caught.value, file) == f"{NAME} is larger than any"


class Disk(io.BytesIO):
    """A file of a disk that gives nothing any more once it is broken."""

    is_broken = False

    def read(self, size: int | None = -1, /) -> bytes:
        """Return the bytes, or raise as the system does."""
        if self.is_broken:
            raise OSError(5, "Input/output error")
        return super().read(size)


def test_a_disk_that_fails_is_no_broken_bundle(tmp_path: Path) -> None:
    """Nor is a file that is not there, or is a folder: it says nothing of who changed what."""
    disk = Disk(bundle())
    members = BundleFile(Archive(disk), Position("x.zip"))
    disk.is_broken = True
    with pytest.raises(InputError, match="the file cannot be read: Input/output error") as caught:
        members.member(NAME)
    assert (caught.value.code, exit_of(caught.value)) == (FILE_UNREADABLE, Exit.REFUSED)
    for path, words in ((tmp_path / "x", "No such file"), (tmp_path, "Is a directory")):
        with pytest.raises(InputError, match=f"the file cannot be read: {words}"), opened(path):
            pass
