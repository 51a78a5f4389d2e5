"""
A month of many nodes as a bundle, each hour a block that its node signed.

Drawn by a seed: mostly quiet hours, some with an outage of a GPU.  No records behind the blocks.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from multiprocessing import Pool
from pathlib import Path
from random import Random

from gpusla.catalogue.reasons import State
from gpusla.evidence import ed25519
from gpusla.evidence.bundle import About, Listed, as_lines, manifest_of, nodes_of, write_bundle
from gpusla.evidence.envelope import (
    BUNDLE_TYPE,
    STATEMENT_TYPE,
    canonical,
    hour_bytes,
    hour_digest,
    key_bytes,
)
from gpusla.evidence.keys import key_id, to_text
from gpusla.evidence.sealed import seal
from gpusla.identity import GpuUuid, NodeName, Slot
from gpusla.journal.codec import block_content, digest, encode
from gpusla.journal.hours import HourBlock, HourClosed, HourSpan
from gpusla.journal.model import (
    GENESIS,
    ClockState,
    Condition,
    Finding,
    Instant,
    KeyIntroduced,
)

HOURS = 745
HOUR_MS = 3_600_000
START_MS = 1_790_812_800_000  # 2026-10-01T00:00:00Z
OPERATOR = hashlib.sha256(b"bench verify: operator").digest()
CONTRACT = b"id: bench\n"
_RECORDS = {"observed": 12, "readings": 60, "signature": 60, "hour": 1}
_OK = Condition(State.OK)
_DOWN = Condition(State.DOWN, (Finding("gpu_lost", "driver: NVML 15, GPU is lost"),))


def operator_key() -> str:
    """Return the operator's public key in base64."""
    return to_text(ed25519.public_of(OPERATOR))


def write_month(file: Path, nodes: int, seed: int) -> None:
    """Write the bundle; two processes make the nodes' hours."""
    with Pool(2) as pool, file.open("wb") as stream:
        made = pool.imap(_hours, [(name, seed) for name in names(nodes)])
        about = About("bench", "2026-10", 1, "bench", operator_key())

        def sign(files: Mapping[str, Listed]) -> bytes:
            return seal(BUNDLE_TYPE, manifest_of(about, files), OPERATOR)

        def members() -> Iterator[tuple[str, list[bytes]]]:
            yield "contract/1.yaml", [CONTRACT]
            facts = {"format": "gpusla/facts/1", "contract": "bench", "period": "2026-10"}
            yield "facts.json", [canonical(facts)]
            for name, text in zip(names(nodes), made, strict=True):
                yield f"hours/{name}.jsonl", [text]
            keys: dict[str, tuple[list[str], list[str]]] = {
                name: ([], [to_text(ed25519.public_of(_private(name)))]) for name in names(nodes)
            }
            yield "nodes.json", [nodes_of(keys)]
            yield "statement.json", [seal(STATEMENT_TYPE, _statement(), OPERATOR)]

        write_bundle(stream, members(), sign)


def names(nodes: int) -> list[str]:
    """Return the nodes' names in their order: trays of racks of eighteen."""
    return [f"c1-r{number // 18:03}-t{number % 18:02}" for number in range(nodes)]


def _private(name: str) -> bytes:
    return hashlib.sha256(f"bench verify: {name}".encode()).digest()


def _statement() -> bytes:
    figures = {"lost_ms": 0}
    return canonical(
        {
            "format": "gpusla/statement/4",
            "standing": "final",
            "contract": {
                "id": "bench",
                "version": 1,
                "digest": hashlib.sha256(CONTRACT).hexdigest(),
            },
            "period": {
                "key": "2026-10",
                "start": "2026-10-01T00:00:00Z",
                "judged_until": "2026-11-01T00:00:00Z",
            },
            "evaluation": figures,
            "evaluation_digest": hashlib.sha256(canonical(figures)).hexdigest(),
            "inputs": {"journals": {}},
        }
    )


def _hours(task: tuple[str, int]) -> bytes:
    """Return a node's key and blocks as a member."""
    name, seed = task
    chance, private = Random(f"{seed}:{name}"), _private(name)  # noqa: S311  (a seed repeats it)
    identity = key_id(ed25519.public_of(private))
    lines = [_introduced(name, private)]
    previous, first = GENESIS, 1
    for number in range(1, HOURS + 1):
        last = first + sum(_RECORDS.values()) - 1
        head = hashlib.sha256(f"{seed}:{name}:{last}".encode()).hexdigest()
        block = _block(name, number, (first, last), (previous, head), chance)
        written = block_content(block)
        signature = to_text(ed25519.sign(private, hour_bytes(written)))
        at = _at(block.until_ms + 1_000)
        lines.append(encode(last + 1, head, HourClosed(at, block, identity, signature)))
        previous, first = hour_digest(written), last + 1
    return b"".join(as_lines(lines))


def _introduced(name: str, private: bytes) -> bytes:
    public = to_text(ed25519.public_of(private))
    signature = to_text(ed25519.sign(private, key_bytes(name, public, "")))
    return encode(1, GENESIS, KeyIntroduced(_at(START_MS - HOUR_MS), public, "", signature, ""))


def _at(wall_ms: int) -> Instant:
    boot = "5f0c9a52-6d5b-4b7e-9f55-3a4d4b1f0001"
    return Instant(boot, 1, wall_ms - START_MS + HOUR_MS, wall_ms, ClockState.SYNCHRONISED, 4)


def _block(
    name: str, number: int, records: tuple[int, int], behind: tuple[str, str], chance: Random
) -> HourBlock:
    """Return one hour; behind: digests of the block before and of the last record."""
    previous, head = behind
    start_ms = START_MS + (number - 2) * HOUR_MS
    end_ms = start_ms + HOUR_MS
    cluster, rack, tray = name.split("-")
    slots = [Slot(cluster, rack, tray, f"m{module}") for module in range(1, 5)]
    return HourBlock(
        NodeName(name),
        number,
        previous,
        *records,
        head,
        start_ms,
        end_ms - 1_000,
        _RECORDS,
        3_600,
        {slot: GpuUuid(f"GPU-{digest(str(slot).encode())[:32]}") for slot in slots},
        {slot: tuple(_spans(start_ms, end_ms, records, chance)) for slot in slots},
    )


def _spans(
    start_ms: int, end_ms: int, records: tuple[int, int], chance: Random
) -> Iterator[HourSpan]:
    """Yield one span, or three where there is an outage, of one hour in fifty."""
    if chance.randrange(50):
        yield HourSpan(start_ms, end_ms, _OK, None, 4, *records)
        return
    lost_ms = start_ms + chance.randrange(1, HOUR_MS // 2)
    back_ms = lost_ms + chance.randrange(1_000, HOUR_MS // 2 - 1)
    yield HourSpan(start_ms, lost_ms, _OK, None, 4, *records)
    yield HourSpan(lost_ms, back_ms, _DOWN, None, 4, *records)
    yield HourSpan(back_ms, end_ms, _OK, None, 4, *records)


def shown(file: Path) -> str:
    """Return the digest of a bundle, so that two runs can say that they had the same."""
    checked = hashlib.sha256()
    with file.open("rb") as stream:
        while piece := stream.read(1 << 20):
            checked.update(piece)
    return checked.hexdigest()


def blocks_of(lines: list[bytes]) -> Iterator[tuple[bytes, bytes]]:
    """Yield what is signed and the signature of each block among a member's lines."""
    for line in lines:
        body = json.loads(line)["body"]
        if "block" in body:
            yield hour_bytes(body["block"]), body["signature"].encode("ascii")
