"""Ed25519 (RFC 8032): the only file here that meets cryptography."""

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)

from gpusla.evidence.keys import PRIVATE_BYTES, PUBLIC_BYTES, SIGNATURE_BYTES


def public_of(private: bytes) -> bytes:
    """Return the 32 bytes of the public key of a private one, which has 32 as well."""
    assert len(private) == PRIVATE_BYTES  # whoever reads a key file has measured it
    return Ed25519PrivateKey.from_private_bytes(private).public_key().public_bytes_raw()


def sign(private: bytes, content: bytes) -> bytes:
    """Return the 64 bytes of a signature; content comes from `gpusla.evidence.envelope`."""
    assert len(private) == PRIVATE_BYTES  # as above
    return Ed25519PrivateKey.from_private_bytes(private).sign(content)


def is_signature(public: bytes, signature: bytes, content: bytes) -> bool:
    """Return whether signature is one of exactly this content by this key."""
    if len(public) != PUBLIC_BYTES or len(signature) != SIGNATURE_BYTES:
        return False
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, content)
    except InvalidSignature:
        return False
    return True
