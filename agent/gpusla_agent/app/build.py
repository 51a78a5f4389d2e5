"""The digests that a start names: of the program that runs, and of all that is configured."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

import gpusla
import gpusla_agent


def build_digest() -> str:
    """
    Return the SHA-256 over the program files of both packages, as they lie on disk.

    It says which program was started, not that nothing changed it in memory; the packages below
    ours are not in it.
    """
    digest = hashlib.sha256()
    for package in (gpusla, gpusla_agent):
        root = Path(package.__path__[0])
        for path in sorted(root.rglob("*.py")):
            content = hashlib.sha256(path.read_bytes()).hexdigest()
            digest.update(f"{content}  {package.__name__}/{path.relative_to(root)}\n".encode())
    return digest.hexdigest()


def configuration_digest(digests: Mapping[str, str]) -> str:
    """Return the SHA-256 over the digest of each subject that is configured, by name."""
    text = json.dumps(dict(digests), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode("ascii")).hexdigest()
