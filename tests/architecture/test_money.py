"""Money and the time it is owed for are exact: no float in any module that computes them."""

import ast
from pathlib import Path

import pytest

from tests.architecture.tree import PACKAGES, parsed, place

EXACT = ("contracts", "ledger", "sla", "statement", "timeline")
FLOATING_MODULES = {"cmath", "math", "statistics", "numpy"}


@pytest.mark.parametrize("package", EXACT)
def test_a_module_that_computes_money_knows_no_float(package: str) -> None:
    """No literal, no conversion, no annotation, and no module that works in floats."""
    files = sorted((PACKAGES["gpusla"] / package).rglob("*.py"))
    assert not [found for file in files for found in floats_in(file)]


@pytest.mark.parametrize(
    "line", ["share = 0.1", "share = float('0.1')", "def f(x: float) -> None: ...", "import math"]
)
def test_a_planted_float_is_found(line: str, tmp_path: Path) -> None:
    """The search finds each of the ways a float comes in."""
    file = tmp_path / "planted.py"
    file.write_text(f"{line}\n", "utf-8")
    assert any(is_float(node) for node in ast.walk(parsed(file)))


def floats_in(file: Path) -> list[str]:
    """Every place in a file where a float is written, made, named or imported."""
    return [place(file, node) for node in ast.walk(parsed(file)) if is_float(node)]


def is_float(node: ast.AST) -> bool:
    """Whether this piece of syntax brings a float in."""
    match node:
        case ast.Constant(value=float() | complex()):
            return True
        case ast.Name(id="float"):
            return True
        case ast.Import(names=names):
            return any(name.name.partition(".")[0] in FLOATING_MODULES for name in names)
        case ast.ImportFrom(module=str(module)):
            return module.partition(".")[0] in FLOATING_MODULES
        case _:
            return False
