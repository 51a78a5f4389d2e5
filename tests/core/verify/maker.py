"""Bundles made with the product's writers, and never with what verifies them."""

import hashlib
import io
import json
import struct
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache

import typst

from gpusla.catalogue.reasons import State
from gpusla.evidence import ed25519
from gpusla.evidence.envelope import (
    BUNDLE_TYPE,
    STATEMENT_TYPE,
    canonical,
    head_bytes,
    hour_bytes,
    hour_digest,
    key_bytes,
)
from gpusla.evidence.keys import key_id, to_text
from gpusla.evidence.sealed import seal
from gpusla.identity import GpuUuid, NodeName, Slot
from gpusla.journal.body import Body
from gpusla.journal.chain import EMPTY, Head
from gpusla.journal.codec import block_content, digest, encode
from gpusla.journal.hours import HourBlock, HourClosed, HourSpan
from gpusla.journal.model import (
    GENESIS,
    ClockState,
    Condition,
    Finding,
    HeadSigned,
    Instant,
    KeyIntroduced,
    Observed,
    Occupancy,
    Started,
)
from gpusla.statement import to_json
from tests.core.statement.scenes import four_promises, statement

OPERATOR, STRANGER = b"\x01" * 32, b"\x02" * 32
CONTRACT = b"gpusla: contract/1\nid: acme-2026\n"
START_MS = 1_790_000_000_000
HOUR_MS = 3_600_000
OK = Condition(State.OK)
LOST = Condition(State.DOWN, (Finding("gpu_lost", "NVML 15"),))


def public(private: bytes) -> str:
    """Return the public key of a private one, in base64."""
    return to_text(ed25519.public_of(private))


def identity(private: bytes) -> str:
    """Return the id of a private key's public one."""
    return key_id(ed25519.public_of(private))


@dataclass(slots=True)
class NodeJournal:
    """A node's journal as its agent would write it: lines, and what the open block has so far."""

    node: str
    private: bytes | None
    lines: list[bytes] = field(default_factory=list)
    head: Head = EMPTY
    kept: list[bytes] = field(default_factory=list)
    number: int = 0
    previous: str = GENESIS
    first: int = 1
    counts: Counter[str] = field(default_factory=Counter)
    samples: int = 0
    walls: list[int] = field(default_factory=list)
    now_ms: int = 0

    def slots(self) -> tuple[Slot, ...]:
        """Return the node's two slots."""
        return tuple(Slot("c1", "r1", self.node.replace(".", "-"), f"m{one}") for one in (1, 2))

    def at(self) -> Instant:
        """Return the present instant, and let a second pass."""
        self.now_ms += 1_000
        wall_ms = START_MS + self.now_ms
        return Instant("boot-1", 1, self.now_ms, wall_ms, ClockState.SYNCHRONISED, 4)

    def write(self, body: Body) -> bytes:
        """Append a record, and count it for the open block."""
        line = encode(self.head.sequence + 1, self.head.digest, body)
        self.head = Head(self.head.sequence + 1, digest(line))
        self.lines.append(line)
        self.counts[json.loads(line)["kind"]] += 1
        self.samples += body.samples if isinstance(body, Observed) else 0
        self.walls.append(json.loads(line)["body"]["at"]["wall_ms"])
        return line

    def start(self) -> "NodeJournal":
        """Start, and say which GPUs there are."""
        self.write(Started(self.at(), NodeName(self.node), "0.1.0", "nvml", 1_000, 2_500))
        gpus = {slot: GpuUuid(f"GPU-{self.node}-{slot.module}") for slot in self.slots()}
        self.write(Occupancy(self.at(), dict(gpus)))
        return self

    def introduce(self, private: bytes, *, endorsed: bool = True) -> "NodeJournal":
        """Sign with another key from here on."""
        previous = "" if self.private is None else identity(self.private)
        content = key_bytes(self.node, public(private), previous)
        endorsement = ""
        if self.private is not None and endorsed:
            endorsement = to_text(ed25519.sign(self.private, content))
        signature = to_text(ed25519.sign(private, content))
        body = KeyIntroduced(self.at(), public(private), previous, signature, endorsement)
        self.kept.append(self.write(body))
        self.private = private
        return self

    def observe(self, *, lost: bool = False, signed: bool = True) -> "NodeJournal":
        """Take a sample, and sign the head."""
        at, (one, two) = self.at(), self.slots()
        self.write(Observed(at, at.mono_ms, 1, 0, {one: LOST if lost else OK, two: OK}))
        if self.private is not None and signed:
            signature = ed25519.sign(self.private, head_bytes(self.node, self.head))
            self.write(HeadSigned(self.at(), identity(self.private), to_text(signature)))
        return self

    def block(self) -> HourBlock:
        """Return what the records since the last block come to."""
        start_ms, end_ms = self.walls[0], self.walls[-1] + 1
        records = (self.first, self.head.sequence)
        one, two = self.slots()
        middle_ms = (start_ms + end_ms) // 2
        return HourBlock(
            NodeName(self.node),
            self.number + 1,
            self.previous,
            self.first,
            self.head.sequence,
            self.head.digest,
            self.walls[0],
            self.walls[-1],
            dict(self.counts),
            self.samples,
            {slot: GpuUuid(f"GPU-{self.node}-{slot.module}") for slot in self.slots()},
            {
                one: (
                    HourSpan(start_ms, middle_ms, OK, None, 4, *records),
                    HourSpan(middle_ms, end_ms, LOST, OK, None, *records),
                ),
                two: (HourSpan(start_ms, end_ms, OK, None, 4, *records),),
            },
        )

    def close(self, block: HourBlock | None = None) -> "NodeJournal":
        """Close a block, sign it, and begin the next an hour later."""
        block = block or self.block()
        written = block_content(block)
        key, signature = "", ""
        if self.private is not None:
            key = identity(self.private)
            signature = to_text(ed25519.sign(self.private, hour_bytes(written)))
        self.number, self.previous = block.number, hour_digest(written)
        self.first, self.samples = self.head.sequence + 1, 0
        self.counts.clear()
        self.walls.clear()
        self.now_ms = (self.now_ms // HOUR_MS + 1) * HOUR_MS
        self.kept.append(self.write(HourClosed(self.at(), block, key, signature)))
        return self

    def die(self, samples: int = 3) -> "NodeJournal":
        """Take samples behind the last block, the last one not signed; keep what a tail needs."""
        closed = len(self.lines) if self.number else 0
        for number in range(samples):
            self.observe(signed=number < samples - 1)
        kinds = [json.loads(line)["kind"] for line in self.lines]
        rests = set[int]()
        if closed:
            started = kinds.index("signature") + 1 if "signature" in kinds[:closed] else 1
            seen = max(place for place in range(closed) if kinds[place] == "observed")
            rests = {*range(started), *range(seen, closed)}
        places = {*rests, *range(closed, len(kinds))} | set(map(self.lines.index, self.kept))
        self.kept = [self.lines[place] for place in sorted(places)]
        return self


def journal(
    node: str, private: bytes | None, blocks: int = 4, *, rotate: bytes | None = None
) -> NodeJournal:
    """Return a journal of some blocks; rotate: a key that takes over in the middle."""
    made = NodeJournal(node, None).start()
    if private is not None:
        made.introduce(private)
    for number in range(blocks):
        if rotate is not None and number == blocks // 2:
            made.introduce(rotate)
        for step in range(3):
            made.observe(lost=step == 1)
        made.close()
    return made


def text_of(lines: list[bytes]) -> bytes:
    """Return lines as a member."""
    return b"".join(line + b"\n" for line in lines)


@cache
def statement_bytes(contract: bytes = CONTRACT) -> bytes:
    """Return the bytes of a true statement of the contract, as far as digests go."""
    made = statement(four_promises())
    version = replace(made.evaluation.contract, digest=hashlib.sha256(contract).hexdigest())
    evaluation = replace(made.evaluation, contract=version)
    return to_json(replace(made, evaluation=evaluation))


def citing(heads: Mapping[str, Head]) -> bytes:
    """Return the bytes of the statement if it cites these records, by node, and no others."""
    told = json.loads(statement_bytes())
    cited = {
        node: {"sequence": head.sequence, "digest": head.digest} for node, head in heads.items()
    }
    return canonical(told | {"inputs": told["inputs"] | {"journals": cited}})


def members(
    journals: Mapping[str, NodeJournal],
    keys: Mapping[str, list[str]],
    *,
    payload: bytes | None = None,
    private: bytes = OPERATOR,
    with_journals: bool = True,
) -> dict[str, bytes]:
    """Return all members but the manifest."""
    payload = statement_bytes() if payload is None else payload
    told = json.loads(payload)
    nodes = {
        node: {"slots": [str(slot) for slot in one.slots()], "keys": keys.get(node, [])}
        for node, one in journals.items()
    }
    facts = {
        "format": "gpusla/facts/1",
        "contract": told["contract"]["id"],
        "period": told["period"]["key"],
    }
    found = {
        f"contract/{told['contract']['version']}.yaml": CONTRACT,
        "facts.json": canonical(facts),
        "nodes.json": canonical({"format": "gpusla/nodes/1", "nodes": nodes}),
        "statement.json": seal(STATEMENT_TYPE, payload, private),
    }
    for node, one in journals.items():
        name = node.replace(".", "%2E") + ".jsonl"
        found[f"hours/{name}"] = text_of(one.kept)
        if with_journals:
            found[f"journals/{name}"] = text_of(one.lines)
    return found


def manifest(found: Mapping[str, bytes], private: bytes = OPERATOR, **others: object) -> bytes:
    """Return the manifest of these members; others: fields that are to be otherwise."""
    told = json.loads(statement_bytes())
    files = {
        name: {"sha256": hashlib.sha256(content).hexdigest(), "size_bytes": len(content)}
        for name, content in found.items()
    }
    payload = {
        "format": "gpusla/bundle/1",
        "contract": told["contract"]["id"],
        "period": told["period"]["key"],
        "revision": 1,
        "made_by": "gpusla 0.1.0",
        "key": public(private),
        "files": files,
    }
    return seal(BUNDLE_TYPE, canonical(payload | others), private)


def packed(found: Mapping[str, bytes]) -> bytes:
    """Return an archive of members, manifest included, in the form of bundles."""
    return packed_so(sorted(found.items()))


def packed_so(found: Iterable[tuple[str, bytes]]) -> bytes:
    """Return the same of members in any order, and of names that stand twice."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in found:
            info = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            info.compress_type, info.external_attr = zipfile.ZIP_DEFLATED, 0o644 << 16
            archive.writestr(info, content)
    return stream.getvalue()


def packed_by_hand(
    found: Mapping[str, bytes], name: str, change: Callable[[bytes], bytes], kind: int = 8
) -> bytes:
    """
    Return an archive of members, manifest included, of which one's packed bytes are changed.

    Headers and directory say what is there.  kind: 8 for deflated members, 0 for stored ones.
    """
    whole = directory = b""
    for one in sorted(found):
        packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
        body = packer.compress(found[one]) + packer.flush() if kind else found[one]
        body = change(body) if one == name else body
        sizes = (zlib.crc32(found[one]), len(body), len(found[one]), len(one), 0)
        both = struct.pack("<5H3L2H", 20, 0, kind, 0, 33, *sizes)
        where = struct.pack("<3H2L", 0, 0, 0, 0o644 << 16, len(whole))
        directory += b"PK\1\2" + bytes([20, 3]) + both + where + one.encode()
        whole += b"PK\3\4" + both + one.encode() + body
    count, size = len(found), len(directory)
    end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, count, count, size, len(whole), 0)
    return whole + directory + end


def bundle(found: Mapping[str, bytes], private: bytes = OPERATOR, **others: object) -> bytes:
    """Return a whole bundle of members that a manifest by this key lists."""
    return packed({**found, "manifest.json": manifest(found, private, **others)})


@cache
def usual() -> dict[str, bytes]:
    """Return the members of two nodes with keys, one of which changed its key, and one without."""
    first, second, third = (bytes([number]) * 32 for number in (11, 12, 13))
    journals = {
        "c1-r1-t1": journal("c1-r1-t1", first),
        "c1.r1.t2": journal("c1.r1.t2", second, rotate=third),
        "c1-r1-t3": journal("c1-r1-t3", None, 2),
    }
    keys = {"c1-r1-t1": [public(first)], "c1.r1.t2": [public(second)]}
    return members(journals, keys)


@cache
def dead() -> dict[str, NodeJournal]:
    """Return the journals of three nodes that died within an hour, one without a key or a block."""
    one, two = (
        journal(name, private).die(5)
        for name, private in (("c1-r1-t1", b"\x0b" * 32), ("c1-r1-t2", b"\x0c" * 32))
    )
    three = NodeJournal("c1-r1-t3", None).start().die()
    return {made.node: made for made in (one, two, three)}


@cache
def dying(*, with_journals: bool = True) -> dict[str, bytes]:
    """Return the members of a bundle of these nodes."""
    keys = {"c1-r1-t1": [public(b"\x0b" * 32)], "c1-r1-t2": [public(b"\x0c" * 32)]}
    payload = citing({node: made.head for node, made in dead().items()})
    return members(dead(), keys, payload=payload, with_journals=with_journals)


PAGE = """
#set document(title: "October", date: datetime(year: 2026, month: 10, day: 1))
#pdf.attach("statement.json", bytes(sys.inputs.attachment), relationship: "source",
  mime-type: "application/json", description: "The statement itself.")
October.
"""


def sealed(payload: bytes | None = None, private: bytes = OPERATOR) -> bytes:
    """Return a statement in its envelope."""
    return seal(STATEMENT_TYPE, statement_bytes() if payload is None else payload, private)


@cache
def pdf(attachment: bytes) -> bytes:
    """Return a PDF with an attachment, set as statements are and with less to look at."""
    return typst.compile(
        PAGE.encode("utf-8"),
        format="pdf",
        pdf_standards="a-3b",
        sys_inputs={"attachment": attachment.decode("ascii")},
    )
