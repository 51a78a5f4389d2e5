"""
The exact bytes that a signature is of: a type and a payload, in DSSE's pre-authentication encoding.

Every thing that is signed has a payload type of its own, so that no signature of one thing can pass
for one of another.  Contracts came before this and keep their own way.
Source: DSSE protocol 1.0.2; docs/decisions/0126-one-way-to-sign.md.
"""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from gpusla.journal.chain import Head

HEAD_TYPE = "application/vnd.gpusla.head+json"
"""That a node's journal goes up to this record, and that this is its digest."""

KEY_TYPE = "application/vnd.gpusla.key+json"
"""That a node signs with this key from here on."""

HOUR_TYPE = "application/vnd.gpusla.hour+json"
"""What some records of a node's journal come to."""

STATEMENT_TYPE = "application/vnd.gpusla.statement+json"
"""What a contract's period comes to, in the operator's word."""

BUNDLE_TYPE = "application/vnd.gpusla.bundle+json"
"""Which files a bundle holds, by their digests."""


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


def hour_bytes(block: Mapping[str, Any]) -> bytes:
    """Return what signs a block, which `gpusla.journal.hours.write_block` wrote."""
    return signed_bytes(HOUR_TYPE, canonical(block))


def hour_digest(block: Mapping[str, Any]) -> str:
    """Return what the next block names as the one before it: SHA-256 in hex."""
    return hashlib.sha256(canonical(block)).hexdigest()
