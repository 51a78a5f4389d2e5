"""One look at this node: what sits where, in which state, and why."""

import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gpusla.catalogue.actions import MEANINGS, Action
from gpusla.catalogue.readings import Consent
from gpusla.catalogue.reasons import State
from gpusla.clock import Clock
from gpusla.health import locate
from gpusla.journal.model import Condition
from gpusla.readings import Absent, GpuReadings, Present, Process
from gpusla_agent.app.run import watch
from gpusla_agent.app.telemetry import consents_of
from gpusla_agent.app.tray import source_of
from gpusla_agent.assignments import FixedConfiguration
from gpusla_agent.probes import with_names
from gpusla_agent.sampler import Sampled, Sampler, TelemetryPolicy
from gpusla_agent.settings import Settings

_HEADER = ("SLOT", "GPU", "NAME", "STATE", "ACTION", "POWER", "TEMP", "MARGIN", "CLOCK", "UUID")
_COLOURS = {State.OK: "32", State.DEGRADED: "33", State.DOWN: "31", State.UNKNOWN: "35"}
_INDENT = "    "
_PROC = Path("/proc")


@dataclass(frozen=True, slots=True)
class Row:
    """One slot of the table."""

    slot: str
    gpu: GpuReadings | None
    condition: Condition
    action: Action


@dataclass(frozen=True, slots=True)
class Scan:
    """The node at one instant; silent: why the driver did not answer at all."""

    node: str
    rows: tuple[Row, ...]
    silent: Absent | None

    @property
    def is_fine(self) -> bool:
        """Whether every slot is ok."""
        return all(row.condition.state is State.OK for row in self.rows)


def scan(settings: Settings, clock: Clock) -> Scan:
    """Look once, beside a running agent or without.  Raises InputError for a file that is bad."""
    with tempfile.TemporaryDirectory() as nowhere:
        configuration = watch(settings, Path(nowhere)).current()
    source = source_of(settings, clock)
    try:
        sampler = Sampler(
            source,
            lambda at_ms: configuration.inventory.expected(settings.node, at_ms),
            clock.wall_ms,
            consents_of=consents_of(
                settings.node,
                FixedConfiguration(configuration),
                lambda: TelemetryPolicy(settings.telemetry),
            ),
        )
        return told(settings.node, sampler.step())
    finally:
        source.close()


def read_process_name(pid: int) -> str | None:
    """Return what a process calls itself, None if it is gone or hidden from this user."""
    try:
        return (_PROC / str(pid) / "comm").read_text("utf-8", "replace")
    except OSError:
        return None


def told(
    node: str, sampled: Sampled, read_name: Callable[[int], str | None] = read_process_name
) -> Scan:
    """
    Return one step's findings as rows.

    read_name: the name of a process by its id; asked only where names were agreed.
    """

    def named(gpu: GpuReadings | None) -> GpuReadings | None:
        if gpu is None or Consent.JOB_NAMES not in sampled.allowed[gpu.identity.uuid]:
            return gpu
        return with_names(gpu, read_name)

    located = locate(sampled.expected, sampled.seen.gpus)
    rows = (
        Row(
            str(slot),
            named(located[slot]),
            condition,
            sampled.judged.actions.get(slot, Action.NONE),
        )
        for slot, condition in sampled.conditions.items()
    )
    return Scan(node, tuple(rows), sampled.seen.source)


def to_text(found: Scan, *, is_coloured: bool = False) -> str:
    """
    Return the table, and under each slot that is not ok why, and what to do.

    is_coloured: whether states carry the colours of a terminal.
    """
    table = [_HEADER, *map(_cells, found.rows)]
    widths = [max(len(row[column]) for row in table) for column in range(len(_HEADER))]
    lines = ["  ".join(map(str.ljust, _HEADER, widths)).rstrip()]
    for row, cells in zip(found.rows, table[1:], strict=True):
        padded = list(map(str.ljust, cells, widths))
        if is_coloured:
            state = _HEADER.index("STATE")
            padded[state] = f"\x1b[{_COLOURS[row.condition.state]}m{padded[state]}\x1b[0m"
        lines += ["  ".join(padded).rstrip(), *_reasons(row)]
    return "\n".join(lines)


def _reasons(row: Row) -> Iterator[str]:
    for one in row.condition.findings:
        yield f"{_INDENT}{one.reason}: {one.evidence}" if one.evidence else _INDENT + one.reason
    for process in _processes(row.gpu):
        used = "" if process.memory_bytes is None else f", {process.memory_bytes / 2**30:.1f} GiB"
        yield f"{_INDENT}process {process.pid} {process.name}".rstrip() + used
    if row.action is not Action.NONE:
        yield f"{_INDENT}what to do: {MEANINGS[row.action]}"


def _processes(gpu: GpuReadings | None) -> tuple[Process, ...]:
    found = None if gpu is None else gpu.processes
    return found.value if isinstance(found, Present) else ()


def _cells(row: Row) -> tuple[str, ...]:
    gpu = row.gpu
    identity = gpu.identity if gpu else None
    return (
        row.slot,
        str(identity.index) if identity else "-",
        identity.name or "-" if identity else "-",
        row.condition.state,
        row.action.replace("_", " ") if row.action is not Action.NONE else "-",
        _number(gpu, "power_watts", "W"),
        _number(gpu, "temperature_celsius", "C"),
        _number(gpu, "temperature_margin_celsius", "C"),
        _number(gpu, "sm_clock_hertz", "MHz", 1_000_000),
        identity.uuid if identity else "-",
    )


def _number(gpu: GpuReadings | None, name: str, unit: str, per: int = 1) -> str:
    reading = gpu.numbers.get(name) if gpu else None
    return f"{reading.value / per:.0f} {unit}" if isinstance(reading, Present) else "-"


def to_json(found: Scan) -> dict[str, Any]:
    """
    Return what was seen as JSON data; what could not be had, or was not agreed, is null.

    A finding is its reason, evidence and action; a process its id, bytes and name.
    """
    return {
        "node": found.node,
        "source": None if found.silent is None else found.silent.detail,
        "slots": {row.slot: dict(_fields(row)) for row in found.rows},
    }


def _fields(row: Row) -> Iterator[tuple[str, Any]]:
    yield "state", row.condition.state
    yield "action", row.action
    yield "findings", [[one.reason, one.evidence, one.action] for one in row.condition.findings]
    yield "uuid", row.gpu.identity.uuid if row.gpu else None
    processes = row.gpu.processes if row.gpu else None
    yield (
        "processes",
        [[one.pid, one.memory_bytes, one.name] for one in processes.value]
        if isinstance(processes, Present)
        else None,
    )
    numbers = row.gpu.numbers if row.gpu else {}
    yield (
        "readings",
        {
            name: reading.value if isinstance(reading, Present) else None
            for name, reading in sorted(numbers.items())
        },
    )
