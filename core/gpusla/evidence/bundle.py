"""
Bundles of evidence: a ZIP archive whose bytes depend on nothing but what is in it.

Members stand in the order of their names, deflated, dated 1980-01-01; the manifest names every
other one by digest.  Nothing larger than what stands behind the manifest is held in memory.
Source: docs/reference/bundle.md; docs/decisions/0141-bundles-are-zip-archives.md.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, BinaryIO
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from gpusla.evidence.envelope import canonical

FORMAT = "gpusla/bundle/1"
NODES_FORMAT = "gpusla/nodes/1"
MANIFEST = "manifest.json"

_DATED = (1980, 1, 1, 0, 0, 0)
_UNIX = 3
_MODE = 0o644 << 16


@dataclass(frozen=True, slots=True)
class Listed:
    """What a manifest says of a member: SHA-256 in hex, and how long it is."""

    sha256: str
    size_bytes: int


@dataclass(frozen=True, slots=True)
class About:
    """What a bundle is of; made_by: program and version; key: the operator's public one, base64."""

    contract: str
    period: str
    revision: int
    made_by: str
    key: str


Member = tuple[str, Iterable[bytes]]
"""A member's name, and its content in pieces."""


def write_bundle(
    stream: BinaryIO, members: Iterable[Member], sign: Callable[[Mapping[str, Listed]], bytes]
) -> None:
    """
    Write an archive of members and their manifest.

    stream: empty, and able to seek.  members: in the order of their names, each once, without the
    manifest.  sign: makes the manifest's content of all others.
    """
    files: dict[str, Listed] = {}
    behind: list[tuple[str, bytes]] = []
    with ZipFile(stream, "w", ZIP_DEFLATED) as archive:
        last = ""
        for name, pieces in members:
            assert last < name != MANIFEST  # whoever names members sorts them
            last = name
            if name < MANIFEST:
                files[name] = _write(archive, name, pieces)
            else:
                content = b"".join(pieces)
                files[name] = _listed(content)
                behind.append((name, content))
        for name, content in ((MANIFEST, sign(files)), *behind):
            _write(archive, name, [content])


def manifest_of(about: About, files: Mapping[str, Listed]) -> bytes:
    """Return what of a manifest is signed."""
    return canonical(
        {
            "format": FORMAT,
            "contract": about.contract,
            "period": about.period,
            "revision": about.revision,
            "made_by": about.made_by,
            "key": about.key,
            "files": {
                name: {"sha256": listed.sha256, "size_bytes": listed.size_bytes}
                for name, listed in files.items()
            },
        }
    )


def nodes_of(nodes: Mapping[str, tuple[Iterable[str], Iterable[str]]]) -> bytes:
    """Return the member that tells of nodes, by name: their slots, and their public keys."""
    told: dict[str, Any] = {
        node: {"slots": sorted(slots), "keys": sorted(keys)}
        for node, (slots, keys) in nodes.items()
    }
    return canonical({"format": NODES_FORMAT, "nodes": told})


def as_lines(lines: Iterable[bytes]) -> Iterator[bytes]:
    """Yield lines with their ends."""
    return (line + b"\n" for line in lines)


def _write(archive: ZipFile, name: str, pieces: Iterable[bytes]) -> Listed:
    info = ZipInfo(name, _DATED)
    info.compress_type, info.create_system, info.external_attr = ZIP_DEFLATED, _UNIX, _MODE
    digest, size_bytes = hashlib.sha256(), 0
    with archive.open(info, "w") as member:
        for piece in pieces:
            digest.update(piece)
            size_bytes += len(piece)
            member.write(piece)
    return Listed(digest.hexdigest(), size_bytes)


def _listed(content: bytes) -> Listed:
    return Listed(hashlib.sha256(content).hexdigest(), len(content))
