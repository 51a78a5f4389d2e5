"""The source files of this checkout, parsed, and the sentences that its tests fail with."""

import ast
import shutil
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = {
    "gpusla": ROOT / "core" / "gpusla",
    "gpusla_agent": ROOT / "agent" / "gpusla_agent",
    "gpusla_collector": ROOT / "collector" / "gpusla_collector",
    "gpusla_dashboards": ROOT / "dashboards" / "gpusla_dashboards",
}


def product_files() -> list[Path]:
    """Every Python file that is shipped."""
    return [file for folder in PACKAGES.values() for file in sorted(folder.rglob("*.py"))]


def python_files() -> list[Path]:
    """Every Python file of the checkout: product, tests, tools, benchmarks, fuzzing."""
    others = (ROOT / "tests", ROOT / "tools", ROOT / "bench", ROOT / "fuzz")
    return product_files() + [file for folder in others for file in sorted(folder.rglob("*.py"))]


@cache
def parsed(file: Path) -> ast.Module:
    """The file's syntax tree."""
    return ast.parse(file.read_text("utf-8"), str(file))


def place(file: Path, node: ast.AST | None = None) -> str:
    """Where something stands: a path from the root, and a line if there is one."""
    path = file.relative_to(ROOT).as_posix()
    line = getattr(node, "lineno", None)
    return path if line is None else f"{path}:{line}"


def docstrings(tree: ast.Module) -> set[ast.Constant]:
    """The constants of a file that are docstrings, not values."""
    owners = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    return {
        node.body[0].value
        for node in ast.walk(tree)
        if isinstance(node, owners)
        and node.body
        and isinstance(node.body[0], ast.Expr)
        and isinstance(node.body[0].value, ast.Constant)
    }


def text_constants(file: Path) -> Iterator[tuple[ast.Constant, str]]:
    """Every piece of text in a file that is no docstring, f-strings' pieces included."""
    tree = parsed(file)
    skipped = docstrings(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node not in skipped:
            yield node, node.value


@cache
def handed_out_files() -> tuple[Path, ...]:
    """Every file that a clone of this repository holds, or would hold with the next commit."""
    git = shutil.which("git")
    if git is None or not (ROOT / ".git").exists():
        return tuple(file for file in python_files() if file.is_file())
    listing = subprocess.run(
        [git, "-C", str(ROOT), "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        check=True,
        capture_output=True,
    ).stdout
    names = [name for name in listing.decode().split("\0") if name]
    return tuple(ROOT / name for name in names if (ROOT / name).is_file())
