"""October 2026 in Chicago under any terms, with troubles by its hours."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from gpusla.contracts.model import ContractVersion, RampStep
from gpusla.instants import Interval
from gpusla.journal.model import Condition
from gpusla.sla.evaluate import evaluate
from gpusla.sla.evaluation import Evaluation
from gpusla.sla.facts import Facts
from tests.core.contracts.terms import contract
from tests.core.sla.making import DAY_MS, HOUR_MS, facts, month

Seen = Sequence[tuple[int, int, Condition]]
OCTOBER = month().interval
FEE = 15_000_000_000
REACH_DAYS = 40


def gpus(number: int, **changes: Any) -> ContractVersion:
    """A contract of so many GPUs."""
    ramp = (RampStep(date(2026, 7, 1), number),)
    return contract(capacity={"ramp": ramp}, **changes)


def seen(troubles: dict[int, Seen], slots: int = 1, **more: object) -> Facts:
    """Facts by hours of October, over forty days before and after it as well."""
    reach = Interval(OCTOBER.start_ms - REACH_DAYS * DAY_MS, OCTOBER.end_ms + REACH_DAYS * DAY_MS)
    moved = {
        number: [
            ((REACH_DAYS * 24 + start) * HOUR_MS, (REACH_DAYS * 24 + end) * HOUR_MS, condition)
            for start, end, condition in several
        ]
        for number, several in troubles.items()
    }
    return facts(reach, moved, slots, **more)  # type: ignore[arg-type]


def judged(of: ContractVersion, found: Facts, hours: int | None = None, **more: Any) -> Evaluation:
    """October of a contract, to its end or so many hours of it."""
    until_ms = OCTOBER.end_ms if hours is None else OCTOBER.start_ms + hours * HOUR_MS
    return evaluate(of, month(of), until_ms, found, **more)
