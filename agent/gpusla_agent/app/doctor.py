"""What would keep this node from being metered, line by line, each with the way out."""

import fcntl
import os
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from gpusla.clock import Clock
from gpusla.errors import GpuslaError, InputError
from gpusla.journal.model import ClockState
from gpusla.readings import Absence, Absent, GpuReadings
from gpusla_agent.app.exposure import exposures
from gpusla_agent.app.machine import MachineClock
from gpusla_agent.app.run import watch
from gpusla_agent.app.scan import Scan, scan
from gpusla_agent.recorder.owner import require_own
from gpusla_agent.recorder.segments import list_segments, verify_last_segment
from gpusla_agent.server import WatchedWeb
from gpusla_agent.server.serving import listen
from gpusla_agent.settings import Settings, read_settings
from gpusla_agent.sources.kernel_log import open_device

WORKER_MODULE = "gpusla_agent.sources.nvml_worker"

_COLOURS = {"ok": "32", "warn": "33", "bad": "31"}
_CLOCK_ERROR_MS_MAX = 1_000


class Level(StrEnum):
    """How bad it is: bad keeps the node from being metered, warn makes the meter say less."""

    OK = "ok"
    WARN = "warn"
    BAD = "bad"


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that was looked at; way_out: empty if nothing is to be done."""

    subject: str
    level: Level
    found: str
    way_out: str = ""


def examine(path: Path, clock: Clock) -> Iterator[Line]:
    """Look at everything that metering this node rests on, the settings file first."""
    try:
        settings = read_settings(path)
    except InputError as refusal:
        yield Line("settings", Level.BAD, str(refusal), "Mend the file; nothing else was looked at")
        return
    yield Line("settings", Level.OK, str(path))
    yield from _web(settings)
    is_known = True
    for line in _inventory(settings):
        is_known = is_known and line.level is not Level.BAD
        yield line
    if is_known:
        yield from _gpus(scan(settings, clock))
    yield from _kernel_log(settings)
    yield _clock(clock)
    yield from _journal(settings)
    yield from _leftovers(Path("/proc"))


def to_text(lines: list[Line], *, is_coloured: bool = False) -> str:
    """Return the lines as people read them."""
    width = max(len(line.subject) for line in lines)
    told: list[str] = []
    for line in lines:
        level = line.level.ljust(4)
        if is_coloured:
            level = f"\x1b[{_COLOURS[line.level]}m{level}\x1b[0m"
        told.append(f"{level}  {line.subject.ljust(width)}  {line.found}")
        if line.way_out:
            told.append(f"{'':4}  {'':{width}}  way out: {line.way_out}")
    return "\n".join(told)


def _web(settings: Settings) -> Iterator[Line]:
    try:
        web = WatchedWeb(settings.web_config_file)
    except InputError as refusal:
        yield Line("web", Level.BAD, str(refusal), "The agent does not start with this file")
        return
    open_to = list(exposures(settings.host, web.form))
    for words in open_to:
        yield Line(
            "web", Level.WARN, words, "Name a web_config_file with TLS and users or client names"
        )
    if not open_to:
        yield Line("web", Level.OK, str(settings.web_config_file or "pages for this host alone"))
    try:
        listen(settings.host, settings.port).close()
    except GpuslaError as taken:
        if _is_held(settings.data_directory / "journal" / "lock"):
            yield Line("address", Level.OK, "an agent is running on it")
        else:
            yield Line("address", Level.BAD, taken.message, taken.fix)
    else:
        yield Line("address", Level.OK, f"{settings.host}:{settings.port} is free")


def _inventory(settings: Settings) -> Iterator[Line]:
    try:
        with tempfile.TemporaryDirectory() as nowhere:
            watch(settings, Path(nowhere))
    except InputError as refusal:
        yield Line("inventory", Level.BAD, str(refusal), refusal.fix)
    else:
        yield Line("inventory", Level.OK, f"{settings.inventory} names {settings.node}")


def _gpus(found: Scan) -> Iterator[Line]:
    if found.silent is not None:
        way_out = "Load the NVIDIA driver, or name nvml.library_directory"
        yield Line("driver", Level.BAD, f"does not answer: {found.silent.detail}", way_out)
        return
    seen = [row.gpu for row in found.rows if row.gpu is not None]
    versions = {v for gpu in seen if (v := gpu.identity.driver_version)}
    yield Line("driver", Level.OK, f"answers: {', '.join(sorted(versions)) or 'version not told'}")
    if not found.rows:
        way_out = "Correct the dates or modules of this node in the inventory"
        yield Line("gpus", Level.BAD, "the inventory expects none here now", way_out)
    for row in found.rows:
        yield _slot(row.slot, row.gpu)
    yield from _permissions(seen)


def _slot(slot: str, gpu: GpuReadings | None) -> Line:
    if gpu is None:
        way_out = "Look for it with `nvidia-smi -L` and `lspci -d 10de:`"
        return Line(slot, Level.BAD, "no GPU in this slot", way_out)
    if gpu.answered is not None:
        way_out = "See `gpusla-agent scan` for what to do about it"
        return Line(slot, Level.BAD, f"{gpu.identity.uuid}: {gpu.answered.detail}", way_out)
    return Line(slot, Level.OK, f"{gpu.identity.uuid} answers")


def _permissions(seen: list[GpuReadings]) -> Iterator[Line]:
    refused = {
        name
        for gpu in seen
        for name, reading in gpu.numbers.items()
        if isinstance(reading, Absent) and reading.absence is Absence.NO_PERMISSION
    }
    if refused:
        way_out = "Let the user of the agent read them (see NVreg_RestrictProfilingToAdminUsers)"
        yield Line("permissions", Level.WARN, f"not for us: {', '.join(sorted(refused))}", way_out)
    else:
        yield Line("permissions", Level.OK, "the driver refuses no reading")


def _kernel_log(settings: Settings) -> Iterator[Line]:
    path = settings.kernel_log.path
    if not settings.kernel_log.is_enabled:
        yield Line("kernel log", Level.WARN, "is off", "Set kernel_log.enabled: true")
        return
    try:
        os.close(open_device(path))
    except OSError as cause:
        way_out = "Hand it over as standard input, as the systemd unit does, or give CAP_SYSLOG"
        yield Line("kernel log", Level.WARN, f"{path}: {cause.strerror}", way_out)
    else:
        yield Line("kernel log", Level.OK, f"{path} can be read")


def _clock(clock: Clock) -> Line:
    reading = MachineClock(clock).read()
    way_out = "Start chrony or another NTP client; edges between states are unsure until then"
    if reading.clock is not ClockState.SYNCHRONISED:
        return Line("clock", Level.WARN, f"{reading.clock}", way_out)
    if reading.error_ms is not None and reading.error_ms > _CLOCK_ERROR_MS_MAX:
        return Line("clock", Level.WARN, f"may be off by {reading.error_ms} ms", way_out)
    return Line("clock", Level.OK, f"synchronised, off by at most {reading.error_ms} ms")


def _journal(settings: Settings) -> Iterator[Line]:
    directory = settings.data_directory / "journal"
    existing = next(one for one in (directory, *directory.parents) if one.exists())
    if not os.access(existing, os.W_OK | os.X_OK):
        way_out = "Let the user of the agent write there, or name another data_directory"
        yield Line("journal", Level.BAD, f"{existing} cannot be written", way_out)
        return
    try:
        segments = list_segments(directory) if directory.exists() else []
        require_own(directory, segments, settings.node)
        head = verify_last_segment(segments) if segments else None
    except GpuslaError as broken:
        yield Line("journal", Level.BAD, broken.message, broken.fix)
        return
    words = "none yet" if head is None else f"{head.sequence} records, its last file is a chain"
    yield Line("journal", Level.OK, f"{directory}: {words}")


def _leftovers(proc: Path, read: Callable[[Path], bytes] = Path.read_bytes) -> Iterator[Line]:
    """Yield workers whose agent is gone: each holds the driver, and a hung one is never reaped."""
    for status in proc.glob("[0-9]*/cmdline"):
        try:
            command = read(status)
            parent = read(status.with_name("stat")).rpartition(b")")[2].split()[1]
        except (OSError, IndexError):  # it ended meanwhile
            continue
        if WORKER_MODULE.encode() in command and parent == b"1":
            pid = status.parent.name
            way_out = f"End it: kill -9 {pid}; if it stays, the driver hangs and needs a reboot"
            yield Line("leftovers", Level.WARN, f"process {pid} of an agent that is gone", way_out)


def _is_held(lock: Path) -> bool:
    try:
        descriptor = os.open(lock, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return True
    else:
        return False
    finally:
        os.close(descriptor)
