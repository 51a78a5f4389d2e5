"""
The pages as files: written for provisioning, compared so that nobody edits them by hand.
"""

from collections.abc import Mapping
from pathlib import Path

from gpusla_dashboards import contract, fleet, node
from gpusla_dashboards.panels.grafana import dump

# Beside the package in a checkout; an installed package brings no files and builds them anew.
JSON_FOLDER = Path(__file__).resolve().parents[1] / "json"


def built() -> Mapping[str, str]:
    """Give every page's JSON by the name of its file."""
    return {f"{page.uid}.json": dump(page) for page in (fleet.page(), contract.page(), node.page())}


def write(folder: Path) -> tuple[Path, ...]:
    """Write every page into folder, which is made if need be; give what was written."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for name, text in built().items():
        (folder / name).write_text(text, "utf-8")
        written.append(folder / name)
    return tuple(written)


def differences(folder: Path) -> tuple[str, ...]:
    """Say what in folder is not as it would be written, a sentence each."""
    pages = built()
    found = []
    for name, text in pages.items():
        file = folder / name
        if not file.is_file():
            found.append(f"{name} is missing")
        elif file.read_text("utf-8") != text:
            found.append(f"{name} differs from what the code builds")
    found += [
        f"{file.name} is built by no page"
        for file in sorted(folder.glob("*.json"))
        if file.name not in pages
    ]
    return tuple(found)
