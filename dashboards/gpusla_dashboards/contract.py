"""
One contract's page: what was promised, what is delivered, what is owed, and why.

Every figure that has bounds is shown with them: what is not known is part of the answer.
"""

from gpusla.catalogue import alerts
from gpusla.catalogue.metrics import (
    COLLECTOR_EVIDENCE_UNTIL,
    COLLECTOR_LAST_JUDGEMENT,
    CONTRACT_AT_STAKE,
    CONTRACT_AVAILABILITY,
    CONTRACT_COMMITTED_GPUS,
    CONTRACT_COMMITTED_SECONDS,
    CONTRACT_CREDIT_ACCRUED,
    CONTRACT_DELIVERED_GPUS,
    CONTRACT_DELIVERED_SECONDS,
    CONTRACT_INFO,
    CONTRACT_NEXT_TIER_SECONDS,
    CONTRACT_PERIOD_END,
    CONTRACT_PERIOD_START,
    CONTRACT_STATE_SECONDS,
    CONTRACT_TARGET,
    LEDGER_ENTRIES,
    Metric,
)
from gpusla_dashboards.panels import ahead, colours
from gpusla_dashboards.panels.ahead import CHOSEN
from gpusla_dashboards.panels.incidents import incidents
from gpusla_dashboards.panels.model import (
    Column,
    Kind,
    Line,
    Look,
    Mark,
    Page,
    Panel,
    Query,
    Section,
    Step,
    Variable,
)
from gpusla_dashboards.panels.promql import (
    CONTRACT_SLOTS,
    RACK_AT_STAKE,
    RACK_SLOTS,
    SLOTS_HELD,
    by,
    series,
)
from gpusla_dashboards.panels.slots import rack_table, stack

BOUNDS = ("low", "value", "high")
BOUND_COLOURS = {
    "low": colours.BOUND,
    "value": colours.DELIVERED,
    "high": colours.BOUND,
}


def page() -> Page:
    """Put the contract's page together."""
    name = alerts.CAPACITY_SHORTFALL.name
    return Page(
        uid="gpusla-contract",
        title="gpusla: contract",
        description="What one contract was promised, what it gets, what is owed, and why.",
        since="now-3h",
        variables=(
            Variable(
                "contract",
                "Contract",
                f"label_values({CONTRACT_INFO.name}, contract)",
                "Which contract the page is about.",
            ),
        ),
        marks=(
            Mark(
                "Capacity shortfall",
                f'ALERTS{{alertname="{name}",alertstate="firing",{CHOSEN}}}',
                colours.DOWN,
                "fewer GPUs than promised",
            ),
        ),
        sections=(now(), over_time(), what_is_wrong(), details()),
    )


def now() -> Section:
    """What stands now."""
    return Section("Now", (
        Line(3, (*capacity_stats(), *money_stats())),
        Line(3, (availability_bounds(), credit_bounds())),
        Line(6, (ahead.objectives(), ahead.credit_cases())),
    ))  # fmt: skip


def capacity_stats() -> tuple[Panel, ...]:
    """Say what is promised and what is there."""
    delivered = least(CONTRACT_DELIVERED_GPUS)
    committed = most(CONTRACT_COMMITTED_GPUS)
    return (
        Panel(
            1, "Delivered",
            "GPUs delivered now, by the contract's own rules; never more than promised.",
            Kind.STAT, 4, (Query(delivered),),
            Look(decimals=0, steps=(Step(colours.DELIVERED),)),
        ),
        Panel(
            2, "Committed", "GPUs promised now.",
            Kind.STAT, 4, (Query(committed),),
            Look(decimals=0, steps=colours.PLAIN),
        ),
        Panel(
            3, "Above target",
            "Availability of the period to date less what was promised. Below zero the promise is "
            "broken unless the rest of the period makes up for it.",
            Kind.STAT, 4,
            (Query(f"{least(CONTRACT_AVAILABILITY, 'value')} - {most(CONTRACT_TARGET)}"),),
            Look("percentunit", 3, steps=colours.BELOW_ZERO_IS_BAD),
        ),
    )  # fmt: skip


def money_stats() -> tuple[Panel, ...]:
    """Say what is being lost, what is owed, and how far the next tier is."""
    at_stake = by("currency", "max", series(CONTRACT_AT_STAKE, CHOSEN))
    accrued = by("currency", "max", series(CONTRACT_CREDIT_ACCRUED, CHOSEN, bound="value"))
    return (
        Panel(
            4, "At stake",
            "The fee for one hour of the GPUs that are promised and not delivered now.",
            Kind.STAT, 4, (Query(at_stake, "{{currency}} an hour"),),
            Look(decimals=0, steps=colours.ANY_IS_BAD),
        ),
        Panel(
            5, "Credit accrued",
            "What would be owed if the open period ended now.",
            Kind.STAT, 4, (Query(accrued, "{{currency}} this period"),),
            Look(decimals=0, steps=colours.ANY_IS_BAD),
        ),
        Panel(
            6, "Until the next tier",
            "GPU-hours that may still be lost in the whole period before the credit grows.",
            Kind.STAT, 4,
            (Query(f"{least(CONTRACT_NEXT_TIER_SECONDS)} / 3600", "GPU-hours left"),),
            Look(decimals=0, steps=colours.PLAIN, empty="no further tier"),
        ),
    )  # fmt: skip


def availability_bounds() -> Panel:
    """Show availability between its bounds, beside what was promised."""
    return Panel(
        7, "Availability to date, with its bounds",
        "Delivered over committed GPU-time of the open period. Unknown time, the edges between "
        "states and the clock's error lie between low and high; value is what the contract's own "
        "policy makes of them, and what money is computed from.",
        Kind.STAT, 12,
        (
            *(Query(least(CONTRACT_AVAILABILITY, bound), bound) for bound in BOUNDS),
            Query(most(CONTRACT_TARGET), "promised"),
        ),
        Look("percentunit", 3, steps=colours.PLAIN, colours=BOUND_COLOURS
             | {"promised": colours.COMMITTED}),
    )  # fmt: skip


def credit_bounds() -> Panel:
    """Show the credit between its bounds."""
    return Panel(
        8, "Credit to date, with its bounds",
        "What would be owed if the period ended now: at best, under the contract's policy, and at "
        "worst for the provider.",
        Kind.STAT, 12,
        tuple(Query(most(CONTRACT_CREDIT_ACCRUED, bound), bound) for bound in BOUNDS),
        Look(decimals=0, steps=colours.PLAIN, colours=BOUND_COLOURS
             | {"value": colours.DOWN}),
    )  # fmt: skip


def over_time() -> Section:
    """How it came to be so."""
    return Section("Over time", (
        Line(8, (
            capacity_over_time(),
            stack(
                10, "Slots that are not ok, by state",
                "Slots that serve the contract and were seen as degraded or down, or not at all. "
                "States are observations: whether a degraded slot counts as delivered is for the "
                "contract to say. Slots that are ok are not drawn.",
                12, CONTRACT_SLOTS, contract="$contract",
            ),
        )),
        Line(8, (availability_over_time(), credit_over_time())),
        Line(8, (ahead.budget_over_time(), ahead.burn_over_time())),
    ))  # fmt: skip


def capacity_over_time() -> Panel:
    """Draw what was delivered against what was promised."""
    return Panel(
        9, "Delivered against committed",
        "The gap between the two lines, over time, is what was lost.",
        Kind.TIMESERIES, 12,
        (
            Query(most(CONTRACT_COMMITTED_GPUS), "committed"),
            Query(least(CONTRACT_DELIVERED_GPUS), "delivered"),
        ),
        Look(decimals=0, dashed=("committed",), colours={
            "committed": colours.COMMITTED, "delivered": colours.DELIVERED,
        }),
    )  # fmt: skip


def availability_over_time() -> Panel:
    """Draw availability to date as a band around its value."""
    return Panel(
        11, "Availability to date",
        "Of the open period, with its bounds, against what was promised. The longer the period, "
        "the less one bad hour moves it.",
        Kind.TIMESERIES, 12,
        (
            Query(most(CONTRACT_TARGET), "promised"),
            *(Query(least(CONTRACT_AVAILABILITY, bound), bound) for bound in BOUNDS),
        ),
        Look("percentunit", 3, band=("low", "high"), dashed=("promised",), colours=BOUND_COLOURS
             | {"promised": colours.COMMITTED}),
    )  # fmt: skip


def credit_over_time() -> Panel:
    """Draw the credit to date as a band around its value."""
    return Panel(
        12, "Credit to date",
        "What would have been owed if the period had ended then, with its bounds. Steps are tiers.",
        Kind.TIMESERIES, 12,
        tuple(Query(most(CONTRACT_CREDIT_ACCRUED, bound), bound) for bound in BOUNDS),
        Look(decimals=0, minimum=0, band=("low", "high"), colours=BOUND_COLOURS
             | {"value": colours.DOWN}),
    )  # fmt: skip


def what_is_wrong() -> Section:
    """Which causes, which racks, and why."""
    return Section("What is wrong", (
        Line(9, (
            incidents(28, 12, CHOSEN),
            rack_table(
                13, "Racks that serve the contract",
                "The contract's slots in each rack by state, and its share of what is lost an "
                "hour: the fifty racks with most slots that are not ok.",
                12, CHOSEN, slots=RACK_SLOTS, cost=RACK_AT_STAKE,
            ),
        )),
    ))  # fmt: skip


def details() -> Section:
    """The period in figures, and whether they can be trusted."""
    return Section("Details", (
        Line(6, (ahead.rights(), ahead.claims())),
        Line(6, (period_hours(), state_hours(), freshness())),
        Line(3, (*period_ends(), version(), entries())),
    ))  # fmt: skip


def period_hours() -> Panel:
    """Give the period to date in GPU-hours."""
    return Panel(
        15, "GPU-hours of the period to date",
        "What was promised from the start of the period until now, and how much of it was "
        "delivered, with its bounds.",
        Kind.BAR_GAUGE, 8,
        (
            Query(f"{most(CONTRACT_COMMITTED_SECONDS)} / 3600", "committed"),
            *(
                Query(f"{least(CONTRACT_DELIVERED_SECONDS, bound)} / 3600", f"delivered, {bound}")
                for bound in BOUNDS
            ),
        ),
        Look(decimals=0, minimum=0, steps=(Step(colours.DELIVERED),), colours={
            "committed": colours.COMMITTED,
            "delivered, low": colours.BOUND,
            "delivered, high": colours.BOUND,
        }),
    )  # fmt: skip


def state_hours() -> Panel:
    """Split the period to date by observed state."""
    return Panel(
        16, "GPU-hours by state",
        "The same time as it was observed. The four add up to the time the slots were held, to "
        "the millisecond.",
        Kind.BAR_GAUGE, 8,
        tuple(
            Query(f"max({series(CONTRACT_STATE_SECONDS, CHOSEN, state=state)}) / 3600", state)
            for state in colours.STATES
        ),
        Look(decimals=0, minimum=0, steps=colours.PLAIN, colours=colours.STATES),
    )  # fmt: skip


def freshness() -> Panel:
    """Show how old the judgement and the evidence behind it are."""
    evidence = by("node", "max", series(COLLECTOR_EVIDENCE_UNTIL))
    own = by("node", "max", series(SLOTS_HELD, CHOSEN))
    return Panel(
        17, "Freshness",
        "How long ago the contract was judged, and how old the newest evidence of its node that "
        "is furthest behind is. Time without evidence is unknown.",
        Kind.TIMESERIES, 8,
        (
            Query(f"time() - {most(COLLECTOR_LAST_JUDGEMENT)}", "judged"),
            Query(f"max((time() - {evidence}) and on (node) {own})", "evidence, furthest behind"),
        ),
        Look("s", 1, minimum=0, colours={
            "judged": colours.DELIVERED, "evidence, furthest behind": colours.UNKNOWN,
        }),
    )  # fmt: skip


def period_ends() -> tuple[Panel, ...]:
    """Say what the open period is."""
    return (
        Panel(
            18, "Period began",
            "Start of the open period; the period is in the contract's own time zone.",
            Kind.STAT, 5, (Query(f"{most(CONTRACT_PERIOD_START)} * 1000"),),
            Look("dateTimeAsIso", steps=colours.PLAIN),
        ),
        Panel(
            19, "Period ends", "End of the open period; the instant itself belongs to the next.",
            Kind.STAT, 5, (Query(f"{most(CONTRACT_PERIOD_END)} * 1000"),),
            Look("dateTimeAsIso", steps=colours.PLAIN),
        ),
    )  # fmt: skip


def version() -> Panel:
    """Say which version of the contract is in force."""
    return Panel(
        20, "Version in force", "The contract's version that judges now.",
        Kind.TABLE, 7,
        (Query(by("tenant, version, currency, house", "max", series(CONTRACT_INFO, CHOSEN))),),
        columns=(
            Column("tenant", "Tenant"),
            Column("version", "Version"),
            Column("currency", "Currency"),
            Column("house", "House"),
        ),
    )  # fmt: skip


def entries() -> Panel:
    """Count the contract's entries in the ledger."""
    return Panel(
        21, "Ledger entries", "Entries under the contract: pending, posted, or void.",
        Kind.STAT, 7,
        (Query(by("status", "max", series(LEDGER_ENTRIES, CHOSEN)), "{{status}}"),),
        Look(decimals=0, steps=colours.PLAIN, empty="none"),
    )  # fmt: skip


def least(metric: Metric, bound: str = "") -> str:
    """Give the lowest of what several collectors may say."""
    return f"min({chosen(metric, bound)})"


def most(metric: Metric, bound: str = "") -> str:
    """Give the highest of what several collectors may say."""
    return f"max({chosen(metric, bound)})"


def chosen(metric: Metric, bound: str) -> str:
    """Select the contract's series of a metric, at one bound if it has bounds."""
    return series(metric, CHOSEN, bound=bound) if bound else series(metric, CHOSEN)
