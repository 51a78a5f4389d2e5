"""What a mutation is, and whether one is none after all."""

import io
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from random import Random

Members = dict[str, bytes]


@dataclass(frozen=True, slots=True)
class Attempt:
    """
    A way to change what was signed.

    make: gives the changed file, or None where this draw would change nothing.  classes: what the
    verifier may call it.
    """

    name: str
    make: Callable[[Random], bytes | None]
    classes: frozenset[str]


def one_bit(chance: Random, content: bytes) -> bytes:
    """Return content with one of its bits the other way round."""
    changed = bytearray(content)
    changed[chance.randrange(len(changed))] ^= 1 << chance.randrange(8)
    return bytes(changed)


def contents(archive: bytes) -> list[tuple[str, bytes]] | None:
    """Return what an archive of whole headers holds; None if a member's packed bytes are not."""
    with zipfile.ZipFile(io.BytesIO(archive)) as file:
        try:
            return [(info.filename, content(archive, info)) for info in file.infolist()]
        except zlib.error:  # deflate cannot go on, or does not end
            return None


def content(archive: bytes, info: zipfile.ZipInfo) -> bytes:
    """Return what a member's packed bytes stand for; zlib.error unless it is all of them."""
    start = info.header_offset + 30 + len(info.filename)
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    found = inflater.decompress(archive[start : start + info.compress_size])
    if not inflater.eof or inflater.unused_data:
        raise zlib.error("no end, or something behind it")
    return found
