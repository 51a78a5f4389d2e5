"""
Records that reach back, told to people: whoever keeps the files could rewrite the past with them.

When a record was made, and from when it holds, is the word of whoever wrote the file; when it came
is not.  Nothing is refused: what was forgotten may be put on record late, and is seen to be late.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence

from gpusla.catalogue.codes import RECORD_BACKDATED
from gpusla.identity import Slot
from gpusla.instants import Interval, format_instant
from gpusla.inventory.model import AssignmentRecord, Record
from gpusla.inventory.registry import Assignments
from gpusla.statement.numbers import gpu_hours
from gpusla.timeline.intervals import Intervals, subtract, total_ms
from gpusla_collector.ports import Finding
from gpusla_collector.usecases.world import ASSIGNMENTS

PATIENCE_MS = 24 * 3_600_000
"""How long a record may take from the hand that writes it to the collector."""

EVER_MS = 2**62

Records = dict[str, tuple[Record, ...]]
"""By kind of file; a kind of which there never was a file is left out."""

Held = Mapping[Slot, Intervals]


def backdated(before: Records, now: Records, now_ms: int) -> Iterator[Finding]:
    """
    Give what new records say of more than a day ago.

    A record is told of if it says that it was made then; a contract, if its slots were others then.
    """
    for kind, all_now in now.items():
        records = before.get(kind, ())
        known = {record.id for record in records}
        new = [record for record in all_now if record.id not in known]
        yield from (_dated(kind, r, now_ms) for r in new if r.recorded_ms < now_ms - PATIENCE_MS)
        if kind == ASSIGNMENTS and new:
            yield from _moved(_assignments(records), _assignments(all_now), new, now_ms)


def _assignments(records: Sequence[Record]) -> Assignments:
    return Assignments(tuple(one for one in records if isinstance(one, AssignmentRecord)))


def _dated(kind: str, record: Record, now_ms: int) -> Finding:
    detail = (
        f"the record {record.id} says that it was made at {format_instant(record.recorded_ms)}, "
        f"and came at {format_instant(now_ms)}"
    )
    return _finding(("dated", kind, record.id), kind, detail, now_ms)


def _moved(
    before: Assignments, now: Assignments, new: Sequence[Record], now_ms: int
) -> Iterator[Finding]:
    past = Interval(-EVER_MS, now_ms - PATIENCE_MS)
    for contract in sorted({*before.contracts(), *now.contracts()}):
        then, since = before.held(contract, past), now.held(contract, past)
        lost, won = _less(then, since), _less(since, then)
        parts = [part for held in (lost, won) for some in held.values() for part in some]
        if parts:
            said = [_told(held, word) for held, word in ((lost, "less"), (won, "more")) if held]
            detail = (
                f"assignments that came at {format_instant(now_ms)} change the past from "
                f"{format_instant(min(parts).start_ms)} on: {', '.join(said)}"
            )
            ids = sorted(record.id for record in new)
            yield _finding(("moved", contract, *ids), contract, detail, now_ms)


def _less(some: Held, others: Held) -> Held:
    found = {slot: subtract(parts, others.get(slot, ())) for slot, parts in some.items()}
    return {slot: parts for slot, parts in found.items() if parts}


def _told(held: Held, word: str) -> str:
    return f"{gpu_hours(sum(map(total_ms, held.values())))} GPU-hours {word} ({len(held)} slots)"


def _finding(key: Sequence[str], subject: str, detail: str, now_ms: int) -> Finding:
    digest = hashlib.sha256("\n".join(("backdated", *key)).encode()).hexdigest()
    return Finding(digest, RECORD_BACKDATED.name, subject, now_ms, detail)
