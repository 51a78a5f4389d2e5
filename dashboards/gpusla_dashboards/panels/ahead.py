"""Panels of a contract's page on what may still come: budgets, tiers, credits, claims, rights."""

from gpusla.catalogue.metrics import (
    CONTRACT_CLAIM_DEADLINE,
    CONTRACT_CLAIMABLE,
    CONTRACT_CREDIT_FORECAST,
    CONTRACT_RIGHT_CLOSES,
    CONTRACT_RIGHT_OPENS,
    OBJECTIVE_BREACH_CERTAIN,
    OBJECTIVE_BUDGET_ALLOWED,
    OBJECTIVE_BUDGET_LEFT,
    OBJECTIVE_BURN_RATE,
    OBJECTIVE_NEXT_TIER_EXPECTED,
    OBJECTIVE_TARGET,
    OBJECTIVE_VALUE,
)
from gpusla_dashboards.panels import colours
from gpusla_dashboards.panels.model import Column, Kind, Look, Meaning, Panel, Query, Step
from gpusla_dashboards.panels.promql import by, series

CHOSEN = 'contract="$contract"'
CASES = {
    "now": "ended now",
    "nothing_more": "nothing more lost",
    "at_rate": "at present rate",
    "all_lost": "all lost",
}
WINDOWS = {"5m": "#9fb0c3", "1h": "#e9b13b", "6h": "#c98bdb", "72h": "#4c9be8"}
MISSES = {0: Meaning("open", colours.NEUTRAL), 1: Meaning("certain", colours.DOWN)}
OBJECTIVE_COLUMNS = (
    Column("objective", "Objective"),
    Column("#A", "Low", "percentunit", 3),
    Column("#B", "Value", "percentunit", 3, steps=(Step(colours.DELIVERED),), filled=False),
    Column("#C", "High", "percentunit", 3),
    Column("#D", "Target", "percentunit", 3),
    Column("#E", "Hours left", "locale", 1, steps=colours.BELOW_ZERO_IS_BAD, filled=False),
    Column("#F", "Of budget", "percentunit", 1, steps=colours.BELOW_ZERO_IS_BAD, filled=False),
    Column("#G", "Miss", values=MISSES),
    Column("#H", "Next tier in", "s", 1),
)
RIGHTS = {"provider": colours.DELIVERED, "tenant": colours.CONTRACTS[1]}


def objectives() -> Panel:
    """List every objective with its value, its bounds, and what it may still lose."""
    value = {
        bound: by("objective", "min", series(OBJECTIVE_VALUE, CHOSEN, bound=bound))
        for bound in ("low", "value", "high")
    }
    left = by("objective", "min", series(OBJECTIVE_BUDGET_LEFT, CHOSEN, bound="value"))
    allowed = by("objective", "max", series(OBJECTIVE_BUDGET_ALLOWED, CHOSEN, bound="value"))
    tier = by("objective", "min", series(OBJECTIVE_NEXT_TIER_EXPECTED, CHOSEN))
    certain = by("objective", "max", series(OBJECTIVE_BREACH_CERTAIN, CHOSEN, bound="value"))
    return Panel(
        22, "Objectives",
        "Every objective of the contract to date: its value between its bounds, what was promised, "
        "what of its budget is left, in hours (GPU-hours for capacity) and as a share, whether a "
        "miss is certain even if nothing more is lost, and how soon the next credit tier is "
        "reached at the last hour's rate.",
        Kind.TABLE, 15,
        tuple(Query(one) for one in (
            *value.values(),
            by("objective", "max", series(OBJECTIVE_TARGET, CHOSEN)),
            f"{left} / 3600",
            f"{left} / ({allowed} > 0)",
            certain,
            f"{tier} - time()",
        )),
        Look(empty="no objective was judged"),
        columns=OBJECTIVE_COLUMNS,
        sort="Of budget",
        largest_first=False,
    )  # fmt: skip


def credit_cases() -> Panel:
    """Show what the period's credit may come to."""
    return Panel(
        23, "Credit, by what may come",
        "The whole period's credit in four cases, under the contract's policy: if the period ended "
        "now, and at its end if from now on nothing more is lost, as much as in the last hour, or "
        "everything. Shown as if claimed where it must be claimed.",
        Kind.BAR_GAUGE, 9,
        tuple(
            Query(
                by("currency", "max", series(
                    CONTRACT_CREDIT_FORECAST, CHOSEN, case=case, bound="value"
                )),
                words,
            )
            for case, words in CASES.items()
        ),
        Look(decimals=0, minimum=0, steps=(Step(colours.NEUTRAL), Step(colours.DOWN, 0.01)),
             empty="no fee, so no credit"),
    )  # fmt: skip


def budget_over_time() -> Panel:
    """Draw what is left of each objective's budget."""
    left = by("objective, bound", "min", series(OBJECTIVE_BUDGET_LEFT, CHOSEN))
    allowed = by("objective, bound", "max", series(OBJECTIVE_BUDGET_ALLOWED, CHOSEN))
    return Panel(
        24, "Error budget left",
        "What each objective may still lose before its target is missed for good, as a share of "
        "what its whole window allows, with its bounds. It starts at 100 % and never grows but by "
        "late evidence and exclusions; below zero the miss is certain.",
        Kind.TIMESERIES, 12,
        (Query(f"{left} / ({allowed} > 0)", "{{objective}}, {{bound}}"),),
        Look("percentunit", 2, empty="no objective has a budget"),
    )  # fmt: skip


def burn_over_time() -> Panel:
    """Draw how fast the budget that goes fastest goes."""
    return Panel(
        25, "Burn rate",
        "How many times faster than would use the budget up exactly at the end, over windows of "
        "five minutes to three days; of several objectives the fastest. On-call is paged above "
        "about 14 in the hour, and above about 6 in the six hours.",
        Kind.TIMESERIES, 12,
        tuple(
            Query(f"max({series(OBJECTIVE_BURN_RATE, CHOSEN, window=window)})", window)
            for window in WINDOWS
        ),
        Look(decimals=1, minimum=0, colours=WINDOWS, empty="no rate is known"),
    )  # fmt: skip


def rights() -> Panel:
    """List the contract's dated rights as a calendar."""
    opens = by("right, party", "min", series(CONTRACT_RIGHT_OPENS, CHOSEN))
    closes = by("right, party", "max", series(CONTRACT_RIGHT_CLOSES, CHOSEN))
    return Panel(
        26, "Rights",
        "From when to when each dated right under the contract can be used, and by whom; an end, "
        "which nobody uses, has only its day. Instants in UTC of days in the contract's own zone.",
        Kind.TABLE, 15,
        (
            Query(f"{opens} * 1000"),
            Query(f"{closes} * 1000"),
            Query(f"{opens} - time() > 0"),
        ),
        Look(empty="the contract has no dated right"),
        columns=(
            Column("right", "Right"),
            Column("party", "Whose", meanings=RIGHTS),
            Column("#A", "Opens", "dateTimeAsIso"),
            Column("#B", "Closes", "dateTimeAsIso"),
            Column("#C", "Opens in", "s", 1),
        ),
        sort="Opens",
        largest_first=False,
    )  # fmt: skip


def claims() -> Panel:
    """List the periods whose credit can still be claimed."""
    deadline = by("period", "min", series(CONTRACT_CLAIM_DEADLINE, CHOSEN))
    return Panel(
        27, "Claims",
        "Periods whose credit is lost unless it is claimed: how much, and how long there is.",
        Kind.TABLE, 9,
        (
            Query(by("period", "max", series(CONTRACT_CLAIMABLE, CHOSEN))),
            Query(f"{deadline} * 1000"),
            Query(f"{deadline} - time()"),
        ),
        Look(empty="nothing has to be claimed"),
        columns=(
            Column("period", "Period"),
            Column("#A", "Credit", "locale", 0),
            Column("#B", "Too late from", "dateTimeAsIso"),
            Column("#C", "Time left", "s", 1),
        ),
        sort="Too late from",
        largest_first=False,
    )  # fmt: skip
