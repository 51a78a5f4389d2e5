"""
What one node signed: its keys, the blocks of its hours, and the records behind them if they came.

Each block is signed by a key that `nodes.json` lists or that such a key endorsed; where it lists
none, the first one is believed.  What is worth the operator's word alone is counted.  The others
stand in runs up to a signature, a block, or, behind the last one, the record that is cited.
"""

from collections import Counter
from collections.abc import Iterator
from typing import Any, NamedTuple

from gpusla.verify import signed
from gpusla.verify.archive import Archive
from gpusla.verify.faults import need, told

HEAD, KEY, HOUR = (f"application/vnd.gpusla.{what}+json" for what in ("head", "key", "hour"))
_GENESIS, _MOST = "0" * 64, 1 << 47
_NUMBERS = ("number", "first_sequence", "last_sequence", "samples", "from_ms", "until_ms")
_BLOCK: dict[str, type] = {"node": str, "previous": str, "head": str, "conditions": list}
_BLOCK |= dict.fromkeys(_NUMBERS, int) | dict.fromkeys(("records", "gpus", "spans"), dict)
_RECORD = {"body": dict, "kind": str, "prev": str, "seq": int, "v": int}
COUNTS = ("blocks", "signed", "unsigned", "unenrolled", "records", "heads", "tail", "loose")


class Task(NamedTuple):
    """A node, its keys in base64, its members' name and entries, and records that are cited."""

    node: str
    keys: tuple[str, ...]
    name: str
    members: dict[str, Any]
    cited: dict[int, str]


class Walk:
    """One way through what a bundle has of a node."""

    def __init__(self, archive: Archive, task: Task) -> None:
        self._archive, self._task = archive, task
        where = f"a key of {told(task.node)} in nodes.json"
        raw = [signed.from_base64(text, signed.KEY_BYTES, where) for text in task.keys]
        self._known = {signed.digest_of(key): key for key in raw}
        self._believed = set(self._known)
        self._blocks, self._lines = list[dict[str, Any]](), dict[int, str]()
        self._next: tuple[int, int, str] | None = None  # number, first record and previous block
        self._found: dict[str, Any] = dict.fromkeys(COUNTS, 0) | {"from_ms": None, "until_ms": None}

    def run(self) -> dict[str, Any]:
        """Read the hours, then the records behind them; Broken for the first that is not right."""
        task, begin, end, loose = self._task, 1, 0, 0
        readers = {"key": self._introduce, "hour": self._close, "signature": self._require_head}
        for record, where, digest in self._in_order("hours"):
            kind = record["kind"] if record["v"] == 1 else ""
            if record["seq"] > end + 1:
                need(not (loose and self._known), "chain", f"what is before {where} is not signed")
                begin = record["seq"]
            if kind in readers:
                readers[kind](record, where)
            loose = 0 if kind in {"hour", "signature"} else loose + (kind != "key")
            self._lines[end := record["seq"]] = digest
        closed = self._next[1] if self._next else 0
        is_whole = end == closed or (begin <= closed + 1 and end in task.cited)
        need(is_whole, "chain", f"hours/{task.name} has no tail up to the record that is cited")
        self._found |= {"blocks": len(self._blocks), "tail": end - closed, "loose": loose}
        if task.members["journals"]:
            self._read_records()
        believed = sorted(map(signed.fingerprint, self._believed))
        return {"node": task.node, "keys": believed, **self._found}

    def _in_order(self, folder: str) -> Iterator[tuple[dict[str, Any], str, str]]:
        """Yield a member's records in order, each with where it stands and its digest."""
        member, sequence, digest = f"{folder}/{self._task.name}", 0, _GENESIS
        for line in self._archive.lines(member, self._task.members[folder]["sha256"]):
            record = signed.read_json(line, f"a line of {member}", "record")
            is_record = signed.types_of(record) == _RECORD and signed.is_digest(record["prev"])
            need(is_record, "record", f"a line of {member} is no record")
            number, where = record["seq"], f"{member}: record {record['seq']}"
            follows = number > sequence + 1 or (number, record["prev"]) == (sequence + 1, digest)
            need(follows, "chain", f"{where} does not follow record {sequence} as it stands here")
            sequence, digest = number, signed.digest_of(line)
            self._require_cited(sequence, digest)
            yield record, where, digest

    def _introduce(self, record: dict[str, Any], where: str) -> None:
        body, before = record["body"], str(record["body"].get("previous"))
        named = {"node": self._task.node, "previous": before, "public": body.get("public")}
        public = signed.from_base64(named["public"], signed.KEY_BYTES, f"the key of {where}")
        content, identity = signed.encoded(KEY, signed.canonical(named)), signed.digest_of(public)
        self._require(public, body.get("signature"), content, f"{where} is not signed by its key")
        if body.get("endorsement") and before in self._known:
            words = f"{where} is not endorsed by the key before it"
            self._require(self._known[before], body["endorsement"], content, words)
            self._believed |= {identity} if before in self._believed else set()
        if not self._known:  # nobody enrolled one: whoever had the node first chose it
            self._believed.add(identity)
        self._known[identity] = public
        if not self._task.keys:  # else it is no fault before it signs: a stolen one stays on record
            self._key(identity, where)

    def _close(self, record: dict[str, Any], where: str) -> None:
        body, found = record["body"], self._found
        need(set(body) == {"at", "block", "key", "signature"}, "record", f"{where} closes no block")
        block = body["block"]
        _require_sound(block, self._task.node, where)
        number, first, previous = block["number"], block["first_sequence"], block["previous"]
        follows = self._next or (number, first, previous if number > 1 else _GENESIS)
        words = f"another than block {follows[0]} from {follows[1]} on, after {follows[2][:16]}"
        need((number, first, previous) == follows, "chain", f"{where} closes {words}")
        end, head = block["last_sequence"], block["head"]
        is_behind = (end + 1, head) == (record["seq"], record["prev"])
        need(is_behind, "chain", f"{where} does not stand behind record {end}, its block's last")
        self._require_cited(end, head)
        content, kind = signed.canonical(block), "signed" if self._task.keys else "unenrolled"
        if body["key"] == body["signature"] == "":
            need(not self._known, "signature", f"{where} is not signed, and its node has a key")
            kind = "unsigned"
        else:
            public, words = self._key(body["key"], where), f"{where} is not what its key signed"
            self._require(public, body["signature"], signed.encoded(HOUR, content), words)
        for name, outer in (("from_ms", min), ("until_ms", max)):
            found[name] = outer(block[name], block[name] if found[name] is None else found[name])
        found[kind] += 1
        self._next = number + 1, end + 1, signed.digest_of(content)
        self._blocks.append({name: block[name] for name in (*_NUMBERS, "head", "records")})

    def _require_cited(self, sequence: int, digest: str) -> None:
        words = f"the statement rests on another record {sequence} of {told(self._task.node)}"
        need(self._task.cited.get(sequence, digest) == digest, "statement", words)

    def _key(self, identity: object, where: str) -> bytes:
        by = told(identity)
        need(by in self._known, "key", f"{where} is of key {by}, which nobody introduced")
        words = f"{where} is of key {signed.fingerprint(by)}, which may not sign for this node"
        need(by in self._believed, "key", words)
        return self._known[by]

    def _require(self, key: bytes, signature: object, content: bytes, words: str) -> None:
        raw = signed.from_base64(signature, signed.SIGNATURE_BYTES, f"{words}: its signature")
        need(signed.is_signed(key, raw, content), "signature", words)

    def _read_records(self) -> None:
        waiting, seen = self._blocks[::-1], dict[str, Any]()
        first: int = waiting[-1]["first_sequence"] if waiting else 1
        last, self._found["heads"] = first - 1, 0
        for record, where, digest in self._in_order("journals"):
            need(record["seq"] == last + 1, "chain", f"{where} does not follow record {last}")
            last, kind, body = record["seq"], record["kind"], record["body"]
            if (record["v"], kind) == (1, "signature"):
                self._require_head(record, where)
            # The first record of all may close the block before, which is not in the bundle.
            is_listed = kind == "key" or (kind == "hour" and last > first)
            alone = None if waiting and is_listed else digest
            need(self._lines.pop(last, alone) == digest, "record", f"{where} is another in hours/")
            at, samples = body.get("at"), body.get("samples")
            wall_ms = at.get("wall_ms") if isinstance(at, dict) else None
            seen = seen or {"records": Counter(), "samples": 0, "from_ms": wall_ms}
            seen["records"][kind] += 1
            seen["samples"] += samples if kind == "observed" and type(samples) is int else 0
            seen["until_ms"] = wall_ms
            if waiting and last == waiting[-1]["last_sequence"]:
                block, number = waiting[-1], f"block {waiting.pop()['number']}"
                need(block["head"] == digest, "chain", f"{where} is not {number}'s last")
                for name, value in seen.items():
                    need(block[name] == value, "block", f"{where} ends {number}, of other {name}")
                seen = {}
            self._found["records"] += 1
        need(not waiting, "chain", f"journals/{self._task.name} ends within a block")

    def _require_head(self, record: dict[str, Any], where: str) -> None:
        body, sequence = record["body"], record["seq"] - 1
        head = {"node": self._task.node, "sequence": sequence, "digest": record["prev"]}
        words = f"{where} is no signature of record {sequence} as it stands here"
        content = signed.encoded(HEAD, signed.canonical(head))
        self._require(self._key(body.get("key"), where), body.get("signature"), content, words)
        self._found["heads"] += 1


def _require_sound(block: Any, node: str, where: str) -> None:
    need(signed.types_of(block) == _BLOCK, "block", f"{where} has a block of other fields")
    need(block["node"] == node, "block", f"{where} has a block of {told(block['node'])}")
    counts, length = block["records"].values(), block["last_sequence"] - block["first_sequence"] + 1
    is_sound = all(0 <= block[name] < _MOST for name in _NUMBERS)
    is_sound &= signed.is_digest(block["previous"]) and signed.is_digest(block["head"])
    is_sound &= all(type(count) is int and count > 0 for count in counts) and sum(counts) == length
    is_sound &= min(block["number"], block["first_sequence"], length) > 0
    need(is_sound, "block", f"{where} has a block whose numbers are not those of {length} records")
    is_sound = all(gpu is None or isinstance(gpu, str) for gpu in block["gpus"].values())
    for rows in block["spans"].values():
        is_sound &= isinstance(rows, list) and all(_is_span(row, block) for row in rows)
    need(is_sound, "block", f"{where} has a block whose GPUs or spans are none")


def _is_span(row: Any, block: dict[str, Any]) -> bool:
    if not isinstance(row, list) or len(row) != 7:  # noqa: PLR2004  (docs/reference/bundle.md)
        return False
    start, end, place, other, error, first, last = row
    whole = [place if other is None else other, start if error is None else error]
    if any(type(one) is not int for one in (start, end, place, first, last, *whole)):
        return False
    are_places = min(place, whole[0]) >= 0 and max(place, whole[0]) < len(block["conditions"])
    return bool(are_places and start < end and 1 <= first <= last <= block["last_sequence"])
