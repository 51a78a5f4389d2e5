"""How far a statement can be relied on, in the same words wherever people read it."""

from collections.abc import Collection

from gpusla.ledger.entries import Entry, Status
from gpusla.statement.model import Standing, Statement

NEVER_BOOKED = "over, no money is booked"
"""
What is said of a period that is over and for which nothing is due, as at a shadow price.

Nothing is ever posted for it, so it would be called provisional for ever; and when it was judged,
by which it could be called final, a statement does not hold.
"""


def standing_name(statement: Statement) -> str:
    """Return a statement's standing in words; one that was restated says how often."""
    if statement.standing is Standing.RESTATED:
        return f"final, revision {revision_of(statement)}"
    return NEVER_BOOKED if is_never_booked(statement) else statement.standing.value


def is_never_booked(statement: Statement) -> bool:
    """Tell whether a period is over and will never be final, because nothing is posted for it."""
    return is_over_unbooked(
        statement.standing, statement.entries, is_unpaid=statement.evaluation.is_unpaid
    )


def is_over_unbooked(standing: Standing, entries: Collection[Entry], *, is_unpaid: bool) -> bool:
    """Tell the same of a period whose statement is not at hand; is_unpaid: nothing is due."""
    return standing is Standing.PROVISIONAL and is_unpaid and not entries


def revision_of(statement: Statement) -> int:
    """Return how often a posted statement was restated: 0 for the first final one."""
    posted: dict[str, int] = {}
    for entry in statement.entries:
        if entry.status is Status.POSTED and entry.reverses is None:
            posted[entry.clause] = posted.get(entry.clause, 0) + 1
    return max(posted.values(), default=1) - 1
