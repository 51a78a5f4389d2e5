"""Takes a picture of a page with a headless Chromium."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from gpusla.catalogue.codes import BAD_SETTING
from gpusla.errors import SettingsError

NAMES = ("chromium", "chromium-browser", "google-chrome")
TIMEOUT_SECONDS = 60
QUIET = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--hide-scrollbars",
)


def browser() -> str:
    """Find a Chromium: the one that `./run` brings along, or one on the path."""
    given = os.environ.get("GPUSLA_CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
    if given is None:
        raise SettingsError(
            BAD_SETTING,
            "pictures need Chromium, which is not to be found",
            fix="Install it, name it in GPUSLA_CHROMIUM, or leave --no-pictures.",
        )
    return given


def picture(page: Path, target: Path, width: int, height: int, scale: float = 1.0) -> None:
    """Write a picture of the page; its own profile is thrown away."""
    with tempfile.TemporaryDirectory(prefix="gpusla-preview-") as profile:
        taken = subprocess.run(  # noqa: S603  # our own arguments
            [
                browser(),
                *QUIET,
                f"--user-data-dir={profile}",
                f"--window-size={width},{height}",
                f"--force-device-scale-factor={scale}",
                f"--screenshot={target}",
                page.resolve().as_uri(),
            ],
            check=False,
            capture_output=True,
            timeout=TIMEOUT_SECONDS,
        )
    if taken.returncode or not target.is_file():
        raise SettingsError(
            BAD_SETTING,
            f"Chromium ended with {taken.returncode} and took no picture of {page.name}",
            fix="Look at what it says when started by hand with --headless=new.",
        )
