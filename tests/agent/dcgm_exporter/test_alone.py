"""The client stands alone: whoever copies the folder needs the errors and one library."""

import ast
import sys

from gpusla_agent import dcgm_exporter
from tests.architecture.tree import PACKAGES, parsed

FOLDER = PACKAGES["gpusla_agent"] / "dcgm_exporter"
NEEDED = {"gpusla.catalogue.codes", "gpusla.errors", "prometheus_client.parser"}


def test_the_client_imports_nothing_of_the_agent() -> None:
    """Its own modules, the standard library, the errors and the parser."""
    named = {
        name
        for file in FOLDER.glob("*.py")
        for node in ast.walk(parsed(file))
        for name in imported(node)
        if not name.startswith("gpusla_agent.dcgm_exporter")
        and name.split(".")[0] not in sys.stdlib_module_names
    }
    assert named == NEEDED


def test_the_client_says_what_it_offers() -> None:
    """Everything that it lists is there."""
    assert all(hasattr(dcgm_exporter, name) for name in dcgm_exporter.__all__)


def imported(node: ast.AST) -> list[str]:
    """Return the modules that a statement imports."""
    if isinstance(node, ast.ImportFrom):
        return [node.module or ""]
    return [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
