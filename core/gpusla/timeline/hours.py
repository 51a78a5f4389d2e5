"""
From records to a block, one record at a time, and from blocks to spans.

Spans of blocks one after another, joined, are those of the records, joined: the fold's memory goes
over the edge of a block, so nothing between the last sample of one and the first of the next is
lost.  Source: docs/decisions/0138-hourly-blocks.md.
"""

import json
from collections.abc import Mapping

from gpusla.evidence.hour_chain import NO_HOURS, HourHead
from gpusla.identity import GpuUuid, NodeName, Slot
from gpusla.journal.body import Body
from gpusla.journal.chain import EMPTY, Head
from gpusla.journal.codec import kind_of
from gpusla.journal.hours import HourBlock, HourSpan
from gpusla.journal.model import Condition, Observed, Occupancy, Opaque
from gpusla.timeline.fold import Carry, advance
from gpusla.timeline.join import Runs, extend
from gpusla.timeline.model import Evidence, StateSpan

HOUR_MS = 3_600_000
BLOCK_BYTES = 24_576
"""A block that has grown to this is closed; far from a record's end, for one record adds little."""

_SPAN_BYTES = 96
_CONDITION_BYTES = 16
_FINDING_BYTES = 12


class OpenBlock:
    """
    The records since a journal's last block, and what they come to so far.

    carry, gpus: what the fold remembers, and which GPU was last said to sit in each slot, behind
    the last record.  size_bytes: about how long the block is, rather more than less.
    """

    def __init__(
        self,
        node: NodeName,
        behind: HourHead = NO_HOURS,
        carry: Carry | None = None,
        gpus: Mapping[Slot, GpuUuid | None] | None = None,
    ) -> None:
        """Begin behind a block; carry, gpus: what is known there."""
        self.carry = carry or Carry()
        self.gpus = dict(gpus or {})
        self.size_bytes = 0
        self._node, self._behind = node, behind
        self._first_sequence = 0
        self._head = EMPTY
        self._from_ms: int | None = None
        self._until_ms = 0
        self._records: dict[str, int] = {}
        self._samples = 0
        self._runs: Runs = {}
        self._conditions: set[Condition] = set()

    @property
    def is_empty(self) -> bool:
        """Whether it holds no record."""
        return not self._records

    def is_over(self, body: Body, length_ms: int) -> bool:
        """
        Return whether it must be closed before a record: it is full, or the record of another hour.

        length_ms: how long an hour is; it begins at a multiple of it, on the node's wall clock.
        """
        if self.size_bytes >= BLOCK_BYTES:
            return True
        if self._from_ms is None or isinstance(body, Opaque):
            return False
        return self._from_ms // length_ms != body.at.wall_ms // length_ms

    def add(self, head: Head, body: Body) -> None:
        """Take in the record that head stands for; it must be the one after the last."""
        assert self.is_empty or head.sequence == self._head.sequence + 1  # numbers have no gaps
        self._first_sequence = self._first_sequence or head.sequence
        self._head = head
        kind = kind_of(body)
        self._records[kind] = self._records.get(kind, 0) + 1
        if not isinstance(body, Opaque):
            self._until_ms = body.at.wall_ms
            self._from_ms = self._until_ms if self._from_ms is None else self._from_ms
        if isinstance(body, Observed):
            self._samples += body.samples
        elif isinstance(body, Occupancy):
            self.gpus.update(body.gpus)
        self.carry, spans = advance(self.carry, head.sequence, body)
        for span in spans:
            if extend(self._runs, span):
                self._measure(span)

    def _measure(self, span: StateSpan) -> None:
        self.size_bytes += _SPAN_BYTES
        for condition in (span.condition, span.other):
            if condition is not None and condition not in self._conditions:
                self._conditions.add(condition)
                self.size_bytes += _size_bytes(condition)

    def block(self) -> HourBlock:
        """Return what it comes to; it must hold a record."""
        assert not self.is_empty  # nobody closes an hour in which nothing was written
        return HourBlock(
            self._node,
            self._behind.number + 1,
            self._behind.digest,
            self._first_sequence,
            self._head.sequence,
            self._head.digest,
            self._until_ms if self._from_ms is None else self._from_ms,
            self._until_ms,
            dict(self._records),
            self._samples,
            dict(self.gpus),
            {slot: tuple(map(_told, run)) for slot, run in self._runs.items()},
        )


def spans_of(block: HourBlock) -> tuple[StateSpan, ...]:
    """Return a block's spans, by slot and in time order, as its records' fold gives them."""
    return tuple(
        StateSpan(
            slot,
            span.start_ms,
            span.end_ms,
            span.condition,
            span.other,
            span.error_ms,
            Evidence(block.node, span.first_sequence, span.last_sequence),
        )
        for slot in sorted(block.spans)
        for span in block.spans[slot]
    )


def _told(span: StateSpan) -> HourSpan:
    assert span.evidence is not None  # the fold names the records of every span
    return HourSpan(
        span.start_ms,
        span.end_ms,
        span.condition,
        span.other,
        span.error_ms,
        span.evidence.first_sequence,
        span.evidence.last_sequence,
    )


def _size_bytes(condition: Condition) -> int:
    """Return how long a condition is in JSON, where a letter may take up to six bytes."""
    return _CONDITION_BYTES + sum(
        _FINDING_BYTES + len(json.dumps(one.reason + one.evidence + one.action))
        for one in condition.findings
    )
