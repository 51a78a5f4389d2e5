"""What the node's slots are in now, and every GPU's figures in one line."""

from gpusla.catalogue.metrics import (
    AGENT_EXPECTED_GPUS,
    GPU_MEMORY_TOTAL,
    GPU_MEMORY_USED,
    GPU_NVLINKS_ACTIVE,
    GPU_POWER,
    GPU_POWER_LIMIT,
    GPU_SM_CLOCK,
    GPU_TEMPERATURE,
    GPU_TEMPERATURE_MARGIN,
    GPU_UTILIZATION,
    MODULE_POWER,
    SLOT_ACTION,
    SLOT_STATE,
)
from gpusla_dashboards.node.ask import beside_place, most, of_node, one
from gpusla_dashboards.panels import colours
from gpusla_dashboards.panels.model import Column, Kind, Line, Look, Panel, Query, Section, Step
from gpusla_dashboards.panels.promql import SAMPLE_AGE, by, or_zero

CONTRACT_LINK = "/d/gpusla-contract/?var-contract=${__value.text}&${__url_time_range}"
STALE_SECONDS = 30
MARGIN = (Step(colours.DOWN), Step(colours.NEUTRAL, 1.0))


def now() -> Section:
    """What stands now."""
    return Section("Now", (
        Line(3, (whole(), due(), power(), age())),
        Line(6, (slots(),)),
    ))  # fmt: skip


def whole() -> Panel:
    """Count the slots that are ok, beside how many there should be."""
    ok = by("slot", "max", of_node(SLOT_STATE, state="ok"))
    return Panel(
        1, "Slots", "Slots of the node that are ok now, and GPUs that the inventory expects in it.",
        Kind.STAT, 6,
        (Query(f"sum({ok})", "ok"), Query(one(AGENT_EXPECTED_GPUS), "expected")),
        Look(decimals=0, steps=colours.PLAIN, colours={
            "ok": colours.OK, "expected": colours.COMMITTED,
        }),
    )  # fmt: skip


def due() -> Panel:
    """Count what waits for somebody."""
    asked = by("slot", "max", of_node(SLOT_ACTION, 'action!="none"'))
    return Panel(
        2, "Actions due",
        "Slots about which something should be done now; the table below says what.",
        Kind.STAT, 6, (Query(or_zero(f"count({asked} == 1)")),),
        Look(decimals=0, steps=colours.ANY_IS_DUE),
    )  # fmt: skip


def power() -> Panel:
    """Sum the power of the GPUs, and of the superchips that hold them."""
    return Panel(
        3, "Power",
        "Drawn now by all GPUs, and by the superchips with their CPUs, each told once. The "
        "superchips are in the agent's full set of series only.",
        Kind.STAT, 6,
        (
            Query(f"sum({most(GPU_POWER)})", "GPUs"),
            Query(f"sum({most(MODULE_POWER, 'serial')})", "superchips"),
        ),
        Look("watt", 2, steps=colours.PLAIN, empty="not told"),
    )  # fmt: skip


def age() -> Panel:
    """Say how old what stands here is."""
    return Panel(
        4, "Age of the newest sample",
        "How long ago the agent's last pass over the GPUs ended. Beyond 30 seconds nothing here "
        "is of now, and the node's time is unknown.",
        Kind.STAT, 6, (Query(f"max({of_node(SAMPLE_AGE)})"),),
        Look("s", 1, steps=(Step(colours.OK), Step(colours.UNKNOWN, STALE_SECONDS))),
    )  # fmt: skip


def figures() -> tuple[str, ...]:
    """Ask for each slot's state and action, and then for what its GPU tells."""
    state = by("slot, state", "max", of_node(SLOT_STATE)) + " == 1"
    return (
        beside_place(state, "module, gpu, contract"),
        by("slot, action", "max", of_node(SLOT_ACTION)) + " == 1",
        most(GPU_POWER),
        most(GPU_POWER_LIMIT),
        most(GPU_TEMPERATURE),
        most(GPU_TEMPERATURE_MARGIN),
        most(GPU_SM_CLOCK),
        f"{most(GPU_MEMORY_USED)} / {most(GPU_MEMORY_TOTAL)}",
        most(GPU_UTILIZATION),
        most(GPU_NVLINKS_ACTIVE),
    )


def slots() -> Panel:
    """One row for each slot, with its GPU's figures."""
    return Panel(
        5, "Slots of $node",
        "Each slot with its state, what should be done about it, and what its GPU tells now. "
        "Limit: what the driver enforces. Margin: how far from slowing down. Busy is told only "
        "where the contract agreed to it. A GPU that cannot be read has no figures.",
        Kind.TABLE, 24,
        tuple(Query(expression) for expression in figures()),
        Look(empty="no agent speaks for this node"),
        columns=(
            Column("slot", "Slot"),
            Column("gpu", "GPU", width=60),
            Column("state", "State", width=100, meanings=colours.STATES),
            Column("action", "To do", width=170),
            Column("contract", "Contract", link=CONTRACT_LINK),
            Column("#C", "Power", "watt"),
            Column("#D", "Limit", "watt"),
            Column("#E", "Temperature", "celsius", 0),
            Column("#F", "Margin", "celsius", 0, steps=MARGIN, filled=False),
            Column("#G", "Clock", "hertz"),
            Column("#H", "Memory used", "percentunit", 0),
            Column("#I", "Busy", "percentunit", 0),
            Column("#J", "NVLinks", "locale", 0),
        ),
        sort="Slot",
        largest_first=False,
    )  # fmt: skip
