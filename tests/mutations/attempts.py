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
            return [(info.filename, file.read(info)) for info in file.infolist()]
        except (zlib.error, zipfile.BadZipFile):  # deflate cannot go on, or another CRC-32
            return None
