"""
What should be done about a finding is advice to people, and no part of an account.

A journal has it, beside what was found; spans, files of facts and judgements have not.  Whoever
folds records into an account that is kept leaves it out before: two conditions that differ in
nothing else are one, and no edge between two.  Blocks have it, being the journal's own words;
whoever holds them against an account takes it out of the spans and joins those anew.
"""

from dataclasses import replace

from gpusla.journal.body import Body
from gpusla.journal.model import Condition, Finding, Observed
from gpusla.timeline.model import StateSpan


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


def unadvised_span(span: StateSpan) -> StateSpan:
    """Return a span as accounts have it; one that was unsure of the advice alone is sure."""
    condition = without_advice(span.condition)
    other = None if span.other is None else without_advice(span.other)
    return replace(span, condition=condition, other=None if other == condition else other)


def _is_advised(condition: Condition) -> bool:
    return any(finding.action for finding in condition.findings)
