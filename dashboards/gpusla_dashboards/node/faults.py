"""What is wrong with the node: alerts, reasons, errors, links and repairs."""

from gpusla.catalogue.metrics import (
    GPU_BANKS_WITHOUT_SPARES,
    GPU_C2C_ERRORS,
    GPU_C2C_LINKS_ACTIVE,
    GPU_ECC_ERRORS,
    GPU_FABRIC_HEALTHY,
    GPU_FABRIC_STATE,
    GPU_INFO,
    GPU_NVLINK_BER,
    GPU_NVLINK_ERRORS,
    GPU_NVLINK_RECOVERIES,
    GPU_NVLINKS_ACTIVE,
    GPU_PCIE_ERRORS,
    GPU_PCIE_REPLAYS,
    GPU_PCIE_WIDTH,
    GPU_RECOVERY_ACTION,
    GPU_REMAP_FAILED,
    GPU_REMAP_PENDING,
    GPU_REMAPPED_ROWS,
    GPU_XID_CLASS_EVENTS,
    GPU_XID_LAST_SEEN,
    SLOT_REASON,
)
from gpusla_dashboards.node.ask import grown, most, of_node
from gpusla_dashboards.panels import colours
from gpusla_dashboards.panels.model import (
    Column,
    Kind,
    Line,
    Look,
    Meaning,
    Panel,
    Query,
    Section,
)
from gpusla_dashboards.panels.promql import by

# nvml.h calls these nvmlDeviceGpuRecoveryAction_t and nvmlGpuFabricState_t.
RECOVERY = {
    0: Meaning("none", colours.NEUTRAL),
    1: Meaning("reset GPU", colours.DOWN),
    2: Meaning("reboot node", colours.DOWN),
    3: Meaning("drain peers", colours.DEGRADED),
    4: Meaning("drain and reset", colours.DOWN),
    5: Meaning("recover IMEX", colours.DEGRADED),
    6: Meaning("reset bus", colours.DOWN),
    7: Meaning("reboot system", colours.DOWN),
}
FABRIC = {
    0: Meaning("none", colours.NEUTRAL),
    1: Meaning("not started", colours.DOWN),
    2: Meaning("in progress", colours.DOWN),
    3: Meaning("completed", colours.NEUTRAL),
}
HEALTHY = {0: Meaning("faulty", colours.DEGRADED), 1: Meaning("healthy", colours.NEUTRAL)}
PENDING = {0: Meaning("no", colours.NEUTRAL), 1: Meaning("yes", colours.DEGRADED)}
FAILED = {0: Meaning("no", colours.NEUTRAL), 1: Meaning("yes", colours.DOWN)}
CLASSES = {
    "application": colours.DELIVERED,
    "hardware": colours.DOWN,
    "nvlink": colours.DEGRADED,
    "other": colours.UNKNOWN,
}


def what_is_wrong() -> Section:
    """What is wrong, and where."""
    return Section("What is wrong", (
        Line(7, (alerts_that_fire(), reasons(), xids())),
        Line(6, (condition(),)),
        Line(7, (xid_classes(), memory_errors(), link_errors())),
    ))  # fmt: skip


def alerts_that_fire() -> Panel:
    """List what fires about the node."""
    firing = 'ALERTS{alertstate="firing",node="$node"}'
    return Panel(
        13, "Alerts that fire",
        "What Prometheus fires about this node or a slot of it. What is about its rack or its "
        "contract as a whole is on their pages.",
        Kind.TABLE, 9, (Query(by("alertname, severity, slot", "count", firing)),),
        Look(empty="nothing fires about this node"),
        columns=(
            Column("alertname", "Alert"),
            Column("severity", "Severity", width=90, meanings=colours.SEVERITIES),
            Column("slot", "Slot"),
        ),
        sort="Alert",
        largest_first=False,
    )  # fmt: skip


def reasons() -> Panel:
    """List why slots are not ok, or what shows early."""
    return Panel(
        14, "Reasons",
        "Each slot's reasons; a slot may have several, and some only show early what may come. "
        "The reference page of reasons says what ends each.",
        Kind.TABLE, 8,
        (Query(by("slot, reason", "max", of_node(SLOT_REASON)) + " == 1"),),
        Look(empty="no slot has a reason"),
        columns=(Column("slot", "Slot"), Column("reason", "Reason")),
        sort="Slot",
        largest_first=False,
    )  # fmt: skip


def xids() -> Panel:
    """List the Xids of each GPU, the newest first."""
    return Panel(
        15, "Xids, last seen",
        "The four Xid numbers that each GPU reported last; kept over restarts of the agent. "
        "`gpusla-agent explain xid N` says what one means.",
        Kind.TABLE, 7, (Query(f"{most(GPU_XID_LAST_SEEN, 'gpu, xid')} * 1000"),),
        Look(empty="no Xid was seen"),
        columns=(
            Column("gpu", "GPU", width=60),
            Column("xid", "Xid", width=70),
            Column("#A", "Last seen", "dateTimeAsIso"),
        ),
        sort="Last seen",
    )  # fmt: skip


def condition() -> Panel:
    """One row for each GPU: what the driver says of its links and its memory."""
    expressions = (
        most(GPU_INFO, "gpu, serial, driver_version"),
        most(GPU_RECOVERY_ACTION),
        most(GPU_FABRIC_STATE),
        most(GPU_FABRIC_HEALTHY),
        most(GPU_NVLINKS_ACTIVE),
        most(GPU_NVLINK_BER),
        most(GPU_C2C_LINKS_ACTIVE),
        most(GPU_PCIE_WIDTH),
        most(GPU_REMAP_PENDING),
        most(GPU_REMAP_FAILED),
        most(GPU_BANKS_WITHOUT_SPARES),
    )
    return Panel(
        16, "Links and repairs",
        "What the driver says of each GPU: what it asks for, the NVLink fabric, the links, and the "
        "memory's repairs. Columns without a figure are told in the agent's full set of series "
        "only. Bit errors: share of bits, after correction, of the worst link.",
        Kind.TABLE, 24,
        tuple(Query(expression) for expression in expressions),
        Look(empty="the driver tells of no GPU"),
        columns=(
            Column("gpu", "GPU", width=60),
            Column("serial", "Serial"),
            Column("driver_version", "Driver"),
            Column("#B", "Driver asks for", values=RECOVERY),
            Column("#C", "Fabric", values=FABRIC),
            Column("#D", "Fabric health", values=HEALTHY),
            Column("#E", "NVLinks", "locale", 0),
            Column("#F", "Bit errors", "sci"),
            Column("#G", "C2C links", "locale", 0),
            Column("#H", "PCIe lanes", "locale", 0),
            Column("#I", "Row waits", values=PENDING),
            Column("#J", "Row failed", values=FAILED),
            Column("#K", "Banks without spares", "locale", 0, steps=colours.cell(colours.DEGRADED)),
        ),
        sort="GPU",
        largest_first=False,
    )  # fmt: skip


def xid_classes() -> Panel:
    """Draw when Xids came, by what they are about."""
    return Panel(
        17, "Xids by class",
        "Xids of all GPUs, by what they are about. Only hardware and nvlink are the provider's.",
        Kind.TIMESERIES, 8,
        (Query(f"{grown(GPU_XID_CLASS_EVENTS, 'class')} > 0", "{{class}}"),),
        Look(decimals=0, minimum=0, colours=CLASSES, empty="no Xid in this time"),
    )  # fmt: skip


def memory_errors() -> Panel:
    """Draw when memory failed, corrected or not, and when rows were replaced."""
    ecc = f"{grown(GPU_ECC_ERRORS, 'gpu, error')} > 0"
    rows = f"{grown(GPU_REMAPPED_ROWS, 'gpu')} > 0"
    return Panel(
        18, "Memory errors",
        "Memory errors of each GPU, and rows that were replaced by spare ones (full set of series "
        "only). Only what grew is drawn.",
        Kind.TIMESERIES, 8,
        (Query(ecc, "GPU {{gpu}}, {{error}}"), Query(rows, "GPU {{gpu}}, rows replaced")),
        Look(decimals=0, minimum=0, empty="no memory error in this time"),
    )  # fmt: skip


def link_errors() -> Panel:
    """Draw when links had trouble that they got over, or did not."""
    kinds = (
        (grown(GPU_NVLINK_RECOVERIES, "gpu, result"), "GPU {{gpu}}, NVLink recovery {{result}}"),
        (grown(GPU_NVLINK_ERRORS, "gpu"), "GPU {{gpu}}, NVLink packets"),
        (grown(GPU_C2C_ERRORS, "gpu"), "GPU {{gpu}}, C2C"),
        (grown(GPU_PCIE_REPLAYS, "gpu"), "GPU {{gpu}}, PCIe replays"),
        (grown(GPU_PCIE_ERRORS, "gpu"), "GPU {{gpu}}, PCIe not fatal"),
    )
    return Panel(
        19, "Link errors",
        "Errors and recoveries of NVLink, of the links to the CPU, and of PCIe. Only what grew is "
        "drawn; all but PCIe replays are in the agent's full set of series only.",
        Kind.TIMESERIES, 8,
        tuple(Query(f"{expression} > 0", legend) for expression, legend in kinds),
        Look(decimals=0, minimum=0, empty="no link error in this time"),
    )  # fmt: skip
