"""`gpusla collector bundle` and `gpusla statement sign`: what a tenant can check without us."""

import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gpusla.commands.files import new_file, require_new
from gpusla.commands.statement_forms import Form, form_of
from gpusla.evidence.keys import fingerprint
from gpusla.identity import ContractId
from gpusla_collector.commands.output import Config, Month, NewOut, put, said
from gpusla_collector.ports import OPERATOR
from gpusla_collector.settings import read_settings

if TYPE_CHECKING:
    from gpusla_collector.usecases.make_bundle import Bundles, Draw, Made

TOLD = 3
"""How many nodes are named of those that lack something."""


def sign_command(contract: str, period: Month, config: Config, out: NewOut = None) -> None:
    """
    Write one month's statement, signed by the operator's key.

    For example: gpusla statement sign acme-2027 2027-03 --config collector.yaml --out march.json

    The same records give the same bytes: JSON in an envelope, which `gpusla verify` checks.
    Ends with 4 if there is no such month.
    """
    if out is not None:
        require_new(out)
    with _bundles(config) as bundles:
        envelope = bundles.statement(OPERATOR, ContractId(contract), period)
    put(envelope.decode("ascii"), out)
    if out is not None:
        said(f"{out}: written, signed by {_signer(bundles)}")


def bundle_command(
    contract: str,
    period: Month,
    config: Config,
    *,
    out: Annotated[
        Path,
        typer.Option(
            help="New file to write, whole or not at all; one that is there is never replaced.",
            show_default=False,
        ),
    ],
    journals: Annotated[
        bool, typer.Option("--journals", help="Put the records behind the hours in as well.")
    ] = False,
    with_shared_nodes: Annotated[
        bool,
        typer.Option(
            "--with-shared-nodes",
            help="Also where the tenant then sees what a node did for other contracts.",
        ),
    ] = False,
) -> None:
    """
    Write all by which a tenant checks one month without us, signed; 4 if there is no such month.

    For example: gpusla collector bundle acme-2027 2027-03 --config collector.yaml --out march.zip

    The same records give the same bytes.
    """
    require_new(out)
    with _bundles(config) as bundles, new_file(out) as stream:
        made = bundles.write(
            stream,
            OPERATOR,
            ContractId(contract),
            period,
            with_journals=journals,
            with_shared_nodes=with_shared_nodes,
        )
    with zipfile.ZipFile(out) as archive:
        said(f"{out}: written, {len(archive.namelist())} files, signed by {_signer(bundles)}")
    if made.lacking:
        said(_lacking(made))


@contextmanager
def _bundles(config: Path) -> Iterator["Bundles"]:
    from gpusla_collector.adapters.evidence import EvidenceFiles  # noqa: PLC0415
    from gpusla_collector.adapters.signing_key import require_signing_key  # noqa: PLC0415
    from gpusla_collector.adapters.sql.reading import reading  # noqa: PLC0415
    from gpusla_collector.usecases.make_bundle import Bundles  # noqa: PLC0415

    settings = read_settings(config)
    private = require_signing_key(settings.signing_key)
    with reading(settings.database) as store:
        yield Bundles(store, EvidenceFiles(settings.evidence), private, _draw())


def _draw() -> "Draw | None":
    """Return what draws pages, None where the extra `statements` is not installed."""
    try:
        import gpusla.statement.render.pdf  # noqa: F401, PLC0415
    except ModuleNotFoundError:
        return None
    return lambda statement, envelope: form_of(statement, Form.PDF, envelope=envelope)


def _signer(bundles: "Bundles") -> str:
    """Return the fingerprint of the key that signs."""
    from gpusla.evidence.ed25519 import public_of  # noqa: PLC0415

    return fingerprint(public_of(bundles.private))


def _lacking(made: "Made") -> str:
    names = ", ".join(made.lacking[:TOLD])
    rest = len(made.lacking) - TOLD
    more = f" and {rest} more" if rest > 0 else ""
    return (
        f"the hours of {len(made.lacking)} of {made.nodes} nodes leave some of the time "
        f"out: {names}{more}. Their agents closed none, or they were taken in before hours were "
        "kept; the facts are in the bundle all the same."
    )
