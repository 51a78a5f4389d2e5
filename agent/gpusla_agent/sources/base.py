"""The port that GPU readings come in by: hardware, a recording or a simulation."""

from typing import Protocol

from gpusla.readings import Pass


class Source(Protocol):
    """What gives readings of this node's GPUs."""

    @property
    def name(self) -> str:
        """What the journal calls this source: `nvml`, `simulated`."""

    @property
    def restarts(self) -> int:
        """How many times the worker behind the source was replaced; never goes back."""

    def sample(self) -> Pass:
        """
        Return one pass over the node's GPUs.

        Never raises and never blocks past its deadline: what cannot be read is absent, with the
        reason, and a source that does not answer at all is a Pass without GPUs that says so.
        """

    def close(self) -> None:
        """Let go of the driver; sample is not called again."""
