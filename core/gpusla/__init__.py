"""gpusla: the meter on a GPU rental contract, and everything that judges."""

__version__ = "0.1.0"
