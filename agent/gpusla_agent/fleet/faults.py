"""Files of faults, kind `Scenario`: fixed beforehand, or coming and going by a control file."""

from collections.abc import Iterable, Sequence
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from gpusla.catalogue.codes import DUPLICATE_ID, INTERVAL_BACKWARDS, MISSING_KEY
from gpusla.documents import Document, Form, InstantMs, problem, validate
from gpusla.errors import InventoryError, SettingsError
from gpusla.identity import Slot
from gpusla.simulation.faults import FOREVER_MS, Fault, FaultKind
from gpusla.simulation.scenario import struck

Kind = Literal[
    "gpu_lost",
    "gpu_missing",
    "gpu_hung",
    "reset_required",
    "recovery_reset",
    "recovery_drain",
    "nvlink_switch",
    "nvlink_degraded",
    "memory_missing",
    "power_limit",
    "thermal_slowdown",
    "power_brake",
    "source_down",
    "agent_silent",
    "tray_power",
    "xid_error",
    "nvlink_link_down",
    "nvlink_story",
    "pcie_width",
    "remap_pending",
    "ecc_storm",
    "clock_floor",
    "unrepairable_memory",
]


class FaultForm(Form):
    """One fault; instants as RFC 3339 or, for programs, in milliseconds since the epoch."""

    id: Annotated[str, Field(min_length=1, max_length=200)]
    kind: Kind
    target: str
    start: InstantMs | None = Field(default=None, alias="from")
    until: InstantMs | None = None
    from_ms: int | None = None
    until_ms: int | None = None
    xids: list[Annotated[int, Field(ge=1, le=1023)]] = Field(default_factory=list)

    @property
    def begins_ms(self) -> int | None:
        """When it begins, however that is written; None for now."""
        return self.start if self.start is not None else self.from_ms

    @property
    def ends_ms(self) -> int:
        """When it ends, however that is written."""
        end_ms = self.until if self.until is not None else self.until_ms
        return FOREVER_MS if end_ms is None else end_ms

    @model_validator(mode="after")
    def ends_after_it_begins(self) -> Self:
        """A fault that ends before it begins would silently not happen."""
        if self.begins_ms is not None and self.ends_ms <= self.begins_ms:
            raise problem(INTERVAL_BACKWARDS, f"{self.id!r} ends before it begins")
        return self


class FaultsForm(Form):
    """A file of faults."""

    api_version: Literal["gpusla/v1"] = Field(default="gpusla/v1", alias="apiVersion")
    kind: Literal["Scenario"] = "Scenario"
    faults: list[FaultForm]


def read_faults(document: Document, slots: Sequence[Slot], now_ms: int | None) -> tuple[Fault, ...]:
    """
    Read a file of faults.

    now_ms: the start of a fault that names none; None if each must name one.
    Raises SettingsError with the place of the first thing that cannot be.
    """
    form = validate(FaultsForm, document, SettingsError)
    return tuple(_faults(document, form.faults, slots, now_ms))


def _faults(
    document: Document, forms: Sequence[FaultForm], slots: Sequence[Slot], now_ms: int | None
) -> Iterable[Fault]:
    names: set[str] = set()
    for place, form in enumerate(forms):
        begins_ms = now_ms if form.begins_ms is None else form.begins_ms
        position = document.position(("faults", place))
        if begins_ms is None:
            raise SettingsError(MISSING_KEY, f"faults[{place}].from is missing", position=position)
        if form.id in names:
            raise SettingsError(
                DUPLICATE_ID, f"faults[{place}].id: {form.id!r} is used before", position=position
            )
        names.add(form.id)
        kind = FaultKind(form.kind)
        try:
            hit = struck(kind, form.target, slots)
        except InventoryError as cause:
            position = document.position(("faults", place, "target"))
            message = f"faults[{place}].target: {cause.message}"
            raise SettingsError(cause.code, message, position=position) from cause
        yield Fault(form.id, kind, hit, begins_ms, form.ends_ms, tuple(form.xids))
