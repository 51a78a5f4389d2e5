"""Recording what the driver of this node says, into a file that may be sent away."""

import os
import tempfile
from collections.abc import Callable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from gpusla.catalogue.codes import FILE_UNREADABLE
from gpusla.catalogue.readings import Consent
from gpusla.clock import Clock
from gpusla.errors import InputError, Position
from gpusla.identity import GpuUuid
from gpusla.readings import Pass
from gpusla_agent.sources.capture import SIZE_BYTES_MAX, CaptureWriter
from gpusla_agent.sources.masking import Masker
from gpusla_agent.sources.raw import CAPACITY_ONLY, SUCCESS

INTERVAL_MS = 1_000


class Tapped(Protocol):
    """
    A source that lets others hear its worker.

    tap: called with each message as the worker gave it, by the thread that samples.  listed: the
    last message that said what the driver lists, None before the first.
    """

    name: str
    tap: Callable[[dict[str, Any]], None] | None
    listed: dict[str, Any] | None

    def sample(self) -> Pass:
        """Return one pass, as every source does."""


@dataclass(frozen=True, slots=True)
class Recording:
    """What was recorded.  is_cut: it ended before its time, as the file may not be larger."""

    path: Path
    passes: int
    size_bytes: int
    is_cut: bool


@dataclass(frozen=True, slots=True)
class Terms:
    """
    How a recording is made.

    consents: what may be in the file beside capacity, of what the source may read at all.
    is_synthetic: no hardware is behind the source.  note: what was done meanwhile, for the header.
    """

    interval_ms: int = INTERVAL_MS
    consents: AbstractSet[Consent] = CAPACITY_ONLY
    size_bytes_max: int = SIZE_BYTES_MAX
    is_synthetic: bool = False
    note: str = ""


def record(
    source: Tapped, clock: Clock, path: Path, seconds: float, terms: Terms | None = None
) -> Recording:
    """
    Sample a source for a while and write what its worker said; the source best is a new one.

    The file appears whole at the end, readable by its owner only; a recording that is broken off
    from the keyboard is kept as far as it went.  Raises InputError if it cannot be written.
    """
    held = terms or Terms()
    try:
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        try:
            with os.fdopen(handle, "w", encoding="ascii") as file:
                writer = CaptureWriter(file, held.consents, Masker(), held.size_bytes_max)
                passes = _record(source, clock, writer, seconds, held)
                file.flush()
                os.fsync(file.fileno())
            Path(name).replace(path)
        finally:
            with suppress(FileNotFoundError):
                Path(name).unlink()
    except OSError as cause:
        words = f"cannot be written: {cause.strerror}"
        fix = "Name a file in a folder that this user may write to and that has room."
        raise InputError(FILE_UNREADABLE, words, fix=fix, position=Position(str(path))) from cause
    return Recording(path, passes, writer.size_bytes, writer.is_full)


def _record(
    source: Tapped, clock: Clock, writer: CaptureWriter, seconds: float, terms: Terms
) -> int:
    """Return how many passes were written."""
    listed = source.listed
    writer.begin(
        source.name,
        driver_version(listed),
        terms.interval_ms,
        is_synthetic=terms.is_synthetic,
        note=terms.note,
    )
    heard: list[dict[str, Any]] = [] if listed is None else [listed]
    source.tap = heard.append
    passes = 0
    try:
        for _ in _instants(clock, seconds, terms.interval_ms):
            _write(writer, clock, source.sample(), heard)
            if writer.is_full:
                break
            passes += 1
    except KeyboardInterrupt:
        pass  # What there is so far is kept.
    finally:
        source.tap = None
    return passes


def _instants(clock: Clock, seconds: float, interval_ms: int) -> Iterator[None]:
    """Come back at every interval, or at once where a pass took longer."""
    next_ms = clock.monotonic_ms()
    ends_ms = next_ms + round(seconds * 1_000)
    while next_ms < ends_ms:
        clock.sleep(max(0, next_ms - clock.monotonic_ms()) / 1_000)
        yield
        next_ms = max(next_ms + interval_ms, clock.monotonic_ms())


def _write(writer: CaptureWriter, clock: Clock, seen: Pass, heard: list[dict[str, Any]]) -> None:
    at_ms, wall_ms = clock.monotonic_ms(), clock.wall_ms()
    for message in heard:
        writer.write(at_ms, wall_ms, message)
    heard.clear()
    if seen.source is not None:
        writer.write_silence(at_ms, wall_ms, seen.source.detail)


def listed_uuids(listed: Mapping[str, Any] | None) -> tuple[GpuUuid, ...]:
    """
    Return the UUIDs of the GPUs that a driver lists, for `allow` before the first pass.

    A worker reads everything at its first pass and slow families rarely from then on, so a
    recording should begin with that pass.
    """
    told = (one["identity"].get("uuid", (SUCCESS, None)) for one in (listed or {}).get("gpus", ()))
    return tuple(GpuUuid(uuid) for code, uuid in told if code == SUCCESS and uuid)


def driver_version(listed: Mapping[str, Any] | None) -> str:
    """Return the version that the first GPU gives which gives one, empty if none does."""
    for one in (listed or {}).get("gpus", ()):
        code, version = one["identity"].get("driver_version", (SUCCESS, None))
        if code == SUCCESS and version:
            return str(version)
    return ""
