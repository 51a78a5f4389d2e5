"""The settings as the agent takes them: paths resolved, addresses taken apart, defaults set."""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from pathlib import Path

from gpusla.catalogue.readings import Consent
from gpusla.identity import ContractId, NodeName
from gpusla_agent.recorder import Retention
from gpusla_agent.sources.host.settings import RedfishSettings


@dataclass(frozen=True, slots=True)
class MetricsSettings:
    """
    What the page shows.

    is_full: everything rather than the default set.  dcgm_dialects: of dcgm-exporter, whose names
    are shown as well: `4.8` for up to 4.8, `4.9` for those after.
    """

    is_full: bool
    dcgm_dialects: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class KernelLogSettings:
    """Where the kernel's own words are read, and whether they are."""

    is_enabled: bool
    path: Path


@dataclass(frozen=True, slots=True)
class HostSettings:
    """What is read of the host beside its GPUs; redfish: None if no controller is asked."""

    is_enabled: bool
    is_imex_asked: bool
    redfish: RedfishSettings | None


@dataclass(frozen=True, slots=True)
class Settings:
    """
    All that an operator said.

    source: `nvml` or `dcgm_exporter`; dcgm_exporter_url is None for the first.  telemetry: what may
    be taken of the GPUs that serve a contract; capacity for all others.  host, port: to listen on.
    web_config_file: who may see the pages, None if everybody who reaches the address.
    retention: how much of the journal stays on the node.
    """

    node: NodeName
    data_directory: Path
    inventory: Path
    assignments: Path | None
    tenants: Mapping[str, str]
    host: str
    port: int
    web_config_file: Path | None
    source: str
    dcgm_exporter_url: str | None
    interval_ms: int
    valid_ms: int
    deadline_ms: int
    library_directory: Path | None
    telemetry: Mapping[ContractId, AbstractSet[Consent]]
    metrics: MetricsSettings
    kernel_log: KernelLogSettings
    retention: Retention
    host_probes: HostSettings
