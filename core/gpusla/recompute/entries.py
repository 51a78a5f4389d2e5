"""
What is booked, held against the judgement: each entry's form, and what is owed by objective.

The rules are those of `gpusla.ledger.booking`: of each objective one entry at most stands, each
other one was taken back whole, and what is posted is what the judgement gives.
"""

from collections.abc import Iterable, Iterator, Sequence

from gpusla.instants import format_instant
from gpusla.ledger.booking import balance_minor_units, live_entries
from gpusla.ledger.entries import Entry, Line, Status, is_posted, key_of, lines_of
from gpusla.recompute.difference import FigureDifference
from gpusla.sla.digest import digest, from_exact
from gpusla.sla.evaluation import Evaluation
from gpusla.statement.numbers import exact_money

_OPENING = frozenset({Status.PENDING, Status.POSTED})
_TAKING_BACK = {
    Status.PENDING: frozenset({Status.VOID, Status.EXPIRED}),
    Status.POSTED: frozenset({Status.POSTED}),
}


def first_wrong(entries: Sequence[Entry], found: Evaluation) -> FigureDifference | None:
    """
    Return the first thing of a statement's entries that the judgement does not give.

    entries: all that the ledger has of the period, by clause and revision.  found: the period
    judged once more.  What is pending is not owed, and only its form is looked at.
    """
    wrong = next(_misformed(entries, found), None)
    if wrong is not None or not is_posted(entries):
        return wrong
    return _early(found) or _owed(entries, found) or _foreign(entries, found)


def _misformed(entries: Iterable[Entry], found: Evaluation) -> Iterator[FigureDifference]:
    """Yield what an entry has otherwise than the one before it and its own parts ask for."""
    before: dict[str, tuple[int, Entry | None]] = {}
    for place, entry in enumerate(entries):
        revision, live = before.get(entry.clause, (0, None))
        before[entry.clause] = revision + 1, None if entry.reverses is not None else entry
        for name, told, right in _parts(entry, revision + 1, live, found):
            if told != right:
                where = f"entries[{place}] ({entry.clause}).{name}"
                yield FigureDifference(where, _written(told), _written(right))


def _parts(
    entry: Entry, revision: int, live: Entry | None, found: Evaluation
) -> Iterator[tuple[str, object, object]]:
    """Yield each part of an entry by name, with what it is and what it should be."""
    contract = found.contract
    yield "currency", entry.currency, contract.fees.currency
    yield "revision", entry.revision, revision
    yield "key", entry.key, key_of(contract.id, found.period.key, entry.clause, revision)
    yield "lines", _legs(entry.lines), _legs(lines_of(entry.status, entry.amount_minor_units))
    # Of a clause one entry stands at most: whatever stands is taken back, whole, before another.
    yield "reverses", entry.reverses, None if live is None else live.key
    allowed = _OPENING if live is None else _TAKING_BACK[live.status]
    if entry.status not in allowed:
        yield "status", entry.status.value, " or ".join(sorted(allowed))
    amount = entry.amount_minor_units
    yield "amount_minor_units", amount, max(amount, 0) if live is None else -live.amount_minor_units


def _legs(lines: Iterable[Line]) -> str:
    return ", ".join(f"{line.account.value} {line.minor_units}" for line in lines)


def _early(found: Evaluation) -> FigureDifference | None:
    """Find that something is posted of a period that was not judged to its end."""
    if found.is_complete:
        return None
    end = format_instant(found.period.interval.end_ms)
    return FigureDifference(
        "standing",
        f"posted, judged until {format_instant(found.until_ms)}",
        f"nothing that may be posted before {end}",
    )


def _owed(entries: Sequence[Entry], found: Evaluation) -> FigureDifference | None:
    """Hold what is posted against the credit: together, and objective by objective."""
    lines = () if found.is_unpaid else found.lines
    due = {line.objective: line.minor_units for line in lines}
    posted: dict[str, int] = {}
    for entry in entries:
        if entry.status is Status.POSTED:
            posted[entry.clause] = posted.get(entry.clause, 0) + entry.amount_minor_units
    pairs = [("owed by the ledger", balance_minor_units(entries), sum(due.values()))]
    for clause in sorted({*due, *posted}):
        name = f"owed by the ledger for {clause}"
        pairs.append((name, posted.get(clause, 0), due.get(clause, 0)))
    for name, owed, credit in pairs:
        if owed != credit:
            amounts = (exact_money(found.contract, from_exact(one)) for one in (owed, credit))
            return FigureDifference(name, *amounts)
    return None


def _foreign(entries: Sequence[Entry], found: Evaluation) -> FigureDifference | None:
    """
    Find a posted entry that follows from another judgement.

    A correction books what it changes; what it leaves as it was still names the judgement before,
    which then stands on another posted entry of a clause that was corrected.
    """
    ours = digest(found)
    posted = [entry for entry in entries if entry.status is Status.POSTED]
    live = live_entries(posted)
    corrected = {entry.clause for entry in posted if entry.reverses is not None}
    is_corrected = any(entry.evaluation_digest == ours for entry in live)
    for entry in live:
        is_earlier = is_corrected and any(
            (one.evaluation_digest, one.clause in corrected) == (entry.evaluation_digest, True)
            for one in posted
            if one is not entry
        )
        if entry.evaluation_digest != ours and not is_earlier:
            name = f"entries of {entry.clause}, evaluation_digest"
            return FigureDifference(name, entry.evaluation_digest, ours)
    return None


def _written(value: object) -> str:
    return "nothing" if value is None else str(value)
