"""
The measuring kernel: from an objective, its window and the facts to figures with bounds.

`measure` and `account` are what it is for; `prepare` saves work where several objectives are
measured on the same facts.  It works on arrays of integers, so no node may import it.
"""

from gpusla.sla.measure.accounting import account, account_terms
from gpusla.sla.measure.case import ExcusedTime
from gpusla.sla.measure.kinds import measure
from gpusla.sla.measure.roster import Roster, prepare

__all__ = ["ExcusedTime", "Roster", "account", "account_terms", "measure", "prepare"]
