"""
Which entries to append, given what the ledger holds and what the judgement says now.

Level-triggered: the outcome depends on the two arguments alone, so doing it twice, late, or after
a crash changes nothing.  Source: docs/decisions/0021-credit-to-date.md, 0037-booking.md.
"""

from collections.abc import Iterable, Iterator, Sequence

from gpusla.catalogue.codes import LEDGER_CONFLICT, PERIOD_OPEN
from gpusla.errors import LedgerError
from gpusla.ledger.entries import Entry, Status, key_of, lines_of
from gpusla.sla.digest import digest
from gpusla.sla.evaluation import Evaluation


def decide(
    existing: Sequence[Entry], evaluation: Evaluation, *, is_final: bool
) -> tuple[Entry, ...]:
    """
    Return the entries to append, in order; none if the ledger already says what it should.

    existing: what the ledger holds, in any order; entries of other periods are left out.
    is_final: the period is closed and its evidence in.  A period once posted stays posted: what is
    judged before its end is passed over, a final judgement of another amount corrects it.
    Raises LedgerError: `period_open` for a final booking of an unfinished period,
    `ledger_conflict` if two different entries carry one key.
    """
    if evaluation.is_shadow or not evaluation.base_minor_units:
        return ()
    if is_final and not evaluation.is_complete:
        raise LedgerError(
            PERIOD_OPEN,
            f"period {evaluation.period.key} of contract {evaluation.contract.id} is judged only "
            f"until {evaluation.until_ms} and cannot be posted",
        )
    history = _history(existing, evaluation)
    live = _live(history)
    if not _is_due(history, live, evaluation, is_final=is_final):
        return ()
    return tuple(_entries(history, live, evaluation, is_final=is_final))


def balance_minor_units(entries: Iterable[Entry]) -> int:
    """Return what the tenant is owed: posted entries less their reversals."""
    return sum(e.amount_minor_units for e in entries if e.status is Status.POSTED)


def pending_minor_units(entries: Iterable[Entry]) -> int:
    """Return what has accrued in open periods and is not owed yet."""
    return sum(e.amount_minor_units for e in entries if e.status is not Status.POSTED)


def _history(existing: Iterable[Entry], evaluation: Evaluation) -> list[Entry]:
    """Return this clause's entries by revision, each once."""
    by_key: dict[str, Entry] = {}
    for entry in existing:
        if _clause(entry) != _clause_of(evaluation):
            continue
        if by_key.setdefault(entry.key, entry) != entry:
            raise LedgerError(
                LEDGER_CONFLICT, f"two different entries carry the key {entry.key[:12]}"
            )
    return sorted(by_key.values(), key=lambda entry: entry.revision)


def _clause(entry: Entry) -> tuple[str, str, str]:
    return entry.contract, entry.period, entry.clause


def _clause_of(evaluation: Evaluation) -> tuple[str, str, str]:
    contract = evaluation.contract
    return contract.id, evaluation.period.key, contract.objective.id


def _live(history: Sequence[Entry]) -> Entry | None:
    """Return the entry in force: the newest that takes nothing back and was not taken back."""
    taken_back = {entry.reverses for entry in history}
    standing = [e for e in history if e.reverses is None and e.key not in taken_back]
    return standing[-1] if standing else None


def _is_due(
    history: Sequence[Entry], live: Entry | None, evaluation: Evaluation, *, is_final: bool
) -> bool:
    amount = evaluation.credit_minor_units.value
    if any(entry.status is Status.POSTED for entry in history):
        return is_final and (live is None or live.amount_minor_units != amount)
    if live is None:
        return is_final or amount != 0
    return is_final or live.amount_minor_units != amount


def _entries(
    history: Sequence[Entry], live: Entry | None, evaluation: Evaluation, *, is_final: bool
) -> Iterator[Entry]:
    amount, revision = evaluation.credit_minor_units.value, len(history) + 1
    if live is not None:
        status = Status.POSTED if live.status is Status.POSTED else Status.VOID
        yield _entry(evaluation, revision, status, -live.amount_minor_units, live.key)
        revision += 1
    if is_final:
        yield _entry(evaluation, revision, Status.POSTED, amount, None)
    elif amount:
        yield _entry(evaluation, revision, Status.PENDING, amount, None)


def _entry(
    evaluation: Evaluation, revision: int, status: Status, amount: int, reverses: str | None
) -> Entry:
    contract, period = evaluation.contract, evaluation.period.key
    return Entry(
        key_of(contract.id, period, contract.objective.id, revision),
        contract.id,
        contract.tenant,
        period,
        contract.objective.id,
        revision,
        status,
        amount,
        contract.fees.currency,
        lines_of(status, amount),
        reverses,
        digest(evaluation),
    )
