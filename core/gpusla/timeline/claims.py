"""
What counts where records of one party speak for the same time and disagree.

The worse claim counts and the other one widens the bounds, so that a disagreement can neither hide
a failure nor pass for certainty.  Source: docs/decisions/0031-overlapping-evidence.md.
"""

from collections.abc import Iterable, Sequence

from gpusla.catalogue.reasons import DISPUTED, State
from gpusla.journal.model import Condition, Finding
from gpusla.timeline.model import Evidence, StateSpan, Witness, worst_error_ms

SEVERITY: dict[State, int] = {State.OK: 0, State.DEGRADED: 1, State.UNKNOWN: 2, State.DOWN: 3}
"""Which of two claims about the same millisecond counts: the larger.  Evidence of failure wins."""

PRECEDENCE: dict[Witness, int] = {witness: place for place, witness in enumerate(Witness)}
"""Whose records are named where several say the same."""


def worst(claims: Iterable[StateSpan], start_ms: int, end_ms: int) -> StateSpan:
    """Return the one span that stands for all claims over the same time."""
    several = list(claims)
    state = max((claim.condition.state for claim in several), key=SEVERITY.__getitem__)
    counted = [claim for claim in several if claim.condition.state == state]
    witness = min((claim.witness for claim in counted), key=PRECEDENCE.__getitem__)
    condition = together(claim.condition for claim in counted)
    others = {claim.condition for claim in several if claim.condition.state != state}
    others |= {claim.other for claim in several if claim.other is not None}
    agreed = {one for claim in counted for one in claim.agreed} - {witness}
    return StateSpan(
        counted[0].slot,
        start_ms,
        end_ms,
        condition,
        widest(others - {condition}),
        worst_error_ms([claim.error_ms for claim in several]),
        _evidence([claim for claim in counted if claim.witness == witness]),
        witness,
        tuple(sorted(agreed, key=PRECEDENCE.__getitem__)),
    )


def together(conditions: Iterable[Condition]) -> Condition:
    """Return conditions of one state as one, with everything that was found."""
    several = set(conditions)
    found = {finding for condition in several for finding in condition.findings}
    return Condition(several.pop().state, tuple(sorted(found)))


def widest(others: set[Condition]) -> Condition | None:
    """Return what stands for all of several conditions in bounds: unknown, if it is not one."""
    if len(others) <= 1:
        return next(iter(others), None)
    return unsure({other.state for other in others})


def unsure(states: set[State]) -> Condition:
    """Return what stands for several conditions that have these states."""
    words = ", ".join(sorted(state.value for state in states))
    return Condition(State.UNKNOWN, (Finding(DISPUTED.name, words),))


def _evidence(claims: Sequence[StateSpan]) -> Evidence | None:
    """Return the records behind the verdict: all that the first node by name has to say."""
    found = [claim.evidence for claim in claims if claim.evidence is not None]
    if not found:
        return None
    node = min(evidence.node for evidence in found)
    ours = [evidence for evidence in found if evidence.node == node]
    return Evidence(
        node,
        min(evidence.first_sequence for evidence in ours),
        max(evidence.last_sequence for evidence in ours),
    )
