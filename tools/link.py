"""
Makes an environment see this checkout, as an editable install would, in a few milliseconds.

Called by ./run with the environment's own Python: `python tools/link.py`. It writes what an
editable install leaves behind (a .pth file, the distribution's metadata with its entry points, and
the two commands) and needs neither pip nor a build back end nor a network for it, so it can be done
again whenever pyproject.toml changes. tests/environment/test_link.py compares the metadata with
that of a wheel built by the real back end.
"""

import re
import stat
import sys
import sysconfig
import tomllib
from collections.abc import Iterator
from pathlib import Path
from shutil import rmtree
from typing import Any

ROOT = Path(__file__).resolve().parent.parent

# A kernel reads the first line only up to its first space and 127 bytes, so it names no path of
# ours: to the shell the second line starts Python, to Python it is a text that nobody uses.
SCRIPT = """#!/bin/sh
'''exec' "{python}" "$0" "$@"
' '''
import sys
from {module} import {function}
if __name__ == "__main__":
    sys.exit({function}())
"""


def main() -> None:
    """Replace whatever link this environment has by one to this checkout."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    site_packages = Path(sysconfig.get_path("purelib"))
    scripts = Path(sysconfig.get_path("scripts"))
    for stale in site_packages.glob("gpusla-*.dist-info"):
        rmtree(stale)
    written = [
        *write_commands(project["project"]["scripts"], scripts),
        *write_metadata(project["project"], site_packages),
        write_path_file(project, site_packages),
    ]
    write_record(written, site_packages)


def write_path_file(project: dict[str, Any], site_packages: Path) -> Path:
    """Put the folders that hold our packages on the import path, and nothing else of the root."""
    packages = project["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
    folders = [str((ROOT / package).parent) for package in packages]
    path_file = site_packages / "gpusla.pth"
    path_file.write_text("\n".join(folders) + "\n", "utf-8")
    return path_file


def write_commands(commands: dict[str, str], scripts: Path) -> Iterator[Path]:
    """Write one executable for each console script."""
    for name, target in commands.items():
        module, function = target.split(":")
        command = scripts / name
        text = SCRIPT.format(python=sys.executable, module=module, function=function)
        command.write_text(text, "utf-8")
        command.chmod(command.stat().st_mode | stat.S_IXUSR | stat.S_IXGRP | stat.S_IXOTH)
        yield command


def write_metadata(project: dict[str, Any], site_packages: Path) -> Iterator[Path]:
    """Write the metadata that importlib.metadata and `gpusla` itself read."""
    folder = site_packages / f"gpusla-{version()}.dist-info"
    folder.mkdir()
    for name, text in (
        ("INSTALLER", "gpusla-run\n"),
        ("METADATA", metadata(project)),
        ("entry_points.txt", entry_points(project)),
    ):
        (folder / name).write_text(text, "utf-8")
        yield folder / name


def metadata(project: dict[str, Any]) -> str:
    """Give the core metadata: name, version, and what each extra needs."""
    lines = ["Metadata-Version: 2.4", f"Name: {project['name']}", f"Version: {version()}"]
    lines.append(f"Requires-Python: {project['requires-python']}")
    lines += [f"Requires-Dist: {requirement}" for requirement in project["dependencies"]]
    for extra in project["optional-dependencies"]:
        needed = sorted(set(written_out(extra, project["optional-dependencies"])))
        lines.append(f"Provides-Extra: {extra}")
        lines += [f"Requires-Dist: {item}; extra == '{extra}'" for item in needed]
    return "\n".join(lines) + "\n"


def written_out(extra: str, extras: dict[str, list[str]]) -> Iterator[str]:
    """Give what an extra needs; of extras of ours that it includes, what these need."""
    for requirement in extras[extra]:
        if included := re.fullmatch(r"gpusla\[([a-z,]+)\]", requirement):
            for other in included[1].split(","):
                yield from written_out(other, extras)
        else:
            yield requirement


def entry_points(project: dict[str, Any]) -> str:
    """Give the console scripts and the subcommands of `gpusla`, in the entry-point format."""
    groups = {"console_scripts": project["scripts"], **project["entry-points"]}
    return "\n".join(
        f"[{group}]\n" + "".join(f"{name} = {target}\n" for name, target in entries.items())
        for group, entries in groups.items()
    )


def version() -> str:
    """Read the version where it is written, without importing anything."""
    text = (ROOT / "core/gpusla/__init__.py").read_text("utf-8")
    found = re.search(r'^__version__ = "([^"]+)"$', text, re.MULTILINE)
    if found is None:
        sys.exit('tools/link.py: core/gpusla/__init__.py: no line __version__ = "..."')
    return found[1]


def write_record(written: list[Path], site_packages: Path) -> None:
    """List what was written, so that an installer can take it away again."""
    record = site_packages / f"gpusla-{version()}.dist-info" / "RECORD"
    lines = [f"{path},,\n" for path in [*written, record]]
    record.write_text("".join(lines), "utf-8")


if __name__ == "__main__":
    main()
