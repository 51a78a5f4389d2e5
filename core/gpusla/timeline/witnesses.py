"""
What counts where several parties were watching, and what grade of evidence that is.

A party that says unknown makes no claim, so another one's evidence covers the gap.  What all who
claim something allow counts, and where they allow nothing in common the time is disputed.  Nobody
gains by saying two things at once.  Source: docs/decisions/0114-several-witnesses.md.
"""

from collections.abc import Iterable, Sequence
from enum import StrEnum

from gpusla.catalogue.reasons import DISPUTED, State
from gpusla.instants import Interval
from gpusla.journal.model import Condition, Finding
from gpusla.timeline.claims import PRECEDENCE, SEVERITY, together, widest, worst
from gpusla.timeline.model import StateSpan, Witness, worst_error_ms

ANYTHING = frozenset(State)


class Grade(StrEnum):
    """How well a state is proven: witnesses agree, one side alone says so, or it is inferred."""

    A = "A"
    B = "B"
    C = "C"


def grade(span: StateSpan) -> Grade:
    """
    Return the grade of what counts of a span.

    Time that is unknown or disputed is inferred: who bears it is a matter of the contract.
    """
    if span.condition.state is State.UNKNOWN or span.evidence is None:
        return Grade.C
    return Grade.A if span.agreed else Grade.B


def between(claims: Iterable[StateSpan], start_ms: int, end_ms: int) -> StateSpan:
    """Return the one span that stands for one claim of each of several witnesses."""
    several = sorted(claims, key=lambda claim: PRECEDENCE[claim.witness])
    known = [claim for claim in several if claim.condition.state is not State.UNKNOWN]
    if len(several) == 1 or not known:
        return worst(several, start_ms, end_ms)
    speaking = [c for c in several if c.condition.state is not State.UNKNOWN or c.other is not None]
    state = _common_state(speaking)
    if state is None:
        contradicting = disputed((c.witness, c.condition, c.other) for c in speaking)
        return _span(contradicting, None, speaking, known[:1], Interval(start_ms, end_ms))
    counted = [claim for claim in known if claim.condition.state == state]
    if counted:
        condition = together(claim.condition for claim in counted)
    else:
        condition = together(c.other for c in speaking if c.other and c.other.state == state)
    other = _alternative(condition, speaking)
    return _span(condition, other, speaking, counted or known[:1], Interval(start_ms, end_ms))


def disputed(said: Iterable[tuple[Witness, Condition, Condition | None]]) -> Condition:
    """Return the condition of time about which witnesses, in their order, contradict each other."""
    words = "; ".join(
        f"{witness.value}: " + " or ".join(_named(one) for one in several if one is not None)
        for witness, *several in said
    )
    return Condition(State.UNKNOWN, (Finding(DISPUTED.name, words),))


def _common_state(speaking: Sequence[StateSpan]) -> State | None:
    """
    Return the worst state that somebody counts and everybody allows; None if there is none.

    One that all have only beside what counts is taken where nothing else is common.
    """
    common = ANYTHING.intersection(*map(_allows, speaking)) - {State.UNKNOWN}
    counted = {claim.condition.state for claim in speaking} & common
    return max(counted or common, key=SEVERITY.__getitem__, default=None)


def _allows(claim: StateSpan) -> frozenset[State]:
    states = {claim.condition.state}
    if claim.other is not None:
        states.add(claim.other.state)
    return ANYTHING if State.UNKNOWN in states else frozenset(states)


def _alternative(condition: Condition, speaking: Sequence[StateSpan]) -> Condition | None:
    """Return what the time may have been instead; silence in part of it only if all were silent."""
    others = {claim.condition for claim in speaking if claim.condition.state != condition.state}
    others |= {claim.other for claim in speaking if claim.other is not None}
    if any(State.UNKNOWN not in _said(claim) for claim in speaking):
        others = {other for other in others if other.state is not State.UNKNOWN}
    return widest(others - {condition})


def _said(claim: StateSpan) -> set[State]:
    return {one.state for one in (claim.condition, claim.other) if one is not None}


def _named(condition: Condition) -> str:
    reasons = ", ".join(sorted({finding.reason for finding in condition.findings}))
    return f"{condition.state.value} ({reasons})" if reasons else condition.state.value


def _span(
    condition: Condition,
    other: Condition | None,
    speaking: Sequence[StateSpan],
    counted: Sequence[StateSpan],
    time: Interval,
) -> StateSpan:
    first, *rest = counted
    return StateSpan(
        first.slot,
        time.start_ms,
        time.end_ms,
        condition,
        other,
        worst_error_ms([claim.error_ms for claim in speaking]),
        first.evidence,
        first.witness,
        tuple(claim.witness for claim in rest),
    )
