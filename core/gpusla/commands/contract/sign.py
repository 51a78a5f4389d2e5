"""`gpusla contract sign`: one side's signature of a contract, to put into its file."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from gpusla.catalogue.codes import WRONG_TYPE
from gpusla.commands.contract.files import bytes_of, secret_bytes_of
from gpusla.contracts.load import load_contract
from gpusla.contracts.signatures import fingerprint
from gpusla.contracts.signatures import sign as sign_document
from gpusla.contracts.signing import KEY_BYTES, decode
from gpusla.documents import SIZE_BYTES_MAX, parse
from gpusla.errors import InputError, Position

KEY_FILE_BYTES_MAX = 1_024


class Party(StrEnum):
    """Which side signs."""

    PROVIDER = "provider"
    TENANT = "tenant"


def sign(
    contract: Annotated[Path, typer.Argument(metavar="CONTRACT", help="The contract file.")],
    party: Annotated[Party, typer.Option("--as", help="Which side signs.")],
    key: Annotated[
        Path,
        typer.Option(
            help="File with the 32 bytes of an Ed25519 private key in base64, its owner's alone."
        ),
    ],
) -> None:
    """
    Print the line that goes under `signatures` of a contract file; the file is left as it is.

    For example: gpusla contract sign acme-2027.yaml --as tenant --key tenant.key
    """
    text = bytes_of(contract, SIZE_BYTES_MAX)
    load_contract(text, str(contract))
    signature = sign_document(parse(text, str(contract)), party.value, _private_key(key))
    typer.echo(
        f"  - {{party: {signature.party}, key: {signature.key}, signature: {signature.signature}}}"
    )
    typer.echo(f"key {fingerprint(signature.key)}: put the line under `signatures:`", err=True)


def _private_key(path: Path) -> bytes:
    """Return a key; raises InputError if there is none, it is none, or others may use its file."""
    text = secret_bytes_of(path, KEY_FILE_BYTES_MAX).decode("ascii", "replace").strip()
    try:
        return decode(text, KEY_BYTES)
    except ValueError as cause:
        raise InputError(
            WRONG_TYPE,
            str(cause),
            fix="Make one with: (umask 077; openssl rand -base64 32 > NEW_FILE)",
            position=Position(str(path)),
        ) from cause
