"""The settings file, kind `Agent`: what an operator may say, and nothing else."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from gpusla.catalogue.codes import BAD_SETTING, FILE_UNREADABLE
from gpusla.documents import (
    SIZE_BYTES_MAX,
    Address,
    Form,
    Identifier,
    ListenAddress,
    parse,
    problem,
    validate,
)
from gpusla.errors import Position, SettingsError
from gpusla.identity import NodeName

MINUTE_MS = 60_000


def _source(value: Any) -> Any:
    if value == "simulated":
        raise problem(
            BAD_SETTING,
            "'simulated' is no source of an agent that meters hardware",
            "Run `gpusla-agent simulate` with a file of kind SimulatedFleet.",
        )
    return value


class NvmlForm(Form):
    """
    How the driver is asked.

    library_directory: where libnvidia-ml.so.1 is, if not where the loader looks.
    """

    deadline_ms: Annotated[int, Field(ge=50, le=30_000)] = 500
    library_directory: str | None = None


class AgentForm(Form):
    """The file as it is written; paths are relative to it."""

    api_version: Literal["gpusla/v1"] = Field(alias="apiVersion")
    kind: Literal["Agent"]
    node: Identifier
    data_directory: str
    inventory: str
    assignments: str | None = None
    tenants: dict[Identifier, Identifier] = Field(default_factory=dict)
    listen: ListenAddress = Address("127.0.0.1", 9641)
    source: Annotated[Literal["nvml"], BeforeValidator(_source)] = "nvml"
    interval_ms: Annotated[int, Field(ge=100, le=MINUTE_MS)] = 1_000
    valid_ms: Annotated[int, Field(ge=100, le=10 * MINUTE_MS)] = 2_500
    nvml: NvmlForm = Field(default_factory=NvmlForm)

    @model_validator(mode="after")
    def can_be_honoured(self) -> Self:
        """Each value may be allowed and the combination still make no sense."""
        if self.valid_ms < self.interval_ms:
            raise problem(
                BAD_SETTING,
                f"a sample is valid for {self.valid_ms} ms and the next comes after "
                f"{self.interval_ms} ms, so all time between would be unknown",
                "Make it at least twice interval_ms.",
                at=("valid_ms",),
            )
        if self.nvml.deadline_ms >= self.interval_ms:
            raise problem(
                BAD_SETTING,
                f"one GPU may take {self.nvml.deadline_ms} ms and a pass has {self.interval_ms} ms",
                "Make it at most half of interval_ms.",
                at=("nvml", "deadline_ms"),
            )
        return self


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings as the composition root takes them: paths resolved, the address taken apart."""

    node: NodeName
    data_directory: Path
    inventory: Path
    assignments: Path | None
    tenants: Mapping[str, str]
    host: str
    port: int
    interval_ms: int
    valid_ms: int
    deadline_ms: int
    library_directory: Path | None


def read_settings(path: Path) -> Settings:
    """
    Read a settings file.

    Raises SettingsError with file, line and field for the first thing that is wrong.
    """
    try:
        with path.open("rb") as file:
            content = file.read(SIZE_BYTES_MAX + 1)
    except OSError as cause:
        words = f"cannot be read: {cause.strerror}"
        raise SettingsError(FILE_UNREADABLE, words, position=Position(str(path))) from cause
    form = validate(AgentForm, parse(content, str(path)), SettingsError)
    beside = path.resolve().parent
    library = form.nvml.library_directory
    return Settings(
        NodeName(form.node),
        beside / form.data_directory,
        beside / form.inventory,
        beside / form.assignments if form.assignments else None,
        dict(form.tenants),
        form.listen.host,
        form.listen.port,
        form.interval_ms,
        form.valid_ms,
        form.nvml.deadline_ms,
        beside / library if library else None,
    )
