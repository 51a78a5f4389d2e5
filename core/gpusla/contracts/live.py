"""Which parts of a contract nothing measures by itself: they need facts from somewhere else."""

from collections.abc import Iterator
from dataclasses import dataclass

from gpusla.contracts.model import ContractVersion
from gpusla.contracts.promises import ClockStart, Kind, Objective, PerformanceSource


@dataclass(frozen=True, slots=True)
class Unmetered:
    """A field of the contract file whose facts the product does not gather; path in the file."""

    path: tuple[str | int, ...]
    why: str
    fix: str


def unmetered(contract: ContractVersion) -> tuple[Unmetered, ...]:
    """Return what has no live source, in the order of the file."""
    return tuple(_objectives(contract))


def _objectives(contract: ContractVersion) -> Iterator[Unmetered]:
    for place, objective in enumerate(contract.objectives):
        found = _unmetered(objective)
        if found is not None:
            field, why, fix = found
            yield Unmetered(("slos", place, *field), why, fix)


def _unmetered(objective: Objective) -> tuple[tuple[str, ...], str, str] | None:
    performance, replacement = objective.performance, objective.replacement
    if objective.kind is Kind.REQUEST_RATIO:
        why = "no live source counts requests, so all of this objective's time is unknown"
        return ("kind",), why, "Give counted requests with the facts, or leave the objective out."
    if performance is not None and performance.source is PerformanceSource.MEASUREMENTS:
        why = f"no live source measures {performance.metric}, so all of its time is unknown"
        return (
            ("performance", "source"),
            why,
            "Give measurements with the facts, or write health_reasons.",
        )
    if replacement is not None and replacement.clock_starts is not ClockStart.OUTAGE_START:
        why = f"no live source knows when a ticket was {_TICKETS[replacement.clock_starts]}"
        return (
            ("replacement", "clock_starts"),
            why,
            "Give repairs with the facts, or write outage_start.",
        )
    return None


_TICKETS = {ClockStart.TICKET_OPEN: "opened", ClockStart.IDENTIFIED: "identified"}
