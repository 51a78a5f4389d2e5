"""
Which wheels the agent's locked packages have for its nodes: read with --write, checked by a test.

A GB300 host is aarch64 Linux.  A lock holds hashes without names, so this table says which of them
are wheels that such a host installs, for each Python that is supported.  uv asks the caller's own
index; no address of it is written.
Run by `./run lock`: python tools/wheels.py --write
"""

import re
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LOCK = ROOT / "requirements" / "agent.txt"
TABLE = ROOT / "requirements" / "agent.wheels"
PINNED = re.compile(r"^([a-z0-9-]+)==([^\s;\\]+)", re.MULTILINE)
HEADER = (
    "# Written by ./run lock: package, version, tag and hash of each wheel for aarch64 Linux.\n"
)
PYTHONS = ("cp311", "cp312", "cp313")
PROJECT = """\
[project]
name = "asked"
version = "0"
requires-python = ">=3.11"
dependencies = [{}]
"""


def main() -> None:
    """Write the table from what the index says of the locked versions."""
    if sys.argv[1:] != ["--write"]:
        sys.exit(__doc__)
    rows = sorted(row for package in asked(pins(LOCK)) for row in rows_of(package))
    TABLE.write_text(HEADER + "".join(" ".join(row) + "\n" for row in rows))
    print(f"lock: {TABLE.relative_to(ROOT)}")


def pins(lock: Path) -> dict[str, str]:
    """Return the packages of a lock and their versions."""
    return dict(PINNED.findall(lock.read_text("utf-8")))


def asked(pinned: dict[str, str]) -> list[dict[str, object]]:
    """Return what uv finds of these packages: name, version and wheels each."""
    wanted = ", ".join(f'"{name}=={version}"' for name, version in pinned.items())
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "pyproject.toml").write_text(PROJECT.format(wanted))
        uv = Path(sys.executable).with_name("uv")
        subprocess.run([uv, "lock", "--quiet", "--directory", folder], check=True)
        found = tomllib.loads((Path(folder) / "uv.lock").read_text("utf-8"))["package"]
    return [package for package in found if package["name"] in pinned]


def rows_of(package: dict[str, object]) -> Iterator[tuple[str, str, str, str]]:
    """Yield name, version, tag and hash of each wheel that a node could install."""
    wheels = package.get("wheels", [])
    assert isinstance(wheels, list)
    for wheel in wheels:
        file = str(wheel["url"]).rpartition("/")[2].removesuffix(".whl")
        tag = "-".join(file.split("-")[-3:])
        if is_for_a_node(tag):
            yield str(package["name"]), str(package["version"]), tag, str(wheel["hash"])


def is_for_a_node(tag: str) -> bool:
    """Return whether a wheel's tag is of aarch64 Linux or of any machine, for our Pythons."""
    python, abi, platform = tag.split("-")
    is_ours = abi in {"none", "abi3"} or abi == python in PYTHONS
    return is_ours and (
        platform == "any" or re.search(r"manylinux\w*_aarch64", platform) is not None
    )


if __name__ == "__main__":
    main()
