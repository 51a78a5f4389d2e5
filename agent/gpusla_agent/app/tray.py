"""The way to a node's tray, from its settings: GPUs, the kernel's log and the host's own facts."""

from gpusla.clock import Clock
from gpusla_agent.app.page import Heard
from gpusla_agent.exposition import KernelLogView
from gpusla_agent.probes import PROBING
from gpusla_agent.recorder import Recorder
from gpusla_agent.settings import Settings
from gpusla_agent.sources.base import Source
from gpusla_agent.sources.dcgm import DcgmSource
from gpusla_agent.sources.events import CountedXid, EventMerger
from gpusla_agent.sources.host.redfish_client import check_redfish
from gpusla_agent.sources.host.settings import HostSettings
from gpusla_agent.sources.host.source import HostSource
from gpusla_agent.sources.kernel_log import KernelLog
from gpusla_agent.sources.nvml import NvmlSource, NvmlTiming
from gpusla_agent.sources.tray import TraySource


def source_of(settings: Settings, clock: Clock) -> Source:
    """Return the way to the GPUs alone: the driver, or an exporter that already asks it."""
    if settings.dcgm_exporter_url is not None:
        return DcgmSource(settings.dcgm_exporter_url, clock)
    return NvmlSource(
        clock,
        PROBING,
        library_directory=settings.library_directory,
        timing=NvmlTiming(deadline_ms=settings.deadline_ms),
    )


class Tray:
    """A whole tray and what its parts counted; source is what the sampler takes."""

    def __init__(self, settings: Settings, clock: Clock, recorder: Recorder, boot: str) -> None:
        """
        Begin where the journal ends.

        recorder: open.  boot: the kernel's boot id, whose log the journal may hold a part of.
        Raises SettingsError for a BMC that may not be asked as the settings say.
        """
        self._gpus = source_of(settings, clock)
        self._log = _kernel_log(settings, clock, recorder, boot)
        counted = (CountedXid(*one) for one in recorder.unwitnessed_xids(boot))
        self.source = TraySource(
            self._gpus,
            clock,
            merger=EventMerger(clock.monotonic_ms(), counted),
            kernel_log=self._log,
            host=_host(settings, clock),
        )

    def heard(self) -> Heard:
        """Return how listening to events goes."""
        lost = self._gpus.events_lost if isinstance(self._gpus, NvmlSource) else None
        if self._log is None:
            return Heard(lost)
        counts = self._log.counts
        view = KernelLogView(self._log.absent is None, counts.lost, counts.foreign, counts.unread)
        return Heard(lost, view)


def _kernel_log(
    settings: Settings, clock: Clock, recorder: Recorder, boot: str
) -> KernelLog | None:
    if not settings.kernel_log.is_enabled:
        return None
    cursor = recorder.kernel_cursor
    after = cursor[1] if cursor is not None and cursor[0] == boot else None
    return KernelLog(clock, after=after, path=settings.kernel_log.path)


def _host(settings: Settings, clock: Clock) -> HostSource | None:
    wanted = settings.host_probes
    if not wanted.is_enabled:
        return None
    if wanted.redfish is not None:
        check_redfish(wanted.redfish)
    return HostSource(HostSettings(imex=wanted.is_imex_asked, redfish=wanted.redfish), clock)
