"""How far a statement can be relied on, in the same words wherever people read it."""

from gpusla.ledger.entries import Status
from gpusla.statement.model import Standing, Statement


def standing_name(statement: Statement) -> str:
    """Return a statement's standing in words; one that was restated says how often."""
    if statement.standing is Standing.RESTATED:
        return f"final, revision {revision_of(statement)}"
    return statement.standing.value


def revision_of(statement: Statement) -> int:
    """Return how often a posted statement was restated: 0 for the first final one."""
    posted: dict[str, int] = {}
    for entry in statement.entries:
        if entry.status is Status.POSTED and entry.reverses is None:
            posted[entry.clause] = posted.get(entry.clause, 0) + 1
    return max(posted.values(), default=1) - 1
