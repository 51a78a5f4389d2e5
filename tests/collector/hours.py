"""
Hours of journals made by hand: blocks of what the records say, put together by plain code.

Spans come of the product's only reader of journals' meaning and are cut at the records that a block
stands for; everything else is counted here.
"""

import json
from collections import Counter
from dataclasses import replace

from gpusla.evidence.ed25519 import public_of, sign
from gpusla.evidence.envelope import hour_bytes, hour_digest
from gpusla.evidence.keys import key_id, to_text
from gpusla.identity import Slot
from gpusla.journal.chain import EMPTY, follow
from gpusla.journal.codec import encode
from gpusla.journal.hours import HourBlock, HourClosed, HourSpan
from gpusla.journal.model import GENESIS, Observed, Opaque
from gpusla.timeline.fold import Carry, advance
from gpusla.timeline.join import join
from gpusla.timeline.model import StateSpan
from tests.collector.journals import Journal
from tests.core.evidence.signed import introduced

HOUR_MS = 3_600_000


def introduce(journal: Journal, private: bytes, before: bytes | None = None) -> None:
    """Write a node's new key."""
    journal.append(introduced(private, before, node=journal.node))


def close_hour(journal: Journal, private: bytes | None = None, until_ms: int | None = None) -> None:
    """Write a block of all records since the last one; until_ms: what it says instead of truth."""
    block = _block(journal)
    if until_ms is not None:
        block = replace(block, until_ms=until_ms)
    closed = HourClosed(journal.instant(block.until_ms), block)
    if private is not None:
        signature = to_text(sign(private, hour_bytes(_content(closed))))
        closed = replace(closed, key=key_id(public_of(private)), signature=signature)
    journal.append(closed)


def _block(journal: Journal) -> HourBlock:
    head, carry = EMPTY, Carry()
    number, previous, after = 0, GENESIS, 0
    spans: list[StateSpan] = []
    kinds: Counter[str] = Counter()
    samples, times = 0, []
    for line in journal.lines:
        head, envelope, body = follow(head, line)
        carry, new = advance(carry, envelope.sequence, body)
        kinds[envelope.kind] += 1
        samples += body.samples if isinstance(body, Observed) else 0
        assert not isinstance(body, Opaque)
        times.append(body.at.wall_ms)
        spans.extend(new)
        if isinstance(body, HourClosed):
            number, previous = body.block.number, hour_digest(_content(body))
            after = body.block.last_sequence
            # The record that closes a block belongs to the next one.
            kinds, samples, spans, times = Counter([envelope.kind]), 0, [], times[-1:]
    return HourBlock(
        journal.node,
        number + 1,
        previous,
        after + 1,
        head.sequence,
        head.digest,
        times[0],
        times[-1],
        kinds,
        samples,
        dict.fromkeys(journal.slots),
        _by_slot(spans),
    )


def _by_slot(spans: list[StateSpan]) -> dict[Slot, tuple[HourSpan, ...]]:
    found: dict[Slot, tuple[HourSpan, ...]] = {}
    for span in join(spans):
        assert span.evidence is not None
        first, last = span.evidence.first_sequence, span.evidence.last_sequence
        said = HourSpan(
            span.start_ms, span.end_ms, span.condition, span.other, span.error_ms, first, last
        )
        found[span.slot] = (*found.get(span.slot, ()), said)
    return found


def _content(closed: HourClosed) -> dict[str, object]:
    """Return a block as a record holds it."""
    content: dict[str, object] = json.loads(encode(1, GENESIS, closed))["body"]["block"]
    return content
