"""`gpusla incidents`: what went wrong in a month, cause by cause, and what each one cost."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from gpusla.commands.contract.files import read_contract_file, read_facts_file
from gpusla.commands.contract.trial import tried
from gpusla.contracts.model import ContractVersion
from gpusla.contracts.money import round_once
from gpusla.contracts.words import duration
from gpusla.instants import format_instant
from gpusla.sla.digest import canonical, exact
from gpusla.sla.evaluation import Evaluation
from gpusla.sla.incident_costs import IncidentCost, incident_costs
from gpusla.statement.numbers import gpu_hours, money

SHOWN = 20

app = typer.Typer(
    help="What went wrong in a month, cause by cause, and what each cause cost.",
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


@app.command()
def incidents(
    contract: Annotated[Path, typer.Argument(metavar="CONTRACT", help="The contract file.")],
    facts: Annotated[
        Path, typer.Option(metavar="FACTS", help="What `gpusla collector facts` wrote.")
    ],
    *,
    every: Annotated[bool, typer.Option("--all", help=f"Not only the dearest {SHOWN}.")] = False,
    json: Annotated[bool, typer.Option("--json", help="For a machine; always all.")] = False,
) -> None:
    """
    List the incidents of a month by what they cost, the dearest first.

    For example: gpusla incidents acme-2027.yaml --facts march.json
    """
    terms, recorded = read_contract_file(contract), read_facts_file(facts)
    evaluation = tried(terms, recorded, explain=True).evaluation
    costs = incident_costs(evaluation, recorded.facts)
    if json:
        typer.echo(canonical([_plain(one) for one in costs]).decode("ascii"))
        return
    shown = costs if every else costs[:SHOWN]
    typer.echo("\n".join(table(terms, evaluation, costs, shown)))


def table(
    contract: ContractVersion,
    evaluation: Evaluation,
    costs: tuple[IncidentCost, ...],
    shown: tuple[IncidentCost, ...],
) -> Iterator[str]:
    """Yield a heading, a line for each incident and what the rest comes to."""
    lost = sum(one.gpu_ms for one in costs)
    yield (
        f"{contract.id}, {evaluation.period.key}: {_count(len(costs))}, "
        f"{gpu_hours(lost)} of {gpu_hours(evaluation.account.lost_gpu_ms)} lost GPU-hours"
    )
    yield f"{'from':<22}{'for':<18}{'where':<18}{'cause':<26}{'slots':>5}{'GPU-hours':>14}  worth"
    for one in shown:
        incident = one.incident
        yield (
            f"{format_instant(incident.start_ms):<22}{_length(one):<18}{incident.place:<18}"
            f"{incident.root.reason:<26}{len(incident.slots):>5}{gpu_hours(one.gpu_ms):>14}"
            f"  {worth(contract, one)}"
        )
    if len(shown) < len(costs):
        rest = costs[len(shown) :]
        yield (
            f"and {len(rest)} more with {gpu_hours(sum(one.gpu_ms for one in rest))} GPU-hours; "
            "--all shows them"
        )


def _count(number: int) -> str:
    return "1 incident" if number == 1 else f"{number} incidents"


def worth(contract: ContractVersion, one: IncidentCost) -> str:
    """Say the fee for what an incident took, rounded as the contract rounds."""
    return money(contract, round_once(one.minor_units, contract.fees.rounding))


def _length(one: IncidentCost) -> str:
    incident = one.incident
    if incident.end_ms is None:
        return "goes on"
    return duration((incident.end_ms - incident.start_ms) // 1_000 * 1_000)


def _plain(one: IncidentCost) -> dict[str, object]:
    incident = one.incident
    return {
        "id": incident.id,
        "scope": incident.scope.value,
        "place": incident.place,
        "family": incident.family,
        "root": {
            "slot": str(incident.root.slot) if incident.root.slot else None,
            "reason": incident.root.reason,
            "xid": incident.root.xid,
        },
        "start_ms": incident.start_ms,
        "end_ms": incident.end_ms,
        "ending": incident.ending,
        "slots": [str(slot) for slot in incident.slots],
        "flaps": incident.flaps,
        "why": list(incident.why),
        "state_gpu_ms": {state.value: ms for state, ms in sorted(incident.gpu_ms.items())},
        "lost_gpu_ms": exact(one.gpu_ms),
        "worth_minor_units": exact(one.minor_units),
    }
