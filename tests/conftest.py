"""What every test can rely on: properties that print their seed, programs found by ./run."""

import logging
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog
from hypothesis import settings
from hypothesis.database import DirectoryBasedExampleDatabase

ROOT = Path(__file__).resolve().parent.parent

# What ./run exports; a bare `pytest` in the same environment finds them on PATH.
PROGRAMS = {
    "GPUSLA_PROMETHEUS": ("prometheus",),
    "GPUSLA_PROMTOOL": ("promtool",),
    "GPUSLA_ALERTMANAGER": ("prometheus-alertmanager", "alertmanager"),
    "GPUSLA_AMTOOL": ("amtool",),
    "GPUSLA_CC": ("cc", "gcc"),
    "GPUSLA_CHROMIUM": ("chromium", "chromium-browser", "google-chrome"),
    "GPUSLA_POSTGRES": ("postgres",),
    "GPUSLA_INITDB": ("initdb",),
}
SERVERS = sorted(
    Path("/usr/lib/postgresql").glob("*/bin"), key=lambda folder: float(folder.parent.name)
)
"""Where Debian keeps PostgreSQL's programs, which it does not put on PATH; the newest last."""


settings.register_profile(
    "repository",
    database=DirectoryBasedExampleDatabase(ROOT / ".cache" / "hypothesis"),
    deadline=None,
    print_blob=True,
)
settings.load_profile("repository")


def pytest_configure() -> None:
    """Give what ./run exports to a run that was started without it."""
    os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    for variable, names in PROGRAMS.items():
        if not os.environ.get(variable):
            path = os.pathsep.join((os.environ["PATH"], *map(str, reversed(SERVERS))))
            found = next(filter(None, (shutil.which(name, path=path) for name in names)), "")
            os.environ[variable] = found


@pytest.fixture(autouse=True)
def logging_put_away() -> Iterator[None]:
    """Undo what a command did to logging in this process: its stream ends with its test."""
    handlers, level = logging.root.handlers[:], logging.root.level
    yield
    if structlog.is_configured():
        logging.root.handlers, logging.root.level = handlers, level
        structlog.reset_defaults()
