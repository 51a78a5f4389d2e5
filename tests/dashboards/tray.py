"""
One tray's three hours, told in full: the tray t01 of the rack that loses its NVLink switch.

GPU 1 stands under a limit that somebody lowered, GPU 2 has memory errors and replaces a row, and an
NVLink of GPU 3 recovers again and again until the switch is gone.  The agent's worker hangs once.
"""

import math
from collections.abc import Callable, Iterator

from gpusla.catalogue import metrics as rows
from gpusla.catalogue.metrics import Metric

Value = Callable[[float], float | None]
Sample = tuple[Metric, str, Value]
NODE, RACK = "c1-r03-t01", "c1/r03"
AT = f'node="{NODE}",site="c1",rack="r03"'
GPUS = range(4)
LOWERED, FAILING, WEAK = 1, 2, 3
SWITCH_LOST, LIMIT_LOWERED, MEMORY_FAILED, WORKER_HUNG = 112, 40, 70, 95
PROBES = ("power", "clocks", "nvlink_errors", "fabric", "imex")


def tray(start: int) -> Iterator[Sample]:
    """Everything that the tray's agent tells, from start on, seconds since the epoch."""
    for gpu in GPUS:
        label = f'{AT},gpu_uuid="GPU-{gpu}",gpu="{gpu}"'
        yield from places(gpu)
        yield from figures(gpu, label)
        yield from links(gpu, label)
        yield from errors(gpu, label, start)
        yield from use(gpu, label)
    yield from host()
    yield from coolant()
    yield from agent(start)


def at(value: float) -> Value:
    """Give the same value in every minute."""
    return lambda _: value


def since(minute: float, after: float, before: float = 0.0) -> Value:
    """Give one value before a minute and another from it on."""
    return lambda now: after if now >= minute else before


def growing(minute: float, each: float, until: float = math.inf) -> Value:
    """Give a counter that grows by so much a minute, from one minute to another."""
    return lambda now: max(0.0, min(now, until) - minute) * each


def works(gpu: int, minute: float) -> float:
    """Say how hard a GPU works: a training job with its pauses, and none without the fabric."""
    if minute >= SWITCH_LOST:
        return 0.0
    return 0.55 if int(minute) % 30 < 2 else 0.94 + 0.01 * math.sin(minute + gpu)


def places(gpu: int) -> Iterator[Sample]:
    """What sits where."""
    slot = f'slot="{RACK}/t01/m{gpu}",node="{NODE}",site="c1",rack="r03",tray="t01"'
    names = 'contract="acme-1",tenant="acme",sku="gb300"'
    sits = f'module="m{gpu}",domain="{RACK}",gpu_uuid="GPU-{gpu}",gpu="{gpu}"'
    yield rows.SLOT_INFO, f"{slot},{sits},{names}", at(1)
    due = f'{AT},slot="{RACK}/t01/m{gpu}",action="recover_fabric"'
    yield rows.SLOT_ACTION, due, lambda now: 1 if now >= SWITCH_LOST else None
    identity = f'serial="165611958{gpu // 2}848",driver_version="580.173.02"'
    yield rows.GPU_INFO, f'{AT},gpu_uuid="GPU-{gpu}",gpu="{gpu}",{identity}', at(1)


def limit(gpu: int, minute: float) -> float:
    """Give the limit under which a GPU stands."""
    return 1000 if gpu == LOWERED and minute >= LIMIT_LOWERED else 1400


def watts(gpu: int, minute: float) -> float:
    """Give what a GPU draws: as much as its work needs and its limit allows."""
    return min(limit(gpu, minute), 185 + 1150 * works(gpu, minute) + 8 * gpu)


def figures(gpu: int, label: str) -> Iterator[Sample]:
    """Power, temperature, clock and what holds it down."""
    yield rows.GPU_POWER_LIMIT, label, lambda now: limit(gpu, now)
    yield rows.GPU_POWER, label, lambda now: watts(gpu, now)
    yield rows.GPU_TEMPERATURE, label, lambda now: 34 + watts(gpu, now) / 42
    yield rows.GPU_TEMPERATURE_MARGIN, label, lambda now: 53 - watts(gpu, now) / 42
    yield rows.GPU_SM_CLOCK, label, lambda now: 1e6 * (1515 if limit(gpu, now) < 1400 else 1920)
    cap = growing(LIMIT_LOWERED, 55, SWITCH_LOST) if gpu == LOWERED else at(0)
    yield rows.GPU_CLOCK_EVENT_SECONDS, f'{label},event="sw_power_cap"', cap
    yield rows.GPU_CLOCK_EVENT_SECONDS, f'{label},event="hw_thermal"', at(0)
    if gpu % 2 == 0:
        pair = f'{AT},serial="165611958{gpu // 2}848"'
        yield rows.MODULE_POWER, pair, lambda now: 300 + watts(gpu, now) + watts(gpu + 1, now)


def links(gpu: int, label: str) -> Iterator[Sample]:
    """What holds the GPU to the others, and what the driver asks for."""
    yield rows.GPU_RECOVERY_ACTION, label, at(0)
    yield rows.GPU_FABRIC_STATE, label, since(SWITCH_LOST, 2, 3)
    yield rows.GPU_FABRIC_HEALTHY, label, since(SWITCH_LOST, 0, 1)
    yield rows.GPU_NVLINKS_ACTIVE, label, since(SWITCH_LOST, 0, 18)
    yield rows.GPU_NVLINK_BER, label, at(1.5e-15 if gpu == WEAK else 0)
    yield rows.GPU_C2C_LINKS_ACTIVE, label, at(5)
    yield rows.GPU_PCIE_WIDTH, label, at(16)
    recovered = growing(80, 2, SWITCH_LOST) if gpu == WEAK else at(0)
    yield rows.GPU_NVLINK_RECOVERIES, f'{label},result="succeeded"', recovered
    yield rows.GPU_NVLINK_RECOVERIES, f'{label},result="failed"', at(0)
    yield rows.GPU_NVLINK_ERRORS, label, growing(80, 5, SWITCH_LOST) if gpu == WEAK else at(0)
    yield rows.GPU_C2C_ERRORS, label, at(0)
    yield rows.GPU_PCIE_REPLAYS, label, at(0)
    yield rows.GPU_PCIE_ERRORS, label, at(0)


def errors(gpu: int, label: str, start: int) -> Iterator[Sample]:
    """Memory errors, repairs and Xids."""
    bad = gpu == FAILING
    for error in ("corrected", "uncorrected"):
        grows = growing(MEMORY_FAILED, 3, MEMORY_FAILED + 12) if bad else at(0)
        count = grows if error == "corrected" else since(MEMORY_FAILED, float(bad))
        yield rows.GPU_ECC_ERRORS, f'{label},error="{error}"', count
    replaced = since(MEMORY_FAILED, float(bad))
    yield rows.GPU_REMAPPED_ROWS, f'{label},error="uncorrected"', replaced
    yield rows.GPU_REMAP_PENDING, label, replaced
    yield rows.GPU_REMAP_FAILED, label, at(0)
    yield rows.GPU_BANKS_WITHOUT_SPARES, label, at(0)
    for xid, name, minute in ((63, "hardware", MEMORY_FAILED), (145, "nvlink", SWITCH_LOST)):
        seen = bad or xid == 145
        yield rows.GPU_XID_CLASS_EVENTS, f'{label},class="{name}"', since(minute, float(seen))
        if seen:
            yield rows.GPU_XID_LAST_SEEN, f'{label},xid="{xid}"', last_seen(start, minute)


def last_seen(start: int, minute: int) -> Value:
    """Give an instant from when it came on."""
    return lambda now: start + 60 * minute if now >= minute else None


def use(gpu: int, label: str) -> Iterator[Sample]:
    """What is told because the contract agreed to it."""
    held = f'{label},contract="acme-1",tenant="acme"'
    yield rows.GPU_MEMORY_TOTAL, label, at(298e9)
    yield rows.GPU_MEMORY_USED, label, lambda now: 298e9 * (0.1 + 0.8 * works(gpu, now))
    yield rows.GPU_UTILIZATION, held, lambda now: works(gpu, now)
    yield rows.GPU_TENSOR_ACTIVE, label, lambda now: 0.44 * works(gpu, now)
    yield rows.USAGE_NVLINK_BYTES, held, growing(0, 60 * 4e11, SWITCH_LOST)
    yield rows.USAGE_PCIE_BYTES, held, growing(0, 60 * 6e9, SWITCH_LOST)


def host() -> Iterator[Sample]:
    """The node around the GPUs."""
    for port in range(4):
        label = f'{AT},device="mlx5_{port}",port="1"'
        yield rows.HOST_PORT_UP, label, at(1)
        yield rows.HOST_PORT_RATE, label, at(1e11)
        yield rows.HOST_PORT_ERRORS, label, growing(170, 2) if port == 2 else at(0)
        yield rows.HOST_PORT_LINK_DOWNS, label, at(0)
        for direction, each in (("sent", 4e10), ("received", 3.1e10)):
            grows = growing(0, 60 * each, SWITCH_LOST)
            yield rows.HOST_PORT_BYTES, f'{label},direction="{direction}"', grows
    yield rows.HOST_CPUS, AT, at(144)
    yield rows.HOST_CPU_BUSY, AT, growing(0, 60 * 31)
    yield rows.HOST_MEMORY_TOTAL, AT, at(1.03e12)
    yield rows.HOST_MEMORY_AVAILABLE, AT, since(SWITCH_LOST, 9.4e11, 6.1e11)
    yield rows.HOST_CLOCK_SYNCHRONISED, AT, at(1)
    yield rows.HOST_CLOCK_OFFSET, AT, lambda now: 2e-5 * math.sin(now / 9)
    yield rows.HOST_IMEX_STATE, AT, since(SWITCH_LOST, 1, 2)
    yield rows.HOST_IMEX_NODES, AT, at(18)
    yield rows.HOST_IMEX_NODES_READY, AT, since(SWITCH_LOST, 0, 18)


def coolant() -> Iterator[Sample]:
    """What the tray's controller says."""
    yield rows.HOST_LEAK, f'{AT},sensor="LeakDetector_0"', at(0)
    for kind, degrees in (("supply", 31.5), ("return", 43.0)):
        label = f'{AT},sensor="Coolant_{kind}",kind="{kind}"'
        yield rows.HOST_COOLANT_TEMPERATURE, label, at(degrees)
        yield rows.HOST_COOLANT_PRESSURE, label, at(2.1e5)
        yield rows.HOST_COOLANT_FLOW, label, at(4.5e-5)


def agent(start: int) -> Iterator[Sample]:
    """The agent itself."""
    yield rows.AGENT_INFO, f'{AT},version="0.1.0",source="nvml"', at(1)
    yield rows.AGENT_EXPECTED_GPUS, AT, at(4)
    yield rows.AGENT_JOURNAL_SYNC, AT, lambda now: start + 60 * now - 1
    yield rows.AGENT_CLOCK_ERROR, AT, at(0.012)
    yield rows.AGENT_KERNEL_LOG_READABLE, AT, at(1)
    yield rows.AGENT_SOURCE_RESTARTS, AT, since(WORKER_HUNG, 1)
    yield rows.AGENT_REJECTED, f'{AT},reading="pcie_replays"', growing(50, 1, 60)
    for nothing in (
        rows.AGENT_EVENTS_LOST,
        rows.AGENT_KERNEL_LOG_LOST,
        rows.AGENT_KERNEL_LOG_UNREAD,
        rows.AGENT_KERNEL_LOG_FOREIGN,
        rows.AGENT_JOURNAL_ERRORS,
    ):
        yield nothing, AT, at(0)
    for position, probe in enumerate(PROBES):
        label = f'{AT},probe="{probe}"'
        fails = since(SWITCH_LOST, 0, 1) if probe == "imex" else at(1)
        yield rows.AGENT_PROBE_SUCCESS, label, fails
        yield rows.AGENT_PROBE_DURATION, label, at(6e-5 * (position + 1) ** 2)
