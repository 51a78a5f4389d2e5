"""
How keys are written down: ids and fingerprints, base64 in records, PEM in files.

A file holds PKCS#8 of RFC 8410, which is forty-eight bytes of which the last thirty-two are the
key; nothing here needs cryptography, so that naming a key costs a node no memory.
"""

import base64
import binascii
import hashlib

PRIVATE_BYTES = PUBLIC_BYTES = 32
SIGNATURE_BYTES = 64

_OTHERS = 0o077
"""Group and world: to read, write or run."""

_BEGIN, _END = "-----BEGIN PRIVATE KEY-----", "-----END PRIVATE KEY-----"
_PKCS8 = bytes.fromhex("302e020100300506032b657004220420")
"""SEQUENCE { version 0, algorithm 1.3.101.112, OCTET STRING { OCTET STRING of 32 bytes } }."""


def key_id(public: bytes) -> str:
    """Return the SHA-256 of a public key's 32 raw bytes, in hex."""
    return hashlib.sha256(public).hexdigest()


def fingerprint(public: bytes) -> str:
    """Return what people compare: the first 16 hex digits of the id, in fours."""
    digits = key_id(public)[:16]
    return "-".join(digits[place : place + 4] for place in range(0, len(digits), 4))


def to_text(content: bytes) -> str:
    """Return bytes in base64, as records and files have keys and signatures."""
    return base64.b64encode(content).decode("ascii")


def from_text(text: str, length_bytes: int) -> bytes:
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
    if to_text(found) != text:
        message = "this is not base64 as it is written in one way only"
        raise ValueError(message)
    if len(found) != length_bytes:
        message = f"this has {len(found)} bytes and {length_bytes} are needed"
        raise ValueError(message)
    return found


def may_be_used_by_others(mode: int) -> bool:
    """Tell by the mode of a private key's file whether anybody but its owner may do anything."""
    return bool(mode & _OTHERS)


def to_pem(private: bytes) -> bytes:
    """Return a private key's file."""
    assert len(private) == PRIVATE_BYTES  # it was just made, or read by `from_pem`
    return f"{_BEGIN}\n{to_text(_PKCS8 + private)}\n{_END}\n".encode("ascii")


def from_pem(content: bytes) -> bytes:
    """
    Return the 32 bytes of an unencrypted Ed25519 private key.

    Raises ValueError with the reason in words for anything else.
    """
    lines = content.decode("ascii", "replace").split()
    text = " ".join(lines)
    if not (text.startswith(_BEGIN) and text.endswith(_END)):
        message = "this is not a private key in PEM (PKCS#8)"
        raise ValueError(message)
    inner = text.removeprefix(_BEGIN).removesuffix(_END).replace(" ", "")
    der = from_text(inner, len(_PKCS8) + PRIVATE_BYTES)
    if not der.startswith(_PKCS8):
        message = "this is not an Ed25519 key"
        raise ValueError(message)
    return der[len(_PKCS8) :]
