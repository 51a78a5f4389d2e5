"""The settings file, kind `Collector`: what an operator may say, and nothing else."""

import os
import re
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from gpusla.catalogue.codes import BAD_SETTING, FILE_UNREADABLE, WRONG_TYPE
from gpusla.documents import (
    SIZE_BYTES_MAX,
    Address,
    Form,
    InstantMs,
    ListenAddress,
    parse,
    problem,
    validate,
)
from gpusla.errors import InputError, Position, SettingsError
from gpusla.ledger.release import PEOPLE, Mode, Policy

DATABASE_VARIABLE = "GPUSLA_COLLECTOR_DATABASE"
"""Replaces the setting `database`: a URL with a password belongs in no file."""

MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS


def _url(value: Any) -> Any:
    if isinstance(value, str) and re.fullmatch(r"https?://[^/\s]+(?:/\S*)?", value):
        return value.rstrip("/")
    raise problem(WRONG_TYPE, f"{value!r} is not a URL", "Write it like http://127.0.0.1:9090.")


Url = Annotated[str, BeforeValidator(_url)]
Interval = Annotated[int, Field(ge=100, le=HOUR_MS)]


Person = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9.@_-]{0,62}$")]
Currency = Annotated[str, Field(pattern=r"^[A-Z]{3}$")]


class ApprovalsForm(Form):
    """Who approves, and from which amount on; a currency that is not listed always needs them."""

    above_minor_units: dict[Currency, Annotated[int, Field(ge=0)]]
    by: Annotated[list[Person], Field(min_length=PEOPLE)]


class AnnouncementsForm(Form):
    """Who is told of bookings; what a receiver has taken is remembered under its name."""

    name: Person
    url: Url
    interval_ms: Interval = 10_000


class CollectorForm(Form):
    """The file as it is written."""

    api_version: Literal["gpusla/v1"] = Field(alias="apiVersion")
    kind: Literal["Collector"]
    data_directory: str
    inventory: str
    assignments: str
    contracts: str
    exclusions: str | None = None
    claims: str | None = None
    database: str | None = None
    listen: ListenAddress = Address("127.0.0.1", 9642)
    prometheus: Url | None = None
    fetch_interval_ms: Interval = 5_000
    fetch_workers: Annotated[int, Field(ge=1, le=256)] = 32
    judge_interval_ms: Interval = 10_000
    close_interval_ms: Interval = MINUTE_MS
    reload_interval_ms: Interval = 10_000
    reconcile_interval_ms: Interval = 5 * MINUTE_MS
    reconcile_window_ms: Annotated[int, Field(ge=MINUTE_MS)] = 10 * MINUTE_MS
    scrape_interval_ms: Interval = 15_000
    evidence_lag_ms: Annotated[int, Field(ge=0, le=HOUR_MS)] = 30_000
    lease_ms: Annotated[int, Field(ge=100, le=10 * MINUTE_MS)] = 15_000
    final_after_ms: Annotated[int, Field(ge=0)] | None = None
    close_patience_ms: Annotated[int, Field(ge=0)] = HOUR_MS
    posting: Literal["shadow", "automatic"] = "shadow"
    approvals: ApprovalsForm | None = None
    announcements: AnnouncementsForm | None = None
    metered_from: InstantMs | None = None
    signing_key: str | None = None


@dataclass(frozen=True, slots=True)
class Settings:
    """
    The settings as the composition root takes them: paths resolved, the address taken apart.

    file: where they stand.  form: the plain values.  database: a SQLAlchemy URL.
    signing_key: the operator's private key, None if statements are not signed here.
    """

    file: Path
    form: CollectorForm
    database: str
    data_directory: Path
    inventory: Path
    assignments: Path
    exclusions: Path | None
    claims: Path | None
    contracts: Path
    host: str
    port: int
    signing_key: Path | None = None

    @property
    def policy(self) -> Policy:
        """What has to be so before money is posted."""
        approvals, mode = self.form.approvals, Mode(self.form.posting)
        if approvals is None:
            return Policy(mode)
        return Policy(mode, dict(approvals.above_minor_units), frozenset(approvals.by))

    @property
    def evidence(self) -> Path:
        """Where the journals' lines are kept."""
        return self.data_directory / "evidence"


def read_settings(path: Path, environment: Mapping[str, str] = os.environ) -> Settings:
    """
    Read a settings file; paths in it are relative to the folder that it lies in.

    Raises SettingsError, or InputError for what any file can have wrong.
    """
    try:
        with path.open("rb") as stream:
            text = stream.read(SIZE_BYTES_MAX + 1)
    except OSError as cause:
        raise SettingsError(
            FILE_UNREADABLE, f"cannot be read: {cause.strerror}", position=Position(str(path))
        ) from cause
    form = validate(CollectorForm, parse(text, str(path)), SettingsError)
    return _resolve(form, path, environment)


def _resolve(form: CollectorForm, path: Path, environment: Mapping[str, str]) -> Settings:
    folder = path.parent
    data = folder / form.data_directory
    database = environment.get(DATABASE_VARIABLE) or form.database
    settings = Settings(
        path,
        form,
        database or f"sqlite:///{data / 'collector.db'}",
        data,
        folder / form.inventory,
        folder / form.assignments,
        None if form.exclusions is None else folder / form.exclusions,
        None if form.claims is None else folder / form.claims,
        folder / form.contracts,
        form.listen.host,
        form.listen.port,
        None if form.signing_key is None else folder / form.signing_key,
    )
    _require(settings, path)
    return settings


def _require(settings: Settings, path: Path) -> None:
    """Refuse combinations that cannot be honoured."""
    form = settings.form
    if form.evidence_lag_ms < form.fetch_interval_ms:
        raise SettingsError(
            BAD_SETTING,
            f"evidence_lag_ms is {form.evidence_lag_ms}, shorter than fetch_interval_ms "
            f"{form.fetch_interval_ms}: every judgement would take fresh evidence for missing",
            fix="Let evidence_lag_ms be two or more times fetch_interval_ms.",
            position=Position(str(path)),
        )
    if why := _why_no_folder(settings.contracts):
        raise InputError(
            FILE_UNREADABLE,
            f"contracts: {settings.contracts} {why}",
            position=Position(str(path)),
        )


def _why_no_folder(path: Path) -> str:
    """Return why nothing can be read from a folder; empty if it is one."""
    try:
        return "" if stat.S_ISDIR(path.stat().st_mode) else "is not a folder"
    except (FileNotFoundError, NotADirectoryError):
        return "is not a folder"
    except OSError as cause:
        return f"cannot be looked at: {cause.strerror}"
