"""
Who was passed over when spares and repair slots were given out; exact, no statistics.

In a fair order whoever has been short for longest is served first.  At one instant so many GPUs of
a kind and pool are given out; of all that were served or still wait, as many have been waiting
longest, and each of those that still waits was passed over once.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from gpusla.identity import ContractId, Slot
from gpusla.inventory.model import AssignmentRecord


@dataclass(frozen=True, slots=True)
class HandOver:
    """A GPU in a slot given to a contract out of a pool, as a spare or from a repair."""

    slot: Slot
    contract: ContractId
    at_ms: int
    sku: str
    pool: str


@dataclass(frozen=True, slots=True)
class Shortfall:
    """
    GPUs of one kind and pool that a contract lacks; those that came back earlier stand apart.

    closed_ms: first instant at which they are back; None if they are not.
    """

    ticket: str
    contract: ContractId
    unit: str
    sku: str
    pool: str
    gpus: int
    opened_ms: int
    closed_ms: int | None


@dataclass(frozen=True, slots=True)
class QueueJump:
    """
    A GPU was given to one contract while another one had waited for longer.

    given_waiting_since_ms: since when the one that was given it had lacked a GPU of the kind; None
    if it lacked none.  displaced_gpu_ms: how long the GPU that should have been served went on
    missing; each missing GPU counts for the first time that it was passed over.
    """

    at_ms: int
    slot: Slot
    sku: str
    pool: str
    given_to: ContractId
    given_waiting_since_ms: int | None
    passed_over: ContractId
    ticket: str
    unit: str
    waiting_since_ms: int
    displaced_gpu_ms: int


@dataclass(slots=True)
class _Waiting:
    """One missing GPU: until it is back, until one was handed over for it, and if it was passed."""

    shortfall: Shortfall
    end_ms: int
    served_ms: int | None = None
    is_displaced: bool = False

    def waits(self, at_ms: int) -> bool:
        """Return whether it is missing and nothing was handed over for it."""
        return self.shortfall.opened_ms <= at_ms < self.end_ms and self.served_ms is None


@dataclass(slots=True)
class _Jump:
    """A jump whose waiting GPU may still be served later."""

    given: HandOver
    given_since_ms: int | None
    over: _Waiting
    is_first: bool


def hand_overs_of(
    records: Iterable[AssignmentRecord],
    sku_of: Callable[[Slot, int], str],
    pool_of: Callable[[Slot], str | None],
) -> tuple[HandOver, ...]:
    """
    Return what assignment records say was handed over, in time order.

    records: those in force.  sku_of: the kind of GPU in a slot at an instant.  pool_of: None for a
    slot that comes out of no pool.  A slot that goes on serving the same contract under another
    record was not handed over.
    """
    ordered = sorted(records, key=lambda record: (record.from_ms, record.id))
    ends = {(slot, record.contract, record.until_ms) for record in ordered for slot in record.slots}
    return tuple(
        HandOver(slot, record.contract, record.from_ms, sku_of(slot, record.from_ms), pool)
        for record in ordered
        for slot in record.slots
        if (pool := pool_of(slot)) is not None
        and (slot, record.contract, record.from_ms) not in ends
    )


def queue_jumps(
    hand_overs: Iterable[HandOver], shortfalls: Iterable[Shortfall], until_ms: int
) -> tuple[QueueJump, ...]:
    """
    Return every jump of the queue, in time order.

    A hand-over serves a shortfall of its own contract, one that ends with it or else the oldest.
    Waiting for equally long is no jump.  until_ms: up to when a GPU that is not back is counted as
    displaced.
    """
    jumps: list[_Jump] = []
    waiting = _waiting(shortfalls, until_ms)
    kinds = sorted(hand_overs, key=lambda given: (given.sku, given.pool, given.at_ms, given.slot))
    for kind, group in groupby(kinds, key=lambda given: (given.sku, given.pool)):
        queue = waiting.get(kind, [])
        for at_ms, batch in groupby(group, key=lambda given: given.at_ms):
            queue = [one for one in queue if one.end_ms >= at_ms and one.served_ms is None]
            jumps.extend(_of_instant(tuple(batch), queue, at_ms))
    found = (_event(jump) for jump in jumps)
    return tuple(sorted(found, key=lambda jump: (jump.at_ms, jump.slot)))


def _waiting(
    shortfalls: Iterable[Shortfall], until_ms: int
) -> dict[tuple[str, str], list[_Waiting]]:
    """Return each missing GPU by kind and pool, the one that waits longest first."""
    queues: dict[tuple[str, str], list[_Waiting]] = {}
    for one in sorted(shortfalls, key=lambda one: (one.opened_ms, one.contract, one.ticket)):
        end_ms = until_ms if one.closed_ms is None else min(one.closed_ms, until_ms)
        missing = (_Waiting(one, end_ms) for _ in range(one.gpus))
        queues.setdefault((one.sku, one.pool), []).extend(missing)
    return queues


def _of_instant(
    batch: Sequence[HandOver], queue: Sequence[_Waiting], at_ms: int
) -> Iterator[_Jump]:
    """Serve those that are given something; whoever then waits longer than they did was passed."""
    served: list[tuple[HandOver, int | None]] = []
    for contract in sorted({given.contract for given in batch}):
        own = [given for given in batch if given.contract == contract]
        served.extend(zip(own, _serve(contract, len(own), queue, at_ms), strict=True))
    # The least entitled first: whoever lacked nothing, then whoever has waited least.
    served.sort(key=lambda pair: (pair[1] is None, pair[1] or 0), reverse=True)
    still = [one for one in queue if one.waits(at_ms)]
    for (given, since_ms), over in zip(served, still, strict=False):
        if since_ms is not None and over.shortfall.opened_ms >= since_ms:
            return
        yield _jump(given, since_ms, over, still)


def _serve(
    contract: ContractId, gpus: int, queue: Iterable[_Waiting], at_ms: int
) -> list[int | None]:
    """
    Count GPUs as handed over, and return since when each was waited for; None: nobody did.

    A contract is entitled by what it has missed longest.  What is back at this very instant is what
    was served; where the GPUs come back later, after a burn-in, the oldest is.
    """
    own = [
        one
        for one in queue
        if one.shortfall.contract == contract
        and one.shortfall.opened_ms <= at_ms
        and one.served_ms is None
    ]
    for one in sorted(own, key=lambda one: one.end_ms != at_ms)[:gpus]:
        one.served_ms = at_ms
    since: list[int | None] = [one.shortfall.opened_ms for one in own[:gpus]]
    return since + [None] * (gpus - len(since))


def _jump(
    given: HandOver, since_ms: int | None, oldest: _Waiting, still: Iterable[_Waiting]
) -> _Jump:
    """
    Say who was passed over.

    Whoever was passed over before would have been served then; so it is the next in line, and only
    where there is no other the oldest once more.
    """
    for one in still:
        is_older = since_ms is None or one.shortfall.opened_ms < since_ms
        if is_older and not one.is_displaced:
            one.is_displaced = True
            return _Jump(given, since_ms, one, is_first=True)
    return _Jump(given, since_ms, oldest, is_first=False)


def _event(jump: _Jump) -> QueueJump:
    given, over = jump.given, jump.over
    ended_ms = over.end_ms if over.served_ms is None else over.served_ms
    return QueueJump(
        given.at_ms,
        given.slot,
        given.sku,
        given.pool,
        given.contract,
        jump.given_since_ms,
        over.shortfall.contract,
        over.shortfall.ticket,
        over.shortfall.unit,
        over.shortfall.opened_ms,
        ended_ms - given.at_ms if jump.is_first else 0,
    )
