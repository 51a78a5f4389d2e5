"""`gpusla contract simulate`: what a month would have come to under some terms."""

from pathlib import Path
from typing import Annotated

import typer

from gpusla.commands.contract.files import read_contract_file, read_facts_file
from gpusla.commands.contract.trial import outcome_lines, tried
from gpusla.sla.digest import canonical, plain


def simulate(
    contract: Annotated[Path, typer.Argument(metavar="CONTRACT", help="The terms to try.")],
    facts: Annotated[
        list[Path],
        typer.Option(metavar="FACTS", help="What `gpusla collector facts` wrote; may be repeated."),
    ],
    *,
    json: Annotated[bool, typer.Option("--json", help="The judgement, for a machine.")] = False,
) -> None:
    """
    Say what a month would have come to under these terms.

    For example: gpusla contract simulate draft.yaml --facts 2026-10.json
    """
    terms = read_contract_file(contract)
    for path in facts:
        recorded = read_facts_file(path)
        trial = tried(terms, recorded)
        if json:
            typer.echo(canonical(plain(trial.evaluation)).decode("ascii"))
            continue
        typer.echo(
            f"{terms.id} version {terms.version} over {trial.period.key}, "
            f"facts of {recorded.contract}"
        )
        typer.echo("\n".join(outcome_lines(trial)))
