"""The keys of nodes on paper: whoever knows the number can list them before the fleet runs."""

from hashlib import sha256


def private_key(seed: int, node: str) -> bytes:
    """Return the 32 bytes of a node's private Ed25519 key; it is a secret of nobody."""
    return sha256(f"gpusla paper key {seed} {node}".encode()).digest()
