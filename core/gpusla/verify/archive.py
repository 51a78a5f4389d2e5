"""
Bundles are ZIP archives of one narrow form; what another reader could read otherwise is refused.

Members lie one behind the other from the first byte on, in the order of their names, dated
1980-01-01, stored or deflated; the directory follows, saying the same as the headers before them,
and then the end of the file.  Source: APPNOTE.TXT 6.3.10, sections 4.3 and 4.5.3.
"""

import hashlib
import re
import struct
import zlib
from collections.abc import Iterator
from typing import BinaryIO
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile, ZipInfo

from gpusla.verify.faults import Broken, need, told

LINE_BYTES_MAX = 65_536
RATIO_MAX = 200  # deflate reaches 1,032 where nothing is said; what bundles hold stays under 50
_RATIO_FROM_BYTES = 1 << 20
_CHUNK_BYTES, _ENTRY_BYTES = 1 << 18, 46
_NAME = re.compile(r"(?:[A-Za-z0-9_~%-]+/)?[A-Za-z0-9_~%-]+\.[a-z]+")
_PLAIN = (0, 0, 0, 0, b"", (1980, 1, 1, 0, 0, 0))
_WIDE_FROM, _WIDE = (1 << 31) - 1, 45  # beyond this many bytes archives are of version 4.5
_SHORT, _LONG = (1 << 16) - 1, (1 << 32) - 1


class Archive:
    """An archive that was opened; each reading of a member checks its size, sum and digest."""

    def __init__(self, stream: BinaryIO) -> None:
        try:
            self._file = ZipFile(stream)
        except (BadZipFile, NotImplementedError, UnicodeDecodeError) as cause:
            raise Broken("archive", f"this is no whole ZIP archive: {told(cause)}") from cause
        self.sizes = {info.orig_filename: info.file_size for info in self._file.infolist()}
        _require_plain(stream, self._file.infolist(), self._file.start_dir)

    def chunks(self, name: str, sha256: str | None = None) -> Iterator[bytes]:
        """Yield a member's bytes; Broken at the end if they have not this digest."""
        checked = hashlib.sha256()
        try:
            with self._file.open(name) as member:
                while piece := member.read(_CHUNK_BYTES):
                    checked.update(piece)
                    yield piece
        except (BadZipFile, EOFError, zlib.error) as cause:
            raise Broken("archive", f"{name} cannot be unpacked: {told(cause)}") from cause
        is_listed = sha256 in {None, checked.hexdigest()}
        need(is_listed, "digest", f"{name} is not the file that the manifest lists")

    def read(self, name: str, sha256: str | None, size_bytes_max: int) -> bytes:
        """Return a whole member; Broken(archive) if it is larger than any of its kind."""
        need(self.sizes[name] <= size_bytes_max, "archive", f"{name} has {self.sizes[name]} bytes")
        return b"".join(self.chunks(name, sha256))

    def lines(self, name: str, sha256: str) -> Iterator[bytes]:
        """
        Yield a member's lines without their ends; the last one ends with a line feed too.

        The whole is held against its digest first, so that nothing else is told of an altered one.
        """
        for _ in self.chunks(name, sha256):
            continue
        rest = b""
        for piece in self.chunks(name):
            *whole, rest = (rest + piece).split(b"\n")
            longest = max(map(len, (*whole, rest)))
            need(longest <= LINE_BYTES_MAX, "record", f"{name} has a line of {longest} bytes")
            yield from whole
        need(not rest, "record", f"{name} ends within a line")


def _require_plain(stream: BinaryIO, members: list[ZipInfo], start: int) -> None:
    """Account for every byte: header, packed bytes, header ..., directory from start on, end."""
    offset, before, directory = 0, "", start
    for info in members:
        name, first = info.orig_filename, members[0]
        packed, size, is_wide = info.compress_size, info.file_size, offset > _WIDE_FROM
        _require(_NAME.fullmatch(name), f"{told(name)} is no name of a member")
        _require(name > before, f"{name} stands twice, or behind {before}")
        is_bomb = size > max(_RATIO_FROM_BYTES, RATIO_MAX * packed)
        _require(not is_bomb, f"{name} would unpack from {packed} bytes to {size}")
        extra = struct.pack("<2HQ", 1, 8, offset) if is_wide else b""
        versions = (_WIDE, _WIDE) if is_wide else (first.create_version, first.extract_version)
        must = (*versions, first.create_system, first.external_attr, *_PLAIN, offset, extra)
        made = (info.create_version, info.extract_version, info.create_system, info.external_attr)
        bare = (info.reserved, info.flag_bits, info.volume, info.internal_attr, info.comment)
        found = (*made, *bare, info.date_time, info.header_offset, info.extra)
        is_small = max(packed, size) < _WIDE_FROM
        is_plain = is_small and found == must and info.compress_type in {ZIP_STORED, ZIP_DEFLATED}
        _require(is_plain, f"the directory's entry of {name} is unusual")
        directory += _ENTRY_BYTES + len(name) + len(extra)
        info.extra, info.extract_version = b"", first.extract_version
        header = info.FileHeader()
        stream.seek(offset)
        there = stream.read(len(header))
        _require(there == header, f"the header of {name} is unlike the directory's entry")
        offset, before = offset + len(header) + packed, name
    _require(offset == start, "there are bytes behind its last member")
    end = _ending(len(members), directory - start, start)
    stream.seek(directory)
    _require(stream.read(len(end) + 1) == end, "its end is unlike its directory")


def _ending(count: int, size: int, start: int) -> bytes:
    few = min(count, _SHORT)
    end = (b"PK\x05\x06", 0, 0, few, few, min(size, _LONG), min(start, _LONG), 0)
    wide = (b"PK\x06\x06", 44, _WIDE, _WIDE, 0, 0, count, count, size, start)
    locator = (b"PK\x06\x07", 0, start + size, 1)
    is_wide = count > _SHORT or max(start, size) > _WIDE_FROM
    before = struct.pack("<4sQ2H2L4Q4sLQL", *wide, *locator) if is_wide else b""
    return before + struct.pack("<4s4H2LH", *end)


def _require(is_so: object, words: str) -> None:
    need(is_so, "archive", f"this is not packed as bundles are: {words}")
