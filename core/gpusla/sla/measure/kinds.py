"""One measure by itself: of an objective, whatever its kind, or of the account."""

from gpusla.contracts.model import ContractVersion
from gpusla.contracts.promises import Objective
from gpusla.instants import Interval
from gpusla.sla.evaluation import Account, Measure
from gpusla.sla.facts import Facts
from gpusla.sla.measure.gauge import Gauge
from gpusla.sla.measure.ground import ExcusedTime


def measure(  # noqa: PLR0917  (everything that a measure depends on)
    contract: ContractVersion,
    objective: Objective,
    window: Interval,
    until_ms: int,
    facts: Facts,
    excused: ExcusedTime,
) -> Measure:
    """Return what an objective's window came to up to until_ms; arguments as of Gauge."""
    return Gauge(contract, facts, excused).measure(objective, window, until_ms)


def account(
    contract: ContractVersion,
    window: Interval,
    until_ms: int,
    facts: Facts,
    excused: ExcusedTime,
) -> Account:
    """Return where the contract's GPU-time went up to until_ms; arguments as of Gauge."""
    return Gauge(contract, facts, excused).account(window, until_ms)
