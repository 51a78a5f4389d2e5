"""The settings file of a fleet on paper, kind `SimulatedFleet`, and the files that it names."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from gpusla.catalogue.codes import BAD_SETTING, FILE_UNREADABLE, UNKNOWN_REFERENCE
from gpusla.documents import (
    SIZE_BYTES_MAX,
    Address,
    Document,
    Form,
    Identifier,
    InstantMs,
    ListenAddress,
    digest,
    parse,
    validate,
)
from gpusla.errors import InputError, Position, SettingsError
from gpusla.identity import NodeName
from gpusla.inventory.load import read_assignments, read_inventory
from gpusla.inventory.registry import Inventory
from gpusla.simulation.faults import Fault
from gpusla.timeline.hours import HOUR_MS
from gpusla_agent.assignments import Configuration
from gpusla_agent.fleet.faults import read_faults


class FleetForm(Form):
    """The file as it is written."""

    api_version: Literal["gpusla/v1"] = Field(alias="apiVersion")
    kind: Literal["SimulatedFleet"]
    inventory: str
    assignments: str
    data_directory: str
    listen: ListenAddress = Address("127.0.0.1", 9700)
    start: InstantMs = Field(alias="from")
    seed: Annotated[int, Field(ge=0)] | None = None
    scenario: str | None = None
    control: str | None = None
    nodes: list[Identifier] | None = None
    hand_over: list[Identifier] = Field(default_factory=list)
    tenants: dict[str, str] = Field(default_factory=dict)
    interval_ms: Annotated[int, Field(ge=100, le=60_000)] = 1_000
    valid_ms: Annotated[int, Field(ge=100, le=600_000)] = 2_500
    key_seed: Annotated[int, Field(ge=0)] = 0
    block_ms: Annotated[int, Field(ge=60_000, le=7 * 86_400_000)] = HOUR_MS


@dataclass(frozen=True, slots=True)
class FleetSettings:
    """
    The settings with all that they name read.

    form: the plain values.  faults: of the scenario file.  nodes: those to run, by name.
    """

    form: FleetForm
    configuration: Configuration
    faults: tuple[Fault, ...]
    nodes: tuple[NodeName, ...]
    data_directory: Path
    control: Path | None
    host: str
    port: int


def read_fleet_settings(path: Path) -> FleetSettings:
    """
    Read the settings and every file that they name; paths are relative to the settings' folder.

    Raises InputError with file, place, cause and way out; nothing was changed then.
    """
    form = validate(FleetForm, read_document(path)[0], SettingsError)
    inventory_document, inventory_digest = read_document(path.parent / form.inventory)
    inventory = read_inventory(inventory_document)
    assignments_document, assignments_digest = read_document(path.parent / form.assignments)
    return FleetSettings(
        form,
        Configuration(
            inventory,
            read_assignments(assignments_document, inventory),
            {"inventory": inventory_digest, "assignments": assignments_digest},
            {"inventory": True, "assignments": True},
        ),
        _scenario_faults(form, path, inventory),
        _nodes(form, path, inventory),
        path.parent / form.data_directory,
        None if form.control is None else path.parent / form.control,
        form.listen.host,
        form.listen.port,
    )


def read_document(path: Path) -> tuple[Document, str]:
    """Read a file; return what it says and the digest of its bytes."""
    try:
        with path.open("rb") as stream:
            text = stream.read(SIZE_BYTES_MAX + 1)
    except OSError as cause:
        message = f"cannot be read: {cause.strerror}"
        raise InputError(FILE_UNREADABLE, message, position=Position(str(path))) from cause
    return parse(text, str(path)), digest(text)


def _scenario_faults(form: FleetForm, path: Path, inventory: Inventory) -> tuple[Fault, ...]:
    if form.scenario is None:
        return ()
    document, _ = read_document(path.parent / form.scenario)
    return read_faults(document, inventory.slots(), None)


def _nodes(form: FleetForm, path: Path, inventory: Inventory) -> tuple[NodeName, ...]:
    known = inventory.node_names()
    for name in (*(form.nodes or ()), *form.hand_over):
        if name not in known:
            raise SettingsError(
                UNKNOWN_REFERENCE,
                f"the inventory has no node {name!r}",
                position=Position(str(path)),
            )
    if form.valid_ms <= form.interval_ms:
        raise SettingsError(
            BAD_SETTING,
            f"valid_ms is {form.valid_ms}, not over interval_ms {form.interval_ms}: no sample "
            "would reach the next one and all time would be unknown",
            fix="Let valid_ms be two or more times interval_ms.",
            position=Position(str(path)),
        )
    wanted = known if form.nodes is None else {*form.nodes, *form.hand_over}
    return tuple(name for name in known if name in wanted)
