"""The chain's end in a file of the data directory, so that a restored database is seen."""

import re
from pathlib import Path

from gpusla.catalogue.codes import FILE_UNREADABLE
from gpusla.commands.files import write_atomically
from gpusla.errors import InputError, Position
from gpusla_collector.adapters.folders import sync_folder
from gpusla_collector.ports.continuity import ChainEnd

NAME = "ledger.mark"
_BYTES_MAX = 128
_END = re.compile(rb"([1-9][0-9]{0,17}):([0-9a-f]{64})\n", re.ASCII)


class LedgerMark:
    """The port `Mark`; folder: the data directory, which all collectors of a database share."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / NAME

    @property
    def name(self) -> str:
        """Name it for people."""
        return str(self._path)

    def read(self) -> ChainEnd | None:
        """Return what was written last; None if nothing was."""
        try:
            with self._path.open("rb") as stream:
                content = stream.read(_BYTES_MAX)
        except FileNotFoundError:
            return None
        except OSError as cause:
            raise self._refused(f"it cannot be read: {cause.strerror}") from cause
        found = _END.fullmatch(content)
        if found is None:
            raise self._refused("it is not a number and a digest, as a collector writes it")
        return ChainEnd(int(found[1]), found[2].decode("ascii"))

    def write(self, end: ChainEnd) -> None:
        """Write down whole or not at all; on disk when it returns."""
        write_atomically(self._path, f"{end}\n".encode("ascii"))
        try:
            sync_folder(self._path.parent)
        except OSError as cause:
            raise InputError(
                FILE_UNREADABLE,
                f"its folder cannot be synced: {cause.strerror}",
                fix="Mend the disk of the data directory, or bring the folder to another one.",
                position=Position(self.name),
            ) from cause

    def _refused(self, words: str) -> InputError:
        return InputError(
            FILE_UNREADABLE,
            words,
            fix="Run `gpusla fsck`; if the ledger is the newest there is, delete the file.",
            position=Position(self.name),
        )
