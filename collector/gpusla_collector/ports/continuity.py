"""What must be known to see that a database went back to an older copy of itself."""

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class ChainEnd:
    """A link that was the chain's last; digest: SHA-256 in hex."""

    number: int
    digest: str

    def __str__(self) -> str:
        """Write it as `gpusla fsck` prints it and `--holds` takes it."""
        return f"{self.number}:{self.digest}"


class Chain(Protocol):
    """The chain over the records, by its links alone."""

    def end(self) -> ChainEnd | None:
        """Return the last link; None before the first."""

    def holds(self, end: ChainEnd) -> bool:
        """Tell whether a link of this number has this digest."""


class Mark(Protocol):
    """What a collector wrote down outside of the database."""

    @property
    def name(self) -> str:
        """Name it for people."""

    def read(self) -> ChainEnd | None:
        """
        Return what was written last; None if nothing was.

        Raises InputError if it cannot be read.
        """

    def write(self, end: ChainEnd) -> None:
        """
        Write down whole or not at all; on disk when it returns.

        Raises InputError if the disk refuses.
        """
