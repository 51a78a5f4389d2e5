"""Conditions in words."""

from gpusla.journal.model import Condition


def condition_words(condition: Condition) -> str:
    """Say a state and why."""
    found = "; ".join(
        ": ".join(part for part in (one.reason, one.evidence) if part) for one in condition.findings
    )
    return f"{condition.state.value} ({found})" if found else condition.state.value
