"""Contract files and files of facts, as commands are given them."""

import os
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from gpusla.catalogue.codes import FILE_UNREADABLE, NOTHING_TO_SHOW, SIGNING_KEY
from gpusla.contracts.load import load_contract
from gpusla.contracts.model import ContractVersion
from gpusla.documents import SIZE_BYTES_MAX
from gpusla.errors import InputError, Position
from gpusla.evidence.keys import may_be_used_by_others
from gpusla.sla.facts_file import RecordedFacts, from_json

FACTS_BYTES_MAX = 1 << 30
"""A month of half a million GPUs is smaller; more is refused before it is parsed."""


def files_of(paths: Iterable[Path]) -> Iterator[Path]:
    """
    Yield files as they are and the *.yaml files of folders, sorted.

    Raises InputError for a folder that holds none: a check of nothing must not look fine.
    """
    for path in paths:
        if not path.is_dir():
            yield path
            continue
        found = sorted(path.glob("*.yaml"))
        if not found:
            raise InputError(
                NOTHING_TO_SHOW,
                "the folder holds no .yaml files",
                fix="Name a folder with contracts.",
                position=Position(str(path)),
            )
        yield from found


def read_contract_file(path: Path) -> ContractVersion:
    """Read one contract; raises InputError."""
    return load_contract(bytes_of(path, SIZE_BYTES_MAX), str(path))


def read_facts_file(path: Path) -> RecordedFacts:
    """Read a file of facts; raises InputError."""
    content = bytes_of(path, FACTS_BYTES_MAX)
    if len(content) > FACTS_BYTES_MAX:
        raise InputError(
            FILE_UNREADABLE,
            f"the file is larger than {FACTS_BYTES_MAX >> 20} MiB",
            position=Position(str(path)),
        )
    return from_json(content, str(path))


def bytes_of(path: Path, size_bytes_max: int) -> bytes:
    """Return a file's bytes, at most one more than may be; raises InputError with the cause."""
    with _opened(path) as stream:
        return stream.read(size_bytes_max + 1)


def secret_bytes_of(path: Path, size_bytes_max: int) -> bytes:
    """Return the same of a private key's file; raises InputError also if others may use it."""
    with _opened(path) as stream:
        mode = stat.S_IMODE(os.fstat(stream.fileno()).st_mode)
        if may_be_used_by_others(mode):
            raise InputError(
                SIGNING_KEY,
                f"others may use this key: its mode is {mode:04o}",
                fix="Give the file to its owner alone (chmod 600); if others could copy it, make "
                "a new key.",
                position=Position(str(path)),
            )
        return stream.read(size_bytes_max + 1)


@contextmanager
def _opened(path: Path) -> Iterator[BinaryIO]:
    try:
        with path.open("rb") as stream:
            yield stream
    except OSError as cause:
        raise InputError(
            FILE_UNREADABLE,
            f"the file cannot be read: {cause.strerror}",
            position=Position(str(path)),
        ) from cause
