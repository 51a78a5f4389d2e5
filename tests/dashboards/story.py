"""
The fleet's three worst hours: what was sold, what was lost minute by minute, and what it comes to.

Twelve racks serve four contracts.  A rack loses its NVLink switch for good, three trays of another
fall silent, a third is degraded for half an hour, and one GPU is lost throughout.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

from gpusla.catalogue.metrics import Metric
from gpusla_dashboards.panels.promql import Recorded

STEP_SECONDS = 30
MINUTES = 180
RACK_GPUS = 72
PERIOD_SECONDS = 30 * 86400
ELAPSED_SECONDS = 20 * 86400
STATES = ("ok", "degraded", "down", "unknown")
SWITCH_LOST, FELL_SILENT, SILENT = 112, 140, "c2/r02"

Value = Callable[[float], float | None]
Sample = tuple[Metric | Recorded, str, Value]


@dataclass(frozen=True, slots=True)
class Sold:
    """A contract as the data has it: racks held, fee a month, target, GPU-hours lost before."""

    name: str
    tenant: str
    racks: tuple[str, ...]
    fee: float
    target: float
    lost_hours: float
    house: bool = False


CONTRACTS = (
    Sold("acme-1", "acme", ("c1/r01", "c1/r02", "c1/r03", "c1/r04", "c1/r05"), 1.1e6, 0.99, 1721.0),
    Sold("borealis-2", "borealis", ("c2/r01", "c2/r02", "c2/r03", "c2/r04"), 6.2e5, 0.985, 290.0),
    Sold("cedar-1", "cedar", ("c2/r05", "c2/r06"), 2.9e5, 0.99, 120.0),
    Sold("house", "house", ("c2/r07",), 1.4e5, 0.95, 400.0, house=True),
)

GOING_ON = (
    ("c1/r03", "fabric_down", SWITCH_LOST),
    ("c1/r05/t04/m1", "gpu_lost", 0),
    ("c2/r02", "not_observed", FELL_SILENT),
)
"""What goes on at the end: where, what was seen there first, and since which minute."""


@cache
def counts(rack: str, minute: float) -> dict[str, int]:
    """Give a rack's GPUs by state in a minute of the story."""
    found = dict.fromkeys(STATES, 0)
    if rack == "c1/r03" and minute >= SWITCH_LOST:
        found["down"] = 72
    if rack == SILENT and minute >= FELL_SILENT:
        found["unknown"] = 12
    if rack == "c2/r05" and 60 <= minute < 92:
        found["degraded"] = 8
    if rack == "c1/r05":
        found["down"] = 1
    found["ok"] = RACK_GPUS - sum(found.values())
    return found


@cache
def lost(sold: Sold, minute: float, states: tuple[str, ...] = ("down", "unknown")) -> int:
    """Count a contract's GPUs that are not delivered in a minute."""
    return sum(counts(rack, minute)[state] for rack in sold.racks for state in states)


@cache
def lost_seconds(sold: Sold, minute: float, states: tuple[str, ...] = ("down", "unknown")) -> float:
    """Add up what a contract lost in its period until a minute."""
    whole = int(minute)
    before = sum(60 * lost(sold, at, states) for at in range(whole))
    return sold.lost_hours * 3600 + before + 60 * (minute - whole) * lost(sold, minute, states)


def availability(sold: Sold, minute: float, bound: str) -> float:
    """Give delivered over committed; unknown time is bad in the lower bound, good in the upper."""
    committed = committed_seconds(sold, minute)
    slack = {"low": 0.00012, "value": 0.0, "high": -0.0001}[bound] * committed
    states = ("down",) if bound == "high" else ("down", "unknown")
    return 1 - (lost_seconds(sold, minute, states) + slack) / committed


def committed_seconds(sold: Sold, minute: float) -> float:
    """Give what was promised from the period's start until a minute."""
    return len(sold.racks) * RACK_GPUS * (ELAPSED_SECONDS + 60.0 * minute)


def credit(sold: Sold, minute: float, bound: str) -> float:
    """Owe five percent below the target and ten below a point less."""
    worse = {"low": "high", "value": "value", "high": "low"}[bound]
    reached = availability(sold, minute, worse)
    tiers = ((sold.target - 0.01, 0.10), (sold.target, 0.05))
    return sold.fee * next((share for below, share in tiers if reached < below), 0.0)


def given(function: Callable[..., float | None], *arguments: object) -> Value:
    """Bind what a value depends on beside the minute."""
    return lambda minute: function(*arguments, minute)


def held(value: float) -> Value:
    """Give the same value in every minute."""
    return lambda _: value


def gpus(sold: Sold) -> int:
    """Count what a contract was promised."""
    return len(sold.racks) * RACK_GPUS


def price(sold: Sold) -> float:
    """Give the fee for one GPU and hour."""
    return sold.fee / (PERIOD_SECONDS / 3600) / gpus(sold)


def next_tier(sold: Sold, minute: float) -> float | None:
    """Give the GPU-seconds until the next tier, which counts the whole period."""
    whole = len(sold.racks) * RACK_GPUS * float(PERIOD_SECONDS)
    gone = lost_seconds(sold, minute)
    tiers = (sold.target, sold.target - 0.01)
    return next((left for below in tiers if (left := whole * (1 - below) - gone) > 0), None)
