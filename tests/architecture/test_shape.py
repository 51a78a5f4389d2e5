"""
The shape of the code: short functions, short files, names that say something.

Function lengths are a ratchet: over 70 lines fails, over 40 needs a line in REASONS, and a reason
that is no longer needed has to go. A function's docstring is not counted.
"""

import ast
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

from tests.architecture.tree import ROOT, handed_out_files, parsed, place, python_files

FUNCTION_LINES = 40
FUNCTION_LINES_MAX = 70
FILE_LINES_MAX = 400
TEST_FILE_LINES_MAX = 500
BANNED_STEMS = {"util", "utils", "helper", "helpers", "common", "manager", "misc"}
UNFINISHED = ("TO" + "DO", "FIX" + "ME", "XX" + "X")

# "path::function": why it is longer than most.
MIGRATIONS = "collector/gpusla_collector/adapters/sql/migrations/versions"
REASONS: dict[str, str] = {
    f"{MIGRATIONS}/r0001_first.py::create_journals": "one statement a table, in order",
    f"{MIGRATIONS}/r0001_first.py::create_ledger": "one statement a table, in order",
    "dashboards/gpusla_dashboards/fleet.py::contract_table": "one entry a column, in order",
    "dashboards/gpusla_dashboards/fleet.py::over_time": "one entry a panel, in order",
}

# "path": why it is longer than most.
LONG_FILES: dict[str, str] = {
    "core/gpusla/catalogue/codes.py": "a table: one row an error code",
}

NAMING = (ast.Assign, ast.AnnAssign)
type_of_function = (ast.FunctionDef, ast.AsyncFunctionDef)


def test_no_function_is_longer_than_a_screen() -> None:
    """Seventy lines is the end; split it where the loop or the decision is."""
    assert not [
        f"{place(file, function)} {function.name}: {length} lines"
        for file, function, length in functions()
        if length > FUNCTION_LINES_MAX
    ]


def test_a_function_over_forty_lines_has_a_reason() -> None:
    """And a reason that nothing needs any more is taken out."""
    long = {
        f"{place(file)}::{function.name}"
        for file, function, length in functions()
        if FUNCTION_LINES < length <= FUNCTION_LINES_MAX
    }
    assert long == set(REASONS)


def test_no_file_is_longer_than_four_hundred_lines() -> None:
    """A file holds one idea; tables may be longer and are listed, and tests have some grace."""
    long = {place(file) for file in python_files() if lines_in(file) > lines_allowed(file)}
    assert long <= set(LONG_FILES), long - set(LONG_FILES)


def test_a_file_is_named_by_its_idea() -> None:
    """A file of leftovers has no idea."""
    assert not [place(file) for file in python_files() if file.stem in BANNED_STEMS]


def test_what_a_name_is_for_is_said_right_below_it() -> None:
    """Words that something was put in front of are another name's, or nobody's."""
    assert not [
        f"{place(file, words)}: {ast.unparse(words)[:60]}"
        for file in python_files()
        for owner in ast.walk(parsed(file))
        if isinstance(owner, ast.Module | ast.ClassDef)
        for before, words in pairwise(owner.body)
        if isinstance(words, ast.Expr)
        and isinstance(words.value, ast.Constant)
        and isinstance(words.value.value, str)
        and not (isinstance(before, NAMING) and before.end_lineno == words.lineno - 1)
    ]


def test_nothing_is_left_unfinished() -> None:
    """What is not done stands in an issue, where it is seen."""
    assert not [
        f"{file.relative_to(ROOT)}:{number}: {line.strip()}"
        for file in handed_out_files()
        if is_text(file)
        for number, line in enumerate(file.read_text("utf-8", "replace").splitlines(), start=1)
        if any(f"{marker}{end}" in line for marker in UNFINISHED for end in (":", " ", "("))
    ]


def functions() -> Iterator[tuple[Path, ast.FunctionDef | ast.AsyncFunctionDef, int]]:
    """Every function with the number of its lines, the docstring left out."""
    for file in python_files():
        for node in ast.walk(parsed(file)):
            if isinstance(node, type_of_function):
                yield file, node, length_of(node)


def length_of(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines from `def` to the last one, without the docstring's."""
    assert function.end_lineno is not None
    length = function.end_lineno - function.lineno + 1
    first = function.body[0]
    if ast.get_docstring(function) is not None and first.end_lineno is not None:
        length -= first.end_lineno - first.lineno + 1
    return length


def lines_in(file: Path) -> int:
    """Count a file's lines."""
    return len(file.read_text("utf-8").splitlines())


def lines_allowed(file: Path) -> int:
    """Give the most that a file of its kind may have."""
    return TEST_FILE_LINES_MAX if ROOT / "tests" in file.parents else FILE_LINES_MAX


def is_text(file: Path) -> bool:
    """Whether a file is ours to read: text, and not a lock or a licence."""
    if file.name == "LICENSE" or "requirements" in file.parts:
        return False
    return b"\0" not in file.read_bytes()[:8192]
