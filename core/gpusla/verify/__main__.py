"""The command: what was found in words or as JSON, and an exit code that says the same."""

import base64
import json
import os
import sys
from argparse import ArgumentParser, RawTextHelpFormatter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from gpusla.verify.bundle import verify_bundle, verify_statement
from gpusla.verify.faults import Broken, UsageError, told
from gpusla.verify.journals import COUNTS
from gpusla.verify.signed import KEY_BYTES, fingerprint

FINE, REFUSED, BROKEN = 0, 2, 6
_HELP = """\
Say whether anything was changed since it was signed.
for example: %(prog)s october.bundle.zip --key operator.pub
exit codes:  0 all is as it was signed, 2 wrong usage or nothing to verify, 6 broken"""
_PEM, _WHEN = bytes.fromhex("302a300506032b6570032100"), "%Y-%m-%d %H:%M:%SZ"  # RFC 8410
_FORGED = """\
  - whose key that is. All is of one hand; whose, you learn by comparing the fingerprint with
    one that the operator told you by another way, or by giving that key with --key"""
_PDF = "  - the pages. Of a PDF only the attachment is authenticated: they could show anything"
_ALONE = "the operator's word alone"
_ALWAYS = """\
  - the figures: `gpusla recompute` works them out anew, from a bundle
  - whether a node's first word was true: no signature proves that"""


def main(arguments: Sequence[str] | None = None, program: str = "python -m gpusla.verify") -> int:
    """Verify a file; returns 0 if all is as it was signed, 6 if not, 2 if there is none."""
    parser = ArgumentParser(program, description=_HELP, formatter_class=RawTextHelpFormatter)
    add = parser.add_argument
    add("file", type=Path, help="a bundle, a statement's PDF, or a signed statement alone")
    add("--key", action="append", default=[], help="public key: file or base64; may be repeated")
    add("--as", dest="form", choices=("text", "json"), default="text", help="how it is told")
    add("--statement", type=Path, metavar="FILE", help="new file to write the statement to")
    add("--jobs", type=int, default=os.cpu_count() or 1, help="how many processes")
    given = parser.parse_args(arguments)
    if given.statement and os.path.lexists(given.statement):
        parser.error(f"--statement replaces no file: {told(given.statement)} is there already")
    try:
        keys = [_key(text) for text in given.key]
        verify = verify_bundle if _is_archive(given.file) else verify_statement
        payload, found = verify(given.file, keys, given.jobs)
        words, code = "\n".join(_report(found)), FINE
        if given.statement:
            with given.statement.open("xb") as stream:
                stream.write(payload)
    except Broken as broken:
        found = {"verdict": "broken", "class": broken.fault, "words": broken.words}
        words, code = f"broken: {broken.fault}: {broken.words}", BROKEN
    except (UsageError, OSError) as cause:
        place = f"{told(cause.filename or given.file)}: " if isinstance(cause, OSError) else ""
        sys.stderr.write(f"{program}: {place}{getattr(cause, 'strerror', cause)}\n")
        return REFUSED
    sys.stdout.write((json.dumps(found, indent=2) if given.form == "json" else words) + "\n")
    return code


def _key(text: str) -> bytes:
    words = Path(text).read_text("ascii", "replace") if Path(text).is_file() else text
    try:  # of a PEM file too the longest word is the key
        raw = base64.b64decode(max(words.split(), key=len, default=""), validate=True)
    except ValueError:
        raw = b""
    if len(raw.removeprefix(_PEM)) != KEY_BYTES:
        raise UsageError(f"--key {told(text)}: no Ed25519 public key, in a file or as base64")
    return raw.removeprefix(_PEM)


def _is_archive(path: Path) -> bool:
    with path.open("rb") as stream:
        head = stream.read(5)
        stream.seek(max(stream.seek(0, os.SEEK_END) - 22, 0))
        is_archive = head.startswith(b"PK") or stream.read(4) == b"PK\x05\x06"
    if not is_archive and head != b"%PDF-" and not head.startswith(b"{"):
        raise UsageError(f"{told(path)} is neither a bundle nor a PDF nor a signed statement")
    return is_archive


def _report(found: dict[str, Any]) -> Iterator[str]:
    nodes, revision = found.get("nodes", []), found.get("revision")
    count = {name: sum(node[name] for node in nodes) for name in COUNTS}
    edges = [node[name] for node in nodes for name in ("from_ms", "until_ms") if node["blocks"]]
    suffix, pad = "" if revision is None else f", revision {revision}", " " * 16
    yield f"verified: {told(found['contract'])}, {told(found['period'])}{suffix}\n"
    yield f"  {'statement':14}{told(found['standing'])}, SHA-256 {found['statement_sha256']}"
    yield f"{pad}{told(found['from'])} to {told(found['until'])}"
    whose = "the key that you gave" if found["is_key_given"] else "the key in the bundle itself"
    yield f"  {'signed by':14}{fingerprint(found['key'])}, {whose}"
    if found["kind"] == "bundle":
        yield f"  {'files':14}{found['files']:,} by their digests, {found['size_bytes']:,} bytes"
        counted = f"{count['blocks']:,} blocks, {count['signed']:,} of them signed by enrolled keys"
        counted += f", and {count['tail']:,} records behind" if count["tail"] else ""
        yield f"  {'nodes':14}{len(nodes):,} with {counted}"
    if edges:
        first, last = (datetime.fromtimestamp(at // 1000, UTC) for at in (min(edges), max(edges)))
        yield f"  {'time covered':14}{first:{_WHEN}} to {last:{_WHEN}}, by the nodes' clocks"
    if count["records"]:
        yield f"  {'records':14}{count['records']:,}, with {count['heads']:,} signatures"
    yield "\nNot checked:"
    if not found["is_key_given"]:
        yield _FORGED
    if found["kind"] == "pdf":
        yield _PDF
    empty = [told(row["node"]) for row in nodes if not row["blocks"]]
    parts = [told(row["node"]) for row in nodes if row["blocks"] and not row["covers_period"]]
    for number, words in (
        (count["unsigned"] + count["unenrolled"], f"blocks that no enrolled key signed: {_ALONE}"),
        (count["loose"], f"records behind the last that their node signed: {_ALONE}"),
        (len(empty), f"nodes without blocks: {', '.join(empty[:3])}"),
        (len(parts), f"nodes with blocks of a part of the period: {', '.join(parts[:3])}"),
    ):
        if number:
            yield f"  - {number:,} {words}"
    yield _ALWAYS


if __name__ == "__main__":
    sys.exit(main())
