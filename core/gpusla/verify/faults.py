"""What can be wrong with a file: a closed list (docs/start/verify.md), and its exceptions."""

from typing import Literal

Fault = Literal[
    "archive", "attachment", "manifest", "missing", "unlisted", "digest", "format", "key",
    "signature", "statement", "chain", "block", "record",
]  # fmt: skip


class Broken(Exception):  # noqa: N818  (it is the verdict, and not an error of ours)
    """The file is not what was signed: of what kind that is, and what and where in words."""

    def __init__(self, fault: Fault, words: str) -> None:
        super().__init__(fault, words)
        self.fault, self.words = fault, words


class UsageError(Exception):
    """There is nothing to verify, or something is needed for it that was not given."""


def need(is_so: object, fault: Fault, words: str) -> None:
    """Raise Broken unless this is so."""
    if not is_so:
        raise Broken(fault, words)


def told(text: object) -> str:
    """Return words of an unknown hand so that a terminal can only print them, and not too many."""
    words = str(text)[:120]
    return words if words.isascii() and words.isprintable() else ascii(words)
