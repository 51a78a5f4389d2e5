"""`gpusla collector key`: the key by which the operator signs statements and bundles."""

from pathlib import Path
from typing import Annotated

import typer

from gpusla.commands.group import COMMON
from gpusla.evidence.keys import fingerprint, to_text
from gpusla_collector.commands.output import Config
from gpusla_collector.settings import read_settings

key_app = typer.Typer(help="The key by which the operator signs statements and bundles.", **COMMON)


@key_app.command("new")
def new_command(
    file: Annotated[Path, typer.Argument(help="Where it goes; must not be there yet.")],
) -> None:
    """
    Make a key, for the caller's user alone, and print what tenants need of it.

    For example: gpusla collector key new /var/lib/gpusla/signing-key.pem
    """
    from gpusla_collector.adapters.signing_key import make_signing_key  # noqa: PLC0415

    _echo(make_signing_key(file))


@key_app.command("show")
def show_command(config: Config) -> None:
    """
    Print the fingerprint and the public key, in base64, of the key that the settings name.

    For example: gpusla collector key show --config collector.yaml
    """
    from gpusla_collector.adapters.signing_key import require_signing_key  # noqa: PLC0415

    _echo(require_signing_key(read_settings(config).signing_key))


def _echo(private: bytes) -> None:
    from gpusla.evidence.ed25519 import public_of  # noqa: PLC0415

    public = public_of(private)
    typer.echo(f"fingerprint: {fingerprint(public)}")
    typer.echo(f"public key:  {to_text(public)}")
