"""A rack on paper, its contract, and a collector that judges it; all in one temporary folder."""

import json
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import yaml

from gpusla.contracts.load import load_contract
from gpusla.contracts.model import ContractVersion
from gpusla.documents import parse
from gpusla.identity import Slot
from gpusla.instants import Interval, format_instant
from gpusla.inventory.load import read_inventory
from gpusla.simulation.faults import FOREVER_MS, Fault
from gpusla.simulation.truth import Terms
from gpusla.sla.periods import Period, period_of
from gpusla_agent.fleet.fleet import Awake, Fleet
from gpusla_agent.fleet.settings import read_fleet_settings
from gpusla_agent.server import Server, application
from gpusla_collector.app import once, upgrade
from gpusla_collector.settings import read_settings
from tests.fakes import FakeClock

CHECKOUT = Path(__file__).resolve().parents[2]
CONTRACT = CHECKOUT / "examples" / "contracts" / "reflection-2026.yaml"
INTERVAL_MS, VALID_MS = 1_000, 2_500
HOUR_MS = 3_600_000
TRAYS = 18


@dataclass(frozen=True, slots=True)
class Rack:
    """A folder with the files of one NVL72 rack that serves the example contract."""

    folder: Path
    contract: ContractVersion
    slots: tuple[Slot, ...]

    def period(self, key: str) -> Period:
        """Return a month of the contract."""
        return period_of(self.contract, key)

    def terms(self, span: Interval, *, is_unknown_delivered: bool = False) -> Terms:
        """Return what the contract counts, in the plain values of the simulation's truth."""
        return Terms(
            held={slot: [span] for slot in self.slots},
            committed=[(span.start_ms, 72)],
            min_healthy=64,
            is_by_domain=True,
            degraded_fraction=lambda reason: (
                Fraction(1, 2)
                if reason in {"thermal_slowdown", "power_brake", "power_limit"}
                else Fraction(1)
            ),
            is_unknown_delivered=is_unknown_delivered,
        )

    @contextmanager
    def lived(self, faults: Sequence[Fault], span: Interval) -> Iterator[Fleet]:
        """Let the rack live through span, then serve its journals until the block ends."""
        settings = read_fleet_settings(self.write_fleet(faults, span.start_ms))
        fleet = Fleet(settings, FakeClock(span.end_ms), lambda _line: None)
        try:
            fleet.catch_up()
            server = Server(application(Awake(fleet.nodes)), "127.0.0.1", 0)
            self.write_inventory(server.port)
            threading.Thread(target=server.run, daemon=True).start()
            try:
                yield fleet
            finally:
                server.close()
        finally:
            fleet.close()

    def write_inventory(self, port: int) -> None:
        """Write the inventory with the address that the journals are served at."""
        nodes = [
            {
                "id": f"r01-t{tray:02}",
                "node": f"r01-t{tray:02}",
                "address": f"http://127.0.0.1:{port}/nodes/r01-t{tray:02}",
                "rack": "r01",
                "tray": f"t{tray:02}",
                "sku": "gb300",
                "modules": [2, 1, 4, 3],
                "from": "2026-06-15T00:00:00Z",
                "recorded_at": "2026-06-15T00:00:00Z",
            }
            for tray in range(1, TRAYS + 1)
        ]
        self._write("inventory.yaml", "Inventory", {"metadata": {"site": "c2"}, "nodes": nodes})

    def write_assignments(self) -> None:
        """Give the whole rack to the contract from its first day."""
        assignment = {
            "id": "reflection-2026-from-july",
            "slots": ["c2/r01"],
            "contract": "reflection-2026",
            "from": "2026-07-01T05:00:00Z",
            "recorded_at": "2026-06-24T15:00:00Z",
        }
        self._write("assignments.yaml", "Assignments", {"assignments": [assignment]})

    def write_fleet(self, faults: Sequence[Fault], from_ms: int) -> Path:
        """Write the fleet's settings and its fate."""
        (self.folder / "scenario.yaml").write_text(
            json.dumps({"faults": [_fault(fault) for fault in faults]}), "utf-8"
        )
        return self._write(
            "fleet.yaml",
            "SimulatedFleet",
            {
                "inventory": "inventory.yaml",
                "assignments": "assignments.yaml",
                "data_directory": "nodes",
                "listen": "127.0.0.1:0",
                "from": format_instant(from_ms),
                "scenario": "scenario.yaml",
                "control": "control.yaml",
                "interval_ms": INTERVAL_MS,
                "valid_ms": VALID_MS,
            },
        )

    def write_collector(self, period: Period, **more: object) -> Path:
        """Write the collector's settings; metering begins with the period."""
        content = {
            "data_directory": "collector",
            "inventory": "inventory.yaml",
            "assignments": "assignments.yaml",
            "contracts": "contracts",
            "final_after_ms": 0,
            "posting": "automatic",
            "metered_from": format_instant(period.interval.start_ms),
        }
        return self._write("collector.yaml", "Collector", content | more)

    def judge(self, period: Period, now_ms: int, **more: object) -> Path:
        """Let a collector take in, judge, book and close all there is; return its settings."""
        path = self.write_collector(period, **more)
        settings = read_settings(path, {})
        upgrade(settings)
        once(settings, FakeClock(now_ms))
        return path

    def _write(self, name: str, kind: str, content: dict[str, object]) -> Path:
        path = self.folder / name
        whole = {"apiVersion": "gpusla/v1", "kind": kind} | content
        path.write_text(yaml.safe_dump(whole, sort_keys=False), "utf-8")
        return path


def build_rack(folder: Path) -> Rack:
    """Write the rack's files and read them back."""
    contracts = folder / "contracts"
    contracts.mkdir()
    (contracts / CONTRACT.name).write_bytes(CONTRACT.read_bytes())
    contract = load_contract(CONTRACT.read_bytes(), str(CONTRACT))
    rack = Rack(folder, contract, ())
    rack.write_inventory(9700)
    rack.write_assignments()
    text = (folder / "inventory.yaml").read_bytes()
    return Rack(folder, contract, read_inventory(parse(text, "inventory.yaml")).slots())


def _fault(fault: Fault) -> dict[str, object]:
    slot = fault.slots[0]
    scopes = {"domain": str(slot.domain), "tray": f"{slot.domain}/{slot.tray}", "slot": str(slot)}
    return {
        "id": fault.id,
        "kind": fault.kind.value,
        "target": scopes[fault.effect.scope],
        "from_ms": fault.start_ms,
        "until_ms": None if fault.end_ms >= FOREVER_MS else fault.end_ms,
        "xids": list(fault.xids),
    }
