"""A bundle's file as its members, by the verifier's own reader, each read when it is asked for."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

from gpusla.catalogue.codes import BUNDLE, FILE_UNREADABLE
from gpusla.errors import EvidenceError, InputError, Position
from gpusla.verify.archive import Archive
from gpusla.verify.faults import Broken


class BundleFile(Mapping[str, bytes]):
    """
    The members of an archive by name; which members there are, and whose digests, nobody asks here.

    A member raises EvidenceError (`bundle`) if it is larger than any or does not unpack to what its
    header says, InputError (`file_unreadable`) if the disk does not give it.
    """

    def __init__(self, archive: Archive, place: Position) -> None:
        self._archive, self._place = archive, place

    def __getitem__(self, name: str) -> bytes:
        with _translated(self._place):
            return self._archive.read(name, None)

    def member(self, name: str) -> bytes:
        """Return a member that has to be there."""
        if name not in self._archive.sizes:
            message = f"the archive holds no {name}"
            raise EvidenceError(BUNDLE, message, position=self._place)
        return self[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._archive.sizes)

    def __len__(self) -> int:
        return len(self._archive.sizes)


@contextmanager
def opened(path: Path) -> Iterator[BundleFile]:
    """
    Give a bundle's members; its file is open until the block ends.

    Raises InputError (`file_unreadable`) if the file cannot be read, EvidenceError (`bundle`) if it
    is not an archive of the one form that bundles have: docs/decisions/0156.
    """
    place = Position(str(path))
    with ExitStack() as stack:
        with _translated(place):
            archive = Archive(stack.enter_context(path.open("rb")))
        yield BundleFile(archive, place)


@contextmanager
def _translated(place: Position) -> Iterator[None]:
    """Say what the verifier's reader raises as errors of commands."""
    try:
        yield
    except Broken as cause:
        message = f"the bundle cannot be read: {cause.words}"
        raise EvidenceError(BUNDLE, message, position=place) from cause
    except OSError as cause:
        message = f"the file cannot be read: {cause.strerror}"
        raise InputError(FILE_UNREADABLE, message, position=place) from cause
