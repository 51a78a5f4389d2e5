"""
What long runs found, as files under tests/results: dated, whole or not there, gone on with later.

A run that is cut goes on where its file ends, if the sources that decide what comes out are the
same to the byte, and if nothing was found yet.
"""

import hashlib
import json
import sys
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]


def found_before(file: Path, fresh: dict[str, Any], same: Iterable[str]) -> dict[str, Any]:
    """Return what a file holds if it says the same as fresh under these keys, else fresh."""
    if file.exists():
        found: dict[str, Any] = json.loads(file.read_text("utf-8"))
        if all(found.get(key) == fresh[key] for key in same):
            return found
    return fresh


def store(file: Path, done: Mapping[str, Any]) -> None:
    """Write what was found so far, with today's date in UTC."""
    file.parent.mkdir(parents=True, exist_ok=True)
    dated = {**done, "date": time.strftime("%Y-%m-%d", time.gmtime())}
    written = file.with_suffix(".part")
    written.write_text(json.dumps(dated, indent=2, sort_keys=True) + "\n", "utf-8")
    written.replace(file)


def digest_of(files: Iterable[Path]) -> str:
    """Return a digest of files of this repository, names and bytes, in the order given."""
    digest = hashlib.sha256()
    for file in files:
        digest.update(file.relative_to(ROOT).as_posix().encode() + b"\0" + file.read_bytes())
    return digest.hexdigest()


def loaded(folders: Iterable[str]) -> list[Path]:
    """
    Return the files of all modules that are loaded now and lie under folders, in order.

    Asked before a run begins, they are what decides its outcome: nothing is imported late but
    migrations, which are read by their path.
    """
    roots = tuple(ROOT / folder for folder in folders)
    files = {Path(getattr(one, "__file__", None) or "/") for one in tuple(sys.modules.values())}
    found = {file for file in files if any(file.is_relative_to(root) for root in roots)}
    return sorted(found.union(*(root.glob("**/migrations/**/*.py") for root in roots)))


def say(line: str) -> None:
    """Tell whoever waits how far it is."""
    sys.stderr.write(line + "\n")
