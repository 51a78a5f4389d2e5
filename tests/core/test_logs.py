"""The log set-up: lean to import, one JSON object a line, for our events and our libraries'."""

import json
import subprocess
import sys

IMPORTED = """
import sys
import gpusla.logs
print(sorted({"rich", "asyncio"} & set(sys.modules)))
import asyncio
print(asyncio.run(asyncio.sleep(0, "awaited")))
"""

LOGGED = """
import logging
from gpusla.logs import configure, get_logger
configure()
get_logger().info("node_started", node="r01-t01")
logging.getLogger("library").warning("said %s", "so")
try:
    1 // 0
except ZeroDivisionError:
    get_logger().exception("pass_failed")
"""


def test_importing_it_takes_neither_rich_nor_asyncio() -> None:
    """Both cost megabytes on every node; what comes later still gets the real module."""
    done = _python(IMPORTED)
    assert done.stdout.splitlines() == ["[]", "awaited"]


def test_everything_logged_is_one_object_a_line() -> None:
    """Also what a library says, and an exception with its traceback."""
    said = [json.loads(line) for line in _python(LOGGED).stderr.splitlines()]
    assert [(one["event"], one["level"]) for one in said] == [
        ("node_started", "info"),
        ("said so", "warning"),
        ("pass_failed", "error"),
    ]
    assert "ZeroDivisionError" in said[2]["exception"]


def _python(program: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
