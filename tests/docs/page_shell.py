"""A shell for the commands of a page, in a folder of the test's own that stands for the root."""

import os
import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

ROOT_FOLDERS = re.compile(r"(?<![\w./])/(etc|var|mnt)/")


@dataclass(slots=True)
class PageShell:
    """
    A folder and what is different in it from the machine that a page speaks of.

    programs: shell scripts by the name under which the page calls them.  variables: of the
    environment, beside this process's.  instead: what stands here for what matches, in this order.
    """

    folder: Path
    programs: Mapping[str, str]
    variables: Mapping[str, str] = field(default_factory=dict)
    instead: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Put the programs where the shell finds them first."""
        binaries = self.folder / "bin"
        binaries.mkdir()
        for name, script in self.programs.items():
            path = binaries / name
            path.write_text(f"#!/bin/sh\n{script}\n", "utf-8")
            path.chmod(0o700)

    @property
    def environment(self) -> dict[str, str]:
        """Return the environment of every command."""
        path = os.pathsep.join((str(self.folder / "bin"), os.environ["PATH"]))
        ours = {"PATH": path, "PYTHONPATH": os.pathsep.join(sys.path)}
        return {**os.environ, **ours, **self.variables}

    def here(self, text: str) -> str:
        """Put what is here in place of what the page says, and this folder before its paths."""
        for pattern, other in self.instead.items():
            text = re.sub(pattern, other, text)
        return ROOT_FOLDERS.sub(rf"{self.folder}/\1/", text)

    def run(self, line: str) -> tuple[int, str]:
        """Run a line of the page; returns its exit code, and what it said."""
        done = subprocess.run(
            ["bash", "-o", "pipefail", "-c", self.here(line)],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=120,
            env=self.environment,
        )
        return done.returncode, done.stdout

    def follow(self, script: str, ends: int = 0) -> str:
        """Run a script of the page, line by line; ends: how each has to end."""
        told = ""
        for line in script.splitlines():
            code, said = self.run(line)
            assert code == ends, (line, said)
            told += said
        return told
