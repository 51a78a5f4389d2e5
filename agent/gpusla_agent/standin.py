"""
The NVML stand-in from Python: build it, run programs on it, and say what is wrong with its tray.

The stand-in is our own libnvidia-ml.so.1 (agent/standin, whose README.md lists every line of a
control file). Tests, benchmarks and the demo use it; nothing that meters real GPUs does.
"""

import errno
import fcntl
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from gpusla.catalogue.codes import SOURCE_UNAVAILABLE
from gpusla.clock import Clock
from gpusla.errors import SourceError

LIBRARY = "libnvidia-ml.so.1"
CONTROL_VARIABLE = "GPUSLA_STANDIN_CONTROL"
SOURCES = Path(__file__).resolve().parent.parent / "standin"

GB300_ADDRESSES = ("0008:06:00", "0009:06:00", "0018:06:00", "0019:06:00")
"""Where the GPUs of the default tray are, as the kernel's log writes it; by place."""

# Conditions of a GPU: lines that say all without a value.
CONDITIONS = frozenset({"lost", "hung", "absent", "reset_required"})
PIPE_BYTES = 1 << 20
"""What an ordinary user may give a pipe: 256 records."""

ERROR_LEVEL = 3
"""The level at which the driver logs an Xid."""

# Events kept in the file; the library remembers by itself which it has told.
EVENTS_KEPT = 64


def build(out_dir: Path, *, without: Sequence[str] = ()) -> Path:
    """
    Build the stand-in into out_dir, unless it is there and no older than its sources.

    Returns the library's path.  The compiler is GPUSLA_CC, else CC, else cc.
    without: calls that the library is not to export, as an older driver's would not; a library
    with them and one without need an out_dir each.
    Raises SourceError if this install has no sources or the compiler fails.
    """
    library = out_dir / LIBRARY
    if is_fresh(library):
        return library
    compiler = os.environ.get("GPUSLA_CC") or os.environ.get("CC") or "cc"
    command = [str(SOURCES / "build"), str(out_dir), compiler]
    variables = os.environ | {"STANDIN_WITHOUT": " ".join(without)}
    if not SOURCES.is_dir() or shutil.which(compiler) is None:
        raise SourceError(
            SOURCE_UNAVAILABLE,
            f"the NVML stand-in cannot be built from {SOURCES} with {compiler}",
            fix="Work in a checkout of the repository and install a C compiler.",
        )
    finished = subprocess.run(  # noqa: S603 - our own script, with our own arguments
        command, env=variables, capture_output=True, text=True, check=False
    )
    if finished.returncode:
        raise SourceError(
            SOURCE_UNAVAILABLE,
            f"the NVML stand-in did not build: {finished.stderr.strip()}",
            fix="Mend what the compiler names.",
        )
    return library


def is_fresh(library: Path) -> bool:
    """Whether a built library is at least as new as every source of it."""
    if not library.exists():
        return False
    built = library.stat().st_mtime_ns
    sources = [SOURCES / "build", *SOURCES.glob("*.[ch]")]
    return all(source.stat().st_mtime_ns <= built for source in sources)


def environment(library: Path, control: Path | None = None) -> dict[str, str]:
    """
    Environment variables under which a new process finds this library, and its control file.

    The loader reads its path when a process starts, so this does nothing for the running one:
    there, load the library by its path with RTLD_GLOBAL before anything asks for NVML.
    """
    paths = [str(library.parent), os.environ.get("LD_LIBRARY_PATH", "")]
    found = {"LD_LIBRARY_PATH": ":".join(path for path in paths if path)}
    return found if control is None else found | {CONTROL_VARIABLE: str(control)}


class Control:
    """
    A control file: what is wrong with the tray, changed line by line.

    path: the file; its folder must exist. What it holds already is kept. Every change is renamed
    into place whole, so that a library never reads half of one; it looks every 20 ms.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lines: dict[tuple[str, ...], tuple[str, ...]] = {}
        self._batches = 0
        self._written_ns = 0
        self._newest_event = 0
        if path.exists():
            for line in path.read_text("utf-8").splitlines():
                words = tuple(line.partition("#")[0].split())
                if words:
                    self._lines[subject(words)] = words
        self._newest_event = max(self._events(), default=0)
        self._write()

    def set(self, *words: object) -> None:
        """
        Say one line, such as `set("gpu", 2, "temperature", 91)`.

        It takes the place of a line that gave the same thing another value.
        """
        line = tuple(str(word) for word in words)
        self._lines[subject(line)] = line
        self._write()

    def clear(self, *words: object) -> None:
        """
        Take back every line that begins with these words, such as `clear("gpu", 2, "lost")`.

        Without words, all lines but events, which have happened.
        """
        start = tuple(str(word) for word in words)
        kept = {
            key: line
            for key, line in self._lines.items()
            if line[: len(start)] != start or (not start and line[0] == "event")
        }
        self._lines = kept
        self._write()

    def event(self, gpu: int, name: str, data: int = 0, more: int | None = None) -> int:
        """
        Let an event happen, such as `event(0, "xid", 79)`; return its number.

        more: how often it happens; of an `operational` event its severity.
        """
        self._newest_event += 1
        for old in sorted(self._events())[: 1 - EVENTS_KEPT]:
            del self._lines["event", str(old)]
        last = () if more is None else (more,)
        self.set("event", self._newest_event, "gpu", gpu, name, data, *last)
        return self._newest_event

    @contextmanager
    def batch(self) -> Iterator[None]:
        """Let all changes inside become true at one moment."""
        self._batches += 1
        try:
            yield
        finally:
            self._batches -= 1
            self._write()

    def _events(self) -> list[int]:
        return [int(line[1]) for line in self._lines.values() if line[0] == "event"]

    def _write(self) -> None:
        if self._batches:
            return
        lines = sorted(self._lines.values(), key=rank)
        handle, name = tempfile.mkstemp(prefix=f".{self.path.name}.", dir=self.path.parent)
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.writelines(f"{' '.join(line)}\n" for line in lines)
            self._set_time(name)
            Path(name).replace(self.path)
        finally:
            with suppress(FileNotFoundError):
                Path(name).unlink()

    def _set_time(self, name: str) -> None:
        """Two writes within one tick of the clock must not look alike to the library."""
        written_ns = max(Path(name).stat().st_mtime_ns, self._written_ns + 1)
        os.utime(name, ns=(written_ns, written_ns))
        self._written_ns = written_ns


def subject(line: Sequence[str]) -> tuple[str, ...]:
    """What a line is about: all of it but the value."""
    match list(line):
        case ["event", number, *_]:
            return ("event", number)
        case ["gpu", _, "process", *_]:
            return tuple(line[:4])
        case ["gpu", _, "instance", *_]:
            return tuple(line[:5])
        case ["gpu", _, condition] if condition in CONDITIONS:
            return tuple(line)
        case ["missing", *_]:
            return tuple(line)
        case _:
            return tuple(line[:-1])


def rank(line: Sequence[str]) -> tuple[int, int]:
    """Where a line belongs: names, which others may amend; the rest as said; events by number."""
    match line[0]:
        case "profile":
            return (0, 0)
        case "node" | "rack":
            return (0, 1)
        case "event":
            return (2, int(line[1]))
        case _:
            return (1, 0)


class KernelLog:
    """
    A kernel log that a program opens by its path, as it would `/dev/kmsg`.

    One record is one read, with the device's head in front; a reader that opens it does not wait
    and finds "try again" at the end.  Unlike the device it keeps nothing for a second reader or for
    one that comes back: what was read is gone.  A record that finds no room is lost, and the next
    one's sequence says so, as if it had been overwritten.
    """

    def __init__(self, path: Path, clock: Clock) -> None:
        """Make the file; clock: the node's, whose monotonic time the kernel's is taken to be."""
        self.path = path
        self._clock = clock
        self._sequence = 0
        os.mkfifo(path)
        self._descriptor = os.open(path, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
        # A pipe in packet mode (pipe(2)) gives each write to a read of its own.
        flags = fcntl.fcntl(self._descriptor, fcntl.F_GETFL)
        fcntl.fcntl(self._descriptor, fcntl.F_SETFL, flags | os.O_DIRECT)
        fcntl.fcntl(self._descriptor, fcntl.F_SETPIPE_SZ, PIPE_BYTES)

    def xid(self, address: str, xid: int, text: str, *, facility: int = 0) -> None:
        """Let the driver log an Xid of the GPU at an address, such as `0008:06:00`."""
        self.say(f"NVRM: Xid (PCI:{address}): {xid}, {text}", facility=facility)

    def say(self, text: str, *, facility: int = 0) -> None:
        """Add a record; facility 0 is the kernel's own, 1 what users can write."""
        priority = facility << 3 | ERROR_LEVEL
        head = f"{priority},{self._sequence},{self._clock.monotonic_ms() * 1_000},-"
        self._sequence += 1
        try:
            os.write(self._descriptor, f"{head};{text}\n".encode())
        except OSError as error:
            if error.errno != errno.EAGAIN:
                raise

    def lose(self, records: int) -> None:
        """Overwrite so many records before anybody read them."""
        self._sequence += records

    def close(self) -> None:
        """Let go of it; a reader finds its end."""
        os.close(self._descriptor)
