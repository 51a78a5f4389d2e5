"""
The operators' page: where is capacity lost, why, what does it cost an hour, what do I mend first.

No series for each GPU but under the one rack that is chosen: a fleet has 60,000.
"""

from gpusla.catalogue import alerts
from gpusla.catalogue.metrics import (
    COLLECTOR_EVIDENCE_UNTIL,
    COLLECTOR_FETCH_FAILURES,
    COLLECTOR_NODES_EXPECTED,
    CONTRACT_AT_STAKE,
    CONTRACT_AVAILABILITY,
    CONTRACT_COMMITTED_GPUS,
    CONTRACT_CREDIT_ACCRUED,
    CONTRACT_DELIVERED_GPUS,
    CONTRACT_INFO,
    CONTRACT_NEXT_TIER_SECONDS,
    CONTRACT_TARGET,
    DOMAIN_GPUS,
    SLOT_STATE,
)
from gpusla_dashboards.panels import colours
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
    FLEET_GPUS,
    NOT_OK,
    RACK_AT_STAKE,
    RACK_GPUS,
    SAMPLE_AGE,
    SLOT_INFO,
    by,
    or_zero,
    series,
)
from gpusla_dashboards.panels.slots import NODE_LINK, rack_table, reasons, stack, tray_table

CONTRACT_LINK = "/d/gpusla-contract/?var-contract=${__value.text}&${__url_time_range}"
FRESH_SECONDS = 30


def page() -> Page:
    """Put the operators' page together."""
    return Page(
        uid="gpusla-fleet",
        title="gpusla: fleet",
        description="Where capacity is lost, why, what it costs an hour, and what to mend first.",
        since="now-3h",
        variables=(
            Variable(
                "domain",
                "Rack",
                f"label_values({DOMAIN_GPUS.name}, domain)",
                "Whose slots the last section shows.",
            ),
        ),
        marks=(shortfalls(),),
        sections=(now(), over_time(), what_is_wrong(), details()),
    )


def shortfalls() -> Mark:
    """Draw on every graph when a contract fell short."""
    name = alerts.CAPACITY_SHORTFALL.name
    return Mark(
        "Capacity shortfall",
        f'ALERTS{{alertname="{name}",alertstate="firing"}}',
        colours.DOWN,
        "{{contract}}",
    )


def now() -> Section:
    """What stands now, in GPUs and in money."""
    return Section("Now", (Line(3, (*gpu_stats(), *money_stats())), Line(7, (contract_table(),))))


def gpu_stats() -> tuple[Panel, ...]:
    """Count what is delivered, what was promised and what nobody knows."""
    delivered = by("contract", "min", series(CONTRACT_DELIVERED_GPUS))
    committed = by("contract", "max", series(CONTRACT_COMMITTED_GPUS))
    return (
        Panel(
            1, "Delivered",
            "GPUs delivered now over all contracts, by their own rules; never more than promised.",
            Kind.STAT, 4,
            (Query(f"sum({delivered})"),),
            Look(decimals=0, steps=(Step(colours.DELIVERED),)),
        ),
        Panel(
            2, "Committed", "GPUs promised now over all contracts.",
            Kind.STAT, 4,
            (Query(f"sum({committed})"),),
            Look(decimals=0, steps=colours.PLAIN),
        ),
        Panel(
            3, "Unknown",
            "Slots that no agent observes now. Who bears their time is for each contract to say.",
            Kind.STAT, 4,
            (Query(series(FLEET_GPUS, state="unknown")),),
            Look(decimals=0, steps=colours.ANY_IS_UNKNOWN),
        ),
    )  # fmt: skip


def money_stats() -> tuple[Panel, ...]:
    """Say what is being lost an hour and what is owed already."""
    at_stake = by("contract, currency", "max", series(CONTRACT_AT_STAKE))
    accrued = by("contract, currency", "max", series(CONTRACT_CREDIT_ACCRUED, bound="value"))
    fresh = or_zero(f"count({series(SAMPLE_AGE)} < {FRESH_SECONDS})")
    return (
        Panel(
            4, "At stake",
            "The fee for one hour of all GPUs that are promised and not delivered now.",
            Kind.STAT, 4,
            (Query(by("currency", "sum", at_stake), "{{currency}} an hour"),),
            Look(decimals=0, steps=colours.ANY_IS_BAD),
        ),
        Panel(
            5, "Credit accrued",
            "What would be owed to all tenants together if every open period ended now.",
            Kind.STAT, 4,
            (Query(by("currency", "sum", accrued), "{{currency}} this period"),),
            Look(decimals=0, steps=colours.ANY_IS_BAD),
        ),
        Panel(
            6, "Agents silent",
            "Nodes of the inventory without a sample in the last 30 seconds.",
            Kind.STAT, 4,
            (Query(f"max({series(COLLECTOR_NODES_EXPECTED)}) - ({fresh})"),),
            Look(decimals=0, steps=colours.ANY_IS_UNKNOWN),
        ),
    )  # fmt: skip


def contract_table() -> Panel:
    """One row for each contract, the one that loses most an hour first."""
    key = "contract, tenant"
    delivered = by(key, "min", series(CONTRACT_DELIVERED_GPUS))
    committed = by(key, "max", series(CONTRACT_COMMITTED_GPUS))
    availability = by(key, "min", series(CONTRACT_AVAILABILITY, bound="value"))
    target = by(key, "max", series(CONTRACT_TARGET))
    expressions = (
        by(f"{key}, currency", "max", series(CONTRACT_INFO)),
        delivered,
        committed,
        f"{committed} - {delivered}",
        by(key, "max", series(CONTRACT_AT_STAKE)),
        availability,
        f"{availability} - {target}",
        by(key, "max", series(CONTRACT_CREDIT_ACCRUED, bound="value")),
        by(key, "min", series(CONTRACT_NEXT_TIER_SECONDS)) + " / 3600",
    )
    return Panel(
        7, "Contracts",
        "Each contract's promise, what it gets, what it loses an hour, and what is owed to date. "
        "Next tier: how many GPU-hours may still be lost before the credit grows.",
        Kind.TABLE, 24,
        tuple(Query(expression) for expression in expressions),
        columns=(
            Column("contract", "Contract", link=CONTRACT_LINK),
            Column("tenant", "Tenant"),
            Column("#B", "Delivered", "locale", 0),
            Column("#C", "Committed", "locale", 0),
            Column("#D", "Missing", "locale", 0, steps=colours.cell(colours.DOWN)),
            Column("#E", "Lost an hour", "locale", 0, steps=colours.cell(colours.DOWN)),
            Column("#F", "Availability", "percentunit", 3),
            Column(
                "#G", "Above target", "percentunit", 3,
                steps=colours.BELOW_ZERO_IS_BAD, filled=False,
            ),
            Column("#H", "Credit accrued", "locale", 0, steps=colours.cell(colours.DOWN)),
            Column("#I", "Next tier, GPU-hours", "locale", 0),
            Column("currency", "Currency"),
        ),
        sort="Lost an hour",
    )  # fmt: skip


def over_time() -> Section:
    """How it came to be so."""
    key = "contract, currency"
    return Section("Over time", (
        Line(8, (
            stack(
                8, "Slots that are not ok, by state",
                "Slots of the inventory that were down, unknown or degraded. Unknown is a state: a "
                "node that fell silent is here, not missing. Slots that are ok are not drawn.",
                12, FLEET_GPUS,
            ),
            Panel(
                9, "At stake an hour, by contract",
                "The fee for one hour of what each contract does not get; the area under a line is "
                "what was lost.",
                Kind.TIMESERIES, 12,
                (Query(by(key, "max", series(CONTRACT_AT_STAKE)), "{{contract}} ({{currency}})"),),
                Look(decimals=0, minimum=0),
            ),
        )),
        Line(7, (
            Panel(
                10, "Credit accrued, by contract",
                "What would be owed if the open period had ended then. It falls when a new period "
                "begins, and can fall when late evidence shows that unknown time was ok.",
                Kind.TIMESERIES, 12,
                (Query(
                    by(key, "max", series(CONTRACT_CREDIT_ACCRUED, bound="value")),
                    "{{contract}} ({{currency}})",
                ),),
                Look(decimals=0, minimum=0),
            ),
            Panel(
                11, "Availability above target, by contract",
                "Availability of the period to date less what was promised. Below zero the promise "
                "is broken unless the rest of the period makes up for it.",
                Kind.TIMESERIES, 12,
                (Query(
                    by("contract", "min", series(CONTRACT_AVAILABILITY, bound="value"))
                    + " - "
                    + by("contract", "max", series(CONTRACT_TARGET)),
                    "{{contract}}",
                ),),
                Look("percentunit", 2),
            ),
        )),
    ))  # fmt: skip


def what_is_wrong() -> Section:
    """Which racks, and which alerts."""
    return Section("What is wrong", (
        Line(9, (
            worst_racks(),
            rack_table(
                13, "Racks",
                "GPUs of each rack by state, and what the rack costs an hour: the fifty with most "
                "GPUs that are not ok. A rack's name opens its slots below.",
                16, slots=RACK_GPUS, cost=RACK_AT_STAKE,
            ),
        )),
        Line(8, (rack_history(), firing_alerts())),
    ))  # fmt: skip


def worst_racks() -> Panel:
    """Rank racks by what they cost now."""
    cost = by("domain, currency", "sum", series(RACK_AT_STAKE))
    return Panel(
        12, "Worst racks",
        "What racks cost an hour now: each contract's loss divided among its racks by the slots it "
        "lost there. Mend the first one first.",
        Kind.BAR_GAUGE, 8,
        (Query(f"sort_desc(topk(10, {cost} > 0))", "{{domain}} ({{currency}})"),),
        Look(decimals=0, minimum=0, steps=(Step(colours.DOWN),), empty="no rack loses money"),
    )  # fmt: skip


def rack_history() -> Panel:
    """Show when racks were not whole, for those that were not at some time."""
    worst = " or ".join(
        f"{code} * ({series(RACK_GPUS, state=meaning.text)} > bool 0)"
        for code, meaning in sorted(colours.WORST.items(), reverse=True)
        if code
    )
    bad = series(RACK_GPUS, NOT_OK)
    most = f"topk(20, sum by (domain) (avg_over_time({bad}[$__range] @ end())) > 0)"
    return Panel(
        14, "Racks that were not whole",
        "The worst state of any slot of a rack, for the twenty racks that lost most in the time "
        "that is looked at. Racks that were whole throughout are left out.",
        Kind.STATE_TIMELINE, 14,
        (Query(f"max by (domain) ({worst}) and on (domain) {most}", "{{domain}}"),),
        Look("none", meanings=colours.WORST, empty="every rack was whole"),
    )  # fmt: skip


def firing_alerts() -> Panel:
    """List what fires now, many of one kind as one row."""
    watchdog = alerts.WATCHDOG.name
    firing = f'ALERTS{{alertstate="firing",alertname=~"Gpusla.+",alertname!="{watchdog}"}}'
    return Panel(
        15, "Alerts that fire",
        "What Prometheus fires now, counted by kind and by what it is about. Alertmanager mutes "
        "what follows from something else; this list does not.",
        Kind.TABLE, 10,
        (Query(by("alertname, severity, contract, site, rack", "count", firing)),),
        Look(empty="nothing fires"),
        columns=(
            Column("alertname", "Alert"),
            Column("severity", "Severity", width=90, meanings=colours.SEVERITIES),
            Column("contract", "Contract", link=CONTRACT_LINK),
            Column("site", "Site", width=70),
            Column("rack", "Rack", width=70),
            Column("#A", "How many", "locale", 0, width=90),
        ),
        sort="How many",
    )  # fmt: skip


def details() -> Section:
    """Whether the meter itself can be trusted, and the slots of the rack that was chosen."""
    return Section("Details", (
        Line(7, (sample_age(), evidence_age(), failed_fetches())),
        Line(9, (
            reasons(
                19, "Why slots of $domain are not ok",
                "Slots of the rack by reason; one slot may have several.",
                8, domain="$domain",
            ),
            chosen_slots(),
        )),
        Line(8, (
            tray_table(
                21, "Trays of $domain",
                "Slots of each tray of the rack that are not ok, what waits for somebody, and how "
                "old its agent's newest sample is. A tray without a sample is silent. A node's "
                "name opens its own page.",
                24,
            ),
        )),
    ))  # fmt: skip


def sample_age() -> Panel:
    """Show how old the newest sample is, where it is oldest."""
    oldest = by("site, rack", "max", series(SAMPLE_AGE))
    last = by("site, rack", "max", f"{series(SAMPLE_AGE)} @ end()")
    return Panel(
        16, "Age of the newest sample",
        "By rack, of its slowest agent, for the four racks that are worst now. An agent that does "
        "not answer at all is in “Agents silent” above.",
        Kind.TIMESERIES, 8,
        (Query(f"{oldest} and topk(4, {last})", "{{site}}/{{rack}}"),),
        Look("s", 1, minimum=0),
    )  # fmt: skip


def evidence_age() -> Panel:
    """Show how far behind the collector's copies of the journals are."""
    age = f"time() - {by('node', 'max', series(COLLECTOR_EVIDENCE_UNTIL))}"
    return Panel(
        17, "Age of the evidence",
        "How long ago the last journal record that the collector holds was written: of the node "
        "that is furthest behind, and of the one in the middle. Only evidence becomes money.",
        Kind.TIMESERIES, 8,
        (Query(f"max({age})", "furthest behind"), Query(f"quantile(0.5, {age})", "in the middle")),
        Look("s", 1, minimum=0, colours={
            "furthest behind": colours.UNKNOWN, "in the middle": colours.DELIVERED,
        }),
    )  # fmt: skip


def failed_fetches() -> Panel:
    """Show why journals could not be fetched."""
    failures = f"increase({series(COLLECTOR_FETCH_FAILURES)}[$__rate_interval])"
    return Panel(
        18, "Fetches that failed",
        "Attempts to fetch a journal that failed, by error code name. Nothing is lost by it: the "
        "journal is fetched later.",
        Kind.TIMESERIES, 8,
        (Query(by("code", "sum", failures), "{{code}}"),),
        Look(decimals=0, minimum=0, empty="no fetch failed"),
    )  # fmt: skip


def chosen_slots() -> Panel:
    """List the slots that are not ok in the rack that was chosen."""
    bad = f"{by('slot, state', 'max', series(SLOT_STATE, NOT_OK))} == 1"
    place = series(SLOT_INFO, domain="$domain")
    there = f"({bad}) * on (slot) group_left (tray, node, contract) {place}"
    return Panel(
        20, "Slots of $domain that are not ok",
        "Each slot of the rack that an agent shows as degraded, down or unknown. The slots of a "
        "silent node are not listed, since nobody speaks for them.",
        Kind.TABLE, 16,
        (Query(there),),
        Look(empty="every slot that is observed is ok"),
        columns=(
            Column("slot", "Slot"),
            Column("state", "State", meanings=colours.STATES),
            Column("tray", "Tray"),
            Column("node", "Node", link=NODE_LINK),
            Column("contract", "Contract", link=CONTRACT_LINK),
        ),
        sort="Slot",
        largest_first=False,
    )  # fmt: skip
