"""What systemd is told: that the agent is ready, that it is alive, that it stops (sd_notify(3))."""

import os
import socket
from collections.abc import Mapping


class Notifier:
    """
    Sends a word to the socket that systemd names, and nothing where it names none.

    A word that cannot be sent is lost: whoever waits for it restarts the agent, as it should.
    """

    def __init__(self, environment: Mapping[str, str] = os.environ) -> None:
        name = environment.get("NOTIFY_SOCKET", "")
        self._address = "\0" + name[1:] if name.startswith("@") else name
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) if name else None
        if self._socket is not None:
            self._socket.setblocking(False)  # noqa: FBT003  (no other way to say it)

    def ready(self) -> None:
        """Say that the agent meters."""
        self._tell(b"READY=1")

    def alive(self) -> None:
        """Say that the agent's loop still turns."""
        self._tell(b"WATCHDOG=1")

    def stopping(self) -> None:
        """Say that the agent is about to end."""
        self._tell(b"STOPPING=1")

    def close(self) -> None:
        """Say nothing from now on."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _tell(self, word: bytes) -> None:
        if self._socket is not None:
            try:
                self._socket.sendto(word, self._address)
            except OSError:
                return
