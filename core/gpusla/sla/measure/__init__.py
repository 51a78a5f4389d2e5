"""
The measuring kernel: from an objective, its window and the facts to figures with bounds.

`Gauge` measures several objectives on the same facts, `measure` and `account` one thing by itself.
It works on arrays of integers, so no node may import it.
"""

from gpusla.sla.measure.accounting import account_terms
from gpusla.sla.measure.gauge import Gauge
from gpusla.sla.measure.ground import ExcusedTime
from gpusla.sla.measure.kinds import account, measure
from gpusla.sla.measure.roster import Roster, prepare

__all__ = ["ExcusedTime", "Gauge", "Roster", "account", "account_terms", "measure", "prepare"]
