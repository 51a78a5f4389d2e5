"""`gpusla collector import`: journals of nodes that no network reaches."""

import os
import secrets
import socket
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import takewhile
from pathlib import Path
from typing import Annotated

import typer

from gpusla.catalogue.codes import BAD_SETTING, FENCED, WRONG_TYPE
from gpusla.clock import Clock, SystemClock
from gpusla.commands.exits import Exit
from gpusla.commands.fsck_journal import LOOKED_AT, require_journal
from gpusla.commands.statement_bytes import is_archive
from gpusla.errors import InputError, Position, SettingsError, StoreError
from gpusla.identity import NodeName
from gpusla.journal.codec import LINE_BYTES_MAX
from gpusla_collector.commands.output import Config
from gpusla_collector.ports import Lease, Store
from gpusla_collector.settings import Settings, read_settings
from gpusla_collector.usecases.import_journals import Imported
from gpusla_collector.usecases.turns import LEASE

LEASE_MS = 60_000
"""How long a collector waits for an import that was killed."""


def import_command(
    paths: Annotated[
        list[Path],
        typer.Argument(help="An agent's journal folder, *.jsonl files, or bundles.", exists=True),
    ],
    config: Config,
    node: Annotated[
        str | None, typer.Option(help="Whose the files are, where they do not say it.")
    ] = None,
) -> None:
    """
    Take in journals from files; 1 if records in between are missing, 6 if a journal is refused.

    For example: gpusla collector import /media/usb/journal --config collector.yaml
    From a bundle: gpusla collector import acme-2026-10-r1.bundle.zip --config collector.yaml

    Records that are here already are passed over, so it can be repeated. The collector must be
    stopped meanwhile; agents keep their journals, and it catches up.
    """
    from gpusla_collector.adapters.evidence import EvidenceFiles  # noqa: PLC0415
    from gpusla_collector.adapters.journal_files import open_journals  # noqa: PLC0415
    from gpusla_collector.adapters.sql.reading import deciding  # noqa: PLC0415
    from gpusla_collector.app import input_files, make_data_directory  # noqa: PLC0415
    from gpusla_collector.usecases.import_journals import Importer  # noqa: PLC0415
    from gpusla_collector.usecases.world import read_world  # noqa: PLC0415

    settings, clock = read_settings(config), SystemClock()
    world = read_world(input_files(settings).read())
    for path in paths:
        require_readable(path)
    make_data_directory(settings)
    worst = Exit.FINE
    with room_in(settings) as folder:
        source = open_journals(paths, folder, None if node is None else NodeName(node))
        with deciding(settings.database) as store:
            take = taking(store, clock, settings)
            lease = waited_for(take, clock, settings.form.lease_ms)
            evidence = EvidenceFiles(settings.evidence)
            try:
                importer = Importer(source, evidence, store, clock, prolong=take)
                for one in importer.import_all(lease, world, tuple(source.by_node)):
                    typer.echo(told(one))
                    worst = max(worst, exit_of(one))
            finally:
                store.release(lease)
    if worst is not Exit.FINE:
        raise typer.Exit(worst)


def require_readable(path: Path) -> None:
    """
    See that a path is a folder, a whole archive, or a file that looks like a journal.

    Raises InputError: `file_unreadable`, `wrong_type`.
    """
    if path.is_dir():
        return
    if not is_archive(path):
        with path.open("rb") as stream:
            reading = (stream.readline(LINE_BYTES_MAX + 2) for _ in range(LOOKED_AT))
            lines = [*takewhile(bool, reading)]
        if lines:
            require_journal(path, lines)
    elif not zipfile.is_zipfile(path):
        raise InputError(
            WRONG_TYPE,
            "this begins as a bundle and does not end as one: it was cut off",
            fix="Copy it once more; `gpusla verify` says whether it is whole.",
            position=Position(str(path)),
        )


@contextmanager
def room_in(settings: Settings) -> Iterator[Path]:
    """Give a folder for what is unpacked, until the block ends; raises SettingsError."""
    folder = settings.data_directory
    try:
        room = tempfile.TemporaryDirectory(dir=folder)
    except OSError as cause:
        raise SettingsError(
            BAD_SETTING,
            f"data_directory: nothing can be written in {folder}: {cause.strerror}",
            fix="Run this as the collector's user, or name a folder that you may write to.",
            position=Position(str(settings.file)),
        ) from cause
    with room as name:
        yield Path(name)


def taking(store: Store, clock: Clock, settings: Settings) -> Callable[[], Lease | None]:
    """Return what takes or prolongs the lease under a name of this process."""
    holder = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"
    duration_ms = max(settings.form.lease_ms, LEASE_MS)
    return lambda: store.acquire(LEASE, holder, clock.wall_ms(), duration_ms)


def waited_for(take: Callable[[], Lease | None], clock: Clock, lease_ms: int) -> Lease:
    """
    Take the lease, waiting for that of a collector that was killed to run out.

    Raises StoreError `fenced` if one works.
    """
    deadline_ms = clock.monotonic_ms() + 2 * lease_ms
    while True:
        lease = take()
        if lease is not None:
            return lease
        if clock.monotonic_ms() > deadline_ms:
            raise StoreError(
                FENCED,
                "a collector works on this database",
                fix="Stop it, import, and start it again; agents keep their journals meanwhile.",
            )
        clock.sleep(0.1)


def told(one: Imported) -> str:
    """Say how it went with one node."""
    count = "nothing new" if not one.records else f"{one.records} records taken in"
    found = f"{one.node}: {count}, the journal here ends with record {one.until}"
    if one.missing is not None:
        first, last = one.missing
        which = f"record {first} is" if first == last else f"records {first} to {last} are"
        found += f"; {which} missing, and what is behind them was left: import those first"
    if one.error is not None:
        found += f"; the rest is refused: {one.error}"
    return found


def exit_of(one: Imported) -> Exit:
    """Return what a script should know of it."""
    if one.error is not None:
        return Exit.INTEGRITY
    return Exit.FINE if one.missing is None else Exit.BAD
