"""
Bundles are ZIP archives of one narrow form; what another reader could read otherwise is refused.

Members lie one behind the other from the first byte on, by name, dated 1980-01-01, stored or
deflated; then a directory that says the same, and the end.  APPNOTE.TXT 6.3.10, 4.3 and 4.5.3.
"""

import hashlib
import re
import struct
import zlib
from collections.abc import Iterator
from typing import BinaryIO

from gpusla.verify.faults import Broken, need, told

LINE_BYTES_MAX, _WHOLE_BYTES_MAX = 65_536, 256 << 20
RATIO_MAX, _RATIO_FROM_BYTES = 200, 1 << 20  # deflate reaches 1,032, what bundles hold under 50
_CHUNK_BYTES, _HEADER_BYTES = 1 << 14, 30  # no chunk unpacks to more than 17 MB
_NAME = re.compile(r"(?:[A-Za-z0-9_~%-]+/)?[A-Za-z0-9_~%-]+\.[a-z]+")
_STORED, _DEFLATED, _UNIX, _MODE, _DATE = 0, 8, 3, 0o644 << 16, 1 << 5 | 1  # 1980-01-01
_USUAL, _WIDE, _WIDE_FROM = 20, 45, (1 << 31) - 1  # behind so many bytes version 4.5 begins
_SHORT, _LONG, _TORN = (1 << 16) - 1, (1 << 32) - 1, "the file ends early, or was altered"


class Archive:
    """An archive that was opened; each reading of a member checks its size, sum and digest."""

    def __init__(self, stream: BinaryIO) -> None:
        """Account for every byte but the packed ones: header after header, directory, end."""
        self._stream, self._members = stream, dict[str, tuple[int, ...]]()
        offset, before, directory = 0, "", list[bytes]()
        while (header := self._at(offset, _HEADER_BYTES)).startswith(b"PK\x03\x04"):
            header += stream.read(length := int.from_bytes(header[26:28], "little"))
            need(len(header) == _HEADER_BYTES + length, "archive", _TORN)
            name = header[_HEADER_BYTES:].decode("ascii", "replace")
            need(_NAME.fullmatch(name), "archive", f"{told(name)} is no name of a member")
            need(name > before, "archive", f"{name} stands twice, or behind {before}")
            directory.append(_entry(header, offset))
            self._members[name] = member = _member(header, offset, name)
            offset, before = member[1], name
        rest = b"".join(directory)
        rest += _ending(len(directory), len(rest), offset)
        is_rest = (found := self._at(offset, len(rest) + 1)) == rest
        need(not before or len(found) >= len(rest), "archive", _TORN)
        need(is_rest, "archive", f"behind {before or 'no member'} is no directory of the headers")
        self.sizes = {name: size for name, (*_, size) in self._members.items()}

    def chunks(self, name: str, sha256: str | None = None) -> Iterator[bytes]:
        """Yield a member's bytes; Broken at the end if they have not this digest."""
        place, end, kind, crc, left = self._members[name]
        inflate, checked, summed = zlib.decompressobj(-zlib.MAX_WBITS), hashlib.sha256(), 0
        for at in range(place, end, _CHUNK_BYTES):
            piece = self._at(at, min(_CHUNK_BYTES, end - at))
            try:
                piece = piece if kind == _STORED else inflate.decompress(piece)
            except zlib.error as cause:
                raise Broken("archive", f"{name} cannot be unpacked: {told(cause)}") from cause
            checked.update(piece)
            summed, left = zlib.crc32(piece, summed), left - len(piece)
            need(left >= 0 and not inflate.unused_data, "archive", f"{name} goes on behind its end")
            yield piece
        is_whole = (left, summed) == (0, crc) and (kind == _STORED or inflate.eof)
        need(is_whole, "archive", f"{name} breaks off, or has another sum than its header says")
        is_listed = sha256 in {None, checked.hexdigest()}
        need(is_listed, "digest", f"{name} is not the file that the manifest lists")

    def _at(self, place: int, size_bytes: int) -> bytes:
        self._stream.seek(place)
        return self._stream.read(size_bytes)

    def read(self, name: str, sha256: str | None) -> bytes:
        """Return a whole member; Broken(archive) if it is larger than any of its kind."""
        need(self.sizes[name] <= _WHOLE_BYTES_MAX, "archive", f"{name} is larger than any")
        return b"".join(self.chunks(name, sha256))

    def lines(self, name: str, sha256: str) -> Iterator[bytes]:
        """Yield a member's lines without their ends; it is held against its digest before all."""
        for _ in self.chunks(name, sha256):
            continue
        rest = b""
        for piece in self.chunks(name):
            *whole, rest = (rest + piece).split(b"\n")
            longest = max(map(len, (*whole, rest)))
            need(longest <= LINE_BYTES_MAX, "record", f"{name} has a line of {longest} bytes")
            yield from whole
        need(not rest, "record", f"{name} ends within a line")


def _member(header: bytes, offset: int, name: str) -> tuple[int, int, int, int, int]:
    """Return where packed bytes begin and end, how they are packed, their sum and whole size."""
    fields = struct.unpack("<4x5H3L2H", header[:_HEADER_BYTES])
    version, flags, kind, time, date, crc, packed, size, _, extra = fields
    is_usual = (version, flags, time, date, extra) == (_USUAL, 0, 0, _DATE, 0)
    is_usual &= kind in {_STORED, _DEFLATED} and max(packed, size) < _WIDE_FROM
    need(is_usual, "archive", f"the header of {name} is unusual")
    is_bomb = size > max(_RATIO_FROM_BYTES, RATIO_MAX * packed)
    need(not is_bomb, "archive", f"{name} would unpack from {packed} bytes to {size}")
    return offset + len(header), offset + len(header) + packed, kind, crc, size


def _entry(header: bytes, offset: int) -> bytes:
    """Return what the directory has to say of a member, name and all."""
    is_wide = offset > _WIDE_FROM
    version, extra = (_WIDE, struct.pack("<2HQ", 1, 8, offset)) if is_wide else (_USUAL, b"")
    where = (len(extra), 0, 0, 0, _MODE, _LONG if is_wide else offset)
    entry = b"PK\x01\x02" + struct.pack("<2BH", version, _UNIX, version) + header[6:28]
    return entry + struct.pack("<4H2L", *where) + header[_HEADER_BYTES:] + extra


def _ending(count: int, size: int, start: int) -> bytes:
    few = min(count, _SHORT)
    end = (b"PK\x05\x06", 0, 0, few, few, min(size, _LONG), min(start, _LONG), 0)
    wide = (b"PK\x06\x06", 44, _WIDE, _WIDE, 0, 0, count, count, size, start)
    locator = (b"PK\x06\x07", 0, start + size, 1)
    is_wide = count > _SHORT or max(start, size) > _WIDE_FROM
    before = struct.pack("<4sQ2H2L4Q4sLQL", *wide, *locator) if is_wide else b""
    return before + struct.pack("<4s4H2LH", *end)
