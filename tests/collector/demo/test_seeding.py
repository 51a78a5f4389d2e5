"""The demo's month stands just above a tier on any day, the first included."""

from pathlib import Path

import pytest

from gpusla.contracts.load import load_contract
from gpusla.documents import parse
from gpusla.instants import parse_instant
from gpusla.inventory.load import read_inventory
from gpusla.sla.periods import period_at
from gpusla_collector.demo.seeding import seed_fleet, tiers_of

EXAMPLES = Path(__file__).resolve().parents[3] / "examples"
CONTRACT = EXAMPLES / "contracts" / "reflection-2026.yaml"
INVENTORY = EXAMPLES / "fleet" / "inventory.yaml"
MINUTE_MS, HOUR_MS, DAY_MS = 60_000, 3_600_000, 86_400_000
LEAD_MS = 25_000
CROSSED_WITHIN_MS = 20_000
MONTHS = [
    parse_instant("2026-08-01T05:00:00Z"),
    parse_instant("2026-11-01T05:00:00Z"),  # 721 hours in Chicago
    parse_instant("2027-03-01T06:00:00Z"),  # 743 hours
]
INTO_MONTH_MS = [
    1_000, 20_000, MINUTE_MS, 10 * MINUTE_MS, 40 * MINUTE_MS, HOUR_MS, 5 * HOUR_MS,
    DAY_MS, 2 * DAY_MS + HOUR_MS, 15 * DAY_MS, 30 * DAY_MS,
]  # fmt: skip


@pytest.mark.parametrize("start_ms", MONTHS)
@pytest.mark.parametrize("into_ms", INTO_MONTH_MS)
@pytest.mark.parametrize("seed", [1, 7])
def test_a_few_seconds_of_the_fault_cross_the_tier(start_ms: int, into_ms: int, seed: int) -> None:
    """Before the fault the month is at or above the tier; 20 seconds of it later it is below."""
    contract = load_contract(CONTRACT.read_bytes(), str(CONTRACT))
    inventory = read_inventory(parse(INVENTORY.read_bytes(), str(INVENTORY)))
    now_ms = start_ms + into_ms
    slots = inventory.slots()
    held = [slot for slot in slots if slot.rack == "r01"]
    assert period_at(contract, now_ms).interval.start_ms == start_ms

    seeded = seed_fleet(seed, contract, slots, held, now_ms=now_ms, fault_ms=now_ms + LEAD_MS)

    tier = max(tier.below for tier in tiers_of(contract))
    lost, committed = seeded.lost_gpu_ms, seeded.committed_gpu_ms
    assert 1 - lost / committed >= tier
    more = len(held) * CROSSED_WITHIN_MS
    assert 1 - (lost + more) / (committed + more) < tier
    assert all(fault.end_ms <= now_ms for fault in seeded.scenario.faults)


def test_the_same_seed_gives_the_same_fleet() -> None:
    """The printed seed is enough to see it again."""
    contract = load_contract(CONTRACT.read_bytes(), str(CONTRACT))
    inventory = read_inventory(parse(INVENTORY.read_bytes(), str(INVENTORY)))
    slots, now_ms = inventory.slots(), MONTHS[1] + 10 * DAY_MS
    held = [slot for slot in slots if slot.rack == "r01"]
    one, other = (
        seed_fleet(7, contract, slots, held, now_ms=now_ms, fault_ms=now_ms) for _ in range(2)
    )
    assert one == other
