"""`gpusla contract check`: what is wrong with contract files, or what they promise."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated

import typer

from gpusla.commands.contract.files import bytes_of, files_of, read_contract_file
from gpusla.commands.exits import Exit
from gpusla.contracts.calendar import month_count
from gpusla.contracts.live import unmetered
from gpusla.contracts.load import check_all
from gpusla.contracts.model import ContractVersion
from gpusla.contracts.money import format_amount, round_once
from gpusla.contracts.promises import Objective
from gpusla.contracts.remedies import ExclusionRule, Step
from gpusla.contracts.signatures import fingerprint, wrong_signatures
from gpusla.contracts.words import duration, words
from gpusla.documents import SIZE_BYTES_MAX, Document, parse
from gpusla.errors import ContractError, InputError
from gpusla.sla.fees import term_total
from gpusla.sla.worked import mismatches
from gpusla.statement.numbers import shortest


def check(
    paths: Annotated[
        list[Path], typer.Argument(metavar="FILE...", help="Contract files, or folders of them.")
    ],
    *,
    strict: Annotated[
        bool, typer.Option(help="Also refuse what nothing measures by itself.")
    ] = False,
) -> None:
    """
    Read contract files and say what is wrong with them, or what they promise.

    For example: gpusla contract check acme-2027.yaml

    Worked examples in the files are computed and compared.
    Ends with 1 if any is bad, 4 if a folder holds none.
    """
    contracts: list[ContractVersion] = []
    is_bad = False
    for file in files_of(paths):
        try:
            contracts.append(read_contract_file(file))
        except InputError as error:
            typer.echo(str(error), err=True)
            is_bad = True
    for sentence in (*_together(contracts), *_miscounted(contracts), *_forged(contracts)):
        typer.echo(sentence, err=True)
        is_bad = True
    for sentence in _not_measured(contracts):
        typer.echo(sentence, err=True)
        is_bad = is_bad or strict
    for one in contracts:
        typer.echo("\n".join(summary(one)))
    if is_bad:
        raise typer.Exit(Exit.BAD)


def summary(contract: ContractVersion) -> Iterator[str]:
    """Yield what a contract promises in a few lines."""
    term, capacity, fees = contract.term, contract.capacity, contract.fees
    yield f"{contract.source}: {contract.id} version {contract.version} is in order"
    months = month_count(term.start, term.end)
    yield (
        f"  {contract.parties.provider} to {contract.parties.tenant}, {term.start} to {term.end} "
        f"({months} months, {term.timezone})"
    )
    total = term_total(contract)
    amount = format_amount(round_once(total.minor_units, fees.rounding), fees.currency)
    yield f"  fees: {amount} in all{', as a shadow price' if total.is_shadow else ''}"
    unit = f"of {capacity.gpus_per_unit}, at least {capacity.min_healthy_gpus} healthy"
    yield f"  capacity: {_ramp(contract)}; unit {capacity.unit.value} {unit}"
    for objective in contract.objectives:
        yield f"  {objective.id}: {promise(contract, objective)}"
    if contract.exclusion_rules:
        yield f"  may be agreed not to count: {', '.join(map(_rule, contract.exclusion_rules))}"
    if contract.examples:
        yield f"  worked examples: {len(contract.examples)}, each comes out as it is written"
    for one in contract.signatures:
        yield f"  signed by the {one.party} with the key {fingerprint(one.key)}"
    for doubt in contract.disagreements:
        said = "; ".join(f"{value} ({source})" for value, source in doubt.values)
        yield f"  sources disagree on {doubt.field}: {said}"
    if contract.assumed:
        yield f"  assumed: {', '.join(contract.assumed)}"


def promise(contract: ContractVersion, objective: Objective) -> str:
    """Say one objective in a line: what, how much, over what, and what a miss gives."""
    window = objective.window.kind.value.replace("_", " ")
    what = f"{objective.kind.value.replace('_', ' ')}, {shortest(objective.target * 100)} %"
    return f"{what} over the {window}; credit {_remedy(contract, objective)}"


def _remedy(contract: ContractVersion, objective: Objective) -> str:
    if isinstance(objective.credit, Step):
        return ", ".join(
            f"below {shortest(tier.below * 100)} %: {shortest(tier.percent)} %"
            for tier in objective.credit.tiers
        )
    return words("credit", objective.credit, contract.fees.currency)


def _rule(rule: ExclusionRule) -> str:
    limits = []
    if rule.notice_ms:
        limits.append(f"told {duration(rule.notice_ms)} before")
    if rule.hours_max_ms:
        limits.append(f"at most {duration(rule.hours_max_ms)} a period")
    if rule.length_max_ms:
        limits.append(f"at most {duration(rule.length_max_ms)} at a time")
    if rule.needs_approval:
        limits.append("with the tenant's approval")
    return f"{rule.id} ({', '.join(limits)})" if limits else rule.id


def _ramp(contract: ContractVersion) -> str:
    steps = contract.capacity.ramp
    if len(steps) <= 3:  # noqa: PLR2004  (what fits a line)
        return ", ".join(f"{step.gpus:,} GPUs from {step.start}" for step in steps)
    first, last = steps[0], steps[-1]
    return (
        f"{first.gpus:,} GPUs from {first.start}, in {len(steps)} steps to {last.gpus:,} "
        f"from {last.start}"
    )


def _together(contracts: Iterable[ContractVersion]) -> Iterator[str]:
    try:
        check_all(contracts)
    except ContractError as error:
        yield str(error)


def _miscounted(contracts: Iterable[ContractVersion]) -> Iterator[str]:
    for contract in contracts:
        for sentence in mismatches(contract):
            yield f"{contract.source}: {sentence}"


def _forged(contracts: Iterable[ContractVersion]) -> Iterator[str]:
    for contract in contracts:
        if not contract.signatures:
            continue
        document = _document(contract)
        for place in wrong_signatures(contract, document):
            party = contract.signatures[place].party
            yield (
                f"{document.position(('signatures', place, 'signature'))}: the {party}'s signature "
                "is not one of what this file says. Let the side sign the file as it is now."
            )


def _document(contract: ContractVersion) -> Document:
    return parse(bytes_of(Path(contract.source), SIZE_BYTES_MAX), contract.source)


def _not_measured(contracts: Iterable[ContractVersion]) -> Iterator[str]:
    for contract in contracts:
        found = unmetered(contract)
        if not found:
            continue
        document = _document(contract)
        for one in found:
            yield f"{document.position(one.path)}: notice: {one.why}. {one.fix}"
