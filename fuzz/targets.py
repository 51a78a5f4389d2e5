"""What can be fuzzed, and what must hold for every input."""

from collections.abc import Iterator
from importlib import import_module
from time import monotonic
from typing import Protocol, cast

UNDER_TEST = {
    "contract_file": ("gpusla.contracts", "gpusla.documents"),
    "dcgm_page": ("gpusla_agent.dcgm_exporter", "prometheus_client.parser"),
    "settings_file": ("gpusla_agent.settings", "gpusla.documents"),
    "strict_yaml": ("gpusla.documents", "yaml"),
    "xid_line": ("gpusla_agent.sources.xid_lines",),
}
"""By target, the modules whose branches guide the search."""

SECONDS_MAX = 1.0
"""No input may take longer, instrumented or not."""


class Target(Protocol):
    """A module of this package."""

    ABOUT: str
    """One line for people."""

    WORDS: tuple[str, ...]
    """What the search should know of the language it writes."""

    def seeds(self) -> Iterator[bytes]:
        """Yield inputs to begin with."""

    def check(self, data: bytes) -> None:
        """Feed one input; an AssertionError or any error that is not ours is a finding."""


def find(name: str) -> Target:
    """Import a target, so that whoever wants to instrument it can do so before."""
    return cast("Target", import_module(f"fuzz.{name}"))


def check_timed(target: Target, data: bytes) -> None:
    """Feed one input and hold it against the time that any may take."""
    started = monotonic()
    target.check(data)
    seconds = monotonic() - started
    assert seconds < SECONDS_MAX, f"{len(data)} bytes took {seconds:.1f} seconds"
