"""From raw claims to credits, once, with the time that each part takes."""

import gc
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from typing import Any
from unittest import mock

from gpusla.contracts.model import ContractVersion
from gpusla.sla import evaluate as judgement
from gpusla.sla.evaluation import Evaluation
from gpusla.sla.facts import Facts
from gpusla.sla.measure import Gauge
from gpusla.sla.periods import Period
from gpusla.timeline.columns import ClaimColumns, resolve

OF_EVALUATE = (
    ("exclusions", judgement, "allowed"),
    ("prepare", judgement, "prepare"),
    ("measure", Gauge, "measure"),
    ("account", Gauge, "account"),
)
"""Parts of `evaluate` by their names here, and where it finds each."""
RESOLVE, CREDITS = "resolve", "credits"


@dataclass(frozen=True, slots=True)
class Judged:
    """One judgement; seconds of wall clock and of CPU, and of wall clock by part."""

    evaluation: Evaluation
    wall_seconds: float
    cpu_seconds: float
    parts: dict[str, float]


def judge(contract: ContractVersion, period: Period, claims: ClaimColumns, facts: Facts) -> Judged:
    """Judge a whole period; facts: never judged before; their timeline is not used."""
    parts: dict[str, float] = {}
    gc.collect()
    with _each_timed(parts):
        started, cpu_started = time.perf_counter(), time.process_time()
        columns = _timed(parts, RESOLVE, resolve)(claims, period.interval)
        facts = replace(facts, timeline=columns)
        found = judgement.evaluate(contract, period, period.interval.end_ms, facts, explain=False)
        wall = time.perf_counter() - started
        cpu = time.process_time() - cpu_started
    parts[CREDITS] = wall - sum(parts.values())
    return Judged(found, wall, cpu, parts)


@contextmanager
def _each_timed(parts: dict[str, float]) -> Iterator[None]:
    """Time what evaluate calls, where it looks it up."""
    with ExitStack() as stack:
        for part, owner, name in OF_EVALUATE:
            timed = _timed(parts, part, getattr(owner, name))
            stack.enter_context(mock.patch.object(owner, name, timed))
        yield


def _timed(parts: dict[str, float], name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    def timed(*args: Any, **kwargs: Any) -> Any:
        started = time.perf_counter()
        try:
            return function(*args, **kwargs)
        finally:
            parts[name] = parts.get(name, 0.0) + time.perf_counter() - started

    return timed
