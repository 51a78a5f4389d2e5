"""
The end of an agent whose loop stands still: it says where each thread is, and systemd starts anew.

The watch is kept by a thread of the interpreter that needs neither its lock nor memory, so it also
ends a process that is stuck inside the driver's or libc's code.
"""

import faulthandler
from typing import TextIO

SECONDS = 60.0


class Watchdog:
    """
    Ends the process with code 1 unless turn is called every so many seconds.

    file: where the threads' places are written; needs a descriptor.
    """

    def __init__(self, file: TextIO, seconds: float = SECONDS) -> None:
        self._file = file
        self._seconds = seconds

    def turn(self) -> None:
        """Say that the loop turns."""
        faulthandler.dump_traceback_later(self._seconds, exit=True, file=self._file)

    def close(self) -> None:
        """Watch no longer."""
        faulthandler.cancel_dump_traceback_later()
