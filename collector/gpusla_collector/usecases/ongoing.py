"""What is going wrong now, cause by cause: the incidents of a contract that have not ended."""

from dataclasses import dataclass
from fractions import Fraction

from gpusla.sla.evaluation import Evaluation
from gpusla.sla.facts import Facts
from gpusla.sla.incident_costs import IncidentCost, incident_costs

SHOWN_MAX = 100
"""So many causes at once are told one by one; the rest, which cost least, are told as a sum."""

OTHERS = "others"
"""Place and reason of that sum."""


@dataclass(frozen=True, slots=True)
class Ongoing:
    """
    A cause that still takes GPUs of a contract.

    place, reason: where it is, such as `c2/r01`, and what was seen there first.  gpus: that it has
    now.  start_ms: of the oldest, where several have the same place and reason.
    minor_units: what the time that the contract lost through it was worth, exact; not what is owed.
    """

    place: str
    reason: str
    gpus: int
    start_ms: int
    minor_units: Fraction


def ongoing(evaluation: Evaluation, facts: Facts) -> tuple[Ongoing, ...]:
    """
    Return what still goes on where an open period is judged to, the dearest first.

    evaluation: of these facts, with its losses.  Nothing goes on in a period that is over.
    """
    if evaluation.is_complete:
        return ()
    by_cause: dict[tuple[str, str], Ongoing] = {}
    running = [one for one in incident_costs(evaluation, facts) if one.incident.end_ms is None]
    for number, one in enumerate(running):
        found = _ongoing(one, evaluation.until_ms, is_shown=number < SHOWN_MAX)
        known = by_cause.get((found.place, found.reason))
        by_cause[found.place, found.reason] = found if known is None else _both(known, found)
    return tuple(by_cause.values())


def _ongoing(one: IncidentCost, until_ms: int, *, is_shown: bool) -> Ongoing:
    incident = one.incident
    struck = {part.slot for part in incident.stretches if part.end_ms >= until_ms}
    return Ongoing(
        incident.place if is_shown else OTHERS,
        incident.root.reason if is_shown else OTHERS,
        len(struck),
        incident.start_ms,
        one.minor_units,
    )


def _both(one: Ongoing, other: Ongoing) -> Ongoing:
    return Ongoing(
        one.place,
        one.reason,
        one.gpus + other.gpus,
        min(one.start_ms, other.start_ms),
        one.minor_units + other.minor_units,
    )
