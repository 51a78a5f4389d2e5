"""
Records that reach back, told to people: whoever keeps the files could rewrite the past with them.

When a record was made, and from when it holds, is the word of whoever wrote the file; when it came
is not.  Nothing is refused: what was forgotten may be put on record late, and is seen to be late.
"""

from collections.abc import Iterator, Mapping, Sequence

from gpusla.catalogue.codes import RECORD_BACKDATED
from gpusla.identity import Slot
from gpusla.instants import Interval, format_instant
from gpusla.inventory.model import AssignmentRecord, Record
from gpusla.inventory.registry import Assignments
from gpusla.statement.numbers import gpu_hours
from gpusla.timeline.intervals import Intervals, subtract, total_ms
from gpusla_collector.ports import Finding, finding_key
from gpusla_collector.usecases.world import ASSIGNMENTS

PATIENCE_MS = 24 * 3_600_000
"""How long a record may take from the hand that writes it to the collector."""

EVER_MS = 2**62
NAMED_MAX = 3
"""How many of many records a finding names; the others lie between its two instants."""

Records = dict[str, tuple[Record, ...]]
"""By kind of file; a kind of which there never was a file is left out."""

Held = Mapping[Slot, Intervals]


def backdated(before: Records, now: Records, now_ms: int) -> Iterator[Finding]:
    """
    Give what new records say of more than a day ago: at most one finding for each kind of file, and
    one for each contract.

    Records are told of if they say that they were made then; a contract, if its slots were others
    then.  One load of files has one cause, however many records it brought.
    """
    for kind, all_now in now.items():
        records = before.get(kind, ())
        known = set(map(_name_of, records))
        new = [record for record in all_now if _name_of(record) not in known]
        late = [record for record in new if record.recorded_ms < now_ms - PATIENCE_MS]
        if late:
            # Named by all that is new, not by what is late: a load that a crash broke off comes
            # again, and what was not late at first may be by then.
            names = sorted("/".join(_name_of(record)) for record in new)
            yield _finding(("dated", kind, *names), kind, _dated(late, now_ms), now_ms)
        if kind == ASSIGNMENTS and new:
            yield from _moved(_assignments(records), _assignments(all_now), new, now_ms)


def _name_of(record: Record) -> tuple[str, str]:
    """Return what tells a record from others of its file: a tray's and a GPU's may share an id."""
    return type(record).__name__, record.id


def _assignments(records: Sequence[Record]) -> Assignments:
    return Assignments(tuple(one for one in records if isinstance(one, AssignmentRecord)))


def _dated(late: Sequence[Record], now_ms: int) -> str:
    """Say how many records are late, what they say of when they were made, and the first few."""
    came = format_instant(now_ms)
    first = format_instant(min(record.recorded_ms for record in late))
    if len(late) == 1:
        return f"the record {late[0].id} says that it was made at {first}, and came at {came}"
    last = format_instant(max(record.recorded_ms for record in late))
    names = ", ".join(record.id for record in late[:NAMED_MAX])
    more = f" and {len(late) - NAMED_MAX:,} more" if len(late) > NAMED_MAX else ""
    return (
        f"{len(late):,} records that came at {came} say that they were made from {first} to "
        f"{last}: {names}{more}"
    )


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
    digest = finding_key("backdated", *key)
    return Finding(digest, RECORD_BACKDATED.name, subject, now_ms, detail)
