"""`gpusla contract diff`: two versions of a contract, in words and in money."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated

import typer

from gpusla.commands.contract.files import read_contract_file, read_facts_file
from gpusla.commands.contract.trial import credit_words, tried
from gpusla.contracts.differences import Difference, Gain, differences
from gpusla.contracts.model import ContractVersion
from gpusla.sla.facts_file import RecordedFacts
from gpusla.statement.numbers import money

_GAINS = {
    Gain.TENANT: "   for the tenant",
    Gain.PROVIDER: "   for the provider",
    Gain.OPEN: "",
}


def diff(
    before: Annotated[Path, typer.Argument(metavar="BEFORE", help="A contract file.")],
    after: Annotated[Path, typer.Argument(metavar="AFTER", help="Another version of it.")],
    facts: Annotated[
        list[Path] | None,
        typer.Option(metavar="FACTS", help="What `gpusla collector facts` wrote; may be repeated."),
    ] = None,
) -> None:
    """
    Say what two versions of a contract say differently, and what that is worth.

    For example: gpusla contract diff v1.yaml v2.yaml --facts 2026-10.json
    """
    old, new = read_contract_file(before), read_contract_file(after)
    typer.echo("\n".join(told(old, new, differences(old, new))))
    for path in facts or ():
        typer.echo("")
        typer.echo("\n".join(priced(old, new, read_facts_file(path))))


def told(old: ContractVersion, new: ContractVersion, found: Sequence[Difference]) -> Iterator[str]:
    """Yield one line for each change, in columns."""
    changes = {0: "no term differs", 1: "1 term differs"}.get(
        len(found), f"{len(found)} terms differ"
    )
    yield f"{old.id} version {old.version} to {new.id} version {new.version}: {changes}"
    width = max((len(one.field) for one in found), default=0)
    for one in found:
        yield f"  {one.field:<{width}}  {_change(one)}{_GAINS[one.gain]}"


def priced(old: ContractVersion, new: ContractVersion, recorded: RecordedFacts) -> Iterator[str]:
    """Yield what a month comes to under both, and the difference."""
    trials = [tried(contract, recorded) for contract in (old, new)]
    yield f"over {recorded.period}, with the facts of {recorded.contract}"
    for trial in trials:
        credit = credit_words(trial.contract, trial.evaluation.credit_minor_units)
        yield f"  version {trial.contract.version}: credit {credit}"
    if old.fees.currency != new.fees.currency:
        return
    first, second = (trial.evaluation.credit_minor_units.value for trial in trials)
    if first == second:
        yield "  the same credit"
    else:
        who = "tenant" if second > first else "provider"
        yield f"  {money(new, abs(second - first))} more for the {who}"


def _change(one: Difference) -> str:
    if one.before is None:
        return f"new: {one.after}"
    if one.after is None:
        return f"gone: {one.before}"
    return f"{one.before} → {one.after}"
