"""
The least that checking a month takes: its signatures alone, verified in a loop.

`python -m verify_parts.bare FILE NODES PROCESSES` takes the blocks of one node from a bundle and
verifies them as often as there are nodes, without reading, hashing or comparing anything.  Prints
JSON: how many, and the seconds of the loop.
"""

import base64
import json
import sys
import time
import zipfile
from multiprocessing import Pool

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from verify_parts.month import blocks_of, names

Signed = list[tuple[bytes, bytes]]


def main() -> int:
    """Share the nodes among the processes and time them all."""
    file, nodes, processes = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    with zipfile.ZipFile(file) as archive:
        lines = archive.read(f"hours/{names(1)[0]}.jsonl").splitlines()
    key = base64.b64decode(json.loads(lines[0])["body"]["public"])
    signed = [(content, base64.b64decode(text)) for content, text in blocks_of(lines)]
    with Pool(processes) as pool:
        pool.map(_once, [(key, signed[:1])] * processes)
        began = time.perf_counter()
        done = sum(pool.imap_unordered(_once, ((key, signed) for _ in range(nodes)), chunksize=8))
        seconds = time.perf_counter() - began
    print(json.dumps({"signatures": done, "seconds": round(seconds, 2)}))
    return 0


def _once(task: tuple[bytes, Signed]) -> int:
    raw, signed = task
    key = Ed25519PublicKey.from_public_bytes(raw)
    for content, signature in signed:
        key.verify(signature, content)
    return len(signed)


if __name__ == "__main__":
    sys.exit(main())
