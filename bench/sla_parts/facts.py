"""A month as what the engine is given: a contract, slots, holdings, records of exclusions."""

from pathlib import Path

from gpusla.contracts.load import load_contract
from gpusla.contracts.model import ContractVersion
from gpusla.identity import ContractId, Slot
from gpusla.instants import Interval
from gpusla.inventory.model import ExclusionRecord
from gpusla.sla.facts import Facts, Holding
from gpusla.sla.periods import Period, period_of
from gpusla.timeline.columns import Columns
from gpusla.timeline.model import Timeline
from sla_parts.month import Month
from sla_parts.rates import GPUS_OF_RACK, GPUS_OF_TRAY, NOTICE_MS

TERMS = Path(__file__).with_name("contract.yaml")
MONTH = "2026-11"
"""It has 721 hours in Chicago, because clocks go back."""
_COMMITTED = "gpus: 72000"


def contract_of(committed_gpus: int) -> ContractVersion:
    """Return the bench's contract for so many GPUs."""
    text = TERMS.read_text("utf-8")
    assert _COMMITTED in text
    text = text.replace(_COMMITTED, f"gpus: {committed_gpus}")
    return load_contract(text.encode(), TERMS.name)


def period() -> Period:
    """Return the billing period that is judged."""
    return period_of(contract_of(GPUS_OF_RACK), MONTH)


def slots_of(racks: int) -> tuple[Slot, ...]:
    """Return the slots of racks, by rack and tray."""
    trays = [f"t{tray + 1:02}" for tray in range(GPUS_OF_RACK // GPUS_OF_TRAY)]
    modules = [f"m{module}" for module in range(GPUS_OF_TRAY)]
    names = [f"r{rack + 1:04}" for rack in range(racks)]
    return tuple(
        Slot("c2", name, tray, module) for name in names for tray in trays for module in modules
    )


def holdings_of(month: Month, slots: tuple[Slot, ...]) -> dict[Slot, tuple[Holding, ...]]:
    """Return who was held when; a rack's slots were assigned together."""
    held: dict[Slot, tuple[Holding, ...]] = {}
    spans = zip(month.held_from_ms.tolist(), month.held_until_ms.tolist(), strict=True)
    for rack, span in enumerate(spans):
        of_rack = slots[rack * GPUS_OF_RACK : (rack + 1) * GPUS_OF_RACK]
        held.update(dict.fromkeys(of_rack, (Holding(Interval(*span), "gb300"),)))
    return held


def exclusions_of(month: Month, slots: tuple[Slot, ...]) -> tuple[ExclusionRecord, ...]:
    """Return the records of planned maintenance."""
    columns = (month.excluded_rack, month.excluded_start_ms, month.excluded_end_ms)
    return tuple(
        ExclusionRecord(
            id=f"m{number:05}",
            from_ms=start_ms,
            until_ms=end_ms,
            recorded_ms=start_ms - NOTICE_MS,
            supersedes=None,
            withdrawn=False,
            slots=slots[rack * GPUS_OF_RACK : (rack + 1) * GPUS_OF_RACK],
            contract=ContractId("bench-2026"),
            kind="maintenance",
            reason="firmware",
            clause="planned-maintenance",
            approver="tenant",
            notice_ms=start_ms - NOTICE_MS,
        )
        for number, (rack, start_ms, end_ms) in enumerate(
            zip(*(column.tolist() for column in columns), strict=True)
        )
    )


def facts_of(
    month: Month, slots: tuple[Slot, ...], timeline: Columns | Timeline | None = None
) -> Facts:
    """Return everything together; without a timeline it has one that says nothing."""
    if timeline is None:
        timeline = Timeline(month.reach, {})
    return Facts(timeline, holdings_of(month, slots), exclusions_of(month, slots))
