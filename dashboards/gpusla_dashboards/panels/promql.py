"""
Expressions built from rows of the catalogue, so that no metric's name is written twice.

`RECORDED` are the names that the rules in alerts/ record; a test compares them with the files.
"""

from gpusla.catalogue.metrics import Metric


class Recorded(str):
    """A name that a rule records: `level:metric:operation`."""

    __slots__ = ()


RACK_GPUS = Recorded("rack:gpusla_gpus:count")
FLEET_GPUS = Recorded("fleet:gpusla_gpus:count")
RACK_AT_STAKE = Recorded("rack:gpusla_at_stake_per_hour:share")
RACK_SLOTS = Recorded("rack:gpusla_slots:sum")
CONTRACT_SLOTS = Recorded("contract:gpusla_slots:sum")
SLOTS_HELD = Recorded("node:gpusla_slots_held:count")
SLOT_INFO = Recorded("slot:gpusla_slot_info:first")
SAMPLE_AGE = Recorded("node:gpusla_agent_sample_age_seconds:min")

RECORDED: tuple[Recorded, ...] = tuple(
    value for value in list(globals().values()) if isinstance(value, Recorded)
)


NOT_OK = 'state!="ok"'


def series(metric: Metric | Recorded, *matchers: str, **labels: str) -> str:
    """Select a metric's series; matchers such as `state!="ok"`, labels by their exact value."""
    name = metric.name if isinstance(metric, Metric) else str(metric)
    chosen = [*matchers, *(f'{label}="{value}"' for label, value in labels.items())]
    return f"{name}{{{','.join(chosen)}}}" if chosen else name


def by(labels: str, operation: str, expression: str) -> str:
    """Aggregate by labels; the labels are separated by commas."""
    return f"{operation} by ({labels}) ({expression})"


def or_zero(expression: str) -> str:
    """Give zero for a count of nothing; never for a figure that could not be had."""
    return f"{expression} or vector(0)"
