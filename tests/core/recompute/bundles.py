"""
A bundle made by hand: a rack's October under Reflection's contract of the examples.

Eighteen trays of four GPUs, each with a journal of a record a day and one at every change; samples
lie ten seconds apart.  The rack is down from 2 October 05:00:00 UTC, a day into the month in
Chicago, until 14:00:00: nine of 744 hours.
"""

import io
import zipfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path

from gpusla.catalogue.reasons import State
from gpusla.contracts.load import load_contract
from gpusla.evidence.bundle import About, Listed, as_lines, manifest_of, nodes_of, write_bundle
from gpusla.evidence.ed25519 import public_of, sign
from gpusla.evidence.envelope import BUNDLE_TYPE, STATEMENT_TYPE, hour_bytes, key_bytes
from gpusla.evidence.hour_chain import NO_HOURS, HourHead, head_of, payload_of
from gpusla.evidence.keys import key_id, to_text
from gpusla.evidence.sealed import seal
from gpusla.identity import NodeName, Slot
from gpusla.instants import Interval, parse_instant
from gpusla.inventory.model import ExclusionRecord
from gpusla.journal.body import Body
from gpusla.journal.chain import EMPTY, Head
from gpusla.journal.codec import block_content, decode, digest, encode
from gpusla.journal.hours import HourBlock, HourClosed
from gpusla.journal.model import (
    ClockState,
    Condition,
    Finding,
    Instant,
    KeyIntroduced,
    Observed,
    Started,
)
from gpusla.ledger.booking import decide
from gpusla.ledger.entries import Status
from gpusla.ledger.notes import CreditNote
from gpusla.sla.evaluate import evaluate
from gpusla.sla.facts import Facts, Holding
from gpusla.sla.facts_file import RecordedFacts
from gpusla.sla.facts_file import to_json as facts_to_json
from gpusla.sla.periods import period_of
from gpusla.sla.reach import reach_of
from gpusla.statement import Inputs, Statement, build, to_json
from gpusla.statement.from_facts import grounds_of
from gpusla.timeline.build import build as build_timeline
from gpusla.timeline.fold import Carry, advance
from gpusla.timeline.hours import OpenBlock
from gpusla.timeline.join import join
from gpusla.timeline.model import StateSpan

CONTRACT = Path(__file__).parents[3] / "examples" / "contracts" / "reflection-2026.yaml"
OPERATOR = bytes(range(32))
TRAYS = 18
STEP_MS, HOUR_MS, DAY_MS = 10_000, 3_600_000, 86_400_000
MONTH = Interval(parse_instant("2026-10-01T05:00:00Z"), parse_instant("2026-11-01T05:00:00Z"))
DOWN_FROM, DOWN_UNTIL = MONTH.start_ms + DAY_MS, MONTH.start_ms + DAY_MS + 9 * HOUR_MS
OK = Condition(State.OK)
FABRIC = Condition(State.DOWN, (Finding("fabric_down", "driver: fabric state 2", "repair"),))
HOT = Condition(State.DEGRADED, (Finding("thermal_slowdown", "driver: clocks at 60 %"),))

Conditions = Mapping[Slot, Condition]


def node(tray: int) -> NodeName:
    """The node of a tray; its name has a dot, which a member's name must not."""
    return NodeName(f"r01-t{tray:02}.c2")


def slots(tray: int) -> tuple[Slot, ...]:
    """The four slots of a tray."""
    return tuple(Slot("c2", "r01", f"t{tray:02}", f"m{module}") for module in range(4))


def key(tray: int) -> bytes:
    """The private key of a tray's node."""
    return bytes([tray] * 32)


@dataclass
class Journal:
    """A node's journal as its agent writes it, with a block for each day."""

    tray: int
    lines: list[bytes] = field(default_factory=list)
    spans: list[StateSpan] = field(default_factory=list)
    head: Head = EMPTY
    behind: HourHead = NO_HOURS
    carry: Carry = field(default_factory=Carry)

    def __post_init__(self) -> None:
        self.open = OpenBlock(node(self.tray))

    def start(self, at_ms: int) -> "Journal":
        """Write a start and the node's key."""
        self.write(Started(instant(at_ms), node(self.tray), "0.1.0", "nvml", STEP_MS, 15_000))
        public = to_text(public_of(key(self.tray)))
        own = to_text(sign(key(self.tray), key_bytes(node(self.tray), public, "")))
        self.write(KeyIntroduced(instant(at_ms), public, "", own, ""))
        return self

    def see(self, from_ms: int, until_ms: int, condition: Condition = OK) -> "Journal":
        """Write samples every ten seconds, the last one ten seconds before until_ms."""
        at_ms = from_ms
        while at_ms < until_ms:
            end_ms = min(until_ms, at_ms - at_ms % DAY_MS + DAY_MS)
            count = (end_ms - at_ms) // STEP_MS
            conditions = dict.fromkeys(slots(self.tray), condition)
            at = instant(end_ms - STEP_MS)
            gap_ms = STEP_MS if count > 1 else 0
            self.write(Observed(at, at_ms, count, gap_ms, conditions))
            at_ms = end_ms
        return self

    def write(self, body: Body) -> None:
        """Append a record; a block before it where its day is over."""
        if self.open.is_over(body, DAY_MS):
            self.close()
        line = encode(self.head.sequence + 1, self.head.digest, body)
        self.lines.append(line)
        self.head = Head(self.head.sequence + 1, digest(line))
        self.open.add(self.head, body)
        self.carry, spans = advance(self.carry, self.head.sequence, body)
        self.spans += spans

    def close(self) -> None:
        """Write what the open block comes to."""
        block = self.open.block()
        self.behind = head_of(block, payload_of(block))
        self.open = OpenBlock(node(self.tray), self.behind, self.open.carry, self.open.gpus)
        self.write(signed(block, self.tray))

    def told(self) -> list[bytes]:
        """The lines that a bundle has of it."""
        kinds = (KeyIntroduced, HourClosed)
        return [line for line in self.lines if isinstance(decode(line)[1], kinds)]


def instant(at_ms: int) -> Instant:
    """All clocks say the same; the wall clock is within two seconds."""
    return Instant("boot", 1, at_ms, at_ms, ClockState.SYNCHRONISED, 2_000)


def signed(block: HourBlock, tray: int) -> HourClosed:
    """A block's record with the signature of its node."""
    private = key(tray)
    signature = to_text(sign(private, hour_bytes(block_content(block))))
    return HourClosed(instant(block.until_ms), block, key_id(public_of(private)), signature)


def journal(tray: int) -> Journal:
    """A day before the month until an hour after it; tray 1 is hot for a day as well."""
    made = Journal(tray).start(MONTH.start_ms - DAY_MS)
    made.see(MONTH.start_ms - DAY_MS, DOWN_FROM)
    made.see(DOWN_FROM, DOWN_UNTIL, FABRIC)
    hot = MONTH.start_ms + 20 * DAY_MS
    if tray == 1:
        made.see(DOWN_UNTIL, hot).see(hot, hot + DAY_MS, HOT).see(hot + DAY_MS, END_MS)
    else:
        made.see(DOWN_UNTIL, END_MS)
    return made


LAST_BLOCK_MS = parse_instant("2026-11-01T23:59:50Z")
"""The last record of the last block."""

END_MS = parse_instant("2026-11-02T01:00:00Z")
"""Where the journals end: the block of 1 November was closed at midnight."""


@cache
def journals() -> tuple[Journal, ...]:
    """All journals of the rack."""
    return tuple(journal(tray) for tray in range(1, TRAYS + 1))


@dataclass(frozen=True)
class Parts:
    """What a bundle is made of; whoever changes a part signs the whole anew."""

    contract: bytes
    facts: RecordedFacts
    statement: Statement
    hours: Mapping[NodeName, Sequence[bytes]]
    statement_bytes: bytes = b""
    facts_bytes: bytes = b""

    def write(self) -> bytes:
        """The bundle, sealed by the operator; equal parts give equal bytes."""
        keys: dict[str, tuple[Iterable[str], Iterable[str]]] = {
            node(tray): (map(str, slots(tray)), [to_text(public_of(key(tray)))])
            for tray in range(1, TRAYS + 1)
        }
        told = self.statement_bytes or to_json(self.statement)
        members: dict[str, list[bytes]] = {
            "contract/1.yaml": [self.contract],
            "facts.json": [self.facts_bytes or facts_to_json(self.facts)],
            "nodes.json": [nodes_of(keys)],
            "statement.json": [seal(STATEMENT_TYPE, told, OPERATOR)],
        }
        for name, lines in self.hours.items():
            written = name.replace(".", "%2E")
            members[f"hours/{written}.jsonl"] = list(as_lines(lines))
        about = About("reflection-2026", "2026-10", 1, "gpusla", to_text(public_of(OPERATOR)))

        def seal_manifest(files: Mapping[str, Listed]) -> bytes:
            return seal(BUNDLE_TYPE, manifest_of(about, files), OPERATOR)

        stream = io.BytesIO()
        write_bundle(stream, sorted(members.items()), seal_manifest)
        return stream.getvalue()


@cache
def honest() -> Parts:
    """The bundle of a final statement that is as it should be."""
    content = CONTRACT.read_bytes()
    contract = load_contract(content, "contract/1.yaml")
    period = period_of(contract, "2026-10")
    reach = reach_of((contract,), contract, period, END_MS)
    held = {
        slot: (Holding(Interval(reach.start_ms, END_MS), "gb300"),)
        for tray in range(1, TRAYS + 1)
        for slot in slots(tray)
    }
    spans = [span for one in journals() for span in join(one.spans)]
    facts = Facts(build_timeline(spans, held, reach), held, (MAINTENANCE,))
    until_ms = period.interval.end_ms
    evaluation = evaluate(contract, period, until_ms, facts, versions=(contract,))
    entries = decide((), evaluation, is_final=True)
    heads = {node(one.tray): one.head for one in journals()}
    signed_to = {name: head.sequence - 1 for name, head in heads.items()}
    digests = "1" * 64, "2" * 64, "3" * 64, ""
    signed_at = dict.fromkeys(heads, LAST_BLOCK_MS)
    inputs = Inputs(heads, *digests, "2026.1", "gpusla 0.1.0", signed_to, signed_at)
    posted = [entry for entry in entries if entry.status is Status.POSTED]
    notes = [CreditNote(contract.id, place, one.key) for place, one in enumerate(posted, 1)]
    grounds = grounds_of(evaluation, facts, inputs)
    statement = build(evaluation, entries, inputs, notes=notes, grounds=grounds)
    recorded = RecordedFacts(contract.id, "2026-10", until_ms, facts)
    hours = {node(one.tray): one.told() for one in journals()}
    return Parts(content, recorded, statement, hours)


MAINTENANCE = ExclusionRecord(
    id="MW-1",
    from_ms=MONTH.start_ms + 5 * DAY_MS,
    until_ms=MONTH.start_ms + 5 * DAY_MS + HOUR_MS,
    recorded_ms=MONTH.start_ms,
    supersedes=None,
    withdrawn=False,
    slots=slots(1),
    contract=load_contract(CONTRACT.read_bytes(), "").id,
    kind="maintenance",
    reason="a new switch",
    clause="planned-maintenance",
    approver="tenant",
    notice_ms=MONTH.start_ms - 10 * DAY_MS,
)
"""Announced, agreed and never used: the tray was well."""


def members(content: bytes) -> dict[str, bytes]:
    """A bundle's members by name."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def resigned(
    lines: Sequence[bytes], tray: int, change: Callable[[HourBlock], HourBlock]
) -> list[bytes]:
    """A node's lines with some blocks changed, chained and signed anew by its own key."""
    behind = NO_HOURS
    made: list[bytes] = []
    for line in lines:
        envelope, body = decode(line)
        if isinstance(body, HourClosed):
            block = replace(change(body.block), previous=behind.digest)
            behind = head_of(block, payload_of(block))
            made.append(encode(envelope.sequence, envelope.previous, signed(block, tray)))
        else:
            made.append(line)
    return made
