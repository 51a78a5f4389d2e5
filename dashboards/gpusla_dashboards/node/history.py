"""How each GPU of the node came to where it is."""

from gpusla.catalogue.metrics import (
    GPU_CLOCK_EVENT_SECONDS,
    GPU_MEMORY_TOTAL,
    GPU_MEMORY_USED,
    GPU_POWER,
    GPU_POWER_LIMIT,
    GPU_SM_CLOCK,
    GPU_TEMPERATURE_MARGIN,
    GPU_TENSOR_ACTIVE,
    GPU_UTILIZATION,
    SLOT_STATE,
)
from gpusla_dashboards.node.ask import NOT_AGREED, beside_place, most, of_node, rate
from gpusla_dashboards.panels import colours
from gpusla_dashboards.panels.model import Kind, Line, Look, Panel, Query, Section
from gpusla_dashboards.panels.promql import by

GPU = "GPU {{gpu}}"
TENSOR = {f"{name}, tensor": colour for name, colour in colours.GPUS.items()}


def over_time() -> Section:
    """How it came to be so."""
    return Section("Over time", (
        Line(5, (states(),)),
        Line(7, (power(), margin(), clocks())),
        Line(7, (held_down(), activity(), memory())),
    ))  # fmt: skip


def states() -> Panel:
    """Show the state of each slot."""
    worst = " or ".join(
        f"{code} * ({of_node(SLOT_STATE, state=meaning.text)} == 1)"
        for code, meaning in sorted(colours.WORST.items(), reverse=True)
    )
    return Panel(
        6, "State of each slot",
        "What each slot was in, by the module that it sits on. A gap is time in which no agent "
        "spoke for it: unknown, until the journal is fetched.",
        Kind.STATE_TIMELINE, 24,
        (Query(beside_place(by("slot", "max", worst), "module"), "{{module}}"),),
        Look("none", meanings=colours.WORST, empty="no agent spoke for this node"),
    )  # fmt: skip


def power() -> Panel:
    """Draw each GPU's power, and the limit under which they stand."""
    return Panel(
        7, "Power against its limit",
        "Power draw of each GPU, a mean over one second, and the lowest limit that the driver "
        "enforces on any of them. Work at the limit is no fault; a limit below what was sold is.",
        Kind.TIMESERIES, 8,
        (Query(f"min({most(GPU_POWER_LIMIT)})", "lowest limit"), Query(most(GPU_POWER), GPU)),
        Look("watt", minimum=0, dashed=("lowest limit",), colours=colours.GPUS
             | {"lowest limit": colours.COMMITTED}),
    )  # fmt: skip


def margin() -> Panel:
    """Draw how far each GPU is from slowing down."""
    return Panel(
        8, "Margin of temperature",
        "How many degrees each GPU is from the temperature at which it begins to slow down.",
        Kind.TIMESERIES, 8, (Query(most(GPU_TEMPERATURE_MARGIN), GPU),),
        Look("celsius", 0, minimum=0, colours=colours.GPUS),
    )  # fmt: skip


def clocks() -> Panel:
    """Draw each GPU's clock."""
    return Panel(
        9, "Clock",
        "Clock of the multiprocessors of each GPU. The panel below says what holds it down.",
        Kind.TIMESERIES, 8, (Query(most(GPU_SM_CLOCK), GPU),),
        Look("hertz", minimum=0, colours=colours.GPUS),
    )  # fmt: skip


def held_down() -> Panel:
    """Show what kept the clocks from being higher, and how much of the time."""
    return Panel(
        10, "Why clocks were not higher",
        "Share of the time in which each cause held a GPU's clocks down, from the driver's own "
        "counters, so that no moment between two samples is missed. sw_power_cap under full load "
        "is how a GPU works; the others cost the tenant.",
        Kind.TIMESERIES, 7,
        (Query(f"{rate(GPU_CLOCK_EVENT_SECONDS, 'gpu, event')} > 0", "GPU {{gpu}}, {{event}}"),),
        Look("percentunit", 0, minimum=0, empty="nothing held the clocks down in this time"),
    )  # fmt: skip


def activity() -> Panel:
    """Draw how busy each GPU was, where that was agreed."""
    return Panel(
        11, "Activity, where agreed",
        "Share of the time in which a kernel ran, and, dashed, share of the cycles in which a "
        "tensor pipe was active (full set of series only). Told only of slots whose contract "
        "agreed to it.",
        Kind.TIMESERIES, 10,
        (
            Query(most(GPU_UTILIZATION), GPU),
            Query(most(GPU_TENSOR_ACTIVE), GPU + ", tensor"),
        ),
        Look("percentunit", 0, minimum=0, dashed=tuple(TENSOR), empty=NOT_AGREED,
             colours=colours.GPUS | TENSOR),
    )  # fmt: skip


def memory() -> Panel:
    """Draw how full each GPU's memory was, where that is told."""
    return Panel(
        12, "Memory in use",
        "Share of each GPU's memory that is in use. What a GPU has is capacity and always told; "
        "how much of it is used only as agreed.",
        Kind.TIMESERIES, 7,
        (Query(f"{most(GPU_MEMORY_USED)} / {most(GPU_MEMORY_TOTAL)}", GPU),),
        Look("percentunit", 0, minimum=0, colours=colours.GPUS, empty=NOT_AGREED),
    )  # fmt: skip
