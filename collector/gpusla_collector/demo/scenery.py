"""The files that the demo's processes read, written into its folder."""

import json
import re
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

from gpusla.evidence.ed25519 import public_of
from gpusla.evidence.keys import to_text
from gpusla.identity import ContractId, TenantId
from gpusla.instants import format_instant
from gpusla.simulation.faults import FOREVER_MS, Fault
from gpusla.simulation.keys import private_key
from gpusla_collector.demo.stage import Stage

CHECKOUT = Path(__file__).resolve().parents[3]
"""Where contracts, fleet, rules and dashboards lie: the demo runs from a checkout."""

REAL_NODE = "r01-t01"
"""The node whose agent takes the way of real hardware, through the NVML stand-in."""

SCRAPE_SECONDS = 2
INTERVAL_MS = 1_000
BLOCK_MS = 24 * 3_600_000
"""Two months of 54 nodes are told in days; live nodes close a block every hour."""

KEY_SEED = 1
"""The nodes on paper have keys that everybody knows; a real one makes its own."""


@dataclass(frozen=True, slots=True)
class Ports:
    """Where each part listens on loopback."""

    prometheus: int
    alertmanager: int
    collector: int
    fleet: int
    agent: int
    pager: int

    def url(self, port: int) -> str:
        """Return the base URL of a port."""
        return f"http://127.0.0.1:{port}"


def choose_ports(stage: Stage) -> Ports:
    """Reserve the usual ports where they are free, others where they are not."""
    usual = (9090, 9093, 9642, 9700, 9641, 9095)
    return Ports(*(stage.reserve_port(port) for port in usual))


@dataclass(frozen=True, slots=True)
class Scenery:
    """
    The demo's folder and what lies in it.

    has_agent: whether one node's agent takes the way of real hardware.
    """

    folder: Path
    ports: Ports
    has_agent: bool

    @property
    def inventory(self) -> Path:
        """The fleet's inventory with the demo's addresses."""
        return self.folder / "inventory.yaml"

    @property
    def assignments(self) -> Path:
        """Which slot serves which contract."""
        return self.folder / "assignments.yaml"

    @property
    def contracts(self) -> Path:
        """The folder of contracts."""
        return self.folder / "contracts"

    @property
    def fleet_control(self) -> Path:
        """The file that injects faults into the simulated fleet."""
        return self.folder / "fleet-control.yaml"

    @property
    def standin_control(self) -> Path:
        """The file that injects faults into the NVML stand-in."""
        return self.folder / "standin.control"

    @property
    def statement(self) -> Path:
        """Where last month's statement is put for people to read."""
        return self.folder / "statement.txt"

    @property
    def signing_key(self) -> Path:
        """The key by which the operator signs statements."""
        return self.folder / "operator.pem"

    @property
    def journals(self) -> Path:
        """The folder that holds one journal folder for each node."""
        return self.folder / "nodes"

    @property
    def database(self) -> str:
        """The collector's database as a SQLAlchemy URL."""
        return f"sqlite:///{self.folder / 'collector' / 'collector.db'}"

    def write_inputs(self) -> None:
        """Write contracts, inventory and assignments: the examples, with the demo's addresses."""
        examples = CHECKOUT / "examples"
        shutil.copytree(examples / "contracts", self.contracts)
        shutil.copy(examples / "fleet" / "assignments.yaml", self.assignments)
        ports = self.ports
        text = (examples / "fleet" / "inventory.yaml").read_text("utf-8")
        if self.has_agent:
            text = text.replace(
                f"http://127.0.0.1:9700/nodes/{REAL_NODE}\n", f"{ports.url(ports.agent)}\n"
            )
        text = text.replace("http://127.0.0.1:9700/", f"{ports.url(ports.fleet)}/")
        self.inventory.write_text(_with_keys(text))

    def write_fleet(
        self, faults: Sequence[Fault], from_ms: int, tenants: Mapping[ContractId, TenantId]
    ) -> Path:
        """
        Write the simulated fleet's settings and its fate; return the settings' path.

        tenants: by contract, for labels.
        """
        write_faults(self.folder / "scenario.yaml", faults)
        write_faults(self.fleet_control, ())
        return self._write(
            "fleet.yaml",
            {
                "apiVersion": "gpusla/v1",
                "kind": "SimulatedFleet",
                "inventory": str(self.inventory),
                "assignments": str(self.assignments),
                "data_directory": str(self.journals),
                "listen": f"127.0.0.1:{self.ports.fleet}",
                "from": format_instant(from_ms),
                "scenario": str(self.folder / "scenario.yaml"),
                "control": str(self.fleet_control),
                "interval_ms": INTERVAL_MS,
                "key_seed": KEY_SEED,
                "block_ms": BLOCK_MS,
                "tenants": dict(tenants),
                "hand_over": [REAL_NODE] if self.has_agent else [],
            },
        )

    def write_agent(self, library_directory: Path, tenants: Mapping[ContractId, TenantId]) -> Path:
        """Write the settings of the agent on the NVML path; return their path."""
        return self._write(
            "agent.yaml",
            {
                "apiVersion": "gpusla/v1",
                "kind": "Agent",
                "node": REAL_NODE,
                "data_directory": str(self.journals / REAL_NODE),
                "listen": f"127.0.0.1:{self.ports.agent}",
                "inventory": str(self.inventory),
                "assignments": str(self.assignments),
                "source": "nvml",
                "interval_ms": INTERVAL_MS,
                "valid_ms": 2_500,
                "tenants": dict(tenants),
                "nvml": {"library_directory": str(library_directory)},
                "metrics": {"set": "full"},
                "telemetry": {contract: ["activity"] for contract in tenants},
                # What this machine's own kernel says is not about the stand-in's GPUs.
                "kernel_log": {"enabled": False},
            },
        )

    def write_collector(self, metered_from_ms: int, *, with_prometheus: bool) -> Path:
        """Write the collector's settings, quick enough to watch; return their path."""
        ports = self.ports
        settings = {
            "apiVersion": "gpusla/v1",
            "kind": "Collector",
            "data_directory": str(self.folder / "collector"),
            "database": self.database,
            "listen": f"127.0.0.1:{ports.collector}",
            "inventory": str(self.inventory),
            "assignments": str(self.assignments),
            "contracts": str(self.contracts),
            "fetch_interval_ms": 2_000,
            "judge_interval_ms": 2_000,
            "close_interval_ms": 2_000,
            "reconcile_interval_ms": 15_000,
            "reconcile_window_ms": 60_000,
            "scrape_interval_ms": SCRAPE_SECONDS * 1_000,
            "evidence_lag_ms": 4_000,
            "final_after_ms": 0,
            "metered_from": format_instant(metered_from_ms),
            "signing_key": self.signing_key.name,
        }
        if with_prometheus:
            settings["prometheus"] = ports.url(ports.prometheus)
        return self._write("collector.yaml", settings)

    def write_prometheus(self) -> Path:
        """Write Prometheus' configuration: the one of deploy/, with the demo's addresses."""
        ports = self.ports
        shutil.copytree(
            CHECKOUT / "alerts",
            self.folder / "rules",
            ignore=shutil.ignore_patterns("tests", "alertmanager*"),
        )
        text = (CHECKOUT / "deploy" / "prometheus" / "prometheus.yml").read_text("utf-8")
        for usual, port in (("9642", ports.collector), ("9093", ports.alertmanager)):
            text = text.replace(f"localhost:{usual}", f"127.0.0.1:{port}")
        configuration = yaml.safe_load(text)
        seconds = f"{SCRAPE_SECONDS}s"
        configuration["global"] |= {"scrape_interval": seconds, "evaluation_interval": seconds}
        for job in configuration["scrape_configs"]:
            for discovery in job.get("http_sd_configs", ()):
                discovery["refresh_interval"] = "5s"
        return self._write("prometheus.yml", configuration)

    def write_alertmanager(self) -> Path:
        """Write Alertmanager's configuration: the example, with the demo's pager."""
        text = (CHECKOUT / "alerts" / "alertmanager.example.yml").read_text("utf-8")
        text = text.replace("127.0.0.1:9095", f"127.0.0.1:{self.ports.pager}")
        path = self.folder / "alertmanager.yml"
        path.write_text(text, "utf-8")
        return path

    def _write(self, name: str, content: object) -> Path:
        path = self.folder / name
        path.write_text(yaml.safe_dump(content, sort_keys=False), "utf-8")
        return path


def _with_keys(inventory: str) -> str:
    """Enrol the keys of the nodes on paper, as somebody who was there would have done."""
    return re.sub(r"^    node: (.+)\n", _enrolled, inventory, flags=re.MULTILINE)


def _enrolled(line: re.Match[str]) -> str:
    public = to_text(public_of(private_key(KEY_SEED, line[1])))
    return f'{line[0]}    keys: ["{public}"]\n'


def write_faults(path: Path, faults: Sequence[Fault]) -> None:
    """Write a scenario or control file whole, so that nobody reads half of one."""
    content = {
        "faults": [
            {
                "id": fault.id,
                "kind": fault.kind.value,
                "target": _target(fault),
                "from_ms": fault.start_ms,
                "until_ms": None if fault.end_ms >= FOREVER_MS else fault.end_ms,
                "xids": list(fault.xids),
            }
            for fault in faults
        ]
    }
    aside = path.with_suffix(".new")
    aside.write_text(json.dumps(content), "utf-8")
    aside.replace(path)


def _target(fault: Fault) -> str:
    """Return the slot, tray or rack that the fault takes out as a whole."""
    slot = fault.slots[0]
    match fault.effect.scope:
        case "domain":
            return str(slot.domain)
        case "tray":
            return f"{slot.domain}/{slot.tray}"
        case _:
            return str(slot)
