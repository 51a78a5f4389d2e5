"""The settings file as it is written; paths are relative to it."""

import re
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from gpusla.catalogue.codes import BAD_SETTING
from gpusla.documents import Address, Form, Identifier, ListenAddress, problem
from gpusla_agent.recorder.retention import KEEP_DAYS, SIZE_BYTES_MAX

MINUTE_MS = 60_000

_LOOPBACK = re.compile(r"http://(?:127\.0\.0\.1|localhost|\[::1\])(?:[:/]|$)", re.ASCII)
_URL = re.compile(r"https?://(?:\[[0-9a-f:.]+\]|[A-Za-z0-9.-]+)(?::\d{1,5})?(?:/[!-~]*)?", re.ASCII)


def _source(value: Any) -> Any:
    if value == "simulated":
        raise problem(
            BAD_SETTING,
            "'simulated' is no source of an agent that meters hardware",
            "Run `gpusla-agent simulate` with a file of kind SimulatedFleet.",
        )
    return value


def _url(value: Any) -> Any:
    if isinstance(value, str) and not _URL.fullmatch(value):
        raise problem(
            BAD_SETTING,
            "this is not the address of a page",  # and is not shown: it may hold a password
            "Write it like http://127.0.0.1:9400/metrics, without a name or a password in it.",
        )
    return value


def _secure_url(value: Any) -> Any:
    if isinstance(value, str) and value.startswith("http://") and not _LOOPBACK.match(value):
        raise problem(
            BAD_SETTING,
            "a password would go over the network unprotected",
            "Write https:// and name the authority with ca_file.",
        )
    return _url(value)


class NvmlForm(Form):
    """
    How the driver is asked.

    library_directory: where libnvidia-ml.so.1 is, if not where the loader looks.
    """

    deadline_ms: Annotated[int, Field(ge=50, le=30_000)] = 500
    library_directory: str | None = None


class DcgmExporterForm(Form):
    """A dcgm-exporter that runs on this node; url: its page of metrics."""

    url: Annotated[str, BeforeValidator(_url)]


class MetricsForm(Form):
    """What the page shows."""

    set: Literal["default", "full"] = "default"
    dcgm_dialects: list[Literal["4.8", "4.9"]] = Field(default_factory=list)


class KernelLogForm(Form):
    """The kernel's own words."""

    enabled: bool = True
    path: str = "/dev/kmsg"


class JournalForm(Form):
    """How much of the journal stays on the node; what was not fetched always does."""

    keep_days: Annotated[int, Field(ge=35, le=3_650)] = KEEP_DAYS
    size_bytes_max: Annotated[int, Field(ge=2**28, le=2**44)] = SIZE_BYTES_MAX


class RedfishForm(Form):
    """The board management controller."""

    address: Annotated[str, BeforeValidator(_secure_url)]
    credentials_file: str
    ca_file: str | None = None


class HostForm(Form):
    """The host beside its GPUs."""

    enabled: bool = True
    imex: bool = True
    redfish: RedfishForm | None = None

    @model_validator(mode="after")
    def can_be_honoured(self) -> Self:
        """A part of what is off would never be read."""
        if self.redfish is not None and not self.enabled:
            raise problem(
                BAD_SETTING,
                "the controller is never asked while host.enabled is false",
                "Remove one of the two.",
                at=("redfish",),
            )
        return self


Agreed = Literal["activity", "processes", "job_names"]


class AgentForm(Form):
    """The file."""

    api_version: Literal["gpusla/v1"] = Field(alias="apiVersion")
    kind: Literal["Agent"]
    node: Identifier
    data_directory: str
    inventory: str
    assignments: str | None = None
    tenants: dict[Identifier, Identifier] = Field(default_factory=dict)
    listen: ListenAddress = Address("127.0.0.1", 9641)
    web_config_file: str | None = None
    source: Annotated[Literal["nvml", "dcgm_exporter"], BeforeValidator(_source)] = "nvml"
    dcgm_exporter: DcgmExporterForm | None = None
    interval_ms: Annotated[int, Field(ge=100, le=MINUTE_MS)] = 1_000
    valid_ms: Annotated[int, Field(ge=100, le=10 * MINUTE_MS)] = 2_500
    nvml: NvmlForm = Field(default_factory=NvmlForm)
    telemetry: dict[Identifier, list[Agreed]] = Field(default_factory=dict)
    metrics: MetricsForm = Field(default_factory=MetricsForm)
    kernel_log: KernelLogForm = Field(default_factory=KernelLogForm)
    journal: JournalForm = Field(default_factory=JournalForm)
    host: HostForm = Field(default_factory=HostForm)

    @model_validator(mode="after")
    def can_be_honoured(self) -> Self:
        """Each value may be allowed and the combination still make no sense."""
        self._check_times()
        self._check_source()
        for contract, agreed in self.telemetry.items():
            if "job_names" in agreed and "processes" not in agreed:
                raise problem(
                    BAD_SETTING,
                    "names of jobs are read of processes, and processes are not agreed",
                    "Add processes, or remove job_names.",
                    at=("telemetry", contract),
                )
        return self

    def _check_times(self) -> None:
        # Passes are a little late, so about every other gap is longer than the interval.
        if self.valid_ms < 2 * self.interval_ms:
            raise problem(
                BAD_SETTING,
                f"a sample is valid for {self.valid_ms} ms and the next comes after "
                f"{self.interval_ms} ms or a little more, so time between would be unknown",
                f"Make valid_ms at least {2 * self.interval_ms}, twice interval_ms.",
                at=("valid_ms" if "valid_ms" in self.model_fields_set else "interval_ms",),
            )
        if self.nvml.deadline_ms >= self.interval_ms:
            raise problem(
                BAD_SETTING,
                f"one GPU may take {self.nvml.deadline_ms} ms and a pass has {self.interval_ms} ms",
                "Make it at most half of interval_ms.",
                at=("nvml", "deadline_ms"),
            )

    def _check_source(self) -> None:
        if self.source == "dcgm_exporter" and self.dcgm_exporter is None:
            raise problem(
                BAD_SETTING,
                "it is not said where the dcgm-exporter is",
                "Add dcgm_exporter: {url: http://127.0.0.1:9400/metrics}.",
                at=("source",),
            )
        if self.source == "nvml" and self.dcgm_exporter is not None:
            raise problem(
                BAD_SETTING,
                "a dcgm-exporter is named and the source is nvml, so it is never read",
                "Write source: dcgm_exporter, or remove it.",
                at=("dcgm_exporter",),
            )
