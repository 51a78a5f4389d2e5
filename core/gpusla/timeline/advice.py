"""
What should be done about a finding is advice to people, and no part of an account.

A journal has it, beside what was found; spans, files of facts and judgements have not.  Whoever
folds records into an account leaves it out before, not after: two conditions that differ in nothing
else are one, and no edge between two.
"""

from dataclasses import replace

from gpusla.journal.body import Body
from gpusla.journal.model import Condition, Finding, Observed


def unadvised(body: Body) -> Body:
    """Return a record as accounts take it in."""
    if not isinstance(body, Observed) or not any(map(_is_advised, body.conditions.values())):
        return body
    plain = {slot: without_advice(condition) for slot, condition in body.conditions.items()}
    return replace(body, conditions=plain)


def without_advice(condition: Condition) -> Condition:
    """Return a condition without what should be done about it."""
    if not _is_advised(condition):
        return condition
    return Condition(
        condition.state,
        tuple(Finding(finding.reason, finding.evidence) for finding in condition.findings),
    )


def _is_advised(condition: Condition) -> bool:
    return any(finding.action for finding in condition.findings)
