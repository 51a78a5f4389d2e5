"""How many GPUs each contract is promised, and how many are assigned to it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from gpusla.contracts.calendar import local_date, start_of_day_ms
from gpusla.contracts.ramps import committed_on
from gpusla.identity import ContractId
from gpusla.instants import Interval
from gpusla.sla.periods import version_on
from gpusla_collector.usecases.world import World


@dataclass(frozen=True, slots=True)
class Promised:
    """
    Two numbers of one local day of a contract.

    assigned_gpus: as the day begins, or now for the day that runs.
    """

    contract: ContractId
    day: date
    promised_gpus: int
    assigned_gpus: int

    @property
    def is_even(self) -> bool:
        """Whether as many are assigned as are promised."""
        return self.promised_gpus == self.assigned_gpus


def promised(world: World, now_ms: int) -> Iterator[Promised]:
    """
    Yield of each contract its first day from now on, and the first on which the numbers differ.

    Looked at are the day that runs, or the term's first, and each later one with which a step of
    the ramp or a version begins.  Nothing is said of a contract whose term is over.
    """
    for contract in sorted(world.versions):
        days = tuple(_days(world, contract, now_ms))
        told = {*days[:1], *[one for one in days if not one.is_even][:1]}
        yield from sorted(told, key=lambda one: one.day)


def _days(world: World, contract: ContractId, now_ms: int) -> Iterator[Promised]:
    versions = world.versions[contract]
    term = versions[0].term
    today = local_date(now_ms, term.timezone)
    begin = {step.start for one in versions for step in one.capacity.ramp}
    begin |= {one.effective_from for one in versions}
    first = max(today, term.start)
    for day in sorted({first, *(one for one in begin if one > first)}):
        version = version_on(versions, day)
        if version is None:
            continue
        at_ms = now_ms if day == today else start_of_day_ms(day, term.timezone)
        held = world.assignments.held(contract, Interval(at_ms, at_ms + 1))
        yield Promised(contract, day, committed_on(version.capacity.ramp, day), len(held))
