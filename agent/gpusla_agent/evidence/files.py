"""Private keys on disk: whole or not at all, and for the agent's user alone."""

import os
import stat
from contextlib import suppress
from pathlib import Path

from gpusla.catalogue.codes import NODE_KEY
from gpusla.errors import InputError, Position
from gpusla.evidence.keys import PRIVATE_BYTES, from_pem, may_be_used_by_others, to_pem

KEY_FILE = "node-key.pem"
NEXT_FILE = "node-key-next.pem"
"""A key that `gpusla-agent key rotate` made and the agent has not taken up yet."""

_FILE_BYTES_MAX = 4_096


def read_key(path: Path) -> bytes | None:
    """
    Return the private key of a file, None if there is no such file.

    Raises InputError(node_key) if it cannot be read, is no key, or others may read it.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    except OSError as cause:
        raise refused(path, f"cannot be opened: {cause.strerror}") from cause
    try:
        mode = stat.S_IMODE(os.fstat(descriptor).st_mode)
        if may_be_used_by_others(mode):
            raise refused(path, f"may be read by others: its mode is {mode:04o}")
        return from_pem(os.read(descriptor, _FILE_BYTES_MAX))
    except OSError as cause:
        raise refused(path, f"cannot be read: {cause.strerror}") from cause
    except ValueError as cause:
        raise refused(path, str(cause)) from cause
    finally:
        os.close(descriptor)


def make_key(path: Path) -> bytes:
    """Make a private key by chance and return it; otherwise as `keep_key`."""
    return keep_key(path, os.urandom(PRIVATE_BYTES))


def keep_key(path: Path, private: bytes) -> bytes:
    """
    Return a private key once its file is safe on disk.

    The file belongs to the owner of its folder, so that an operator may make it for the agent.
    Raises InputError(node_key) if the disk refuses; there is no file of this name then.
    """
    beside = path.with_name(f".{path.name}.new")
    try:
        with suppress(FileNotFoundError):
            beside.unlink()
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
        descriptor = os.open(beside, flags, 0o600)
        try:
            _write(descriptor, path.parent, to_pem(private))
        finally:
            os.close(descriptor)
        move_key(beside, path)
    except OSError as cause:
        with suppress(OSError):
            beside.unlink()
        raise refused(path, f"cannot be written: {cause.strerror}") from cause
    return private


def move_key(path: Path, target: Path) -> None:
    """Put a key in the place of another, durably; raises OSError."""
    path.replace(target)
    descriptor = os.open(target.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def refused(path: Path, words: str) -> InputError:
    """Return the error of a key file."""
    return InputError(NODE_KEY, words, position=Position(str(path)))


def _write(descriptor: int, folder: Path, content: bytes) -> None:
    owner = folder.stat()
    if owner.st_uid != os.geteuid():
        os.fchown(descriptor, owner.st_uid, owner.st_gid)
    remaining = memoryview(content)
    while remaining:
        remaining = remaining[os.write(descriptor, remaining) :]
    os.fsync(descriptor)
