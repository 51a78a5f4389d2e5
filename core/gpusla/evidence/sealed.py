"""
DSSE envelopes: a payload with its type and its signatures, as JSON that carries everything.

Reading one needs no trust; `opened` gives the payload only if a key that the caller names signed
it.  Source: DSSE 1.0.2, envelope.md.
"""

import base64
import binascii
import json
from collections.abc import Collection
from typing import Any

from gpusla.catalogue.codes import ENVELOPE
from gpusla.errors import EvidenceError
from gpusla.evidence.ed25519 import is_signature, public_of, sign
from gpusla.evidence.envelope import canonical, signed_bytes
from gpusla.evidence.keys import fingerprint, key_id, to_text


def seal(payload_type: str, payload: bytes, private: bytes) -> bytes:
    """Return an envelope with one signature; the same arguments always give the same bytes."""
    signature = {
        "keyid": key_id(public_of(private)),
        "sig": to_text(sign(private, signed_bytes(payload_type, payload))),
    }
    envelope = {
        "payloadType": payload_type,
        "payload": to_text(payload),
        "signatures": [signature],
    }
    return canonical(envelope) + b"\n"


def payload_of(envelope: bytes, payload_type: str) -> bytes:
    """
    Return what is inside without looking at who signed it.

    Raises EvidenceError if this is no envelope of that type.
    """
    return _read(envelope, payload_type)[0]


def opened(envelope: bytes, payload_type: str, keys: Collection[bytes]) -> bytes:
    """
    Return the payload if one of these public keys (32 bytes each) signed it.

    Raises EvidenceError if this is no envelope of that type, or none of them did.
    """
    payload, signatures = _read(envelope, payload_type)
    content = signed_bytes(payload_type, payload)
    if any(is_signature(key, one, content) for key in keys for one in signatures):
        return payload
    whose = ", ".join(fingerprint(key) for key in keys) or "no key at all"
    raise EvidenceError(ENVELOPE, f"the envelope of {payload_type} is not signed by {whose}")


def _read(envelope: bytes, payload_type: str) -> tuple[bytes, list[bytes]]:
    try:
        found: Any = json.loads(envelope)
        kind = found["payloadType"]
        payload = base64.b64decode(found["payload"], validate=True)
        signatures = [base64.b64decode(one["sig"], validate=True) for one in found["signatures"]]
    except (ValueError, KeyError, TypeError, RecursionError, binascii.Error) as cause:
        raise EvidenceError(ENVELOPE, "this is not a DSSE envelope") from cause
    if kind != payload_type:
        raise EvidenceError(ENVELOPE, f"the envelope holds {kind!r}, {payload_type} was expected")
    return payload, signatures
