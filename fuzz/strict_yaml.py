"""Strict YAML: one sentence with a place, or plain data of the few kinds that there are."""

from collections.abc import Iterator
from typing import Any

from gpusla.documents import Document, parse
from gpusla.documents.read import DEPTH_MAX
from gpusla.errors import InputError

ABOUT = "the reader of strict YAML, which every file of people goes through"
WORDS = (
    *("- ", ": ", "? ", "\t", "---", "...", "|", ">-", "'", '"', "{", "}", "[", "]"),
    *("&a", "*a", "!!int", "<<", "%YAML 1.2", "~", "true", "0x1", "1e9", "0.99"),
)
_DIGITS_MAX = 18


def seeds() -> Iterator[bytes]:
    """Yield something of everything."""
    yield b"a: 1\nb: [x, 'y', \"z\"]\nc: {d: true, e: ~}\n"
    yield b"- |\n  text\n- >-\n  folded\n- 0.99\n- 2026-07-01\n"
    yield b"&a x: *a\n"
    yield "schlüssel: wert # comment\n".encode()
    yield b"a:\n" + b"".join(b" " * depth + b"a:\n" for depth in range(1, DEPTH_MAX + 2))


def check(data: bytes) -> None:
    """Read a document and ask for places in it."""
    try:
        document = parse(data, "fuzz")
    except InputError as refused:
        assert refused.message
        assert "\n" not in str(refused)
        assert refused.position is not None
        assert 0 <= refused.position.line <= _lines(data)
        return
    _check(document, document.data, ())


def _lines(data: bytes) -> int:
    """Count the lines as YAML does, which knows more line ends than ASCII, and one beyond."""
    ends = ("\n", "\r", "\x85", "\u2028", "\u2029")
    return sum(data.count(end.encode()) for end in ends) + 2


def _check(document: Document, value: Any, path: tuple[str | int, ...]) -> None:
    assert len(path) <= DEPTH_MAX + 1
    assert document.position(path).line >= 1
    if isinstance(value, dict):
        for key, child in value.items():
            assert isinstance(key, str)
            assert document.key_position((*path, key)).line >= 1
            _check(document, child, (*path, key))
    elif isinstance(value, list):
        for index, child in enumerate(value):
            _check(document, child, (*path, index))
    elif isinstance(value, int):
        assert abs(value) < 10**_DIGITS_MAX
    else:
        assert value is None or isinstance(value, str)
