"""
What both sides of a contract sign: the content of its file, as bytes that are the same everywhere.

Source: docs/decisions/0093-what-is-signed.md.
"""

import base64
import binascii
import json
from typing import Any

from gpusla.documents import Document

FORMAT = "gpusla/contract/1"
"""Stands in the signed bytes, so that no signature of something else can pass for one of these."""

KEY_BYTES = 32
SIGNATURE_BYTES = 64
_SIGNATURES = "signatures"


def signed_bytes(document: Document) -> bytes:
    """
    Return the exact bytes that both sides sign.

    They are canonical JSON in ASCII, with sorted keys and without spaces, of the file's content
    less `signatures`: text, whole numbers, true, false and null as the file has them, so 0.99 with
    or without quotes is the text "0.99".  Comments, order of keys and layout are not part of it.
    Raises TypeError if the document's top is not a mapping.
    """
    content = {key: value for key, value in dict(document.data).items() if key != _SIGNATURES}
    return canonical({"contract": content, "format": FORMAT})


def canonical(value: Any) -> bytes:
    """Return JSON with sorted keys, no spaces, ASCII only; it must hold no floats."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False).encode("ascii")


def decode(text: str, length_bytes: int) -> bytes:
    """
    Return the bytes that base64 stands for.

    Raises ValueError with the reason in words if text is not base64, not written in its one
    canonical way, or of another length.
    """
    try:
        found = base64.b64decode(text.encode("ascii", "replace"), validate=True)
    except binascii.Error as cause:
        message = "this is not base64"
        raise ValueError(message) from cause
    if base64.b64encode(found).decode("ascii") != text:
        message = "this is not base64 as it is written in one way only"
        raise ValueError(message)
    if len(found) != length_bytes:
        message = f"this has {len(found)} bytes and {length_bytes} are needed"
        raise ValueError(message)
    return found
