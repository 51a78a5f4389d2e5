"""What an objective's window came to, whatever its kind."""

from gpusla.contracts.model import ContractVersion
from gpusla.contracts.promises import Kind, Objective
from gpusla.instants import Interval
from gpusla.sla.evaluation import Measure
from gpusla.sla.facts import Facts
from gpusla.sla.measure.capacity import measure_capacity
from gpusla.sla.measure.case import ExcusedTime, lay_out
from gpusla.sla.measure.replacement import measure_replacement
from gpusla.sla.measure.requests import measure_requests
from gpusla.sla.measure.times import measure_times


def measure(  # noqa: PLR0917  (everything that a measure depends on)
    contract: ContractVersion,
    objective: Objective,
    window: Interval,
    until_ms: int,
    facts: Facts,
    excused: ExcusedTime,
) -> Measure:
    """
    Return what an objective's window came to up to until_ms.

    window: the whole of it.  excused: normal; what counts of the facts' exclusion records.
    """
    case = lay_out(contract, objective, window, until_ms, facts, excused)
    match objective.kind:
        case Kind.CAPACITY:
            return measure_capacity(case)
        case Kind.REQUEST_RATIO:
            return measure_requests(case)
        case Kind.REPLACEMENT_TIME:
            return measure_replacement(case)
        case _:
            return measure_times(case)
