"""
A whole compute tray behind the port: its GPUs, the kernel's word for their Xids, and its host.

The GPUs come from an inner source.  Composition: docs/decisions/0073-two-witnesses.md.
"""

import time
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import replace

from gpusla.catalogue.readings import Consent
from gpusla.clock import Clock
from gpusla.identity import GpuUuid
from gpusla.readings import Pass
from gpusla_agent.sources.base import Source
from gpusla_agent.sources.events import EventMerger
from gpusla_agent.sources.host.source import HostSource
from gpusla_agent.sources.kernel_log import KernelLog, KernelXid

PROBE = "kernel_log"
_CAPACITY = frozenset({Consent.CAPACITY})


class TraySource:
    """The inner source's passes, with events counted once and the host's readings."""

    def __init__(
        self,
        inner: Source,
        clock: Clock,
        *,
        merger: EventMerger,
        kernel_log: KernelLog | None = None,
        host: HostSource | None = None,
    ) -> None:
        """kernel_log: None where nobody wants it read; the driver's events then count at once."""
        self._inner = inner
        self._clock = clock
        self._merger = merger
        self._kernel_log = kernel_log
        self._host = host
        self._consents: Mapping[GpuUuid, AbstractSet[Consent]] = {}

    @property
    def name(self) -> str:
        """What the journal calls the inner source."""
        return self._inner.name

    @property
    def restarts(self) -> int:
        """How many times the worker behind the inner source was replaced."""
        return self._inner.restarts

    def sample(self) -> Pass:
        """Return one pass; what the log and the host add to its time is bounded."""
        seen = self._inner.sample()
        self._merger.identify(gpu.identity for gpu in seen.gpus.values())
        seen = self._with_events(seen)
        if self._host is None:
            return seen
        allowed = self._allowed_on_host(seen)
        return replace(seen, host=self._host.sample(self._clock.monotonic_ms(), allowed))

    def allow(self, consents: Mapping[GpuUuid, AbstractSet[Consent]]) -> None:
        """Say what may be read from now on, by GPU; of the host, only what all GPUs allow."""
        self._consents = dict(consents)
        self._inner.allow(consents)

    def close(self) -> None:
        """Let go of the driver and the log."""
        self._inner.close()
        if self._kernel_log is not None:
            self._kernel_log.close()

    # --- counts -------------------------------------------------------------------------------

    @property
    def kernel_records_lost(self) -> int:
        """Records of the kernel's log that were overwritten before they could be read."""
        return self._kernel_log.counts.lost if self._kernel_log else 0

    @property
    def kernel_foreign_xids(self) -> int:
        """Records that look like an Xid and were not written by the kernel."""
        return self._kernel_log.counts.foreign if self._kernel_log else 0

    @property
    def kernel_unread_xids(self) -> int:
        """Xid lines of the kernel's log of a shape that is not known."""
        return self._kernel_log.counts.unread if self._kernel_log else 0

    @property
    def unplaced_events(self) -> int:
        """Records of the kernel's log whose address no GPU had when they came."""
        return self._merger.unplaced

    # --- one pass -----------------------------------------------------------------------------

    def _with_events(self, seen: Pass) -> Pass:
        now_ms = self._clock.monotonic_ms()
        if self._kernel_log is None:
            return replace(seen, events=self._merger.merge(seen.events, None, now_ms))
        began = time.perf_counter()
        records: tuple[KernelXid, ...] | None = self._kernel_log.read()
        absent = self._kernel_log.absent
        if absent is not None and not records:
            records = None
        now_ms, is_behind = self._clock.monotonic_ms(), self._kernel_log.is_behind
        events = self._merger.merge(seen.events, records, now_ms, is_behind=is_behind)
        seconds = time.perf_counter() - began
        return replace(
            seen,
            events=events,
            probe_seconds={**seen.probe_seconds, PROBE: seconds},
            probe_success={**seen.probe_success, PROBE: absent is None},
        )

    def _allowed_on_host(self, seen: Pass) -> AbstractSet[Consent]:
        # The host is everybody's: what one tenant did not agree to is not read for another.
        allowed = [self._consents.get(uuid, _CAPACITY) for uuid in seen.gpus]
        return frozenset.intersection(*map(frozenset, allowed)) if allowed else _CAPACITY
