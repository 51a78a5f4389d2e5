"""Strict JSON, base64, DSSE envelopes and Ed25519: how everything here is written and signed."""

import hashlib
import json
import re
from base64 import b64decode, b64encode
from collections.abc import Collection
from typing import Any, cast

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from gpusla.verify.faults import Broken, Fault, need

KEY_BYTES, SIGNATURE_BYTES = 32, 64


def canonical(value: Any) -> bytes:
    """Return the one way in which a value is written."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False).encode("ascii")


def read_json(content: bytes, where: str, fault: Fault = "format") -> dict[str, Any]:
    """Return the map that canonical JSON is of; Broken for floats, which int refuses, and more."""
    try:
        value = json.loads(content.decode("ascii"), parse_float=int, parse_constant=int)
        again = canonical(value)
    except (ValueError, RecursionError) as cause:
        raise Broken(fault, f"{where} is not JSON of whole numbers and text") from cause
    need(again == content.removesuffix(b"\n"), fault, f"{where} is not JSON in its canonical form")
    need(isinstance(value, dict), fault, f"{where} is not a map")
    return cast("dict[str, Any]", value)


def from_base64(text: object, length_bytes: int | None, where: str) -> bytes:
    """Return what base64 stands for; Broken(format) if it is not in its one form or length."""
    try:
        found = b64decode(str(text), validate=True)
    except ValueError as cause:
        raise Broken("format", f"{where} is not base64") from cause
    need(b64encode(found).decode() == text, "format", f"{where} is not base64 in its one form")
    need(length_bytes in {None, len(found)}, "format", f"{where} has {len(found)} bytes")
    return found


def types_of(value: object) -> dict[str, type] | None:
    """Return of which type each value of a map is; None if it is no map."""
    return {name: type(one) for name, one in value.items()} if isinstance(value, dict) else None


def is_digest(value: object) -> bool:
    """Return whether this is a SHA-256 in lower-case hex."""
    return isinstance(value, str) and re.fullmatch(r"[0-9a-f]{64}", value) is not None


def digest_of(content: bytes) -> str:
    """Return the SHA-256 in hex; that of a public key is its id."""
    return hashlib.sha256(content).hexdigest()


def fingerprint(identity: str) -> str:
    """Return what people compare: the first 16 hex digits of a key's id, in fours."""
    return "-".join(identity[place : place + 4] for place in range(0, 16, 4))


def encoded(kind: str, payload: bytes) -> bytes:
    """Return what is signed: a type and a payload in DSSE's encoding."""
    name = kind.encode("ascii")
    return b"DSSEv1 %d %b %d %b" % (len(name), name, len(payload), payload)


def is_signed(public: bytes, signature: bytes, content: bytes) -> bool:
    """Return whether this key signed exactly this content."""
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, content)
    except (InvalidSignature, ValueError):
        return False
    return True


def read_envelope(content: bytes, kind: str, where: str) -> tuple[bytes, dict[str, bytes]]:
    """Take an envelope apart: the payload, and signatures by their key's id; trusts none yet."""
    found = read_json(content, where)
    is_known = set(found) == {"payload", "payloadType", "signatures"}
    is_known = is_known and found["payloadType"] == kind and isinstance(found["signatures"], list)
    need(is_known, "format", f"{where} is no envelope of {kind}")
    payload = from_base64(found["payload"], None, f"the payload of {where}")
    signatures: dict[str, bytes] = {}
    for row in found["signatures"]:
        identity = row["keyid"] if isinstance(row, dict) and set(row) == {"keyid", "sig"} else ""
        is_new = is_digest(identity) and identity not in signatures
        need(is_new, "format", f"{where} has a signature that is none, or one key's twice")
        signatures[identity] = from_base64(row["sig"], SIGNATURE_BYTES, f"a signature of {where}")
    return payload, signatures


def opened(content: bytes, kind: str, keys: Collection[bytes], where: str) -> tuple[bytes, str]:
    """Return a payload that one of these keys signed, and that key's id; Broken if none did."""
    payload, signatures = read_envelope(content, kind, where)
    signers = [key for key in keys if digest_of(key) in signatures]
    by = ", ".join(map(fingerprint, signatures)) or "nobody"
    wanted = " or ".join(fingerprint(digest_of(key)) for key in keys)
    need(signers, "key", f"{where} is signed by {by}, and not by {wanted}")
    for key in signers:
        is_whole = is_signed(key, signatures[digest_of(key)], encoded(kind, payload))
        need(is_whole, "signature", f"{where} is not what {fingerprint(digest_of(key))} signed")
    return payload, digest_of(signers[0])
