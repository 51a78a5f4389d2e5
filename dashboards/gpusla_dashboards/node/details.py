"""The node around the GPUs, and how well its agent sees."""

from gpusla.catalogue.metrics import (
    AGENT_CLOCK_ERROR,
    AGENT_EVENTS_LOST,
    AGENT_INFO,
    AGENT_JOURNAL_ERRORS,
    AGENT_JOURNAL_SYNC,
    AGENT_KERNEL_LOG_FOREIGN,
    AGENT_KERNEL_LOG_LOST,
    AGENT_KERNEL_LOG_READABLE,
    AGENT_KERNEL_LOG_UNREAD,
    AGENT_PROBE_DURATION,
    AGENT_PROBE_SUCCESS,
    AGENT_REJECTED,
    AGENT_SOURCE_RESTARTS,
    HOST_CLOCK_ERROR_MAX,
    HOST_CLOCK_OFFSET,
    HOST_CLOCK_SYNCHRONISED,
    HOST_COOLANT_FLOW,
    HOST_COOLANT_PRESSURE,
    HOST_COOLANT_TEMPERATURE,
    HOST_CPU_BUSY,
    HOST_CPUS,
    HOST_IMEX_NODES,
    HOST_IMEX_NODES_READY,
    HOST_IMEX_STATE,
    HOST_LEAK,
    HOST_MEMORY_AVAILABLE,
    HOST_MEMORY_TOTAL,
    HOST_PORT_BYTES,
    HOST_PORT_ERRORS,
    HOST_PORT_LINK_DOWNS,
    HOST_PORT_RATE,
    HOST_PORT_UP,
    USAGE_NVLINK_BYTES,
    USAGE_PCIE_BYTES,
)
from gpusla_dashboards.node.ask import NOT_AGREED, grown, most, of_node, one, rate
from gpusla_dashboards.panels import colours
from gpusla_dashboards.panels.model import Column, Kind, Line, Look, Meaning, Panel, Query, Section
from gpusla_dashboards.panels.promql import SAMPLE_AGE, by

YES = {0: Meaning("no", colours.DEGRADED), 1: Meaning("yes", colours.NEUTRAL)}
LEAKS = {0: Meaning("dry", colours.NEUTRAL), 1: Meaning("leaks", colours.DOWN)}
UP = {0: Meaning("down", colours.DOWN), 1: Meaning("up", colours.NEUTRAL)}
WORKED = {0: Meaning("failed", colours.DEGRADED), 1: Meaning("worked", colours.NEUTRAL)}
IMEX = {
    0: Meaning("down", colours.DOWN),
    1: Meaning("degraded", colours.DEGRADED),
    2: Meaning("up", colours.NEUTRAL),
}


def details() -> Section:
    """The node around the GPUs, and the agent."""
    return Section("Details", (
        Line(4, (agent(),)),
        Line(7, (ages(), missed())),
        Line(7, (traffic(), load())),
        Line(8, (probes(), ports(), coolant())),
    ))  # fmt: skip


def agent() -> Panel:
    """One row: what watches the node, and what it can see."""
    expressions = (
        most(AGENT_INFO, "node, version, source"),
        most(AGENT_KERNEL_LOG_READABLE, "node"),
        most(HOST_CLOCK_SYNCHRONISED, "node"),
        most(HOST_CPUS, "node"),
        most(HOST_IMEX_STATE, "node"),
        most(HOST_IMEX_NODES_READY, "node"),
        most(HOST_IMEX_NODES, "node"),
    )
    return Panel(
        20, "Agent and node",
        "What watches the node, whether it can read the kernel's log, whether somebody keeps the "
        "clock right, and the IMEX domain as the node sees it. What is not asked has no figure.",
        Kind.TABLE, 24,
        tuple(Query(expression) for expression in expressions),
        Look(empty="no agent answers"),
        columns=(
            Column("node", "Node"),
            Column("version", "Agent"),
            Column("source", "Source"),
            Column("#B", "Reads the kernel's log", values=YES),
            Column("#C", "Clock is kept", values=YES),
            Column("#D", "Processors", "locale", 0),
            Column("#E", "IMEX", values=IMEX),
            Column("#F", "IMEX nodes ready", "locale", 0),
            Column("#G", "IMEX nodes", "locale", 0),
        ),
    )  # fmt: skip


def ages() -> Panel:
    """Draw how old the page and the journal are, and how far the clock may be off."""
    off = f"abs({one(HOST_CLOCK_OFFSET)})"
    return Panel(
        21, "Clock and freshness",
        "How old the newest sample and the newest record on disk are, how far the clock may be "
        "off, and what the kernel is still correcting it by. All of it widens the bounds of the "
        "node's time.",
        Kind.TIMESERIES, 12,
        (
            Query(f"max({of_node(SAMPLE_AGE)})", "newest sample"),
            Query(f"time() - {one(AGENT_JOURNAL_SYNC)}", "journal on disk"),
            Query(f"{one(AGENT_CLOCK_ERROR)} or {one(HOST_CLOCK_ERROR_MAX)}", "clock off, at most"),
            Query(off, "clock corrected by"),
        ),
        Look("s", 1, minimum=0, empty="no agent answers", colours={
            "newest sample": colours.DELIVERED, "journal on disk": colours.NEUTRAL,
            "clock off, at most": colours.UNKNOWN, "clock corrected by": colours.COMMITTED,
        }),
    )  # fmt: skip


def missed() -> Panel:
    """Draw what the agent could not have, could not keep, or did not believe."""
    kinds = (
        (grown(AGENT_SOURCE_RESTARTS, "node"), "worker replaced"),
        (grown(AGENT_REJECTED, "reading"), "rejected: {{reading}}"),
        (grown(AGENT_EVENTS_LOST, "node"), "driver's events lost"),
        (grown(AGENT_KERNEL_LOG_LOST, "node"), "log records lost"),
        (grown(AGENT_KERNEL_LOG_UNREAD, "node"), "Xid lines not read"),
        (grown(AGENT_KERNEL_LOG_FOREIGN, "node"), "Xid lines not the kernel's"),
        (grown(AGENT_JOURNAL_ERRORS, "node"), "journal writes failed"),
    )
    return Panel(
        22, "What the agent missed or refused",
        "Workers that hung and were replaced, readings that cannot be true and are shown nowhere, "
        "and events, log records and journal writes that were lost. Only what grew is drawn.",
        Kind.TIMESERIES, 12,
        tuple(Query(f"{expression} > 0", legend) for expression, legend in kinds),
        Look(decimals=0, minimum=0, empty="nothing was missed in this time"),
    )  # fmt: skip


def traffic() -> Panel:
    """Draw the bytes that go through the node, where that was agreed."""
    return Panel(
        23, "Traffic, where agreed",
        "Bytes a second over NVLink and PCIe of all GPUs, both ways (full set of series only), and "
        "over the network ports. Told only where it was agreed.",
        Kind.TIMESERIES, 12,
        (
            Query(rate(USAGE_NVLINK_BYTES), "NVLink"),
            Query(rate(USAGE_PCIE_BYTES), "PCIe"),
            Query(rate(HOST_PORT_BYTES, "direction"), "network, {{direction}}"),
        ),
        Look("Bps", minimum=0, empty=NOT_AGREED),
    )  # fmt: skip


def probes() -> Panel:
    """List the probes, those that fail first."""
    return Panel(
        24, "Probes",
        "Each family of readings: whether its last pass had no error on any GPU, and how long it "
        "took. Those that fail stand first, then the slowest.",
        Kind.TABLE, 8,
        (
            Query(f"sort_desc({most(AGENT_PROBE_DURATION, 'probe')})"),
            Query(most(AGENT_PROBE_SUCCESS, "probe")),
        ),
        Look(empty="not told: there is no driver behind this agent"),
        columns=(
            Column("probe", "Probe"),
            Column("#B", "Last pass", values=WORKED),
            Column("#A", "Took", "s"),
        ),
        sort="Last pass",
        largest_first=False,
    )  # fmt: skip


def ports() -> Panel:
    """List the network ports."""
    port = "device, port"
    trouble = f"{grown(HOST_PORT_ERRORS, port)} + {grown(HOST_PORT_LINK_DOWNS, port)}"
    return Panel(
        25, "Network ports",
        "Each port of the node's network adapters: whether its link is active, how fast it is, and "
        "errors and losses of the link in the last minute or so.",
        Kind.TABLE, 8,
        (
            Query(most(HOST_PORT_UP, port)),
            Query(most(HOST_PORT_RATE, port)),
            Query(trouble),
        ),
        Look(empty="no network adapter is seen"),
        columns=(
            Column("device", "Device"),
            Column("port", "Port", width=60),
            Column("#A", "Link", values=UP),
            Column("#B", "Rate", "Bps"),
            Column("#C", "Errors", "locale", 0, steps=colours.cell(colours.DEGRADED)),
        ),
        sort="Device",
        largest_first=False,
    )  # fmt: skip


def load() -> Panel:
    """Draw how busy the node itself is."""
    used = f"1 - {one(HOST_MEMORY_AVAILABLE)} / {one(HOST_MEMORY_TOTAL)}"
    return Panel(
        26, "Processors and memory of the node",
        "Share of the processors' time that was not idle, and share of the node's memory that "
        "programs could not have any more. Told only where every slot's contract agreed.",
        Kind.TIMESERIES, 12,
        (
            Query(f"{rate(HOST_CPU_BUSY)} / {one(HOST_CPUS)}", "processors"),
            Query(used, "memory"),
        ),
        Look("percentunit", 0, minimum=0, empty=NOT_AGREED),
    )  # fmt: skip


def coolant() -> Panel:
    """List the coolant's sensors."""
    leak = by("sensor", "max", of_node(HOST_LEAK))
    return Panel(
        27, "Leaks and coolant",
        "What the tray's controller says of leaks and of the coolant. It is asked only where its "
        "address and a login were given to the agent.",
        Kind.TABLE, 8,
        (
            Query(leak),
            Query(most(HOST_COOLANT_TEMPERATURE, "sensor, kind")),
            Query(most(HOST_COOLANT_PRESSURE, "sensor, kind")),
            Query(f"{most(HOST_COOLANT_FLOW, 'sensor, kind')} * 60000"),
        ),
        Look(empty="the tray's controller is not asked"),
        columns=(
            Column("sensor", "Sensor"),
            Column("kind", "Kind"),
            Column("#A", "Leak", values=LEAKS),
            Column("#B", "Temperature", "celsius", 1),
            Column("#C", "Pascals", "locale", 0),
            Column("#D", "Litres a minute", "locale", 1),
        ),
        sort="Sensor",
        largest_first=False,
    )  # fmt: skip
