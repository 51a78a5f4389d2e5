"""Reads the files that people write, each whole and at once."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from gpusla.catalogue.codes import FILE_UNREADABLE
from gpusla.documents import SIZE_BYTES_MAX, digest
from gpusla.errors import InputError, Position
from gpusla_collector.ports import InputFile


@dataclass(frozen=True, slots=True)
class InputFilesOnDisk:
    """
    Where inventory, assignments, exclusions, claims and contracts lie.

    exclusions, claims: None if there are none.  contracts: a folder, in which every *.yaml is one
    version.
    """

    inventory: Path
    assignments: Path
    exclusions: Path | None
    claims: Path | None
    contracts: Path

    def read(self) -> tuple[InputFile, ...]:
        """Return all files as they are now; raises InputError if one cannot be read."""
        return tuple(self._all())

    def _all(self) -> Iterator[InputFile]:
        yield read_file("Inventory", self.inventory)
        yield read_file("Assignments", self.assignments)
        if self.exclusions is not None:
            yield read_file("Exclusions", self.exclusions)
        if self.claims is not None:
            yield read_file("Claims", self.claims)
        for path in sorted(self.contracts.glob("*.yaml")):
            yield read_file("Contract", path)


def read_file(kind: str, path: Path) -> InputFile:
    """
    Read a file as bytes; one byte over the limit is enough to refuse it later.

    Raises InputError, also for a name that no database, statement or log could hold.
    """
    _require_utf8(path)
    try:
        with path.open("rb") as stream:
            content = stream.read(SIZE_BYTES_MAX + 1)
    except OSError as cause:
        raise InputError(
            FILE_UNREADABLE, f"cannot be read: {cause.strerror}", position=Position(str(path))
        ) from cause
    return InputFile(kind, str(path), digest(content), content)


def _require_utf8(path: Path) -> None:
    shown = os.fsencode(path).decode("utf-8", "backslashreplace")
    if shown != str(path):
        raise InputError(
            FILE_UNREADABLE,
            "its name is not UTF-8",
            fix="Rename it, such as to letters, digits and hyphens.",
            position=Position(shown),
        )
