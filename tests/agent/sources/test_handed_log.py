"""The kernel's log as standard input: read without the right to open it."""

import os
import subprocess
import sys

SCRIPT = """
import os
from pathlib import Path
from gpusla_agent.sources.kernel_log import open_device
descriptor = open_device(Path("/dev/zero"))
print(descriptor > 2, os.get_blocking(descriptor), os.get_blocking(0), len(os.read(descriptor, 8)))
"""


def opened(standard_input: str) -> str:
    """Return what a process says that is given a device and opens /dev/zero as the log."""
    with open(standard_input, "rb") as given:  # noqa: PTH123  (a device, as it is)
        return subprocess.run(
            [sys.executable, "-c", SCRIPT],
            stdin=given,
            capture_output=True,
            text=True,
            check=True,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        ).stdout.strip()


def test_a_log_that_is_standard_input_is_not_opened_again() -> None:
    """Its one open file is shared, so that it does not block any more shows on both."""
    assert opened("/dev/zero") == "True False False 8"


def test_another_standard_input_is_left_alone() -> None:
    """Then the log is opened by its path."""
    assert opened("/dev/null") == "True False True 8"
