"""A report's inputs from what was judged: contracts, their facts, and who was assigned what."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from gpusla.catalogue.codes import NOTHING_TO_SHOW
from gpusla.errors import InputError
from gpusla.identity import ContractId, Slot
from gpusla.instants import Interval
from gpusla.inventory.registry import Assignments, Inventory, as_of
from gpusla.parity.customers import customer_of
from gpusla.parity.history import Case, History, history_of
from gpusla.parity.queue import HandOver, hand_overs_of
from gpusla.parity.report import Method, ParityInputs
from gpusla.parity.shared_incidents import happened, shared_incidents
from gpusla.parity.units import units_of
from gpusla.parity.waiting import hand_overs_in_facts, shortfalls_of, tickets

_KEY = slice(7)
"""The part of a period's key that its segments have in common: `2026-10` of `2026-10-v2`."""


@dataclass(frozen=True, slots=True)
class Registry:
    """Who was assigned what, and what is in each slot; its site is the pool that all is out of."""

    assignments: Assignments
    inventory: Inventory


def inputs_of(
    cases: Iterable[Case], registry: Registry | None, method: Method | None = None
) -> ParityInputs:
    """
    Return what a report is made from.

    cases: one for each contract, or for each segment of its period; judged with their losses.
    registry: None takes hand-overs from the facts, by when slots began to serve a contract.
    Raises InputError (`nothing_to_show`) without cases, or for those of different periods.
    """
    method = method or Method()
    by_contract: dict[ContractId, list[Case]] = {}
    for case in cases:
        by_contract.setdefault(case.evaluation.contract.id, []).append(case)
    histories = [history_of(by_contract[contract]) for contract in sorted(by_contract)]
    period = _period(histories)
    until_ms = min(history.window.end_ms for history in histories)
    # Whoever's facts reached back further would seem to have waited longer.
    window = Interval(max(history.reach.start_ms for history in histories), until_ms)
    everything = happened(histories, window)
    ticket_of = tickets(everything.incidents)
    given, left_out = _given(histories, registry, window)
    return ParityInputs(
        period=period,
        until_ms=until_ms,
        customers=tuple(customer_of(history.evaluations[-1]) for history in histories),
        hand_overs=given,
        shortfalls=tuple(
            one for history in histories for one in shortfalls_of(history, window, ticket_of)
        ),
        incidents=shared_incidents(everything, histories, until_ms),
        units=tuple(
            unit
            for history in histories
            for unit in units_of(history, everything.incidents, method.peak_hours)
        ),
        method=method,
        left_out=left_out,
    )


def _period(histories: Sequence[History]) -> str:
    """Return the billing period that all are of."""
    found = {one.period.key[_KEY]: one for h in histories for one in h.evaluations}
    if len(found) == 1:
        return next(iter(found))
    if not found:
        raise InputError(NOTHING_TO_SHOW, "there are no facts to compare", fix="Name some.")
    (first, one), (second, other), *_ = sorted(found.items())
    raise InputError(
        NOTHING_TO_SHOW,
        f"the facts of {one.contract.id} are of {first} and those of {other.contract.id} of "
        f"{second}, which cannot be compared",
        fix="Give facts of one period.",
    )


def _given(
    histories: Sequence[History], registry: Registry | None, window: Interval
) -> tuple[tuple[HandOver, ...], tuple[ContractId, ...]]:
    """Return the hand-overs inside window to those that are looked at, and who else had some."""
    if registry is None:
        told = (one for history in histories for one in hand_overs_in_facts(history, window))
        return tuple(sorted(told, key=lambda one: (one.at_ms, one.slot))), ()
    inventory = registry.inventory
    kinds: dict[int, dict[Slot, str]] = {}

    def sku_of(slot: Slot, at_ms: int) -> str:
        if at_ms not in kinds:
            kinds[at_ms] = inventory.skus(at_ms)
        return kinds[at_ms].get(slot, "")

    found = [
        one
        for one in hand_overs_of(
            as_of(registry.assignments.records), sku_of, lambda slot: slot.site
        )
        if window.start_ms < one.at_ms < window.end_ms
    ]
    known = {history.contract for history in histories}
    return (
        tuple(one for one in found if one.contract in known),
        tuple(sorted({one.contract for one in found} - known)),
    )
