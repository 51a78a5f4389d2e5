"""Runs ./run and the functions behind it as a user's shell would, with nothing of ours around."""

import subprocess
from collections.abc import Mapping
from pathlib import Path
from shlex import quote

ROOT = Path(__file__).resolve().parents[2]
BARE_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

Finished = subprocess.CompletedProcess[str]


def run(*arguments: str, cache: Path | None = None, **variables: str) -> Finished:
    """Call ./run with an empty environment, from another folder."""
    settings = {"GPUSLA_CACHE": str(cache)} if cache else {}
    return execute([str(ROOT / "run"), *arguments], settings | variables)


def call(script: str, cache: Path, **variables: str) -> Finished:
    """Run lines of shell that can use every function behind ./run."""
    prelude = f"""
        set -eu
        ROOT={quote(str(ROOT))} CACHE={quote(str(cache))}
        . "$ROOT/tools/setup.sh"
        . "$ROOT/tools/debian.sh"
    """
    return execute(["/bin/sh", "-c", prelude + script], variables)


def execute(command: list[str], variables: Mapping[str, str]) -> Finished:
    """Start a program with these variables and no others."""
    return subprocess.run(
        command,
        cwd="/",
        env={"PATH": BARE_PATH, "HOME": "/nonexistent"} | dict(variables),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def script(file: Path, text: str = "exit 0") -> Path:
    """Write a program that stands in for a real one."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(f"#!/bin/sh\n{text}\n", "utf-8")
    file.chmod(0o755)
    return file
