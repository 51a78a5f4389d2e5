"""Conditions in words, and words that come from a bundle on one line."""

from gpusla.journal.model import Condition


def condition_words(condition: Condition) -> str:
    """Say a state and why."""
    found = "; ".join(
        ": ".join(part for part in (one.reason, one.evidence) if part) for one in condition.findings
    )
    return f"{condition.state.value} ({found})" if found else condition.state.value


def printable(words: str) -> str:
    """
    Return words with whatever is no sign of a line escaped: line ends, controls, half characters.

    Whoever writes a name or a reason into a bundle must not write lines of the report with it.
    """
    return "".join(sign if sign.isprintable() else ascii(sign)[1:-1] for sign in words)
