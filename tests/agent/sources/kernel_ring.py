"""A kernel's log in memory, read like `/dev/kmsg`: every open starts at the first record."""

import os
import socket
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

OFF_BUS = "NVRM: Xid (PCI:0018:01:00): 79, pid=1234, name=python, GPU has fallen off the bus."
KERNEL_ERROR = 3
USER_ERROR = (1 << 3) | 3


@dataclass(slots=True)
class Ring:
    """
    Records, and sockets that give one of them a read without waiting, as the device does.

    fails: what the next reads raise, first one first.
    """

    records: list[bytes] = field(default_factory=list)
    fails: list[OSError] = field(default_factory=list)
    opened: int = 0
    _sequence: int = 0
    _writers: list[tuple[socket.socket, deque[bytes]]] = field(default_factory=list)

    def log(self, text: str, at_ms: int, *, priority: int = KERNEL_ERROR, behind: str = "") -> int:
        """Add a record and return its sequence."""
        sequence, self._sequence = self._sequence, self._sequence + 1
        head = f"{priority},{sequence},{at_ms * 1_000},-"
        self.records.append(f"{head};{text}\n{behind}".encode())
        for _, waiting in self._writers:
            waiting.append(self.records[-1])
        self._send()
        return sequence

    def overwrite(self, records: int) -> None:
        """Lose so many records before anybody reads them."""
        self._sequence += records

    def open(self) -> int:
        """Return a descriptor that gives every record from the first on."""
        self.opened += 1
        writer, reader = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        writer.settimeout(0)
        reader.settimeout(0)
        self._writers.append((writer, deque(self.records)))
        self._send()
        return reader.detach()

    def read(self, descriptor: int, size: int) -> bytes:
        """Read one record, or fail as told."""
        if self.fails:
            raise self.fails.pop(0)
        self._send()
        return os.read(descriptor, size)

    def close(self) -> None:
        """Let go of the writing ends."""
        for writer, _ in self._writers:
            writer.close()

    def _send(self) -> None:
        """Hand over as much as the sockets hold; those of closed readers hold nothing."""
        for writer, waiting in self._writers:
            with suppress(BlockingIOError, BrokenPipeError):
                while waiting:
                    writer.send(waiting[0])
                    waiting.popleft()


@dataclass(frozen=True, slots=True)
class Device:
    """A log that a user may write to: the kernel's own where that is allowed, a ring elsewhere."""

    open: Callable[[], int]
    write_as_user: Callable[[str], None]
