"""
The rights of a contract as dated events: when one may be used, until when, and under which field.

A day that N days' notice is given on counts as day 0: the contract ends with the start of day N,
so its last day is the one before.  Source: docs/decisions/0097-notice-and-last-day.md.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta

from gpusla.contracts.calendar import add_months, end_of_day_ms, start_of_day_ms
from gpusla.contracts.model import ContractVersion, LongStop

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Right:
    """
    A right that can be used over some days, or a day on which something ends.

    first_day, last_day: local dates, both included.  opens_ms, closes_ms: from when, and the first
    instant at which it is too late; of an end, which nobody uses, both are the end of its day.
    by: who may use it: `provider`, `tenant`; empty for an end.  rule: in words.  field: its path.
    """

    name: str
    first_day: date
    last_day: date
    opens_ms: int
    closes_ms: int
    by: tuple[str, ...]
    rule: str
    field: str


@dataclass(frozen=True, slots=True)
class Notice:
    """
    What a notice given on a local day does.

    last_day: of the contract; None if the notice is refused.  refused: why, in words; else empty.
    """

    given_on: date
    last_day: date | None
    refused: str


def rights(contract: ContractVersion, others: Iterable[Right] = ()) -> tuple[Right, ...]:
    """Return all rights that the text of a contract gives, and others, in order of time."""
    found = (*_termination(contract), *_long_stop(contract), _term_end(contract), *others)
    return tuple(sorted(found, key=lambda one: (one.opens_ms, one.closes_ms, one.name)))


def notice(contract: ContractVersion, given_on: date) -> Notice:
    """Return the contract's last day after a notice of some local day, or why it is refused."""
    term, first_day = contract.term, first_notice_day(contract)
    if not term.termination.by:
        refused = "nobody may end the contract by notice"
    elif given_on < first_day:
        refused = f"notice may be given from {first_day} on"
    elif given_on > term.end:
        refused = f"the contract ends with {term.end} by itself"
    else:
        return Notice(given_on, min(_last_day_after(contract, given_on), term.end), "")
    return Notice(given_on, None, refused)


def first_notice_day(contract: ContractVersion) -> date:
    """Return the first local day on which notice may be given, by whoever may; perhaps too late."""
    term, how = contract.term, contract.term.termination
    opens = term.start if how.notice_during_initial else _initial_period_after(contract)
    return max(opens, how.not_before or opens)


def earliest_end(contract: ContractVersion, *, notice_during_initial: bool | None = None) -> date:
    """Return the first day that can be the last; another reading of the initial period if given."""
    how = contract.term.termination
    if notice_during_initial is not None:
        how = replace(how, notice_during_initial=notice_during_initial)
    read = replace(contract, term=replace(contract.term, termination=how))
    return notice(read, first_notice_day(read)).last_day or contract.term.end


def grace_end(long_stop: LongStop) -> date:
    """Return the last local day of the grace after a long-stop: months first, then days."""
    return add_months(long_stop.day, long_stop.grace_months) + long_stop.grace_days * _DAY


def _termination(contract: ContractVersion) -> Iterator[Right]:
    term, how, first_day = contract.term, contract.term.termination, first_notice_day(contract)
    initial_end = _initial_period_after(contract) - _DAY
    if how.initial_period_months and initial_end < term.end:
        rule = f"the initial period of {how.initial_period_months} months ends"
        field = "term.termination.initial_period_months"
        yield _end(contract, "initial_period_end", initial_end, rule, field)
    last_useful_day = term.end - max(how.notice_days, 1) * _DAY
    if how.by and first_day <= last_useful_day and earliest_end(contract) < term.end:
        rule = f"notice of {how.notice_days} days may be given"
        field = "term.termination.notice_days"
        yield _usable(contract, "notice", (first_day, last_useful_day), how.by, (rule, field))
        rule = f"the contract ends if notice is given on {first_day}"
        yield _end(contract, "earliest_end", earliest_end(contract), rule, field)


def _long_stop(contract: ContractVersion) -> Iterator[Right]:
    long_stop = contract.capacity.long_stop
    if long_stop is None:
        return
    after_grace = grace_end(long_stop) + _DAY
    field = "capacity.long_stop"
    yield _end(contract, "long_stop", long_stop.day, "the whole ramp is due", f"{field}.day")
    if after_grace > long_stop.day + _DAY:
        rule = "the grace for the ramp ends"
        yield _end(contract, "grace_end", after_grace - _DAY, rule, f"{field}.grace")
    if after_grace <= contract.term.end:
        for remedy in long_stop.remedies:
            what = (_REMEDIES[remedy], f"{field}.remedies")
            days = (after_grace, contract.term.end)
            yield _usable(contract, f"long_stop_{remedy}", days, ("tenant",), what)


_REMEDIES = {
    "terminate": "if the ramp is not complete by then, the tenant may end the contract",
    "rebase_fee": (
        "if the ramp is not complete by then, the tenant may accept fewer GPUs, "
        "and the fee goes down with them"
    ),
}


def _term_end(contract: ContractVersion) -> Right:
    return _end(contract, "term_end", contract.term.end, "the term ends", "term.end")


def _initial_period_after(contract: ContractVersion) -> date:
    return add_months(contract.term.start, contract.term.termination.initial_period_months)


def _last_day_after(contract: ContractVersion, given_on: date) -> date:
    last_day = given_on + (contract.term.termination.notice_days - 1) * _DAY
    # Without any notice period the contract still does not end before the notice was given.
    return max(last_day, given_on, _initial_period_after(contract) - _DAY)


def _usable(
    contract: ContractVersion,
    name: str,
    days: tuple[date, date],
    by: tuple[str, ...],
    what: tuple[str, str],
) -> Right:
    timezone = contract.term.timezone
    opens_ms, closes_ms = start_of_day_ms(days[0], timezone), end_of_day_ms(days[1], timezone)
    return Right(name, *days, opens_ms, closes_ms, by, *what)


def _end(contract: ContractVersion, name: str, day: date, rule: str, field: str) -> Right:
    end_ms = end_of_day_ms(day, contract.term.timezone)
    return Right(name, day, day, end_ms, end_ms, (), rule, field)
