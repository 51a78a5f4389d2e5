"""
The language of `cases.txt`: what happened in characters, what must come out in exact numbers.

A case is one line: a name, options, slots, expectations, divided by `|`.  A slot is a row of ticks:

    .  ok                         -  ok, but not assigned to the contract
    x  down (fabric_down)         X  the same, excused by an exclusion record
    d  degraded, default weight   t  thermal_slowdown, half    p  power_limit, two thirds
    T  thermal_slowdown, excused  O  ok, excused
    ?  seen as unknown            U  the same, excused
    _  not observed at all        G  the same, excused
    >  edge from ok to down       <  edge from down to ok

A number repeats the character before it, `64*` repeats the slot, `&` lays a second record over the
first, `!` is a GPU of a kind that is not accepted, and `~200` says that the node's clock may be off
by 200 ms, `~?` by nobody knows how much.  Amounts are in GPU-ticks; three numbers are the low
bound, the value and the high bound.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction

from gpusla.catalogue.reasons import State
from gpusla.contracts.model import ContractVersion, MonthlyFee, Rounding, Tier, UnknownPolicy
from gpusla.identity import NodeName, Slot
from gpusla.instants import Interval
from gpusla.inventory.model import Excused
from gpusla.journal.model import Condition, Finding
from gpusla.sla.evaluation import Bounds, Evaluation
from gpusla.sla.periods import Period, period_of
from gpusla.timeline.model import Evidence, StateSpan
from tests.core.sla.making import CONTRACT, SKU, committing, judge, racks, short_period, slot

OK = Condition(State.OK)
DOWN = Condition(State.DOWN, (Finding("fabric_down"),))
CONDITIONS = {
    ".": (OK, None),
    "-": (OK, None),
    "x": (DOWN, None),
    "d": (Condition(State.DEGRADED, (Finding("fabric_unhealthy"),)), None),
    "t": (Condition(State.DEGRADED, (Finding("thermal_slowdown"),)), None),
    "p": (Condition(State.DEGRADED, (Finding("power_limit"),)), None),
    "?": (Condition(State.UNKNOWN, (Finding("gpu_unobservable"),)), None),
    ">": (OK, DOWN),
    "<": (DOWN, OK),
}
EXCUSED = {"X": "x", "T": "t", "O": ".", "U": "?", "G": "_"}
TICKS_MS = {"1h": 3_600_000, "1s": 1_000}


@dataclass(slots=True)
class Scene:
    """What a case's options and slots say."""

    contract: ContractVersion
    tick_ms: int
    month: str | None
    slots: list[str]

    def period(self) -> Period:
        """The real month, or as many ticks as the longest slot has."""
        if self.month is not None:
            return period_of(self.contract, self.month)
        length = max(len(expand(layer)) for text in self.slots for layer in layers(text))
        return short_period(self.contract, length * self.tick_ms)

    def judge(self) -> Evaluation:
        """Put the scene before the engine."""
        period = self.period()
        spans: list[StateSpan] = []
        held: dict[Slot, tuple[Interval, ...]] = {}
        excused: dict[Slot, tuple[Excused, ...]] = {}
        skus: dict[Slot, str] = {}
        for number, text in enumerate(self.slots):
            place = slot(number)
            skus[place] = "h100" if text.startswith("!") else SKU
            for sequence, layer in enumerate(layers(text)):
                spans += self._spans(place, expand(layer), error_of(text), sequence, period)
            ticks = expand(layers(text)[0])
            held[place] = tuple(self._runs(ticks, lambda char: char != "-", period))
            runs = self._runs(ticks, lambda char: char in EXCUSED, period)
            excused[place] = tuple(Excused(run, "window") for run in runs)
        return judge(self.contract, period, spans, held, excused=excused, skus=skus)

    def _spans(
        self, place: Slot, ticks: str, error_ms: int | None, sequence: int, period: Period
    ) -> Iterator[StateSpan]:
        evidence = Evidence(NodeName("n1"), sequence + 1, sequence + 1)
        for tick, char in enumerate(ticks):
            seen = EXCUSED.get(char, char)
            if seen != "_":
                start_ms = period.interval.start_ms + tick * self.tick_ms
                condition, other = CONDITIONS[seen]
                end_ms = start_ms + self.tick_ms
                yield StateSpan(place, start_ms, end_ms, condition, other, error_ms, evidence)

    def _runs(
        self, ticks: str, wanted: Callable[[str], bool], period: Period
    ) -> Iterator[Interval]:
        for tick, char in enumerate(ticks):
            if wanted(char):
                start_ms = period.interval.start_ms + tick * self.tick_ms
                yield Interval(start_ms, start_ms + self.tick_ms)


def layers(text: str) -> list[str]:
    """The records of a slot, without its marks."""
    return re.sub(r"~.*|!", "", text).split("&")


def error_of(text: str) -> int | None:
    """How far the slot's clock may be off."""
    found = re.search(r"~(.+)", text)
    if found is None:
        return 0
    return None if found[1] == "?" else int(found[1])


def expand(ticks: str) -> str:
    """Write every repeated character out."""
    return re.sub(r"(\D)(\d+)", lambda found: found[1] * int(found[2]), ticks)


def scene(options: str, slots: str) -> Scene:
    """Read the middle two parts of a case."""
    rows: list[str] = []
    for text in slots.split():
        count, _, row = text.rpartition("*")
        rows += [row] * int(count or 1)
    made = Scene(committing(CONTRACT, len(rows)), 1_000, None, rows)
    words = iter(options.split())
    for word in words:
        OPTIONS[word](made, next(words))
    return made


def _objective(made: Scene, **changes: object) -> None:
    objective = replace(made.contract.objective, **changes)  # type: ignore[arg-type]
    made.contract = replace(made.contract, objective=objective)


def _tiers(made: Scene, text: str) -> None:
    pairs = [pair.split(":") for pair in text.split(",")]
    _objective(made, tiers=tuple(Tier(Fraction(b), Fraction(p)) for b, p in pairs))


def _racks(made: Scene, text: str) -> None:
    minimum, of = text.split("/")
    made.contract = racks(made.contract, int(minimum), int(of))


def _fees(made: Scene, **changes: object) -> None:
    made.contract = replace(made.contract, fees=replace(made.contract.fees, **changes))  # type: ignore[arg-type]


def _fee(made: Scene, text: str) -> None:
    _fees(made, recurring=(MonthlyFee(made.contract.term.start, int(text)),))


def _commit(made: Scene, text: str) -> None:
    made.contract = committing(made.contract, int(text))


OPTIONS: dict[str, Callable[[Scene, str], None]] = {
    "tick": lambda made, text: setattr(made, "tick_ms", TICKS_MS[text]),
    "month": lambda made, text: setattr(made, "month", text),
    "min": _racks,
    "commit": _commit,
    "unknown": lambda made, text: _objective(made, unknown=UnknownPolicy(f"{text}_bears")),
    "tiers": _tiers,
    "fee": _fee,
    "shadow": lambda made, text: _fees(made, shadow_minor_units=int(text)),
    "rounding": lambda made, text: _fees(made, rounding=Rounding(text)),
    "clock": lambda made, text: _objective(made, clock_error_ms=int(text)),
}


def outcome(evaluation: Evaluation, tick_ms: int) -> dict[str, str]:
    """Everything that a case may expect, in the words of the cases."""
    tick = Fraction(tick_ms)
    losses = [f"{loss.gpu_ms / tick}:{'+'.join(loss.reasons)}" for loss in evaluation.losses]
    following = evaluation.next_tier
    return {
        "committed": str(evaluation.committed_gpu_ms / tick),
        "delivered": _three(evaluation.delivered_gpu_ms, tick),
        "lost": str(evaluation.lost_gpu_ms / tick),
        "states": "/".join(str(ms / tick) for ms in evaluation.states_gpu_ms.values()),
        "excluded": str(evaluation.excluded_gpu_ms / tick),
        "availability": _three(evaluation.availability, Fraction(1)),
        "credit": _three(evaluation.credit_minor_units, Fraction(1)),
        "left": "none" if following is None else str(following.gpu_ms / tick),
        "now": f"{evaluation.delivered_gpus_now}of{evaluation.committed_gpus_now}",
        "losses": ",".join(losses) or "none",
    }


def _three(bounds: Bounds[Fraction] | Bounds[Fraction | None] | Bounds[int], unit: Fraction) -> str:
    ends = (bounds.low, bounds.value, bounds.high)
    texts = ["none" if end is None else str(end / unit) for end in ends]
    return texts[0] if len(set(texts)) == 1 else " ".join(texts)
