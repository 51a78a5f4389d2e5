"""
What one node signed: its keys, the blocks of its hours, and the records behind them if they came.

Each block is signed by a key that `nodes.json` lists or that such a key endorsed; where it lists
none, the first one is believed, and what is worth no more than the operator's word is counted.
"""

from collections import Counter
from typing import Any, NamedTuple

from gpusla.verify import signed
from gpusla.verify.archive import Archive
from gpusla.verify.faults import need, told

HEAD, KEY, HOUR = (f"application/vnd.gpusla.{what}+json" for what in ("head", "key", "hour"))
_GENESIS, _MOST = "0" * 64, 1 << 47
_NUMBERS = ("number", "first_sequence", "last_sequence", "samples", "from_ms", "until_ms")
_MAPS = ("records", "gpus", "spans")
_BLOCK = {*_NUMBERS, *_MAPS, "node", "previous", "head", "conditions"}
COUNTS = ("blocks", "signed", "unsigned", "unenrolled", "records", "heads")


class Task(NamedTuple):
    """A node, its keys in base64, its members' name and digests, and records that are cited."""

    node: str
    keys: tuple[str, ...]
    name: str
    hours_sha256: str
    journal_sha256: str | None
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
        self._found: dict[str, Any] = dict.fromkeys(COUNTS, 0) | {"from_ms": None, "until_ms": None}

    def run(self) -> dict[str, Any]:
        """Read the hours, then the records behind them; Broken for the first that is not right."""
        task, sequence = self._task, 0
        for line in self._archive.lines(f"hours/{task.name}", task.hours_sha256):
            record, where = _record(line, f"hours/{task.name}")
            need(record["seq"] > sequence, "chain", f"{where} stands behind record {sequence}")
            sequence, kind = record["seq"], (record["v"], record["kind"])
            need(kind in {(1, "key"), (1, "hour")}, "record", f"{where} is of kind {told(kind)}")
            (self._introduce if kind == (1, "key") else self._close)(record, where)
            self._lines[sequence] = signed.digest_of(line)
        if task.journal_sha256 is not None:
            self._read_records(task.journal_sha256)
        believed = sorted(map(signed.fingerprint, self._believed))
        return {"node": task.node, "keys": believed, **self._found}

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
        follows = (number, first, previous if number > 1 else _GENESIS)
        if self._blocks:
            last = self._blocks[-1]
            follows = (last["number"] + 1, last["last_sequence"] + 1, last["digest"])
        words = f"block {follows[0]} from record {follows[1]} on, after {follows[2][:16]}"
        is_next = (number, first, previous) == follows
        need(is_next, "chain", f"{where} closes block {number}; what comes next is {words}")
        end, head = block["last_sequence"], block["head"]
        is_behind = (end + 1, head) == (record["seq"], record["prev"])
        need(is_behind, "chain", f"{where} does not stand behind record {end}, its block's last")
        self._require_cited(end, head)
        content = signed.canonical(block)
        self._count(body["key"], body["signature"], signed.encoded(HOUR, content), where)
        for name, outer in (("from_ms", min), ("until_ms", max)):
            found[name] = outer(block[name], block[name] if found[name] is None else found[name])
        found["blocks"] += 1
        kept = {name: block[name] for name in (*_NUMBERS, "head", "records")}
        self._blocks.append(kept | {"digest": signed.digest_of(content)})

    def _require_cited(self, sequence: int, digest: str) -> None:
        words = f"the statement rests on another record {sequence} of {told(self._task.node)}"
        need(self._task.cited.get(sequence, digest) == digest, "statement", words)

    def _count(self, identity: object, signature: object, content: bytes, where: str) -> None:
        found = self._found
        if identity == signature == "":
            need(not self._known, "signature", f"{where} is not signed, and its node has a key")
            found["unsigned"] += 1
        else:
            words = f"{where} is not what its key signed"
            self._require(self._key(identity, where), signature, content, words)
            found["signed" if self._task.keys else "unenrolled"] += 1

    def _key(self, identity: object, where: str) -> bytes:
        by = told(identity)
        need(by in self._known, "key", f"{where} is of key {by}, which nobody introduced")
        words = f"{where} is of key {signed.fingerprint(by)}, which may not sign for this node"
        need(by in self._believed, "key", words)
        return self._known[by]

    def _require(self, key: bytes, signature: object, content: bytes, words: str) -> None:
        raw = signed.from_base64(signature, signed.SIGNATURE_BYTES, f"{words}: its signature")
        need(signed.is_signed(key, raw, content), "signature", words)

    def _read_records(self, sha256: str) -> None:
        task, waiting, counted = self._task, self._blocks[::-1], list[Any]()
        first: int = waiting[-1]["first_sequence"] if waiting else 1
        sequence, digest = first - 1, None
        for line in self._archive.lines(f"journals/{task.name}", sha256):
            record, where = _record(line, f"journals/{task.name}")
            is_next = record["seq"] == sequence + 1 and digest in {None, record["prev"]}
            need(is_next, "chain", f"{where} does not follow record {sequence}")
            if (record["v"], record["kind"]) == (1, "signature"):
                self._require_head(record, where)
            sequence, digest = record["seq"], signed.digest_of(line)
            # The first record of all may close the block before, which is not in the bundle.
            is_listed = record["kind"] == "key" or (record["kind"] == "hour" and sequence > first)
            alone = None if waiting and is_listed else digest
            is_same = self._lines.pop(sequence, alone) == digest
            need(is_same, "record", f"{where} is not the one in hours/{task.name}")
            self._require_cited(sequence, digest)
            at, samples = record["body"].get("at"), record["body"].get("samples")
            is_sampled = record["kind"] == "observed" and type(samples) is int
            wall_ms = at.get("wall_ms") if isinstance(at, dict) else None
            counted.append((record["kind"], samples if is_sampled else 0, wall_ms))
            if waiting and sequence == waiting[-1]["last_sequence"]:
                _require_counted(waiting.pop(), digest, counted, where)
                counted.clear()
            self._found["records"] += 1
        need(not waiting, "chain", f"journals/{task.name} ends within a block")

    def _require_head(self, record: dict[str, Any], where: str) -> None:
        body, sequence = record["body"], record["seq"] - 1
        head = {"node": self._task.node, "sequence": sequence, "digest": record["prev"]}
        words = f"{where} is no signature of record {sequence} as it stands here"
        content = signed.encoded(HEAD, signed.canonical(head))
        self._require(self._key(body.get("key"), where), body.get("signature"), content, words)
        self._found["heads"] += 1


def _require_counted(block: dict[str, Any], digest: str, rows: list[Any], where: str) -> None:
    number = f"block {block['number']}"
    need(block["head"] == digest, "chain", f"{where} is not the one that {number} ends with")
    kinds, samples, walls = zip(*rows, strict=True)
    counted = {"records": Counter(kinds), "samples": sum(samples)}
    for name, value in (counted | {"from_ms": walls[0], "until_ms": walls[-1]}).items():
        need(block[name] == value, "block", f"{where} ends {number}, of other {name}")


def _record(line: bytes, member: str) -> tuple[dict[str, Any], str]:
    record, where = signed.read_json(line, f"a line of {member}", "record"), f"a line of {member}"
    is_envelope = set(record) == {"body", "kind", "prev", "seq", "v"}
    need(is_envelope, "record", f"{where} has not the five keys of a record")
    is_sound = all(type(record[name]) is int and record[name] > 0 for name in ("seq", "v"))
    is_sound &= isinstance(record["kind"], str) and isinstance(record["body"], dict)
    need(is_sound and signed.is_digest(record["prev"]), "record", f"{where} is no record")
    return record, f"{member}: record {record['seq']}"


def _require_sound(block: Any, node: str, where: str) -> None:
    is_block = isinstance(block, dict) and set(block) == _BLOCK
    need(is_block, "block", f"{where} has a block of other fields")
    need(block["node"] == node, "block", f"{where} has a block of {told(block['node'])}")
    is_sound = all(type(block[name]) is int and 0 <= block[name] < _MOST for name in _NUMBERS)
    is_sound &= all(signed.is_digest(block[name]) for name in ("previous", "head"))
    is_sound &= all(isinstance(block[name], dict) for name in _MAPS)
    need(is_sound and isinstance(block["conditions"], list), "block", f"{where} has no sound block")
    counts, length = block["records"].values(), block["last_sequence"] - block["first_sequence"] + 1
    is_sound = all(type(count) is int and count > 0 for count in counts) and sum(counts) == length
    is_sound &= min(block["number"], block["first_sequence"], length) > 0
    need(is_sound, "block", f"{where} has a block whose counts are not of {length} records")
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
