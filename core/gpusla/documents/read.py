"""
Strict YAML: bytes to plain data that remembers where everything stood, or one sentence.

Less is read than YAML allows: one document, mappings with text keys, lists, text, whole numbers,
true, false and null.  Anchors, aliases and tags are refused, and a plain scalar such as 0.99 or
2026-07-01 stays text, so that no float and no date is ever guessed.  `validate` checks the data
against a model.  Source: docs/decisions/0040-strict-yaml.md.
"""

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml

from gpusla.catalogue.codes import (
    EMPTY_FILE,
    FILE_NOT_TEXT,
    FILE_TOO_LARGE,
    YAML_ALIAS,
    YAML_DUPLICATE_KEY,
    YAML_SYNTAX,
    YAML_TOO_DEEP,
    ErrorCode,
)
from gpusla.errors import InputError, Position

SIZE_BYTES_MAX = 262_144
"""No file may be larger; whoever reads one need not read more than one byte past it."""

VALUES_MAX = 20_000
"""A full file of ordinary lines holds fewer; each value more costs memory in every later check."""

DEPTH_MAX = 20

Path = tuple[str | int, ...]

# libyaml where PyYAML was built with it: ten times faster, which the time limit of a check needs.
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
# 18 digits fit 64 bits, and Python refuses to convert thousands of them.
_INTEGER = re.compile(r"-?(?:0|[1-9][0-9]{0,17})", re.ASCII)
_WORDS = {"true": True, "false": False, "null": None, "~": None, "": None}


@dataclass(slots=True)
class Node:
    """One value with its place; children by key or index, and where the keys stood."""

    value: Any
    line: int
    column: int
    children: dict[str | int, "Node"] = field(default_factory=dict)
    keys: dict[str, tuple[int, int]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Document:
    """
    What a file says.

    source: how messages name the file.  root: its top value.
    """

    source: str
    root: Node

    @property
    def data(self) -> Any:
        """The plain data: dicts, lists, str, int, bool and None."""
        return self.root.value

    def position(self, path: Path) -> Position:
        """Return where the value at path stands; where path ends early, the last part found."""
        node = self.root
        for part in path:
            if part not in node.children:
                break
            node = node.children[part]
        return Position(self.source, node.line, node.column)

    def key_position(self, path: Path) -> Position:
        """Return where the key that path ends with stands, not its value."""
        parent = self.root
        for part in path[:-1]:
            if part not in parent.children:
                return self.position(path)
            parent = parent.children[part]
        if not path or path[-1] not in parent.keys:
            return self.position(path)
        return Position(self.source, *parent.keys[str(path[-1])])


def parse(text: bytes, source: str) -> Document:
    """
    Read one strict YAML document.

    source: how messages name the file.  Raises InputError with the place of the first thing that
    is not allowed; nothing is read past it.
    """
    if len(text) > SIZE_BYTES_MAX:
        raise InputError(
            FILE_TOO_LARGE,
            f"the file has more than the {SIZE_BYTES_MAX:,} bytes that are read",
            fix="Split it.",
            position=Position(source),
        )
    words = _decode(text, source)
    try:
        root = _Composer(source, yaml.parse(words, Loader=_LOADER)).compose()
    except yaml.YAMLError as cause:
        raise _syntax(cause, words, source) from cause
    if root is None or root.value is None:
        raise InputError(EMPTY_FILE, "the file holds nothing", position=Position(source))
    return Document(source, root)


def digest(text: bytes) -> str:
    """Return the SHA-256 of a file's bytes, in hex."""
    return hashlib.sha256(text).hexdigest()


def _decode(text: bytes, source: str) -> str:
    try:
        return text.decode("utf-8").removeprefix("\ufeff")  # some editors put the mark in front
    except UnicodeDecodeError as cause:
        before = text[: cause.start]
        line = before.count(b"\n") + 1
        column = cause.start - (before.rfind(b"\n") + 1) + 1
        raise InputError(
            FILE_NOT_TEXT,
            f"byte 0x{text[cause.start]:02x} is not UTF-8",
            position=Position(source, line, column),
        ) from cause


class _Composer:
    """Turns events into nodes, and stops at the first event that is not allowed."""

    def __init__(self, source: str, events: Iterator[Any]) -> None:
        self._source = source
        self._events = events
        self._values = 0

    def compose(self) -> Node | None:
        """Read the stream's only document; None if there is none."""
        root: Node | None = None
        for event in self._events:
            if isinstance(event, yaml.DocumentStartEvent):
                if root is not None:
                    raise self._refused(
                        YAML_SYNTAX,
                        event,
                        "a second document begins here",
                        "Keep one document in a file and remove this line.",
                    )
                root = self._node(next(self._events), 0)
        return root

    def _node(self, event: Any, depth: int) -> Node:
        self._check(event, depth)
        self._count(event)
        node = Node(None, event.start_mark.line + 1, event.start_mark.column + 1)
        if isinstance(event, yaml.ScalarEvent):
            node.value = _scalar(event)
        elif isinstance(event, yaml.SequenceStartEvent):
            self._fill_list(node, depth + 1)
        else:
            self._fill_mapping(node, depth + 1)
        return node

    def _fill_list(self, node: Node, depth: int) -> None:
        node.value = []
        for event in self._until(yaml.SequenceEndEvent):
            child = self._node(event, depth)
            node.children[len(node.value)] = child
            node.value.append(child.value)

    def _fill_mapping(self, node: Node, depth: int) -> None:
        node.value = {}
        for event in self._until(yaml.MappingEndEvent):
            key = self._key(event, node)
            child = self._node(next(self._events), depth)
            node.children[key] = child
            node.value[key] = child.value

    def _key(self, event: Any, node: Node) -> str:
        self._check(event, 0)
        if not isinstance(event, yaml.ScalarEvent):
            raise self._refused(
                YAML_SYNTAX, event, "a key is a list or a mapping", "Write a word as the key."
            )
        key: str = event.value
        if key in node.keys:
            first, _ = node.keys[key]
            raise self._refused(
                YAML_DUPLICATE_KEY, event, f"the key {shown(key)} stands here and in line {first}"
            )
        mark: Any = event.start_mark
        node.keys[key] = (mark.line + 1, mark.column + 1)
        return key

    def _until(self, end: type) -> Iterator[Any]:
        for event in self._events:
            if isinstance(event, end):
                return
            yield event

    def _check(self, event: Any, depth: int) -> None:
        if isinstance(event, yaml.AliasEvent):
            raise self._refused(YAML_ALIAS, event, f"*{event.anchor} is an alias")
        if event.anchor is not None:
            raise self._refused(YAML_ALIAS, event, f"&{event.anchor} is an anchor")
        if event.tag is not None:
            raise self._refused(
                YAML_SYNTAX,
                event,
                f"the tag {shown(event.tag)} is not allowed",
                "Remove it: a value is what it looks like, and text goes in quotes.",
            )
        if depth > DEPTH_MAX or (depth == DEPTH_MAX and not isinstance(event, yaml.ScalarEvent)):
            raise self._refused(YAML_TOO_DEEP, event, f"this is nested over {DEPTH_MAX} levels")

    def _count(self, event: Any) -> None:
        self._values += 1
        if self._values > VALUES_MAX:
            raise self._refused(
                FILE_TOO_LARGE, event, f"this is value number {VALUES_MAX + 1:,}", "Split the file."
            )

    def _refused(self, code: ErrorCode, event: Any, message: str, fix: str = "") -> InputError:
        mark: Any = event.start_mark
        return InputError(
            code, message, fix=fix, position=Position(self._source, mark.line + 1, mark.column + 1)
        )


def _scalar(event: Any) -> str | int | bool | None:
    text: str = event.value
    if event.style:  # quoted or a block: text, whatever it looks like
        return text
    if text in _WORDS:
        return _WORDS[text]
    return int(text) if _INTEGER.fullmatch(text) else text


def _syntax(cause: yaml.YAMLError, words: str, source: str) -> InputError:
    mark = getattr(cause, "problem_mark", None)
    if mark is None:
        return _control_character(cause, words, source)
    position = Position(source, mark.line + 1, mark.column + 1)
    lines = words.splitlines()
    line = lines[mark.line] if mark.line < len(lines) else ""
    if "\t" in line[: len(line) - len(line.lstrip())]:
        message, fix = "a tab indents this line", "Indent with spaces."
    else:
        message, fix = f"this is not YAML: {getattr(cause, 'problem', '')}", ""
    return InputError(YAML_SYNTAX, message, fix=fix, position=position)


def _control_character(cause: yaml.YAMLError, words: str, source: str) -> InputError:
    place = getattr(cause, "position", 0)
    before = words[:place]
    line = before.count("\n") + 1
    column = place - (before.rfind("\n") + 1) + 1
    return InputError(
        YAML_SYNTAX,
        f"the character U+{ord(words[place : place + 1] or ' '):04X} is not allowed",
        fix="Remove it.",
        position=Position(source, line, column),
    )


def shown(value: Any) -> str:
    """Show a value in a message, in YAML's words and at most 60 characters."""
    match value:
        case None:
            return "nothing"
        case bool():
            return "true" if value else "false"
        case dict():
            return "a mapping"
        case list():
            return "a list"
        case _:
            text = repr(value)
            return text if len(text) <= 60 else f"{text[:56]}...{text[-1]}"  # noqa: PLR2004
