"""
The exact bytes that a signature is of: a type and a payload, in DSSE's pre-authentication encoding.

Every thing that is signed has a payload type of its own, so that no signature of one thing can pass
for one of another.  Contracts came before this and keep their own way.
Source: DSSE protocol 1.0.2; docs/decisions/0126-one-way-to-sign.md.
"""

import json
from typing import Any

from gpusla.journal.chain import Head

HEAD_TYPE = "application/vnd.gpusla.head+json"
"""That a node's journal goes up to this record, and that this is its digest."""

KEY_TYPE = "application/vnd.gpusla.key+json"
"""That a node signs with this key from here on."""


def canonical(value: Any) -> bytes:
    """Return JSON with sorted keys, no spaces, ASCII only; it must hold no floats."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False).encode("ascii")


def signed_bytes(payload_type: str, payload: bytes) -> bytes:
    """Return what is signed: both parts with their lengths, so that neither runs into the other."""
    kind = payload_type.encode("ascii")
    return b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload)


def head_bytes(node: str, head: Head) -> bytes:
    """Return what a signed head signs: the node, the record's number and its digest."""
    payload = {"node": node, "sequence": head.sequence, "digest": head.digest}
    return signed_bytes(HEAD_TYPE, canonical(payload))


def key_bytes(node: str, public: str, previous: str) -> bytes:
    """
    Return what introduces a key.

    public: the key in base64.  previous: id of the key before it, empty for a node's first.
    """
    payload = {"node": node, "public": public, "previous": previous}
    return signed_bytes(KEY_TYPE, canonical(payload))
