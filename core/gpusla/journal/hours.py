"""
What an hour of a journal comes to, in the node's own words: a block, and blocks make a chain.

A month of blocks says which state every slot was in without the records behind it, which are a
thousand times as many.  Each block names the digest of the block before and of its last record, so
that blocks can be checked alone and against the records.
Source: docs/reference/bundle.md; docs/decisions/0138-hourly-blocks.md.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gpusla.identity import GpuUuid, NodeName, Slot, parse_slot
from gpusla.journal.model import Condition, Instant
from gpusla.journal.scalars import integer, text


@dataclass(frozen=True, slots=True)
class HourSpan:
    """
    One condition of a slot over [start_ms, end_ms), as `gpusla.timeline.model.StateSpan` has it.

    first_sequence, last_sequence: the records that say so, both included; the first may lie in the
    block before.
    """

    start_ms: int
    end_ms: int
    condition: Condition
    other: Condition | None
    error_ms: int | None
    first_sequence: int
    last_sequence: int


@dataclass(frozen=True, slots=True)
class HourBlock:
    """
    The records from first_sequence to last_sequence, both included, and what they come to.

    number: 1 for a journal's first block, then one more each.  previous: digest of the block
    before, `gpusla.journal.model.GENESIS` for the first.  head: digest of record last_sequence.
    from_ms, until_ms: the node's wall clock at the first and at the last record.  records: how many
    of each kind.  samples: how many of them all observations hold.  gpus: which GPU was last said
    to sit in each slot.  spans: by slot in time order, neighbours that say the same joined.
    """

    node: NodeName
    number: int
    previous: str
    first_sequence: int
    last_sequence: int
    head: str
    from_ms: int
    until_ms: int
    records: Mapping[str, int]
    samples: int
    gpus: Mapping[Slot, GpuUuid | None]
    spans: Mapping[Slot, tuple[HourSpan, ...]]


@dataclass(frozen=True, slots=True)
class HourClosed:
    """
    The node closes a block and signs it.

    The record itself belongs to the next block.  key: id of the key, empty if the node signs
    nothing.  signature: of `gpusla.evidence.envelope.hour_bytes`, in base64.
    """

    at: Instant
    block: HourBlock
    key: str = ""
    signature: str = ""


def write_block(block: HourBlock, write: Callable[[Condition], object]) -> dict[str, Any]:
    """Return what is signed, chained and recorded; write: how a condition is written."""
    places: dict[Condition, int] = {}
    slots = {
        str(slot): [
            [
                span.start_ms,
                span.end_ms,
                _place(places, span.condition),
                None if span.other is None else _place(places, span.other),
                span.error_ms,
                span.first_sequence,
                span.last_sequence,
            ]
            for span in block.spans[slot]
        ]
        for slot in sorted(block.spans)
    }
    return {
        "node": block.node,
        "number": block.number,
        "previous": block.previous,
        "first_sequence": block.first_sequence,
        "last_sequence": block.last_sequence,
        "head": block.head,
        "from_ms": block.from_ms,
        "until_ms": block.until_ms,
        "records": dict(block.records),
        "samples": block.samples,
        "gpus": {str(slot): gpu for slot, gpu in block.gpus.items()},
        "conditions": [write(condition) for condition in places],
        "spans": slots,
    }


def read_block(content: Mapping[str, Any], read: Callable[[Any], Condition]) -> HourBlock:
    """
    Read a block back; read: how a condition is read.

    Raises KeyError, TypeError or ValueError for anything that `write_block` does not write.
    """
    conditions = [read(one) for one in content["conditions"]]
    block = HourBlock(
        NodeName(text(content["node"])),
        integer(content["number"]),
        text(content["previous"]),
        integer(content["first_sequence"]),
        integer(content["last_sequence"]),
        text(content["head"]),
        integer(content["from_ms"]),
        integer(content["until_ms"]),
        {text(kind): integer(count) for kind, count in content["records"].items()},
        integer(content["samples"]),
        {
            parse_slot(slot): None if gpu is None else GpuUuid(text(gpu))
            for slot, gpu in content["gpus"].items()
        },
        {parse_slot(slot): _spans(rows, conditions) for slot, rows in content["spans"].items()},
    )
    if not 1 <= block.first_sequence <= block.last_sequence or block.number < 1:
        raise ValueError(content)
    return block


def _spans(rows: Sequence[Sequence[Any]], conditions: Sequence[Condition]) -> tuple[HourSpan, ...]:
    return tuple(
        HourSpan(
            integer(start_ms),
            integer(end_ms),
            _at(conditions, place),
            None if other is None else _at(conditions, other),
            None if error_ms is None else integer(error_ms),
            integer(first),
            integer(last),
        )
        for start_ms, end_ms, place, other, error_ms, first, last in rows
    )


def _place(places: dict[Condition, int], condition: Condition) -> int:
    return places.setdefault(condition, len(places))


def _at(conditions: Sequence[Condition], place: object) -> Condition:
    number = integer(place)
    if not 0 <= number < len(conditions):
        raise ValueError(place)
    return conditions[number]
