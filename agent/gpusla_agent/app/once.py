"""One pass over the node, beside a running agent or without, and the page that it gives."""

import tempfile
from pathlib import Path

from gpusla.catalogue.reasons import State
from gpusla.clock import Clock
from gpusla.commands.exits import Exit
from gpusla_agent.app.machine import MachineClock
from gpusla_agent.app.node import Node, Timing
from gpusla_agent.app.run import watch
from gpusla_agent.app.shown import shown_of
from gpusla_agent.app.telemetry import consents_of
from gpusla_agent.app.tray import Tray
from gpusla_agent.recorder import Recorder
from gpusla_agent.sampler import Sampled, Sampler, TelemetryPolicy
from gpusla_agent.settings import Settings


def run_once(settings: Settings, clock: Clock) -> tuple[bytes, Exit]:
    """
    Return the page of metrics after one pass, and what it found as an exit code.

    Journal and counters are of this pass alone: the agent's own are neither read nor written.
    Raises InputError for a file that is bad.
    """
    with tempfile.TemporaryDirectory() as nowhere:
        configuration = watch(settings, Path(nowhere) / "configuration")
        machine = MachineClock(clock)
        recorder = Recorder(Path(nowhere) / "journal", settings.node, machine.read)
        tray = Tray(settings, clock, recorder, machine.read().boot)
        policy = TelemetryPolicy(settings.telemetry)
        sampler = Sampler(
            tray.source,
            lambda at_ms: configuration.current().inventory.expected(settings.node, at_ms),
            clock.wall_ms,
            consents_of=consents_of(settings.node, configuration, lambda: policy),
        )
        node = Node(
            recorder,
            sampler,
            tray.source,
            machine.read,
            configuration,
            tenants=settings.tenants,
            timing=Timing(settings.interval_ms, settings.valid_ms),
            shown=shown_of(settings.metrics),
            heard=tray.heard,
        )
        node.start()
        try:
            found = exit_after(node.step())
            page, _ = node.metrics("")
        finally:
            node.stop("one pass")
        return page, found


def exit_after(sampled: Sampled) -> Exit:
    """Return the exit code that says what a pass found."""
    if sampled.seen.source is not None:
        return Exit.UNREACHABLE
    if not sampled.expected:
        return Exit.NOTHING
    is_fine = all(one.state is State.OK for one in sampled.conditions.values())
    return Exit.FINE if is_fine else Exit.BAD
