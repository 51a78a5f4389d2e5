"""Figures of a derivation as a statement's text and pages print them, beside the exact ones."""

from enum import StrEnum
from fractions import Fraction

from gpusla.sla.evaluation import Evaluation
from gpusla.statement.hours import account_hours, loss_hours, thousandths, written
from gpusla.statement.numbers import percent

LOST = "lost GPU-ms"


class Form(StrEnum):
    """What a figure is printed as; money and counts are printed as they are told."""

    AS_TOLD = ""
    PERCENT = "percent"
    GPU_HOURS = "GPU-hours"
    LOST_HOURS = "GPU-hours lost"
    LOSS = "a loss"
    HOURS = "hours"


_BY_NAME = {"value": Form.PERCENT, "compared": Form.PERCENT, LOST: Form.LOST_HOURS}


def form_of(name: str, above: Form) -> Form:
    """Return what a figure is printed as; above: the form of the figure that it stands under."""
    if name in ("at worst", "at best") or name.startswith("lost by "):
        return above
    if name.startswith(("losses[", "events[")):
        return Form.LOSS if name.startswith("losses[") else Form.HOURS
    if name in _BY_NAME or not name.endswith("ms"):
        return _BY_NAME.get(name, Form.AS_TOLD)
    return Form.GPU_HOURS if name.endswith(" GPU-ms") else Form.HOURS


class Printer:
    """Prints figures of one evaluation; those of its account and its losses as its pages do."""

    def __init__(self, evaluation: Evaluation) -> None:
        """Take the evaluation that the figures are of."""
        account, hours = evaluation.account, account_hours(evaluation.account)
        committed, delivered = account.committed_gpu_ms, account.delivered_gpu_ms
        self._lost = {
            committed - delivered.low: hours.lost.high,
            committed - delivered.high: hours.lost.low,
            account.lost_gpu_ms: hours.lost.value,
        }
        self._losses = loss_hours(evaluation)

    def printed(self, name: str, value: str, form: Form) -> str:
        """Return a figure as it is printed; empty where that is as it is told, or n/a."""
        try:
            exact = Fraction(value.partition("...")[0].replace(",", ""))
        except ValueError:
            return ""
        if form is Form.AS_TOLD:
            return ""
        if form is Form.PERCENT:
            return percent(exact)
        hours = thousandths(exact)
        if form is Form.LOSS:
            hours = self._losses[int(name[len("losses[") : -1])]
        elif form is Form.LOST_HOURS:
            hours = self._lost.get(exact, hours)
        return f"{written(hours)} {'hours' if form is Form.HOURS else 'GPU-hours'}"
