"""How far facts must reach beyond what is judged, so that an outage over an edge is seen whole."""

from collections.abc import Sequence

from gpusla.contracts.model import ContractVersion
from gpusla.contracts.promises import Granularity, Objective
from gpusla.contracts.remedies import Multiple, PerEventTable
from gpusla.instants import Interval
from gpusla.sla.periods import Period, windows

EVENT_MS = 31 * 86_400_000
"""
How far an outage is followed whose whole length decides what it gives.

Longer than any row of a published table (672 hours at most) and than any cap of hours.
"""


def reach_of(
    versions: Sequence[ContractVersion],
    contract: ContractVersion,
    period: Period,
    known_until_ms: int,
) -> Interval:
    """
    Return the time that facts must cover so that contract's period can be judged.

    It holds the period and all windows that end with it, with a margin at both ends; nothing after
    known_until_ms, beyond which nobody was asked.  Never empty.
    """
    found = [period.interval]
    for objective in contract.objectives:
        window = windows(versions, period, objective)
        if window is not None:
            found.append(window)
    margin = margin_ms(contract)
    start_ms = min(window.start_ms for window in found) - margin
    end_ms = min(known_until_ms, period.interval.end_ms + margin)
    return Interval(start_ms, max(start_ms + 1, end_ms))


def margin_ms(contract: ContractVersion) -> int:
    """
    Return how far before and after the windows the facts should reach.

    0 for a contract whose figures depend on nothing outside its windows, but for clock error.
    """
    lengths = [contract.capacity.acceptance.settle_ms]
    lengths += [_length_ms(objective) for objective in contract.objectives]
    return max(lengths)


def _length_ms(objective: Objective) -> int:
    is_event = isinstance(objective.credit, Multiple | PerEventTable)
    is_counted_from_start = objective.granularity is Granularity.ELAPSED_MINUTES
    if is_event or is_counted_from_start or objective.replacement is not None:
        return EVENT_MS
    return max(objective.min_outage.length_ms, objective.unknown.carry_last_ms)
