"""Numbers in the small files of /sys and /proc: a value, or the reason why there is none."""

import errno
import re
from pathlib import Path

from gpusla.readings import Absence, Absent, Present, Reading

FILE_BYTES_MAX = 65_536
_NUMBER = re.compile(r"-?[0-9]{1,20}", re.ASCII)
_MISSING = {errno.ENOENT, errno.ENOTDIR, errno.ENODEV, errno.EOPNOTSUPP}
_FORBIDDEN = {errno.EACCES, errno.EPERM}


def read_text(path: Path) -> str | Absent:
    """Return a file's text, at most its first 64 KiB."""
    try:
        with path.open("rb") as file:
            return file.read(FILE_BYTES_MAX).decode("ascii", "replace")
    except OSError as cause:
        return absent(cause, path)


def read_count(path: Path) -> Present[int] | Absent:
    """Return a file's whole number, not below zero."""
    text = read_text(path)
    if isinstance(text, Absent):
        return text
    found = _NUMBER.fullmatch(text.strip())
    if found is None or int(found[0]) < 0:
        return Absent(Absence.ERROR, f"{path.name} holds no count")
    return Present(int(found[0]))


def absent(cause: OSError, path: Path) -> Absent:
    """Return why a file could not be read: not there, not allowed, or it failed."""
    words = f"{path.name}: {cause.strerror}"
    if cause.errno in _MISSING:
        return Absent(Absence.UNSUPPORTED, words)
    if cause.errno in _FORBIDDEN:
        return Absent(Absence.NO_PERMISSION, words)
    return Absent(Absence.ERROR, words)


def children(directory: Path) -> list[Path]:
    """Return what is in a directory in order of name; nothing if it is not there."""
    try:
        return sorted(directory.iterdir())
    except OSError:
        return []


def total(readings: list[Present[int] | Absent], factor: int = 1) -> Reading:
    """Return the sum of what is there, times factor; absent only if nothing is."""
    values = [one.value for one in readings if isinstance(one, Present)]
    if values:
        return Present(sum(values) * factor)
    return next(one for one in readings if isinstance(one, Absent))
