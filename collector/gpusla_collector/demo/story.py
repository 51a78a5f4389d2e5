"""What happens in the demo, step by step; every step asserts what it tells."""

import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from gpusla.catalogue.alerts import CAPACITY_SHORTFALL, CREDIT_ACCRUING
from gpusla.clock import SystemClock
from gpusla.contracts.load import load_contract
from gpusla.contracts.model import ContractVersion
from gpusla.contracts.money import format_amount, round_once
from gpusla.documents import parse
from gpusla.identity import ContractId, Slot
from gpusla.inventory.load import read_assignments, read_inventory
from gpusla.inventory.model import NodeRecord
from gpusla.simulation.faults import Fault, FaultKind
from gpusla.sla.fees import fee_due
from gpusla.sla.periods import Period, period_at, period_before, segments
from gpusla_collector.demo import books
from gpusla_collector.demo.audit import Audit
from gpusla_collector.demo.cast import Cast
from gpusla_collector.demo.figures import Figure, read_figures
from gpusla_collector.demo.pager import Pager
from gpusla_collector.demo.scenery import REAL_NODE, Scenery, write_faults
from gpusla_collector.demo.seeding import Seeded, seed_fleet, tiers_of
from gpusla_collector.demo.teller import StepFailedError, Teller
from gpusla_collector.demo.terms import Terms, run
from gpusla_collector.demo.trays import Trays
from gpusla_collector.demo.witness import firing_alert, wait_for

TENANT_CONTRACT = ContractId("reflection-2026")
LEAD_MS = 25_000
"""How long after the seeding the fault is expected; a few seconds more or less change little."""

POSTED_SECONDS_MAX = 60.0
TIER_SECONDS_MAX = 60.0
ALERT_SECONDS_MAX = 60.0
NO_FAULT_SECONDS_MAX = 20.0
STATEMENT_SECONDS_MAX = 30.0
PERSON = "ada"
"""Who lets this demo's credits be posted: no contract does so before a person said it may."""


@dataclass(slots=True)
class Story:
    """The demo from the empty folder to the booked credit."""

    teller: Teller
    scenery: Scenery
    cast: Cast
    pager: Pager
    seed: int
    library: Path | None
    contracts: dict[ContractId, ContractVersion]
    nodes: tuple[NodeRecord, ...]
    held: tuple[Slot, ...]
    seeded: Seeded
    injected: tuple[Fault, ...] = ()

    @property
    def contract(self) -> ContractVersion:
        """The contract that the story is about."""
        return self.contracts[TENANT_CONTRACT]

    @property
    def period(self) -> Period:
        """The open month."""
        return period_at(self.contract, self.seeded.fault_ms)

    @property
    def last_period(self) -> Period:
        """The month before."""
        return period_before(self.contract, self.period)

    @property
    def watched(self) -> bool:
        """Whether Prometheus and Alertmanager take part."""
        return self.cast.tools.prometheus is not None and self.cast.tools.alertmanager is not None

    def set_stage(self) -> None:
        """Start whoever watches, then the fleet, which lives through two months to the present."""
        with self.teller.step("a fleet lives through two months") as figures:
            span = period_before(self.contract, self.period).interval
            faults = self.seeded.scenario.faults
            tenants = {contract.id: contract.tenant for contract in self.contracts.values()}
            self.cast.fleet(self.scenery.write_fleet(faults, span.start_ms, tenants))
            if self.library is not None:
                settings = self.scenery.write_agent(self.library.parent, tenants)
                self.cast.agent(settings, self.library)
            gpus = sum(len(node.slots) for node in self.nodes)
            figures.append(("racks", f"{len({n.rack for n in self.nodes})} NVL72, {gpus} GPUs"))
            figures.append(("nodes", f"{len(self.nodes)}, {self._real_words()}"))
            figures.append(("faults", f"{len(faults)} drawn from seed {self.seed} (assumed rates)"))

    def start_watch(self) -> None:
        """Start the collector, and Prometheus and Alertmanager where they can be had."""
        who = "the collector, Prometheus and Alertmanager start"
        with self.teller.step(who if self.watched else "the collector starts") as figures:
            start_ms = self.last_period.interval.start_ms
            collector = self.scenery.write_collector(start_ms, with_prometheus=self.watched)
            run("collector", "key", "new", str(self.scenery.signing_key))
            self.cast.switch(collector, sorted(self.contracts), PERSON)
            figures.append(("posting", f"{PERSON} switched all contracts to automatic"))
            self.cast.collector(collector)
            if self.watched:
                self.cast.alertmanager(self.scenery.write_alertmanager())
                self.cast.prometheus(self.scenery.write_prometheus())
            figures.extend(self.addresses())

    def close_last_month(self) -> None:
        """Wait until the books of last month are closed, and show them."""
        title = f"{self.last_period.first_day:%B %Y} is closed and posted"
        with self.teller.step(title) as figures:
            for contract in self._billed():
                owed = wait_for(lambda c=contract: self._posted(c), POSTED_SECONDS_MAX)  # type: ignore[misc]
                if owed is None:
                    raise StepFailedError(f"nothing was posted for {contract.id}")
                figures.append((contract.parties.tenant, self._money(contract, owed) + " credit"))
            if not self._posted(self.contract):
                raise StepFailedError(f"last month's outage earned {self.contract.id} no credit")

    def stand_above_tier(self) -> None:
        """Show that this month is just above the first tier."""
        first = max(tier.below for tier in tiers_of(self.contract))
        title = f"{self.period.first_day:%B %Y} stands just above {_percent(first)}"
        with self.teller.step(title) as figures:
            figure = wait_for(self._judged, TIER_SECONDS_MAX)
            if figure is None:
                raise StepFailedError(f"{self.contract.id} was not judged")
            if figure.value < float(first):
                raise StepFailedError(f"availability is {figure.value:.4%} before the fault")
            figures.append(
                ("delivered", f"{figure.low:.4%} ≤ {figure.value:.4%} ≤ {figure.high:.4%}")
            )
            figures.append(("pending", self._money(self.contract, self._pending())))
            outage = self.seeded.outage
            if outage is not None:
                hours = Fraction(outage.end_ms - outage.start_ms, 3_600_000)
                figures.append(("so far", f"one NVLink switch, 72 GPUs, {float(hours):.2f} hours"))
            if self._pending():
                raise StepFailedError("a credit is pending before the fault")

    def inject_fault(self) -> None:
        """Take out the NVLink switch of the tenant's rack, on paper and in the stand-in."""
        with self.teller.step("rack r01 loses its NVLink switch") as figures:
            now_ms = SystemClock().wall_ms()
            fault = Fault("nvlink_switch-now", FaultKind.NVLINK_SWITCH, self.held, now_ms)
            self.injected = (fault,)
            write_faults(self.scenery.fleet_control, self.injected)
            if self.library is not None:
                self.scenery.standin_control.write_text("gpu * fabric_state 2\n", "utf-8")
            figures.append(("hit", f"{len(self.held)} GPUs of {self.contract.parties.tenant}"))

    def cross_tier(self, seconds_max: float) -> None:
        """Wait until the credit stands in the ledger, and check it against hand arithmetic."""
        with self.teller.step("the tier is crossed and the credit is booked as pending") as figures:
            amount = wait_for(lambda: self._pending() or None, seconds_max)
            if amount is None:
                raise StepFailedError("no credit is pending in the ledger")
            tier = max(tiers_of(self.contract), key=lambda tier: tier.below)
            fee = int(fee_due(self.contract, self.period).minor_units)
            due = round_once(fee * tier.percent / 100, self.contract.fees.rounding)
            if amount != due:
                raise StepFailedError(
                    f"the ledger says {amount} and {tier.percent} % of the fee is {due}"
                )
            figure = self._judged()
            if figure is not None:
                figures.append(("delivered", f"{figure.value:.4%}"))
            figures.append(
                ("pending", f"{self._money(self.contract, amount)}, read from the ledger")
            )
            figures.append(("by hand", f"{tier.percent} % of {self._money(self.contract, fee)}"))

    def page_on_call(self, seconds_max: float) -> None:
        """Wait until Alertmanager itself says that the alerts fire, and on-call was paged."""
        with self.teller.step("on-call is paged") as figures:
            for alert in (CAPACITY_SHORTFALL, CREDIT_ACCRUING):
                seen = wait_for(
                    lambda name=alert.name: firing_alert(  # type: ignore[misc]
                        self._url(self.scenery.ports.alertmanager),
                        name,
                        {"contract": TENANT_CONTRACT},
                    ),
                    seconds_max,
                )
                if seen is None:
                    raise StepFailedError(f"Alertmanager has no {alert.name} for {TENANT_CONTRACT}")
                figures.append((alert.name, f"fires since {seen['startsAt'][11:19]} UTC"))
            page = wait_for(self._page, seconds_max)
            if page is None:
                raise StepFailedError("Alertmanager told nobody")
            figures.append(("page", page))

    def show_statement(self) -> None:
        """Show last month's statement by the command that a tenant would run."""
        with self.teller.step("last month's statement") as figures:
            finished = subprocess.run(  # noqa: S603  (our own command)
                [
                    str(Path(sys.executable).parent / "gpusla"),
                    "statement",
                    "show",
                    TENANT_CONTRACT,
                    self.last_period.key,
                    "--config",
                    str(self.scenery.folder / "collector.yaml"),
                ],
                capture_output=True,
                text=True,
                timeout=STATEMENT_SECONDS_MAX,
                check=False,
            )
            owed = self._money(self.contract, self._posted(self.contract) or 0)
            if finished.returncode or owed not in finished.stdout:
                raise StepFailedError(
                    f"the statement does not say {owed}: {finished.stderr.strip()}"
                )
            self.scenery.statement.write_text(finished.stdout, "utf-8")
            headline = next(line for line in finished.stdout.splitlines() if " % " in line)
            figures.append(("says", headline.strip()))
            figures.append(("credit", owed))

    def trays(self) -> Trays:
        """Return the third chapter, about single trays."""
        return Trays(self.teller, self.scenery, self.nodes, self.injected, self.library)

    def terms(self) -> Terms:
        """Return the second chapter, about the contract's terms."""
        owed = self._posted(self.contract) or 0
        return Terms(self.teller, self.scenery, self.contract, self.last_period.key, owed)

    def audit(self) -> Audit:
        """Return the tenant's chapter, about what can be checked without us."""
        owed = self._posted(self.contract) or 0
        month, currency = self.last_period.key, self.contract.fees.currency
        return Audit(self.teller, self.scenery, self.contract.id, month, owed, currency)

    def addresses(self) -> list[tuple[str, str]]:
        """Return what listens where."""
        ports = self.scenery.ports
        found = [("collector", f"{self._url(ports.collector)}/metrics")]
        if self.watched:
            found.append(("Prometheus", self._url(ports.prometheus)))
            found.append(("Alertmanager", f"{self._url(ports.alertmanager)}/api/v2/alerts"))
        if self.library is not None:
            found.append((f"agent {REAL_NODE}", f"{self._url(ports.agent)}/metrics"))
        found.append(("agent r01-t02", f"{self._url(ports.fleet)}/nodes/r01-t02/metrics"))
        return found

    def _real_words(self) -> str:
        if self.library is None:
            return "all simulated"
        return f"{REAL_NODE} through NVML (stand-in), the others simulated"

    def _billed(self) -> Sequence[ContractVersion]:
        """Return the contracts that paid a fee last month."""
        return [
            contract
            for _, contract in sorted(self.contracts.items())
            for version, segment in segments((contract,), self.last_period)
            if not (fee := fee_due(version, segment)).is_shadow and fee.minor_units
        ]

    def _posted(self, contract: ContractVersion) -> int | None:
        found = books.entries(self.scenery.database, contract.id, self.last_period.key)
        return books.posted(found)

    def _pending(self) -> int:
        found = books.entries(self.scenery.database, self.contract.id, self.period.key)
        return books.pending(found)

    def _judged(self) -> Figure | None:
        figures = read_figures(f"{self._url(self.scenery.ports.collector)}/metrics")
        return figures.get(TENANT_CONTRACT)

    def _page(self) -> str | None:
        names = sorted({n for p in self.pager.pages if p.path == "/page" for n in p.alert_names})
        return ", ".join(names) if CAPACITY_SHORTFALL.name in names else None

    def _url(self, port: int) -> str:
        return self.scenery.ports.url(port)

    def _money(self, contract: ContractVersion, minor_units: int) -> str:
        return format_amount(minor_units, contract.fees.currency)


def prepare(
    teller: Teller, scenery: Scenery, cast: Cast, pager: Pager, *, seed: int, library: Path | None
) -> Story:
    """Write the inputs, read them back as the product does, and draw the fleet's fate."""
    scenery.write_inputs()
    inventory = read_inventory(parse(scenery.inventory.read_bytes(), str(scenery.inventory)))
    assignments = read_assignments(
        parse(scenery.assignments.read_bytes(), str(scenery.assignments)), inventory
    )
    files = sorted(scenery.contracts.glob("*.yaml"))
    contracts = {c.id: c for c in (load_contract(f.read_bytes(), str(f)) for f in files)}
    contract = contracts[TENANT_CONTRACT]
    now_ms = SystemClock().wall_ms() // 1_000 * 1_000
    nodes = inventory.nodes(now_ms)
    slots = [slot for node in nodes for slot in node.slots]
    held = [slot for slot in slots if assignments.contract_at(slot, now_ms) == contract.id]
    seeded = seed_fleet(seed, contract, slots, held, now_ms=now_ms, fault_ms=now_ms + LEAD_MS)
    return Story(teller, scenery, cast, pager, seed, library, contracts, nodes, tuple(held), seeded)


def _percent(ratio: Fraction) -> str:
    return f"{float(ratio) * 100:g} %"
