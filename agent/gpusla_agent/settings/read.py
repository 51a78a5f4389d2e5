"""From a settings file to settings, or one sentence that says what is wrong with it."""

from dataclasses import dataclass
from pathlib import Path

from gpusla.catalogue.codes import FILE_UNREADABLE
from gpusla.catalogue.readings import Consent
from gpusla.documents import SIZE_BYTES_MAX, Document, digest, parse, validate
from gpusla.errors import Position, SettingsError
from gpusla.identity import ContractId, NodeName
from gpusla_agent.recorder import Retention
from gpusla_agent.settings.form import AgentForm, HostForm
from gpusla_agent.settings.model import (
    HostSettings,
    KernelLogSettings,
    MetricsSettings,
    Settings,
)
from gpusla_agent.sources.host.settings import RedfishSettings


@dataclass(frozen=True, slots=True)
class Version:
    """One version of the file: its settings, where things stand, and the digest of its bytes."""

    settings: Settings
    document: Document
    digest: str


def read_settings(path: Path) -> Settings:
    """
    Read a settings file.

    Raises SettingsError with file, line and field for the first thing that is wrong.
    """
    return read_version(path).settings


def read_version(path: Path) -> Version:
    """Read a settings file with its places.  Raises as read_settings does."""
    try:
        with path.open("rb") as file:
            content = file.read(SIZE_BYTES_MAX + 1)
    except OSError as cause:
        words = f"cannot be read: {cause.strerror}"
        raise SettingsError(FILE_UNREADABLE, words, position=Position(str(path))) from cause
    document = parse(content, str(path))
    form = validate(AgentForm, document, SettingsError)
    return Version(_settings(form, path.resolve().parent), document, digest(content))


def _settings(form: AgentForm, beside: Path) -> Settings:
    library = form.nvml.library_directory
    return Settings(
        node=NodeName(form.node),
        data_directory=beside / form.data_directory,
        inventory=beside / form.inventory,
        assignments=beside / form.assignments if form.assignments else None,
        tenants=dict(form.tenants),
        host=form.listen.host,
        port=form.listen.port,
        web_config_file=beside / form.web_config_file if form.web_config_file else None,
        source=form.source,
        dcgm_exporter_url=form.dcgm_exporter.url if form.dcgm_exporter else None,
        interval_ms=form.interval_ms,
        valid_ms=form.valid_ms,
        deadline_ms=form.nvml.deadline_ms,
        library_directory=beside / library if library else None,
        telemetry={
            ContractId(contract): frozenset({Consent.CAPACITY, *map(Consent, agreed)})
            for contract, agreed in form.telemetry.items()
        },
        metrics=MetricsSettings(form.metrics.set == "full", tuple(form.metrics.dcgm_dialects)),
        kernel_log=KernelLogSettings(form.kernel_log.enabled, beside / form.kernel_log.path),
        retention=Retention(form.journal.keep_days, form.journal.size_bytes_max),
        host_probes=_host(form.host, beside),
    )


def _host(form: HostForm, beside: Path) -> HostSettings:
    redfish = form.redfish
    return HostSettings(
        form.enabled,
        form.imex and form.enabled,
        RedfishSettings(
            redfish.address,
            beside / redfish.credentials_file,
            beside / redfish.ca_file if redfish.ca_file else None,
        )
        if redfish
        else None,
    )
