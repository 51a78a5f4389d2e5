"""A bundle's file as its members, each read when it is asked for."""

import lzma
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path

from gpusla.catalogue.codes import BUNDLE, FILE_UNREADABLE
from gpusla.errors import EvidenceError, InputError, Position

MEMBER_BYTES_MAX = 1 << 30
"""No member is larger once it is unpacked; more is refused before it is read."""

_ENCRYPTED = 0x1

_NO_ARCHIVE = (
    zipfile.BadZipFile,
    # Its word for an archive that asks for a newer version: one flipped byte (test id `version`).
    NotImplementedError,
    UnicodeDecodeError,  # a name that says it is UTF-8 and is not
)
"""What ZipFile raises of a directory; struct's errors it turns into BadZipFile itself."""

_CANNOT_UNPACK = (
    zipfile.BadZipFile,  # a header unlike the directory's entry, or another CRC-32
    # Its word for an unknown way to pack or encrypt: a flipped byte too (`packing`, `encryption`).
    NotImplementedError,
    ValueError,  # a name as above; an offset beyond 63 bits
    OSError,  # an offset before the file; what bzip2 cannot unpack; the disk
    EOFError,  # packed bytes that reach beyond the file
    zlib.error,
    lzma.LZMAError,
)
"""
What ZipFile.read raises of a member.

zipfile's documentation names few of these; each was met in archives with damaged bytes.
"""


class BundleFile(Mapping[str, bytes]):
    """
    The members of a ZIP archive by name.

    Raises InputError if the file cannot be read, EvidenceError (`bundle`) if it is no archive, or
    one that two readers could read in two ways.
    """

    def __init__(self, path: Path) -> None:
        self._place = Position(str(path))
        try:
            self._archive = zipfile.ZipFile(path)
        except OSError as cause:
            message = f"the file cannot be read: {cause.strerror}"
            raise InputError(FILE_UNREADABLE, message, position=self._place) from cause
        except _NO_ARCHIVE as cause:
            raise self._broken("this is not a ZIP archive") from cause
        self._members = {one.filename: one for one in self._archive.infolist()}
        if len(self._members) != len(self._archive.infolist()):
            raise self._broken("the archive holds a name twice")

    def __getitem__(self, name: str) -> bytes:
        member = self._members[name]
        if member.file_size > MEMBER_BYTES_MAX or member.flag_bits & _ENCRYPTED:
            raise self._broken(f"{name} is encrypted or too large")
        try:
            return self._archive.read(member)
        except _CANNOT_UNPACK as cause:
            raise self._broken(f"{name} cannot be unpacked: {cause}") from cause

    def member(self, name: str) -> bytes:
        """Return a member that has to be there."""
        if name not in self._members:
            raise self._broken(f"the archive holds no {name}")
        return self[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._members)

    def __len__(self) -> int:
        return len(self._members)

    def _broken(self, words: str) -> EvidenceError:
        return EvidenceError(BUNDLE, words, position=self._place)
