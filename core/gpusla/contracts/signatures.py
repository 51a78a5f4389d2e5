"""
Ed25519 signatures of contracts: made, and held against the content that they are of.

Apart from `signing`, so that reading a contract needs no cryptography; who trusts a contract does.
Whose a key is no file can say: compare its fingerprint with the one that the other side gave you.
"""

import base64
import hashlib
from collections.abc import Iterator

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)

from gpusla.contracts.model import ContractVersion, Signature
from gpusla.contracts.signing import KEY_BYTES, SIGNATURE_BYTES, decode, signed_bytes
from gpusla.documents import Document


def wrong_signatures(contract: ContractVersion, document: Document) -> Iterator[int]:
    """Yield the place of each signature that is not one of this content by its key."""
    content = signed_bytes(document)
    for place, one in enumerate(contract.signatures):
        key = Ed25519PublicKey.from_public_bytes(decode(one.key, KEY_BYTES))
        try:
            key.verify(decode(one.signature, SIGNATURE_BYTES), content)
        except InvalidSignature:
            yield place


def sign(document: Document, party: str, private_key: bytes) -> Signature:
    """
    Return a side's signature of the content.

    private_key: the 32 bytes of an Ed25519 key.  Raises ValueError for another number of bytes.
    """
    if len(private_key) != KEY_BYTES:
        message = f"this has {len(private_key)} bytes and {KEY_BYTES} are needed"
        raise ValueError(message)
    key = Ed25519PrivateKey.from_private_bytes(private_key)
    public = key.public_key().public_bytes_raw()
    signature = key.sign(signed_bytes(document))
    return Signature(party, _text(public), _text(signature))


def fingerprint(key: str) -> str:
    """Return a public key's fingerprint: the first 16 hex digits of its SHA-256, in fours."""
    digits = hashlib.sha256(decode(key, KEY_BYTES)).hexdigest()[:16]
    return "-".join(digits[place : place + 4] for place in range(0, len(digits), 4))


def _text(content: bytes) -> str:
    return base64.b64encode(content).decode("ascii")
