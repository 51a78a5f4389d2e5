"""
Identifiers that leave the node in a capture: other ones of the same shape.

The same identifier becomes the same mask within one capture, so that what belongs together still
does.  The key is chosen at random for each capture and is not kept, so nobody can go back, and two
captures of one node do not show that they are.
"""

import re
import secrets
from collections.abc import Callable, Iterator
from hashlib import blake2b
from itertools import count
from string import ascii_lowercase, ascii_uppercase, digits

_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.IGNORECASE)
_HEX = re.compile(r"(?:[0-9a-f]{16}){1,4}", re.IGNORECASE)
_NOBODY = re.compile(r"[0\s-]*")
"""Zeros say that there is none, which is no identifier and matters."""

_HEX_DIGITS = "0123456789abcdef"
_KEY_BYTES = 32
_TRIES = 64


Shape = Callable[[str], str]
"""From a character to those that may stand for it; empty where it stays."""


class Masker:
    """What masks the identifiers of one capture."""

    def __init__(self, key: bytes | None = None) -> None:
        """key: for tests; a capture leaves it out."""
        self._key = key or secrets.token_bytes(_KEY_BYTES)
        self._masks: dict[str, str] = {}
        self._taken: set[str] = set()

    def mask(self, text: str) -> str:
        """Return what stands for an identifier: a UUID for each in it, or else all of it."""
        if _UUID.search(text):
            return _UUID.sub(lambda found: self._one(found.group(), _as_hex), text)
        return self._one(text, _as_hex if _HEX.fullmatch(text) else _as_text)

    def _one(self, text: str, shape: Shape) -> str:
        if _NOBODY.fullmatch(text):
            return text
        known = self._masks.get(text)
        if known is None:
            known = next(mask for mask in self._tries(text, shape) if mask not in self._taken)
            self._masks[text] = known
            self._taken.add(known)
        return known

    def _tries(self, text: str, shape: Shape) -> Iterator[str]:
        """Yield masks until one is free; short identifiers have few."""
        for attempt in range(_TRIES):
            noise = self._noise(f"{attempt}:{text}", len(text))
            yield "".join(map(_masked, text, map(shape, text), noise))
        for number in count():  # All of its shape are taken: one more character is.
            yield f"{number:0{len(text) + 1}}"

    def _noise(self, text: str, length: int) -> bytes:
        blocks = range(length // blake2b.MAX_DIGEST_SIZE + 1)
        words = (f"{block}:{text}".encode("utf-8", "surrogatepass") for block in blocks)
        return b"".join(blake2b(word, key=self._key).digest() for word in words)


def _masked(letter: str, letters: str, noise: int) -> str:
    return letters[noise % len(letters)] if letters else letter


def _as_hex(letter: str) -> str:
    if letter.isdigit() or letter.islower():
        return _HEX_DIGITS
    return _HEX_DIGITS.upper() if letter.isalpha() else ""


def _as_text(letter: str) -> str:
    if letter in digits:
        return digits
    if letter in ascii_lowercase:
        return ascii_lowercase
    if letter in ascii_uppercase:
        return ascii_uppercase
    # What is left of other scripts could name somebody too.
    return ascii_lowercase if letter.isalnum() else ""
