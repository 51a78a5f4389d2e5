"""A small site on disk: one contract on one tray of four GPUs, its files, settings and journal."""

from dataclasses import dataclass
from pathlib import Path

from gpusla.identity import NodeName
from gpusla.instants import parse_instant
from gpusla_collector.settings import Settings, read_settings
from tests.collector.journals import DOWN, Journal, tray_slots

NODE = NodeName("c2-r01-t01")
SLOTS = tray_slots("c2", "r01", "t01")
TERM_START_MS = parse_instant("2026-07-01T00:00:00Z")
MONTH_MS = 31 * 86_400_000

CONTRACT = """\
apiVersion: gpusla/v1
kind: Contract
metadata: {id: CONTRACT, tenant: TENANT, version: 1, effective_from: 2026-07-01}
parties: {provider: Provider, tenant: Tenant}
term: {start: 2026-07-01, end: 2027-06-30, timezone: UTC}
fees:
  currency: USD
  rounding: half_even
  recurring:
    - {amount: "FEE", per: month, from: 2026-07-01}
capacity:
  unit: gpu
  gpus_per_unit: 1
  min_healthy_gpus: 1
  partial: healthy_only
  ramp:
    - {from: 2026-07-01, gpus: 4}
  accepted_skus: [gb300]
slos:
  - id: availability
    kind: capacity
    target: "0.99"
    comparison: below
    window: {type: billing_period}
    unknown: {policy: provider_bears}
    degraded: {delivered_fraction: {default: "1"}}
    clock_error: PT5S
    credit:
      type: step
      base: period_fee
      tiers:
        - {below: "0.99", percent: "5"}
        - {below: "0.95", percent: "10"}
statement: {final_after: P2D}
"""

INVENTORY_HEAD = """\
apiVersion: gpusla/v1
kind: Inventory
metadata: {site: c2}
nodes:
"""

NODE_ROW = """\
  - {id: ID, node: ID, address: "ADDRESS", rack: r01, tray: TRAY, sku: gb300,
     modules: [1, 2, 3, 4], from: 2026-07-01T00:00:00Z, recorded_at: 2026-06-20T00:00:00Z}
"""

ASSIGNMENTS_HEAD = """\
apiVersion: gpusla/v1
kind: Assignments
assignments:
"""

ASSIGNMENT_ROW = """\
  - {id: ID, slots: [SELECTOR], contract: CONTRACT, from: 2026-07-01T00:00:00Z,
     recorded_at: 2026-06-20T00:00:00Z}
"""

SETTINGS = """\
apiVersion: gpusla/v1
kind: Collector
data_directory: data
inventory: inventory.yaml
assignments: assignments.yaml
contracts: contracts
listen: "LISTEN"
lease_ms: 500
"""


@dataclass(frozen=True, slots=True)
class Tray:
    """One tray of the site and the contract that it serves."""

    tray: str
    contract: str
    tenant: str = "tenant-a"
    fee: str = "1000.00"

    @property
    def node(self) -> NodeName:
        """The tray's node."""
        return NodeName(f"c2-r01-{self.tray}")


ONE_TRAY = (Tray("t01", "alpha-2026"),)
TWO_TRAYS = (Tray("t01", "alpha-2026"), Tray("t02", "beta-2026", tenant="tenant-b"))


def inventory_text(address: str, trays: tuple[Tray, ...]) -> str:
    """Return the inventory of some trays; address as in write_site."""
    rows = (
        NODE_ROW.replace("ID", tray.node)
        .replace("ADDRESS", f"{address}/nodes/{tray.node}")
        .replace("TRAY", tray.tray)
        for tray in trays
    )
    return INVENTORY_HEAD + "".join(rows)


def assignments_text(trays: tuple[Tray, ...]) -> str:
    """Return the assignments of some trays, each to its contract."""
    rows = (
        ASSIGNMENT_ROW.replace("ID", f"a-{tray.tray}")
        .replace("SELECTOR", f"c2/r01/{tray.tray}")
        .replace("CONTRACT", tray.contract)
        for tray in trays
    )
    return ASSIGNMENTS_HEAD + "".join(rows)


def contract_text(tray: Tray) -> str:
    """Return the contract that a tray serves."""
    text = CONTRACT.replace("CONTRACT", tray.contract).replace("TENANT", tray.tenant)
    return text.replace("FEE", tray.fee)


def write_site(
    folder: Path,
    address: str,
    trays: tuple[Tray, ...] = ONE_TRAY,
    listen: str = "127.0.0.1:0",
    more: str = "",
) -> Path:
    """
    Write all files of a site; returns the path of the settings.

    address: URL of the agents' server, to which `/nodes/<node>` is added.
    """
    (folder / "contracts").mkdir(parents=True, exist_ok=True)
    for tray in trays:
        (folder / "contracts" / f"{tray.contract}.yaml").write_text(contract_text(tray), "utf-8")
    (folder / "inventory.yaml").write_text(inventory_text(address, trays), "utf-8")
    (folder / "assignments.yaml").write_text(assignments_text(trays), "utf-8")
    settings = folder / "collector.yaml"
    settings.write_text(SETTINGS.replace("LISTEN", listen) + more, "utf-8")
    return settings


def config(folder: Path) -> tuple[str, Path]:
    """The option that every command takes."""
    return "--config", folder / "collector.yaml"


def settings_of(path: Path) -> Settings:
    """Read settings without what the environment may say."""
    return read_settings(path, {})


def month_of_ok(node: NodeName, down_ms: int = 0) -> Journal:
    """Return a journal of July 2026 and a day more: all ok but the first GPU at the start."""
    site, rack, tray = node.split("-")
    journal = Journal(node, tray_slots(site, rack, tray), TERM_START_MS - 60_000)
    journal.start(TERM_START_MS - 60_000)
    if down_ms:
        journal.observe(TERM_START_MS, TERM_START_MS + down_ms, {journal.slots[0]: DOWN})
    step_ms = 6 * 3_600_000
    at_ms = TERM_START_MS + down_ms + 1_000
    while at_ms < TERM_START_MS + MONTH_MS + 86_400_000:
        journal.observe(at_ms, at_ms + step_ms)
        at_ms += step_ms + 1_000
    return journal
