"""Reads new lines of a journal: chain and signatures checked, spans folded, nothing kept.  Pure."""

from collections.abc import Mapping, MutableMapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace

from gpusla.catalogue.codes import JOURNAL_CORRUPT, JOURNAL_FORKED, JOURNAL_SIGNATURE
from gpusla.errors import JournalError
from gpusla.evidence.hour_chain import NO_HOURS, HourHead
from gpusla.evidence.keyring import NO_KEYS, Keyring, attest
from gpusla.identity import GpuUuid, NodeName, Slot
from gpusla.instants import INSTANT_MAX_MS, INSTANT_MIN_MS, format_instant
from gpusla.journal.body import Body
from gpusla.journal.chain import Head, follow
from gpusla.journal.hours import HourClosed
from gpusla.journal.model import KeyIntroduced, Occupancy, Started
from gpusla.timeline.advice import unadvised
from gpusla.timeline.fold import Carry, advance
from gpusla.timeline.join import join
from gpusla.timeline.model import StateSpan
from gpusla_collector.ports import NO_MILESTONES, HourLine, KeyLine, Milestones
from gpusla_collector.usecases.milestones import hour_of


@dataclass(frozen=True, slots=True)
class TakenIn:
    """
    What came of some lines.

    count: how many of them, from the first on, belong to the chain.  seen_ms: the instant of the
    last sample by each line that has one.  error: why the next one does not belong.
    keyring: the keys that the journal introduced up to head, and how far they signed.  milestones:
    the hours and keys among the lines.  gpus: which GPU was last said to sit in each slot that one
    of the lines names, None for an empty one.
    """

    count: int
    head: Head
    carry: Carry
    spans: tuple[StateSpan, ...]
    seen_ms: tuple[int, ...]
    error: JournalError | None
    keyring: Keyring = NO_KEYS
    milestones: Milestones = NO_MILESTONES
    gpus: Mapping[Slot, GpuUuid | None] = field(default_factory=dict)

    @property
    def until_ms(self) -> int | None:
        """The instant of the last sample among the lines, None if there is none."""
        return self.seen_ms[-1] if self.seen_ms else None


def take_in(
    node: NodeName,
    head: Head,
    carry: Carry,
    lines: Sequence[bytes],
    *,
    keyring: Keyring = NO_KEYS,
    enrolled: AbstractSet[str] = frozenset(),
    owners: MutableMapping[str, NodeName] | None = None,
) -> TakenIn:
    """
    Follow a node's chain from head over lines, as far as they belong to it.

    keyring: what the journal said of its keys up to head.  enrolled: the node's keys of the
    inventory, in base64; where there are none, the journal's first key is believed.  owners: whose
    each key is that any journal introduced; new ones are added.
    What comes before a line that does not belong is good, and is returned with the error.
    """
    spans: list[StateSpan] = []
    hours: list[HourLine] = []
    keys: list[KeyLine] = []
    gpus: dict[Slot, GpuUuid | None] = {}
    seen_ms: list[int] = []
    count, error = 0, None
    for line in lines:
        try:
            next_head, envelope, body = follow(head, line)
            _require_own(node, body)
            # The line counts as a whole or not at all, so the old keyring stays until the end.
            attested = attest(_seeded(keyring, body), node, head, body, enrolled)
            _require_own_key(node, body, {} if owners is None else owners)
            if isinstance(body, HourClosed):
                hours.append(hour_of(node, next_head.sequence, line, body))
            elif isinstance(body, KeyIntroduced):
                keys.append(KeyLine(envelope.sequence, line))
            told, new = advance(carry, envelope.sequence, unadvised(body))
            _require_datable(node, envelope.sequence, told, new)
        except JournalError as cause:
            error = cause
            break
        spans.extend(new)
        gpus |= _occupants(body)
        head, carry, keyring, count = next_head, told, attested, count + 1
        if carry.last is not None:
            seen_ms.append(carry.last.at_ms)
    found = Milestones(tuple(hours), tuple(keys))
    seen = tuple(seen_ms)
    return TakenIn(count, head, carry, tuple(join(spans)), seen, error, keyring, found, gpus)


def _occupants(body: Body) -> Mapping[Slot, GpuUuid | None]:
    """Return where GPUs are said to sit; a block says it of each hour anew."""
    if isinstance(body, Occupancy):
        return body.gpus
    return body.block.gpus if isinstance(body, HourClosed) else {}


def _seeded(keyring: Keyring, body: Body) -> Keyring:
    """
    Believe the first block that is met where the journal's first one was passed over.

    A collector that knew no blocks took them in as records like any other; what came before is in
    the chain all the same.
    """
    if not isinstance(body, HourClosed) or keyring.hours != NO_HOURS or body.block.number == 1:
        return keyring
    block = body.block
    before = HourHead(block.number - 1, block.previous, block.first_sequence - 1)
    return replace(keyring, hours=before)


def _require_own(node: NodeName, body: Body) -> None:
    if isinstance(body, Started) and body.node != node:
        raise JournalError(JOURNAL_FORKED, f"the journal of {node} says that it is {body.node}'s")


def _require_datable(
    node: NodeName, sequence: int, carry: Carry, spans: Sequence[StateSpan]
) -> None:
    """
    Refuse what no database holds and no page can write, for all other nodes' sake.

    carry, spans: what the record came to.  Raises JournalError(journal_corrupt).
    """
    dated = [(span.start_ms, span.error_ms) for span in spans]
    dated += [(span.end_ms, span.error_ms) for span in spans]
    if carry.last is not None:
        dated.append((carry.last.at_ms, carry.last.error_ms))
    never = next(filter(None, (_impossible(*one) for one in dated)), None)
    if never is not None:
        raise JournalError(JOURNAL_CORRUPT, f"{node}: record {sequence} speaks of {never}")


def _impossible(instant_ms: int, error_ms: int | None) -> str | None:
    """Say what of an instant, and of how far its clock was off, no clock can say; None if fine."""
    if not INSTANT_MIN_MS <= instant_ms <= INSTANT_MAX_MS:
        # There is no text for it: these two are the first and the last that have one.
        side = "before the year 1" if instant_ms < INSTANT_MIN_MS else "after the year 9999"
        return (
            f"an instant {side} ({instant_ms} ms since 1970); a clock may show the years 1 to 9999"
        )
    if error_ms is not None and not 0 <= error_ms <= INSTANT_MAX_MS:
        at = format_instant(instant_ms)
        return f"a clock {error_ms} ms off at {at}; it may be 0 ms to {INSTANT_MAX_MS} ms off"
    return None


def _require_own_key(node: NodeName, body: Body, owners: MutableMapping[str, NodeName]) -> None:
    """One key, one node: of two that share one, at least one is a copy."""
    if not isinstance(body, KeyIntroduced):
        return
    owner = owners.setdefault(body.public, node)
    if owner != node:
        raise JournalError(
            JOURNAL_SIGNATURE, f"{node}: its key {body.public} is the one of {owner}'s journal"
        )
