"""Money and the time it is owed for are exact: no float in any module that computes them."""

import ast
from pathlib import Path

import pytest

from tests.architecture.tree import PACKAGES, parsed, place

EXACT = (
    "contracts", "forecast", "incidents", "ledger", "parity", "recompute", "sla", "statement",
    "timeline",
)  # fmt: skip
FLOATING_MODULES = {"cmath", "math", "statistics"}
MAKES_FLOATS_UNASKED = {"arange", "array", "asarray", "empty", "full", "linspace", "ones", "zeros"}
"""Calls of NumPy that choose a kind of number by themselves where no dtype is named."""


@pytest.mark.parametrize("package", EXACT)
def test_a_module_that_computes_money_knows_no_float(package: str) -> None:
    """No literal, no conversion, no annotation, and no module that works in floats."""
    files = sorted((PACKAGES["gpusla"] / package).rglob("*.py"))
    assert not [found for file in files for found in floats_in(file)]


@pytest.mark.parametrize(
    "line",
    [
        "n = numpy.zeros(3)",
        "n = np.array([1], numpy.float64)",
        "n = np.true_divide(a, b)",
        "n = a.mean()",
        "n = left / right",
        "n /= 2",
    ],
)
def test_a_planted_array_of_floats_is_found(line: str, tmp_path: Path) -> None:
    """Arrays that judge hold integers: their kind is named, and nothing divides them."""
    file = tmp_path / "planted.py"
    file.write_text(f"import numpy as np\n{line}\n", "utf-8")
    assert float_nodes(parsed(file))


@pytest.mark.parametrize(
    "line", ["share = 0.1", "share = float('0.1')", "def f(x: float) -> None: ...", "import math"]
)
def test_a_planted_float_is_found(line: str, tmp_path: Path) -> None:
    """The search finds each of the ways a float comes in."""
    file = tmp_path / "planted.py"
    file.write_text(f"{line}\n", "utf-8")
    assert float_nodes(parsed(file))


def floats_in(file: Path) -> list[str]:
    """Every place in a file where a float is written, made, named or imported."""
    return [place(file, node) for node in float_nodes(parsed(file))]


def float_nodes(tree: ast.Module) -> list[ast.AST]:
    """All syntax of a module that brings floats in; arrays count where NumPy is imported."""
    nodes = list(ast.walk(tree))
    has_arrays = any(imports_numpy(node) for node in nodes)
    return [node for node in nodes if is_float(node) or (has_arrays and is_float_array(node))]


def imports_numpy(node: ast.AST) -> bool:
    """Whether this statement brings NumPy in."""
    match node:
        case ast.Import(names=names):
            return any(name.name.partition(".")[0] == "numpy" for name in names)
        case ast.ImportFrom(module=str(module)):
            return module.partition(".")[0] == "numpy"
        case _:
            return False


def is_float_array(node: ast.AST) -> bool:
    """Whether this piece of syntax may make an array of floats."""
    match node:
        case ast.BinOp(op=ast.Div()) | ast.AugAssign(op=ast.Div()):
            return True
        case ast.Attribute(attr=name):
            return name.startswith("float") or name in {"mean", "average", "true_divide", "median"}
        case ast.Call(func=ast.Attribute(attr=name), keywords=keywords):
            return name in MAKES_FLOATS_UNASKED and "dtype" not in {k.arg for k in keywords}
        case _:
            return False


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
