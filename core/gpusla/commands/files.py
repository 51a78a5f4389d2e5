"""Files that a command writes: whole or not at all."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from gpusla.catalogue.codes import FILE_UNREADABLE
from gpusla.errors import InputError, Position


def write_atomically(path: Path, content: bytes) -> None:
    """Write a file whole or not at all; raises as `new_file` does."""
    with new_file(path) as stream:
        stream.write(content)


def require_new(path: Path) -> None:
    """
    Refuse to take the place of a file, or of a link.

    Raises InputError `file_unreadable`, also where the disk does not let anybody look.
    """
    try:
        path.lstat()
    except FileNotFoundError:
        return
    except OSError as cause:
        raise _refused(path, cause) from cause
    raise InputError(
        FILE_UNREADABLE,
        "there is a file already, and it is not replaced",
        fix="Name another file, or move this one away first.",
        position=Position(str(path)),
    )


@contextmanager
def new_file(path: Path) -> Iterator[BinaryIO]:
    """
    Give a file of another name beside path, which takes that name once it is whole and on disk.

    Whatever ends the block early, a signal too, what stood at path before is then as it was.
    Raises InputError `file_unreadable` if the folder or the disk does not allow it.
    """
    try:
        descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    except OSError as cause:
        raise _refused(path, cause) from cause
    try:
        with os.fdopen(descriptor, "w+b") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        # Made for its owner alone; a statement is as open as the caller's other files.
        Path(name).chmod(0o666 & ~_mask())
        Path(name).replace(path)
    except OSError as cause:
        Path(name).unlink(missing_ok=True)
        raise _refused(path, cause) from cause
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _mask() -> int:
    """Return the process's mask for new files; it can only be read by setting it."""
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


def _refused(path: Path, cause: OSError) -> InputError:
    message = f"the file cannot be written: {cause.strerror}"
    return InputError(
        FILE_UNREADABLE,
        message,
        fix="Name a file in a folder that you may write to.",
        position=Position(str(path)),
    )
