"""Measures, prices and facts for tests, made without files; times are plain milliseconds."""

from collections.abc import Mapping, Sequence
from fractions import Fraction

from gpusla.catalogue.reasons import State
from gpusla.contracts.model import ContractVersion
from gpusla.contracts.promises import Objective
from gpusla.identity import Slot
from gpusla.instants import Interval
from gpusla.journal.model import Condition, Finding
from gpusla.sla.credits import judge
from gpusla.sla.evaluation import Bounds, Measure, Outcome, UnitMeasure
from gpusla.sla.facts import Facts, Holding
from gpusla.sla.periods import Period, period_of
from gpusla.sla.prices import Prices
from gpusla.timeline.build import build
from gpusla.timeline.model import StateSpan
from tests.core.contracts.terms import SKU, contract

CONTRACT = contract()
"""One GPU, $150 million a month, 99 percent."""

HOUR_MS, DAY_MS = 3_600_000, 86_400_000
OK = Condition(State.OK)
DOWN = Condition(State.DOWN, (Finding("gpu_lost"),))

Amounts = int | Fraction | tuple[int | Fraction, int | Fraction, int | Fraction]


def bounds(amounts: Amounts) -> Bounds[Fraction]:
    """One figure for all three, or low, value and high."""
    three = amounts if isinstance(amounts, tuple) else (amounts, amounts, amounts)
    return Bounds(*(Fraction(amount) for amount in three))


def stretches(*edges: int) -> tuple[Interval, ...]:
    """Intervals from pairs of edges."""
    return tuple(Interval(*pair) for pair in zip(edges[::2], edges[1::2], strict=True))


def unit(
    name: str,
    lost: Amounts,
    total: Amounts = 1000,
    down: tuple[Interval, ...] | Bounds[tuple[Interval, ...]] = (),
    *,
    late: int | tuple[int, int, int] = 0,
    held: int = 1000,
) -> UnitMeasure:
    """A unit's measure; its total is what it will be at the window's end."""
    return UnitMeasure(
        name,
        held,
        bounds(total),
        bounds(lost),
        down if isinstance(down, Bounds) else Bounds(down, down, down),
        Bounds(*late) if isinstance(late, tuple) else Bounds(late, late, late),
        bounds(total).value,
    )


def measure(
    lost: Amounts,
    total: Amounts = 1000,
    units: Sequence[UnitMeasure] = (),
    whole: int | None = None,
    held: int = 1000,
) -> Measure:
    """A window from 0 to its total; whole: what total will be at its end, by default now."""
    end_ms = int(bounds(total).value)
    return Measure(
        Interval(0, end_ms),
        bounds(total),
        bounds(lost),
        Fraction(end_ms if whole is None else whole),
        tuple(units),
        held,
    )


def prices(
    fee: int = 100_000,
    window: tuple[int, int] = (0, 1000),
    until: int | None = None,
    *,
    committed: int = 1000,
    twelfth: int = 50_000,
    is_last: bool = False,
    timezone: str = "UTC",
) -> Prices:
    """Prices of a window; judged to its end unless said otherwise."""
    whole = Interval(*window)
    until_ms = whole.end_ms if until is None else until
    return Prices(whole, until_ms, Fraction(fee), Fraction(twelfth), committed, is_last, timezone)


def judged(promise: Objective, found: Measure, price: Prices | None = None) -> Outcome:
    """The outcome of an objective at the usual prices."""
    return judge(promise, found, price or prices())


def month(of: ContractVersion = CONTRACT, key: str = "2026-10") -> Period:
    """A whole billing period."""
    return period_of(of, key)


def slot(number: int) -> Slot:
    """Return the slot of this number: 72 to a rack, 4 to a tray."""
    rack, place = divmod(number, 72)
    return Slot("c2", f"r{rack + 1:02}", f"t{place // 4 + 1:02}", f"m{place % 4}")


def facts(
    reach: Interval,
    troubles: Mapping[int, Sequence[tuple[int, int, Condition]]],
    slots: int = 1,
    held: Interval | None = None,
    **more: object,
) -> Facts:
    """
    Slots that are ok but for their troubles, held over the reach by an accepted GPU.

    troubles: by number of the slot; start, end (from the reach's start) and what was seen.
    """
    spans = []
    for number in range(slots):
        at_ms = reach.start_ms
        for start, end, condition in troubles.get(number, ()):
            start_ms, end_ms = reach.start_ms + start, reach.start_ms + end
            spans.append(StateSpan(slot(number), at_ms, start_ms, OK))
            spans.append(StateSpan(slot(number), start_ms, end_ms, condition))
            at_ms = end_ms
        spans.append(StateSpan(slot(number), at_ms, reach.end_ms, OK))
    kept = [span for span in spans if span.start_ms < span.end_ms]
    holdings = {slot(number): (Holding(held or reach, SKU),) for number in range(slots)}
    return Facts(build(kept, holdings, reach), holdings, **more)  # type: ignore[arg-type]
