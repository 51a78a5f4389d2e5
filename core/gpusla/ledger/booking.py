"""
Which entries to append, given what the ledger holds and what the judgement says now.

Each objective is a clause with a history of its own.  Level-triggered: the outcome depends on the
two arguments alone, so doing it twice, late, or after a crash changes nothing.
Source: docs/decisions/0021-credit-to-date.md, 0037-booking.md, 0103-an-entry-for-each-objective.md.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from gpusla.catalogue.codes import LEDGER_CONFLICT, PERIOD_OPEN
from gpusla.contracts.remedies import NoCredit
from gpusla.errors import LedgerError
from gpusla.ledger.entries import Entry, Status, is_posted, key_of, lines_of, month_of
from gpusla.sla.claims import is_in_time
from gpusla.sla.digest import digest
from gpusla.sla.evaluation import Evaluation


def decide(
    existing: Sequence[Entry],
    evaluation: Evaluation,
    *,
    is_final: bool,
    keys: Collection[str] = (),
) -> tuple[Entry, ...]:
    """
    Return the entries to append, in order; none if the ledger already says what it should.

    existing: what the ledger holds, in any order; entries of other billing periods are left out.
    keys: of all segments that the billing period is cut into now.  What accrued under another of
    its keys, before an amendment cut it so, is taken back; without any, nothing of others is.
    is_final: the period is closed and its evidence in.  A clause once posted stays posted: what is
    judged before its end is passed over, a final judgement of another amount corrects it.
    Raises LedgerError: `period_open` for a final booking of an unfinished period,
    `ledger_conflict` if two different entries carry one key, or if the billing period is posted
    under a key that it has no more: what was settled once must not be settled again in parts.
    """
    if is_final and not evaluation.is_complete:
        raise LedgerError(
            PERIOD_OPEN,
            f"period {evaluation.period.key} of contract {evaluation.contract.id} is judged only "
            f"until {evaluation.until_ms} and cannot be posted",
        )
    _require_uncut(existing, evaluation, keys)
    histories = _histories(existing, evaluation)
    amounts = _amounts(evaluation, histories)
    booking = _Booking(evaluation, is_final)
    due = (
        entry
        for clause, amount in amounts.items()
        for entry in booking.entries(clause, histories.get(clause, ()), amount)
    )
    return (*_taken_back(existing, keys, booking), *due)


def balance_minor_units(entries: Iterable[Entry]) -> int:
    """Return what the tenant is owed: posted entries less their reversals."""
    return sum(e.amount_minor_units for e in entries if e.status is Status.POSTED)


def pending_minor_units(entries: Iterable[Entry]) -> int:
    """Return what has accrued in open periods and is not owed yet."""
    return sum(e.amount_minor_units for e in entries if e.status is not Status.POSTED)


def live_entries(entries: Iterable[Entry]) -> tuple[Entry, ...]:
    """Return what is in force: entries that take nothing back and were not taken back."""
    known = tuple(entries)
    taken_back = {entry.reverses for entry in known}
    return tuple(e for e in known if e.reverses is None and e.key not in taken_back)


def _require_uncut(
    existing: Iterable[Entry], evaluation: Evaluation, keys: Collection[str]
) -> None:
    contract, month = evaluation.contract.id, month_of(evaluation.period.key)
    for entry in existing:
        is_ours = entry.contract == contract and month_of(entry.period) == month
        if keys and is_ours and entry.status is Status.POSTED and entry.period not in keys:
            raise LedgerError(
                LEDGER_CONFLICT,
                f"contract {contract}: {entry.period} is posted, and its versions cut the month "
                f"into {', '.join(sorted(keys))} now",
                fix="What is posted stands; agree on what the cut changes by hand.",
            )


def _taken_back(
    existing: Sequence[Entry], keys: Collection[str], booking: "_Booking"
) -> Iterator[Entry]:
    """Yield what takes back accruals under keys that the billing period has no more."""
    contract, month = booking.evaluation.contract.id, month_of(booking.evaluation.period.key)
    ours = [e for e in existing if e.contract == contract and month_of(e.period) == month]
    if not keys:
        return
    for live in live_entries(ours):
        if live.status is Status.PENDING and live.period not in keys:
            clause = (live.period, live.clause)
            revision = 1 + max(e.revision for e in ours if (e.period, e.clause) == clause)
            yield booking.void(live, revision)


def _histories(existing: Iterable[Entry], evaluation: Evaluation) -> dict[str, list[Entry]]:
    """Return the period's entries by clause and revision, each once."""
    by_key: dict[str, Entry] = {}
    for entry in existing:
        if (entry.contract, entry.period) != (evaluation.contract.id, evaluation.period.key):
            continue
        if by_key.setdefault(entry.key, entry) != entry:
            raise LedgerError(
                LEDGER_CONFLICT, f"two different entries carry the key {entry.key[:12]}"
            )
    histories: dict[str, list[Entry]] = {}
    for entry in sorted(by_key.values(), key=lambda entry: (entry.clause, entry.revision)):
        histories.setdefault(entry.clause, []).append(entry)
    return histories


def _amounts(evaluation: Evaluation, histories: Mapping[str, Sequence[Entry]]) -> dict[str, int]:
    """
    Return what each clause should stand at.

    Of clauses that are only in the ledger, whatever still counts is taken back.
    """
    lines = {line.objective: line.minor_units for line in evaluation.lines}
    left = [clause for clause, history in histories.items() if _still_counts(history)]
    due = {clause: lines.get(clause, 0) for clause in _due(evaluation)}
    assert not due or sum(due.values()) == evaluation.credit_minor_units.value
    return dict.fromkeys(left, 0) | due


def _due(evaluation: Evaluation) -> list[str]:
    """Return the objectives that can give money; where nothing is owed at all there are none."""
    if evaluation.is_unpaid:
        return []
    promises = [outcome.objective for outcome in evaluation.outcomes]
    judged = [one.id for one in promises if not isinstance(one.credit, NoCredit)]
    # A period is closed by an entry even where none of its objectives was due.
    return judged or [evaluation.contract.objectives[0].id]


def _still_counts(history: Sequence[Entry]) -> bool:
    return bool(live_entries(history)) or is_posted(history)


@dataclass(frozen=True)
class _Booking:
    """What every new entry says."""

    evaluation: Evaluation
    is_final: bool

    @cached_property
    def evaluation_digest(self) -> str:
        """Digest of the judgement, worked out only where something is booked."""
        return digest(self.evaluation)

    def entries(self, clause: str, history: Sequence[Entry], amount: int) -> Iterator[Entry]:
        """Yield what a clause's history lacks."""
        standing = live_entries(history)
        live = standing[-1] if standing else None
        if not self._is_due(history, live, amount):
            return
        revision = len(history) + 1
        if live is not None:
            status = Status.POSTED if live.status is Status.POSTED else self._taking_back(amount)
            yield self._entry(clause, revision, status, -live.amount_minor_units, live.key)
            revision += 1
        if self.is_final:
            yield self._entry(clause, revision, Status.POSTED, amount, None)
        elif amount:
            yield self._entry(clause, revision, Status.PENDING, amount, None)

    def void(self, live: Entry, revision: int) -> Entry:
        """Return what takes a pending entry back, whatever its period."""
        amount = -live.amount_minor_units
        return replace(
            live,
            key=key_of(live.contract, live.period, live.clause, revision),
            revision=revision,
            status=Status.VOID,
            amount_minor_units=amount,
            lines=lines_of(Status.VOID, amount),
            reverses=live.key,
            evaluation_digest=self.evaluation_digest,
        )

    def _taking_back(self, amount: int) -> Status:
        """Return why a pending entry goes: with a claim that came too late it expires."""
        claim = self.evaluation.claim
        is_late = (
            claim is not None
            and claim.claimed_ms is not None
            and not is_in_time(claim.claimed_ms, claim.deadline_ms)
        )
        return Status.EXPIRED if is_late and not amount else Status.VOID

    def _is_due(self, history: Sequence[Entry], live: Entry | None, amount: int) -> bool:
        is_other = live is None or live.amount_minor_units != amount
        if is_posted(history):
            return self.is_final and is_other
        if live is None:
            return self.is_final or amount != 0
        return self.is_final or is_other

    def _entry(
        self, clause: str, revision: int, status: Status, amount: int, reverses: str | None
    ) -> Entry:
        contract, period = self.evaluation.contract, self.evaluation.period.key
        return Entry(
            key_of(contract.id, period, clause, revision),
            contract.id,
            contract.tenant,
            period,
            clause,
            revision,
            status,
            amount,
            contract.fees.currency,
            lines_of(status, amount),
            reverses,
            self.evaluation_digest,
        )
