"""
What stands in a file of evidence beyond its acknowledged end: kept beside it before it is cut off.

After a crash it is what was on its way, and the agent tells it again.  After a restore the database
knows less than the files do, and of a node that has left since they hold the only copy.  Source:
docs/decisions/0051-evidence-files.md.
"""

import os
from collections.abc import Iterator
from itertools import count
from pathlib import Path

from gpusla_collector.adapters.folders import sync_folder

NAME_END = r"\.beyond-[0-9]+(?:-[0-9]+)?"
"""How the names of what was kept end."""


def keep(path: Path, offset: int, content: bytes, mode: int) -> None:
    """
    Keep bytes beside a file, durably, as `<its name>.beyond-<offset>`, and -2 and on behind that.

    Nothing is written over.  What has been kept before is not kept again, as by a process that was
    killed before it cut.  mode: of the new file.  Raises OSError; then content is nowhere but where
    it was.
    """
    place = next(one for one in _places(path, offset) if _is_free_for(one, content))
    if not place.exists():
        part = place.with_name(f"{place.name}.part")
        _write(part, content, mode)
        part.rename(place)
    # Also where it was there already: who renamed it may not have come so far.
    sync_folder(path.parent)


def _places(path: Path, offset: int) -> Iterator[Path]:
    first = path.with_name(f"{path.name}.beyond-{offset}")
    yield first
    for number in count(2):
        yield first.with_name(f"{first.name}-{number}")


def _is_free_for(place: Path, content: bytes) -> bool:
    return not place.exists() or place.read_bytes() == content


def _write(path: Path, content: bytes, mode: int) -> None:
    """Write a file anew and sync it; what a process that was killed left of it is no loss."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with open(descriptor, "wb") as file:  # noqa: PTH123  (the mode is to hold from the first byte)
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
