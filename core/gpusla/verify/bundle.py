"""A whole bundle: manifest, statement, facts, contracts, then node by node."""

import re
from collections.abc import Collection
from concurrent.futures import ProcessPoolExecutor
from datetime import datetime
from itertools import chain, repeat
from pathlib import Path
from typing import Any
from urllib.parse import quote

from gpusla.verify import signed
from gpusla.verify.archive import Archive
from gpusla.verify.attachment import attached
from gpusla.verify.faults import Broken, UsageError, need, told
from gpusla.verify.journals import Task, Walk

STATEMENT, BUNDLE = (f"application/vnd.gpusla.{what}+json" for what in ("statement", "bundle"))
Verified = tuple[bytes, dict[str, Any]]
_MANIFEST: dict[str, type] = {"revision": int, "files": dict}
_MANIFEST |= dict.fromkeys(("format", "contract", "period", "made_by", "key"), str)
_ENTRY = {"sha256": str, "size_bytes": int}


def verify_statement(path: Path, keys: Collection[bytes], _: int) -> Verified:
    """Verify a statement, alone or in a PDF; returns it, and what a report says of it."""
    content, where, kind = path.read_bytes(), "the file", "statement"
    if content.startswith(b"%PDF-"):
        content, where, kind = attached(content), "the PDF's attached file", "pdf"
    if not re.search(rb'"(payload|gpusla/statement/)', content):
        raise UsageError(f"{where} holds no statement, signed or not")
    is_sealed = "payload" in signed.read_json(content, where)
    need(is_sealed, "signature", f"{where} is not signed, so nothing of it can be checked")
    if not keys:
        raise UsageError(f"{where} does not hold the key that signed it; give that with --key")
    payload, key = signed.opened(content, STATEMENT, keys, where)
    found = {"verdict": "verified", "kind": kind, "key": key, "is_key_given": True}
    return payload, found | _statement(payload)[0]


def verify_bundle(path: Path, keys: Collection[bytes], processes: int) -> Verified:
    """Verify a bundle, its nodes in so many processes; returns the same."""
    with path.open("rb") as stream:
        archive = Archive(stream)
        manifest, key = _manifest(archive, keys)
        files = manifest.pop("files")

        def read(name: str) -> bytes:
            return archive.read(name, files[name]["sha256"])

        envelope = read("statement.json")
        payload, identity = signed.opened(envelope, STATEMENT, [key], "statement.json")
        statement, (contract, digest), cited = _statement(payload)
        facts = signed.read_json(read("facts.json"), "facts.json")
        month = manifest | {"period": str(manifest["period"])[:7]}  # of which a period is a part
        for file, found, of in (("statement", statement, manifest), ("facts", facts, month)):
            for name in ("contract", "period"):
                words = f"{file}.json is of {name} {told(found.get(name))}, not {told(of[name])}"
                need(found.get(name) == of[name], "statement", words)
        need(contract in files, "missing", f"{told(contract)}: not there, and the statement's")
        is_cited = files[contract]["sha256"] == digest
        need(is_cited, "statement", f"{contract} is not the contract that the statement cites")
        page = attached(read("statement.pdf")) if "statement.pdf" in files else envelope
        is_same = page.strip() in {envelope.strip(), payload.strip()}
        need(is_same, "statement", "statement.pdf has another statement attached to it")
        tasks = _tasks(read("nodes.json"), files, cited)
        walked = {f"{kind}/{task.name}" for task in tasks for kind in ("hours", "journals")}
        for name in sorted(files.keys() - walked):
            need(not name.startswith(("hours/", "journals/")), "unlisted", f"{name} is of no node")
            read(name)
    nodes = _walk(path, tasks, processes)
    for row in nodes:
        is_whole = row["blocks"] and row["from_ms"] <= statement["from_ms"]
        row["covers_period"] = bool(is_whole and row["until_ms"] >= statement["until_ms"])
    told_of = {"verdict": "verified", "kind": "bundle", "key": identity, "is_key_given": bool(keys)}
    told_of |= {"files": len(files), "size_bytes": sum(one["size_bytes"] for one in files.values())}
    return payload, told_of | statement | manifest | {"nodes": nodes}


def _manifest(archive: Archive, keys: Collection[bytes]) -> tuple[dict[str, Any], bytes]:
    there = archive.sizes.keys() - {"manifest.json"}
    need(there != archive.sizes.keys(), "manifest", "there is no manifest.json")
    content = archive.read("manifest.json", None)
    payload = signed.read_envelope(content, BUNDLE, "manifest.json")[0]
    manifest = signed.read_json(payload, "manifest.json", "manifest")
    is_known = signed.types_of(manifest) == _MANIFEST and manifest["format"] == "gpusla/bundle/1"
    need(is_known, "manifest", "manifest.json is not of format gpusla/bundle/1")
    key = signed.from_base64(manifest.pop("key"), signed.KEY_BYTES, "the manifest's key")
    by, *wanted = (signed.fingerprint(signed.digest_of(one)) for one in (key, *keys))
    need(not keys or key in keys, "key", f"the bundle is of {by}, and not of {' or '.join(wanted)}")
    signed.opened(content, BUNDLE, [key], "manifest.json")
    files = manifest["files"]
    are_listed = all(signed.types_of(entry) == _ENTRY for entry in files.values())
    are_listed = are_listed and all(signed.is_digest(entry["sha256"]) for entry in files.values())
    need(are_listed, "manifest", "manifest.json has no list of digests and sizes")
    needed = files.keys() | {"statement.json", "facts.json", "nodes.json"}
    missing, unlisted = sorted(needed - there), sorted(there - files.keys())
    need(not missing, "missing", f"{told(', '.join(missing))}: not there")
    need(not unlisted, "unlisted", f"{', '.join(unlisted)}: there, and not listed")
    for name, entry in files.items():
        is_size = archive.sizes[name] == entry["size_bytes"]
        need(is_size, "digest", f"{name} has not the size that the manifest lists")
    return manifest, key


def _statement(payload: bytes) -> tuple[dict[str, Any], tuple[str, Any], dict[str, dict[int, str]]]:
    """Return what a report says of a statement, its contract's file, and the records it cites."""
    found = signed.read_json(payload, "the statement")
    try:
        digest = signed.digest_of(signed.canonical(found["evaluation"]))
        is_whole = digest == found["evaluation_digest"]
        need(is_whole, "statement", "the statement's figures are not those of its own digest")
        contract, period, journals = found["contract"], found["period"], found["inputs"]["journals"]
        told_of = {"contract": contract["id"], "period": period["key"], "from": period["start"]}
        told_of |= {"until": period["judged_until"], "standing": found["standing"]}
        for name in ("from", "until"):
            told_of[f"{name}_ms"] = round(datetime.fromisoformat(told_of[name]).timestamp() * 1000)
        cited = {node: {one["sequence"]: one["digest"]} for node, one in journals.items()}
        version = (f"contract/{contract['version']}.yaml", contract["digest"])
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as cause:
        raise Broken("statement", "the statement lacks what each has") from cause
    return told_of | {"statement_sha256": signed.digest_of(payload)}, version, cited


def _tasks(content: bytes, files: dict[str, Any], cited: dict[str, Any]) -> list[Task]:
    found, tasks = signed.read_json(content, "nodes.json"), []
    nodes = found.get("nodes") if found.get("format") == "gpusla/nodes/1" else None
    for node, entry in sorted(nodes.items() if isinstance(nodes, dict) else [("", None)]):
        keys = entry.get("keys") if isinstance(entry, dict) else None
        need(isinstance(keys, list), "format", "nodes.json is not of format gpusla/nodes/1")
        is_text = not re.search("[\ud800-\udfff]", node)  # half characters have no bytes
        need(is_text, "format", f"{told(node)} in nodes.json is no name of a node")
        name = quote(node, safe="").replace(".", "%2E") + ".jsonl"
        need(f"hours/{name}" in files, "missing", f"hours/{name}: not there")
        members = {folder: files.get(f"{folder}/{name}") for folder in ("hours", "journals")}
        tasks.append(Task(node, tuple(keys or ()), name, members, cited.get(node, {})))
    return tasks


def _walk(path: Path, tasks: list[Task], processes: int) -> list[dict[str, Any]]:
    """Return what was found of each node, in order; the first broken one is the first by name."""
    size = max(len(tasks) // 64, 16)
    chunks = [tasks[place : place + size] for place in range(0, len(tasks), size)]
    if min(processes, len(chunks)) <= 1:
        return _walked(path, tasks)
    with ProcessPoolExecutor(processes) as pool:
        return list(chain.from_iterable(pool.map(_walked, repeat(path), chunks)))


def _walked(path: Path, tasks: list[Task]) -> list[dict[str, Any]]:
    with path.open("rb") as stream:
        archive = Archive(stream)
        return [Walk(archive, task).run() for task in tasks]
