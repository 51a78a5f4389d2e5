"""The list of months: how far each holds, what it comes to, and what may still be claimed of it."""

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping

from gpusla.contracts.money import format_amount
from gpusla.identity import ContractId
from gpusla.instants import format_instant
from gpusla.ledger.booking import balance_minor_units, pending_minor_units
from gpusla.ledger.entries import Entry, is_posted, month_of
from gpusla.statement.model import standing_of
from gpusla.statement.standing import NEVER_BOOKED, is_over_unbooked
from gpusla_collector.commands.claims import days_words
from gpusla_collector.ports import OPERATOR, Store
from gpusla_collector.usecases.claims import Claimable, ClaimList, ClaimStatus
from gpusla_collector.usecases.closed_periods import is_unpaid

Months = Mapping[tuple[ContractId, str], list[Claimable]]


def month_rows(store: Store, now_ms: int) -> Iterator[str]:
    """Yield a row for each month, or part of one, that was judged; now_ms: when it is read."""
    claims = _open_claims(store, now_ms)
    for contract, period in store.judged_periods(OPERATOR):
        entries = store.entries(OPERATOR, contract, period)
        of_month = claims.get((contract, month_of(period)), [])
        left = (_claim_words(one, period, now_ms) for one in of_month)
        holds = _holds(store, contract, period, entries)
        yield "; ".join((f"{contract} {period} {holds}", *left))


def _open_claims(store: Store, now_ms: int) -> Months:
    found: dict[tuple[ContractId, str], list[Claimable]] = defaultdict(list)
    for one in ClaimList(store).of(OPERATOR, now_ms):
        if one.status is ClaimStatus.OPEN:
            found[one.contract, one.period].append(one)
    return found


def _claim_words(one: Claimable, period: str, now_ms: int) -> str:
    """Say what a claim would give; it is of the whole month, also in the row of a part of it."""
    of = "" if period == one.period else f" of {one.period}"
    amount = format_amount(one.worth_minor_units, one.currency)
    so_far = "" if one.is_over else " so far"
    left = days_words(one.days_left(now_ms))
    deadline = format_instant(one.deadline_ms)
    return f"{amount}{of}{so_far} may be claimed before {deadline}, {left} left"


def _holds(store: Store, contract: ContractId, period: str, entries: tuple[Entry, ...]) -> str:
    """Say how far a month holds; the judgement is read only where nothing is posted."""
    if is_posted(entries):
        return f"{standing_of(entries, is_complete=True).value} {_worth(entries)}"
    judged = store.judged(OPERATOR, contract, period)
    assert judged is not None, "it was listed as judged"
    content = json.loads(judged.content)
    standing = standing_of(entries, is_complete=judged.until_ms >= content["end_ms"])
    if is_over_unbooked(standing, entries, is_unpaid=is_unpaid(content)):
        return NEVER_BOOKED
    return f"{standing.value} {_worth(entries)}"


def _worth(entries: tuple[Entry, ...]) -> str:
    """Say what the entries of one month come to; a month without any owes nothing so far."""
    if not entries:
        return "nothing booked"
    currency = entries[0].currency
    if is_posted(entries):
        return f"posted {format_amount(balance_minor_units(entries), currency)}"
    return f"pending {format_amount(pending_minor_units(entries), currency)}"
