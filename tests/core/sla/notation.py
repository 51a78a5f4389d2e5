"""
The language of `cases/*.txt`: what happened in characters, what must come out in exact numbers.

A case is one line: a name, options, slots, expectations, divided by `|`.  The file's name says by
which preset it is judged.  A slot is a row of ticks from the period's start on:

    .  ok                         -  ok, but not assigned to the contract
    x  down (fabric_down)         X  the same, excused by an exclusion record
    d  degraded, default weight   t  thermal_slowdown, half    p  power_limit, two thirds
    T  thermal_slowdown, excused  O  ok, excused
    ?  seen as unknown            U  the same, excused
    _  not observed at all        G  the same, excused
    >  edge from ok to down       <  edge from down to ok

A number repeats the character before it, `64*` repeats the slot, `+` at the end goes on with `.`
as long as the period does, `&` lays a second record over the first, `!` is a GPU of a kind that is
not accepted, and `~200` says that the node's clock may be off by 200 ms, `~?` by nobody knows how
much.  `r:100/1*3,_` are the requests of the slots of time from the period's start, failed after the
stroke, `_` where none were counted; `fix:0@2/3/9` is a repair of the first slot's unit, opened in
tick 2, identified in 3, over in 9, each of the latter two perhaps `-`.

Amounts of time are in GPU-ticks, or what the objective counts in ticks; money is in dollars; three
numbers are the low bound, the value and the high bound.  `two.availability` is that of the
objective `two`, without a name that of the first.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import groupby

from gpusla.catalogue.reasons import State
from gpusla.contracts.model import CapacityUnit, ContractVersion, MonthlyFee, RampStep, Rounding
from gpusla.contracts.promises import Kind, UnknownPolicy
from gpusla.contracts.remedies import Step, Tier
from gpusla.identity import NodeName, Slot
from gpusla.instants import Interval
from gpusla.inventory.model import ExclusionRecord
from gpusla.journal.model import Condition, Finding
from gpusla.sla.evaluate import evaluate
from gpusla.sla.evaluation import Bounds, Evaluation
from gpusla.sla.facts import Facts, Holding, Repair, RequestSlot
from gpusla.sla.periods import Period, period_of
from gpusla.timeline.build import build
from gpusla.timeline.model import Evidence, StateSpan
from tests.core.contracts.terms import SKU
from tests.core.sla.presets import CAPACITY

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
TICKS_MS = {"1h": 3_600_000, "30m": 1_800_000, "10m": 600_000, "1m": 60_000, "1s": 1_000}
KEY = "2026-10"
Stretch = tuple[str, int]
"""A character and for how many ticks it holds."""


@dataclass(slots=True)
class Scene:
    """
    What a case's options and slots say.

    early: how many ticks before the period the rows begin.  until: tick; None for the whole period.
    """

    contract: ContractVersion
    tick_ms: int
    rows: list[str]
    requests: list[tuple[int, int] | None]
    repairs: list[tuple[int, int, int | None, int | None]]
    month: str | None = None
    early: int = 0
    until: int | None = None

    def period(self) -> Period:
        """The real month, or as many ticks as the longest slot has in it."""
        whole = period_of(self.contract, self.month or KEY)
        if self.month is not None:
            return whole
        start_ms, slot_ms = whole.interval.start_ms, self.requests_ms()
        lengths = [length_of(expand(layer, 0)) for text in self.rows for layer in layers(text)]
        length = max([*(n - self.early for n in lengths), 1])
        length_ms = max(length * self.tick_ms, len(self.requests) * slot_ms)
        part = Interval(start_ms, start_ms + length_ms)
        return Period(f"{whole.key}-v{self.contract.version}", whole.first_day, part, whole.whole)

    def requests_ms(self) -> int:
        """How long a slot of requests is; 0 without an objective on requests."""
        found = [one.requests.slot_ms for one in self.contract.objectives if one.requests]
        return found[0] if found else 0

    def judge(self) -> Evaluation:
        """Put the scene before the engine."""
        contract, period = self.contract, self.period()
        until_ms = self.until_ms(period)
        facts = self.facts(period)
        return evaluate(contract, period, until_ms, facts, versions=(contract,), explain=True)

    def until_ms(self, period: Period) -> int:
        """Up to when the scene is judged."""
        if self.until is None:
            return period.interval.end_ms
        return period.interval.start_ms + self.until * self.tick_ms

    def facts(self, period: Period) -> Facts:
        """Everything that happened."""
        origin_ms = period.interval.start_ms - self.early * self.tick_ms
        reach = Interval(origin_ms, self.until_ms(period))
        count = (period.interval.end_ms - origin_ms) // self.tick_ms
        spans: list[StateSpan] = []
        held: dict[Slot, tuple[Holding, ...]] = {}
        exclusions: list[ExclusionRecord] = []
        for number, text in enumerate(self.rows):
            place = slot(number)
            rows = [expand(layer, count) for layer in layers(text)]
            for sequence, row in enumerate(rows, start=1):
                spans += self._spans(place, row, (error_of(text), sequence), reach)
            sku = "h100" if text.startswith("!") else SKU
            runs = self._runs(rows[0], lambda char: char != "-", reach)
            held[place] = tuple(Holding(run, sku) for run in runs)
            excused = self._runs(rows[0], lambda char: char in EXCUSED, reach)
            exclusions += [_exclusion(self.contract, place, run) for run in excused]
        return Facts(
            build(spans, held, reach),
            held,
            exclusions,
            requests=self._requests(period),
            repairs=self._repairs(origin_ms),
        )

    def _spans(
        self, place: Slot, row: list[Stretch], record: tuple[int | None, int], reach: Interval
    ) -> Iterator[StateSpan]:
        error_ms, sequence = record
        evidence = Evidence(NodeName("n1"), sequence, sequence)
        for start, end, char in stretches(row):
            seen = EXCUSED.get(char, char)
            if seen != "_":
                condition, other = CONDITIONS[seen]
                from_ms, to_ms = self._edges(reach, start, end)
                yield StateSpan(place, from_ms, to_ms, condition, other, error_ms, evidence)

    def _runs(
        self, row: list[Stretch], wanted: Callable[[str], bool], reach: Interval
    ) -> Iterator[Interval]:
        marks = [("y" if wanted(char) else "n", times) for char, times in row]
        for start, end, mark in stretches(marks):
            if mark == "y":
                yield Interval(*self._edges(reach, start, end))

    def _edges(self, reach: Interval, start: int, end: int) -> tuple[int, int]:
        return reach.start_ms + start * self.tick_ms, reach.start_ms + end * self.tick_ms

    def _requests(self, period: Period) -> dict[str, list[RequestSlot]]:
        slot_ms = self.requests_ms()
        given = [
            RequestSlot(period.interval.start_ms + number * slot_ms, *pair)
            for number, pair in enumerate(self.requests)
            if pair is not None
        ]
        return {one.id: given for one in self.contract.objectives if one.requests is not None}

    def _repairs(self, origin_ms: int) -> list[Repair]:
        def at(tick: int | None) -> int | None:
            return None if tick is None else origin_ms + tick * self.tick_ms

        return [
            Repair(str(slot(number)), origin_ms + opened * self.tick_ms, at(known), at(back))
            for number, opened, known, back in self.repairs
        ]


def _exclusion(contract: ContractVersion, place: Slot, run: Interval) -> ExclusionRecord:
    """A record with all that the contract's first rule asks for."""
    rule = contract.exclusion_rules[0]
    return ExclusionRecord(
        id=f"x-{place.rack}-{place.tray}-{place.module}-{run.start_ms}",
        from_ms=run.start_ms,
        until_ms=run.end_ms,
        recorded_ms=run.start_ms - rule.notice_ms,
        supersedes=None,
        withdrawn=False,
        slots=(place,),
        contract=contract.id,
        kind=rule.kind,
        reason="planned work",
        clause=rule.id,
        approver="tenant",
        notice_ms=run.start_ms - rule.notice_ms,
    )


def slot(number: int) -> Slot:
    """Return the slot of this number: 72 to a rack, 4 to a tray."""
    rack, place = divmod(number, 72)
    return Slot("c2", f"r{rack + 1:02}", f"t{place // 4 + 1:02}", f"m{place % 4}")


def layers(text: str) -> list[str]:
    """The records of a slot, without its marks."""
    return re.sub(r"~.*|!", "", text).split("&")


def error_of(text: str) -> int | None:
    """How far the slot's clock may be off."""
    found = re.search(r"~(.+)", text)
    if found is None:
        return 0
    return None if found[1] == "?" else int(found[1])


def expand(ticks: str, count: int) -> list[Stretch]:
    """Read a row, with what `+` stands for where there are so many ticks."""
    found = re.findall(r"([^\d+])(\d*)", ticks)
    row = [(char, int(times or 1)) for char, times in found]
    if ticks.endswith("+"):
        row.append((".", max(0, count - length_of(row))))
    return row


def length_of(row: list[Stretch]) -> int:
    """Return how many ticks a row has."""
    return sum(times for _, times in row)


def stretches(row: list[Stretch]) -> Iterator[tuple[int, int, str]]:
    """Yield where each run of one character begins and ends, and the character."""
    begun = 0
    for char, several in groupby(row, key=lambda stretch: stretch[0]):
        ended = begun + length_of(list(several))
        if ended > begun:
            yield begun, ended, char
        begun = ended


def scene(options: str, slots: str, preset: ContractVersion = CAPACITY) -> Scene:
    """Read the middle two parts of a case."""
    made = Scene(preset, 1_000, [], [], [])
    for text in slots.split():
        if text.startswith("r:"):
            made.requests = _read_requests(text)
        elif text.startswith("fix:"):
            made.repairs.append(_read_repair(text))
        else:
            count, _, row = text.rpartition("*")
            made.rows += [row] * int(count or 1)
    made.contract = committing(preset, len(made.rows))
    words = iter(options.split())
    for word in words:
        OPTIONS[word](made, next(words))
    return made


def _read_requests(text: str) -> list[tuple[int, int] | None]:
    found: list[tuple[int, int] | None] = []
    for part in text.removeprefix("r:").split(","):
        counted, _, times = part.partition("*")
        total, _, failed = counted.partition("/")
        pair = None if counted == "_" else (int(total), int(failed or 0))
        found += [pair] * int(times or 1)
    return found


def _read_repair(text: str) -> tuple[int, int, int | None, int | None]:
    place, _, ticks = text.removeprefix("fix:").partition("@")
    opened, known, back = ticks.split("/")
    known_at, back_at = (None if one == "-" else int(one) for one in (known, back))
    return int(place), int(opened), known_at, back_at


def committing(contract: ContractVersion, gpus: int) -> ContractVersion:
    """Return the contract with so many GPUs promised over its whole term."""
    ramp = (RampStep(contract.term.start, gpus),)
    return replace(contract, capacity=replace(contract.capacity, ramp=ramp))


def _objective(made: Scene, **changes: object) -> None:
    first, *others = made.contract.objectives
    objectives = (replace(first, **changes), *others)  # type: ignore[arg-type]
    made.contract = replace(made.contract, objectives=objectives)


def _tiers(made: Scene, text: str) -> None:
    pairs = [pair.split(":") for pair in text.split(",")]
    credit = made.contract.objectives[0].credit
    assert isinstance(credit, Step)
    tiers = tuple(Tier(Fraction(below), Fraction(percent)) for below, percent in pairs)
    _objective(made, credit=replace(credit, tiers=tiers))


def _racks(made: Scene, text: str) -> None:
    minimum, of = text.split("/")
    capacity = replace(
        made.contract.capacity,
        unit=CapacityUnit.NVL72_DOMAIN,
        gpus_per_unit=int(of),
        min_healthy_gpus=int(minimum),
    )
    made.contract = replace(made.contract, capacity=capacity)


def _fees(made: Scene, **changes: object) -> None:
    made.contract = replace(made.contract, fees=replace(made.contract.fees, **changes))  # type: ignore[arg-type]


def _fee(made: Scene, text: str) -> None:
    _fees(made, recurring=(MonthlyFee(made.contract.term.start, _cents(text)),))


def _unknown(made: Scene, text: str) -> None:
    policy = UnknownPolicy("exclude" if text == "exclude" else f"{text}_bears")
    _objective(made, unknown=replace(made.contract.objectives[0].unknown, policy=policy))


def _cents(dollars: str) -> int:
    cents = Fraction(dollars) * 100
    assert cents.denominator == 1
    return cents.numerator


OPTIONS: dict[str, Callable[[Scene, str], None]] = {
    "tick": lambda made, text: setattr(made, "tick_ms", TICKS_MS[text]),
    "month": lambda made, text: setattr(made, "month", text),
    "early": lambda made, text: setattr(made, "early", int(text)),
    "until": lambda made, text: setattr(made, "until", int(text)),
    "min": _racks,
    "commit": lambda made, text: setattr(made, "contract", committing(made.contract, int(text))),
    "unknown": _unknown,
    "tiers": _tiers,
    "fee": _fee,
    "shadow": lambda made, text: _fees(made, shadow_minor_units=_cents(text)),
    "rounding": lambda made, text: _fees(made, rounding=Rounding(text)),
    "clock": lambda made, text: _objective(made, clock_error_ms=int(text)),
}


def outcome(evaluation: Evaluation, tick_ms: int) -> dict[str, str]:
    """Everything that a case may expect, in the words of the cases."""
    tick, one = Fraction(tick_ms), Fraction(1)
    account, following = evaluation.account, evaluation.next_tier
    losses = [f"{loss.gpu_ms / tick}:{'+'.join(loss.reasons)}" for loss in evaluation.losses]
    found = {
        "committed": str(account.committed_gpu_ms / tick),
        "delivered": _three(account.delivered_gpu_ms, tick),
        "states": "/".join(str(ms / tick) for ms in account.states_gpu_ms.values()),
        "excluded": str(account.excluded_gpu_ms / tick),
        "left": "none" if following is None else str(following.gpu_ms / tick),
        "now": f"{account.delivered_gpus_now}of{account.committed_gpus_now}",
        "losses": ",".join(losses) or "none",
        "credit": _dollars(evaluation.credit_minor_units),
    }
    for number, judged in enumerate(evaluation.outcomes):
        unit = one if judged.objective.kind is Kind.REPLACEMENT_TIME else tick
        figures = {
            "availability": _three(judged.value, one),
            "lost": _three(judged.measure.lost, unit),
            "total": _three(judged.measure.total, unit),
            "missed": "yes" if judged.is_missed else "no",
        }
        for name, figure in figures.items():
            found[f"{judged.objective.id}.{name}"] = figure
            if number == 0:
                found[name] = figure
    return found


def _three(bounds: Bounds[Fraction] | Bounds[Fraction | None] | Bounds[int], unit: Fraction) -> str:
    ends = (bounds.low, bounds.value, bounds.high)
    texts = ["none" if end is None else str(end / unit) for end in ends]
    return texts[0] if len(set(texts)) == 1 else " ".join(texts)


def _dollars(bounds: Bounds[int]) -> str:
    texts = [
        f"{cents // 100}.{cents % 100:02}" for cents in (bounds.low, bounds.value, bounds.high)
    ]
    return texts[0] if len(set(texts)) == 1 else " ".join(texts)
