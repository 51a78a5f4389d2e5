"""`gpusla collector check`: the settings and all that they name, before anything starts."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from gpusla.catalogue.codes import BAD_SETTING
from gpusla.clock import SystemClock
from gpusla.commands.exits import Exit
from gpusla.errors import GpuslaError, Position, SettingsError
from gpusla_collector.commands.output import Config
from gpusla_collector.settings import Settings, read_settings

if TYPE_CHECKING:
    from gpusla_collector.usecases.promised import Promised


def check_command(config: Config) -> None:
    """
    Read the settings and all the files that they name, and change nothing; 1 if one is bad.

    For example: gpusla collector check --config collector.yaml

    Of each contract it prints how many GPUs are promised and assigned, and warns where they differ.

    The signing key and the data directory are looked at too: run it as the collector's user.
    """
    try:
        told = checked(config)
    except GpuslaError as error:
        typer.echo(f"gpusla: {error}", err=True)
        raise typer.Exit(Exit.BAD) from None
    typer.echo(told)


def checked(config: Path) -> str:
    """Return what there is, in words; raises the error of the first thing that is bad."""
    from gpusla_collector.adapters.files import InputFilesOnDisk  # noqa: PLC0415
    from gpusla_collector.adapters.signing_key import read_signing_key  # noqa: PLC0415
    from gpusla_collector.usecases.promised import promised  # noqa: PLC0415
    from gpusla_collector.usecases.reload_inputs import require_examples  # noqa: PLC0415
    from gpusla_collector.usecases.world import read_world, require_claims  # noqa: PLC0415

    settings = read_settings(config)
    files = InputFilesOnDisk(
        settings.inventory,
        settings.assignments,
        settings.exclusions,
        settings.claims,
        settings.contracts,
    )
    world = read_world(files.read())
    require_claims(world)
    for version in (one for versions in world.versions.values() for one in versions):
        require_examples(version)
    if settings.signing_key is not None:
        read_signing_key(settings.signing_key)
    require_room(settings, config)
    there = (
        f"{config}: {len(world.versions)} contracts, "
        f"{len(world.inventory.node_names())} nodes, "
        f"{len(world.assignments.records)} assignments"
    )
    return "\n".join((there, *map(told_of, promised(world, SystemClock().wall_ms()))))


def told_of(one: "Promised") -> str:
    """Say what is promised and assigned, with a warning where that is not the same."""
    numbers = f"on {one.day} {one.promised_gpus} GPUs are promised, {one.assigned_gpus} assigned"
    if one.is_even:
        return f"{one.contract}: {numbers}"
    beyond = "promised GPUs that are not assigned count as not delivered"
    if one.assigned_gpus > one.promised_gpus:
        beyond = "those beyond the promise were not agreed"
    return f"warning: {one.contract}: {numbers}: {beyond}"


def require_room(settings: Settings, config: Path) -> None:
    """
    See that the data directory is a folder to write to, or can be made; it is not made here.

    Raises SettingsError `bad_setting`, also where whoever asks may not look at it.
    """
    place = settings.data_directory.absolute()
    try:
        found = next(one for one in (place, *place.parents) if _is_there(one))
        is_folder = found.is_dir()
    except OSError as cause:
        raise _no_room(config, f"{place} cannot be looked at: {cause.strerror}") from cause
    if not is_folder:
        raise _no_room(config, f"{found} is no folder")
    if not os.access(found, os.W_OK | os.X_OK):
        raise _no_room(config, f"{found} may not be written to")


def _is_there(path: Path) -> bool:
    """Tell whether there is a file, a folder or a link; raises OSError where nobody may look."""
    try:
        path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    return True


def _no_room(config: Path, why: str) -> SettingsError:
    return SettingsError(
        BAD_SETTING,
        f"data_directory: {why}",
        fix="Name a folder that the collector's user may write to.",
        position=Position(str(config)),
    )
