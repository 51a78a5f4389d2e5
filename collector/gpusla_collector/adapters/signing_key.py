"""The operator's signing key on disk: made once, never replaced, read by its owner alone."""

import os
import stat
from contextlib import suppress
from pathlib import Path

from gpusla.catalogue.codes import SIGNING_KEY
from gpusla.errors import InputError, Position
from gpusla.evidence.keys import PRIVATE_BYTES, from_pem, may_be_used_by_others, to_pem
from gpusla_collector.adapters.folders import sync_folder

_FILE_BYTES_MAX = 4_096


def make_signing_key(path: Path) -> bytes:
    """
    Make a private key and return it once its file is safe on disk.

    Raises InputError `signing_key` if there is a file of this name, or the disk refuses; what was
    there before is as it was.
    """
    private = os.urandom(PRIVATE_BYTES)
    beside = path.with_name(f".{path.name}.{os.getpid()}.new")
    try:
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
        descriptor = os.open(beside, flags, 0o600)
        try:
            _write(descriptor, to_pem(private))
            # A link, other than a move, never takes the place of another file.
            os.link(beside, path)
        finally:
            os.close(descriptor)
            beside.unlink()
        with suppress(OSError):  # some filesystems sync no folders
            sync_folder(path.parent)
    except FileExistsError as cause:
        raise _refused(
            path,
            "there is a file already, and a key is never replaced",
            "Name another file, and let the old key stand for what it signed.",
        ) from cause
    except OSError as cause:
        raise _refused(path, f"the key cannot be written: {cause.strerror}") from cause
    return private


def read_signing_key(path: Path) -> bytes:
    """
    Return the private key of a file, 32 bytes.

    Raises InputError `signing_key` if there is none, it cannot be read, or others may read it.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError as cause:
        raise _refused(path, f"the key cannot be opened: {cause.strerror}") from cause
    try:
        mode = stat.S_IMODE(os.fstat(descriptor).st_mode)
        if may_be_used_by_others(mode):
            raise _refused(
                path,
                f"others may use this key: its mode is {mode:04o}",
                "Give the file to its owner alone (chmod 600); if others could copy it, make a new "
                "key.",
            )
        return from_pem(os.read(descriptor, _FILE_BYTES_MAX))
    except OSError as cause:
        raise _refused(path, f"the key cannot be read: {cause.strerror}") from cause
    except ValueError as cause:
        raise _refused(path, str(cause)) from cause
    finally:
        os.close(descriptor)


def require_signing_key(path: Path | None) -> bytes:
    """Return the key of the settings; raises InputError `signing_key` if they name none."""
    if path is None:
        raise InputError(
            SIGNING_KEY,
            "the settings name no signing_key",
            fix="Make one with `gpusla collector key new FILE`, and name the file in the settings.",
        )
    return read_signing_key(path)


def _write(descriptor: int, content: bytes) -> None:
    remaining = memoryview(content)
    while remaining:
        remaining = remaining[os.write(descriptor, remaining) :]
    os.fsync(descriptor)


def _refused(path: Path, words: str, fix: str = "") -> InputError:
    return InputError(SIGNING_KEY, words, fix=fix, position=Position(str(path)))
