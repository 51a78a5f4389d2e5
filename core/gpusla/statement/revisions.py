"""
What one statement of a period says other than an earlier one: facts, terms and amounts.

The changes of the credit's parts add up to the change of the whole.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction

from gpusla.catalogue.reasons import State
from gpusla.contracts.differences import differences
from gpusla.ledger.booking import balance_minor_units
from gpusla.sla.claims import is_in_time
from gpusla.sla.evaluation import Evaluation
from gpusla.statement.canonical import digest
from gpusla.statement.claims import claimable_minor_units, open_claim
from gpusla.statement.grades import Worth
from gpusla.statement.hours import account_hours, loss_hours, written
from gpusla.statement.layout import COLUMNS, folded
from gpusla.statement.model import Statement
from gpusla.statement.numbers import gpu_hours, instant, money, percent
from gpusla.statement.standing import standing_name

NONE = "none"
CREDIT = "credit"
"""The name of the whole credit's change; its parts are called `credit of` their objectives."""

DIGEST_COLUMNS = 12
JOURNALS_MAX = 6


class Ground(StrEnum):
    """What kind of thing changed: what was seen, what was agreed, or what it comes to."""

    FACTS = "facts"
    TERMS = "terms"
    AMOUNTS = "amounts"


@dataclass(frozen=True, slots=True)
class Change:
    """
    One thing that is other than it was; before and after in words.

    minor_units: of amounts of the credit how much more it is; None of everything else.
    """

    ground: Ground
    name: str
    before: str
    after: str
    minor_units: int | None = None


def changes_between(before: Statement, after: Statement) -> tuple[Change, ...]:
    """
    Return what changed, facts first, then terms, then amounts; nothing if nothing did.

    Raises ValueError if the two are not of one contract and period, or not in one currency.
    """
    require_same(before, after)
    found = (*_facts(before, after), *_terms(before, after), *_amounts(before, after))
    return tuple(change for change in found if change.before != change.after)


def require_same(before: Statement, after: Statement) -> None:
    """Raise ValueError, in words, unless two statements can be held against each other."""
    for name, was, now in (
        ("contract", before.evaluation.contract.id, after.evaluation.contract.id),
        ("period", before.evaluation.period.key, after.evaluation.period.key),
        ("currency", _currency(before), _currency(after)),
    ):
        if was != now:
            message = f"the statement before is of {name} {was} and this one of {now}"
            raise ValueError(message)


def difference_minor_units(before: Statement, after: Statement) -> int:
    """Return how much more the credit is now; negative if it is less."""
    return _credit(after) - _credit(before)


def summary_words(before: Statement, after: Statement) -> str:
    """
    Say what the change comes to: of the credit, and of what is still to be claimed.

    Where a credit must be claimed it is nothing until it is, and says nothing of what changed.
    """
    then, here = standing_name(before), standing_name(after)
    standing = f"The statement before was {then}, this one is {here}."
    credit = _compared(after, "The credit", _credit(before), _credit(after))
    was, now = (claimable_minor_units(one.evaluation) for one in (before, after))
    is_said = now or (was and _credit(before) == _credit(after))
    claimable = _compared(after, "What may be claimed", was, now) if is_said else ""
    return f"{standing} {credit} {claimable}".rstrip()


def _compared(statement: Statement, name: str, was: int, now: int) -> str:
    """Say in one sentence how much more an amount is now, in the statement's currency."""

    def write(amount: int) -> str:
        return money(statement.evaluation.contract, amount)

    if was == now:
        return f"{name} is the same: {write(now)}."
    size, word = write(abs(now - was)), "more" if now > was else "less"
    return f"{name} is {size} {word} than before: {write(was)} then, {write(now)} now."


def is_same(before: Statement, after: Statement) -> bool:
    """Tell whether two statements are the same to the byte, whatever is told of them."""
    return digest(before) == digest(after)


def nothing_words(before: Statement, after: Statement) -> str:
    """Say that nothing of what is told changed, and whether that is all there is to say."""
    if is_same(before, after):
        return "Nothing else is different."
    was, now = digest(before), digest(after)
    return (
        "Nothing else that is told here is different, and yet the two are not the same: digest "
        f"{was} before, {now} now."
    )


def render_changes(before: Statement, after: Statement) -> str:
    """Return the changes as lines of text, at most as wide as a statement."""
    changes = changes_between(before, after)
    contract, period = after.evaluation.contract.id, after.evaluation.period.key
    lines = [f"WHAT CHANGED in {contract}, {period}", "=" * COLUMNS]
    lines += folded(summary_words(before, after))
    for ground in Ground:
        ours = [change for change in changes if change.ground is ground]
        if ours:
            lines += ["", ground.value.upper(), "-" * COLUMNS]
        for change in ours:
            lines += folded(f"{change.name}: {change.before} -> {change.after}")
    if not changes:
        lines += ["", *folded(nothing_words(before, after))]
    return "\n".join(lines) + "\n"


def _facts(before: Statement, after: Statement) -> Iterator[Change]:
    """Yield what was seen or recorded otherwise."""
    was, now = both = before.evaluation, after.evaluation
    yield Change(Ground.FACTS, "judged to", instant(was.until_ms), instant(now.until_ms))
    lost_then, lost_now = _lost_by_cause(was), _lost_by_cause(now)
    for cause in dict.fromkeys((*lost_then, *lost_now)):
        lost = (written(one.get(cause, 0)) for one in (lost_then, lost_now))
        yield _pair(Ground.FACTS, f"GPU-hours lost to {cause}", lost)
    hours = [account_hours(one.account) for one in both]
    for state in State:
        seen = (written(one.states[state]) for one in hours)
        yield _pair(Ground.FACTS, f"GPU-hours seen {state.value}", seen)
    yield _pair(Ground.FACTS, "GPU-hours held", (written(one.held) for one in hours))
    yield _pair(Ground.FACTS, "claim", map(_claim, both))
    yield _pair(Ground.FACTS, "exclusions counted", (_listed(one.exclusions) for one in both))
    refused = ([found.exclusion_id for found in one.refused] for one in both)
    yield _pair(Ground.FACTS, "exclusions not counted", map(_listed, refused))
    yield from _proof(before, after)
    yield from _inputs(before, after)


def _proof(before: Statement, after: Statement) -> Iterator[Change]:
    """Yield what evidence is worth, and how many incidents there were, where both say it."""
    if before.grounds is None or after.grounds is None:
        return
    was, now = before.grounds, after.grounds
    for (worth, then), (_, here) in zip(was.held.rows(), now.held.rows(), strict=True):
        name = "without a record" if worth is Worth.NONE else f"of grade {worth.value}"
        yield Change(Ground.FACTS, f"GPU-hours {name}", gpu_hours(then), gpu_hours(here))
    counts = (len(one.incidents.listed) + one.incidents.more for one in (was, now))
    yield _pair(Ground.FACTS, "incidents behind the loss", map(str, counts))


def _inputs(before: Statement, after: Statement) -> Iterator[Change]:
    was, now = before.inputs, after.inputs
    for name in ("inventory", "assignments", "exclusions", "claims"):
        digests = (getattr(one, f"{name}_digest")[:DIGEST_COLUMNS] or NONE for one in (was, now))
        yield _pair(Ground.FACTS, f"file of {name} (SHA-256)", digests)
    changed = sorted(
        node
        for node in {*was.journals, *now.journals}
        if was.journals.get(node) != now.journals.get(node)
    )
    for node in changed[:JOURNALS_MAX]:
        heads = (one.journals.get(node) for one in (was, now))
        told = (f"to record {head.sequence}" if head else NONE for head in heads)
        yield _pair(Ground.FACTS, f"journal of {node}", told)
    if len(changed) > JOURNALS_MAX:
        more = f"{len(changed) - JOURNALS_MAX} more journals"
        yield Change(Ground.FACTS, more, "as they were", "with other records")


def _terms(before: Statement, after: Statement) -> Iterator[Change]:
    """Yield what was agreed otherwise; what judged, too, and by which time zones."""
    was, now = before.evaluation.contract, after.evaluation.contract
    yield Change(Ground.TERMS, "contract version", str(was.version), str(now.version))
    digests = was.digest[:DIGEST_COLUMNS], now.digest[:DIGEST_COLUMNS]
    yield Change(Ground.TERMS, "contract's file", *digests)
    # A statement of format 2 does not say these, and what is not said did not change.
    unsaid = "" if was.statement.grade_min and now.statement.grade_min else "term"
    for found in differences(was, now):
        if not (unsaid and found.field.startswith(("term", "statement", "documents", "effective"))):
            yield Change(Ground.TERMS, found.field, found.before or NONE, found.after or NONE)
    inputs = before.inputs, after.inputs
    yield _pair(Ground.TERMS, "time zones", (one.zone_edition for one in inputs))
    yield _pair(Ground.TERMS, "judged by", (one.program for one in inputs))


def _amounts(before: Statement, after: Statement) -> Iterator[Change]:
    """Yield figures that are compared, and money."""
    was, now = before.evaluation, after.evaluation
    contract = now.contract

    def write(amount: Fraction | int) -> str:
        return money(contract, amount)

    reached = [
        {one.objective.id: percent(one.value.value) for one in e.outcomes} for e in (was, now)
    ]
    for name in dict.fromkeys((*reached[0], *reached[1])):
        figures = (one.get(name, "not judged") for one in reached)
        yield _pair(Ground.AMOUNTS, f"{name} reached", figures)
    fees = write(was.fee_minor_units), write(now.fee_minor_units)
    yield Change(Ground.AMOUNTS, "fee due", *fees)
    parts = [{line.objective: line.minor_units for line in e.lines} for e in (was, now)]
    for name in dict.fromkeys((*parts[0], *parts[1])):
        then, here = (one.get(name, 0) for one in parts)
        label = f"credit of {name}"
        yield Change(Ground.AMOUNTS, label, write(then), write(here), here - then)
    yield Change(Ground.AMOUNTS, CREDIT, write(_credit(before)), write(_credit(after)))
    claims = [open_claim(one) for one in (was, now)]
    worth = (write(one.claimable_minor_units) if one else NONE for one in claims)
    yield _pair(Ground.AMOUNTS, "may be claimed", worth)
    deadlines = (f"before {instant(one.deadline_ms)}" if one else NONE for one in claims)
    yield _pair(Ground.AMOUNTS, "to be claimed", deadlines)
    yield _pair(Ground.AMOUNTS, "entries in the ledger", map(_entries, (before, after)))


def _pair(ground: Ground, name: str, told: Iterable[str]) -> Change:
    before, after = told
    return Change(ground, name, before, after)


def _lost_by_cause(evaluation: Evaluation) -> Mapping[str, int]:
    """Return thousandths of GPU-hours by cause, as the pages have them."""
    found: dict[str, int] = {}
    for loss, hours in zip(evaluation.losses, loss_hours(evaluation), strict=True):
        name = ", ".join(loss.reasons).replace("_", " ")
        found[name] = found.get(name, 0) + hours
    return found


def _listed(names: Sequence[str]) -> str:
    return ", ".join(dict.fromkeys(names)) or NONE


def _claim(evaluation: Evaluation) -> str:
    """Say whether a credit was asked for in time, as far as it must be asked for at all."""
    claim = evaluation.claim
    if claim is None or claim.claimed_ms is None:
        return NONE
    when = "in time" if is_in_time(claim.claimed_ms, claim.deadline_ms) else "too late"
    return f"made {instant(claim.claimed_ms)}, {when}"


def _entries(statement: Statement) -> str:
    entries = statement.entries
    if not entries:
        return NONE
    owed = money(statement.evaluation.contract, balance_minor_units(entries))
    return f"{len(entries)}, with {owed} posted"


def _credit(statement: Statement) -> int:
    return statement.evaluation.credit_minor_units.value


def _currency(statement: Statement) -> str:
    return statement.evaluation.contract.fees.currency
