"""What may go on after an error: one contract that fails must not stop the others."""

from gpusla.catalogue.codes import FENCED, LEDGER_UNBALANCED, STORE_UNAVAILABLE
from gpusla.errors import GpuslaError

_OF_ALL = (FENCED, STORE_UNAVAILABLE, LEDGER_UNBALANCED)


def is_of_all(error: Exception) -> bool:
    """Tell whether no other contract fares better: lease or database gone, or books not sound."""
    return isinstance(error, GpuslaError) and error.code in _OF_ALL
