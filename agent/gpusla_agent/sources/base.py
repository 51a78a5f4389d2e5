"""The port that GPU readings come in by: hardware, a recording or a simulation."""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from typing import Protocol

from gpusla.catalogue.readings import Consent
from gpusla.identity import GpuUuid
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

    def allow(self, consents: Mapping[GpuUuid, AbstractSet[Consent]]) -> None:
        """
        Say what may be read from now on, by GPU.

        A GPU that is not named, as all are before the first call: capacity only.  A source that
        cannot keep from reading (a recording, another exporter) leaves out what it read.
        """

    def close(self) -> None:
        """Let go of the driver; sample is not called again."""
