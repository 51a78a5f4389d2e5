"""The collector's use cases on a small site, with every port a fake that a test can look into."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from gpusla.documents import digest
from gpusla.identity import ContractId, NodeName
from gpusla.ledger.entries import Entry
from gpusla.ledger.release import Policy
from gpusla.statement import Statement
from gpusla_collector.ports import OPERATOR, Evidence, InputFile, Scope, Store
from gpusla_collector.usecases.asking import Asking
from gpusla_collector.usecases.book_credits import EVERYTHING_AT_ONCE, Booker
from gpusla_collector.usecases.close_periods import Closer
from gpusla_collector.usecases.correct_settled import Corrector
from gpusla_collector.usecases.due_months import DueMonths
from gpusla_collector.usecases.fetch.journals import Fetcher
from gpusla_collector.usecases.judge import Judge, Rules
from gpusla_collector.usecases.reload_inputs import Reloader
from gpusla_collector.usecases.show_statement import Statements
from gpusla_collector.usecases.standing import StandingBoard
from gpusla_collector.usecases.turns import Turns
from gpusla_collector.usecases.unfinished import Unfinished
from tests.collector import site
from tests.collector.fakes import FakeAgents, HandClock, MemoryEvidence
from tests.collector.journals import DOWN, Journal, tray_slots
from tests.collector.memory_store import MemoryStore

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
START_MS = site.TERM_START_MS
AUGUST_MS = START_MS + 31 * DAY_MS
LAG_MS = 30_000
PATIENCE_MS = HOUR_MS
ALPHA, BETA = ContractId("alpha-2026"), ContractId("beta-2026")
FINAL_MS = AUGUST_MS + 2 * DAY_MS
"""When July is final under the site's contracts."""


@dataclass(slots=True)
class Files:
    """The files that people write, in memory."""

    texts: dict[tuple[str, str], str] = field(default_factory=dict)

    def read(self) -> tuple[InputFile, ...]:
        """Return all of them."""
        return tuple(
            InputFile(kind, name, digest(text.encode()), text.encode())
            for (kind, name), text in self.texts.items()
        )


@dataclass(slots=True)
class Stage:
    """A site of some trays, a clock at the start of July 2026, and a collector's turns."""

    trays: tuple[site.Tray, ...] = site.ONE_TRAY
    clock: HandClock = field(default_factory=lambda: HandClock(START_MS))
    store: Store = field(default_factory=MemoryStore)
    agents: FakeAgents = field(default_factory=FakeAgents)
    evidence: Evidence = field(default_factory=MemoryEvidence)
    files: Files = field(default_factory=Files)
    board: StandingBoard = field(default_factory=StandingBoard)

    def __post_init__(self) -> None:
        self.files.texts |= texts_of(self.trays)
        for tray in self.trays:
            journal = Journal(tray.node, tray_slots("c2", "r01", tray.tray), START_MS - HOUR_MS)
            self.agents.journals[tray.node] = journal.start(START_MS - HOUR_MS)

    def journal(self, tray: str = "t01") -> Journal:
        """Return a tray's journal, to write on."""
        return self.agents.journals[NodeName(f"c2-r01-{tray}")]

    def turns(
        self,
        *,
        final_after_ms: int | None = None,
        holder: str = "this",
        lease_ms: int = 15_000,
        pause_ms: int = 10_000 * DAY_MS,
        policy: Policy = EVERYTHING_AT_ONCE,
    ) -> Turns:
        """
        Return a new process on the same store, agents and files.

        pause_ms: hands move the clock by months, so that nothing is a break unless a test says so.
        """
        judge = Judge(self.store, self.clock, Rules(LAG_MS))
        booker = Booker(self.store, self.clock, policy)
        return Turns(
            store=self.store,
            clock=self.clock,
            board=self.board,
            reloader=Reloader(self.files, self.store, self.clock),
            fetcher=Fetcher(self.agents, self.evidence, self.store, self.clock, 1),
            judge=judge,
            booker=booker,
            closer=Closer(self.store, judge, booker, Asking(pause_ms), PATIENCE_MS, final_after_ms),
            corrector=Corrector(self.store, self.evidence, self.clock, booker),
            reconciler=None,
            holder=holder,
            lease_ms=lease_ms,
        )

    def unfinished(self, policy: Policy | None = None) -> Unfinished:
        """Return what tells of months that wait, as the store knows them now."""
        world = self.board.read().world
        assert world is not None
        due = DueMonths(self.store, Rules(LAG_MS))
        return Unfinished(self.store, world, due, policy or Policy(), PATIENCE_MS)

    def statement(self, period: str = "2026-07", scope: Scope = OPERATOR) -> Statement:
        """Return alpha's statement of a period."""
        return Statements(self.store, self.evidence).show(scope, ALPHA, period)

    def entries(self, period: str | None = None) -> tuple[Entry, ...]:
        """Return the ledger."""
        return self.store.entries(OPERATOR, period=period)

    def amounts(self, period: str) -> list[tuple[str, int]]:
        """Return a period's entries as status and amount."""
        return [(e.status.value, e.amount_minor_units) for e in self.entries(period)]


def july(stage: Stage, down_ms: int = 0, tray: str = "t01", until_ms: int = AUGUST_MS) -> None:
    """Write a month of samples, one GPU down for its first down_ms."""
    journal = stage.journal(tray)
    if down_ms:
        journal.observe(START_MS, START_MS + down_ms, {journal.slots[0]: DOWN})
    journal.observe(START_MS + down_ms + 1_000, until_ms + HOUR_MS)


def texts_of(trays: tuple[site.Tray, ...]) -> Mapping[tuple[str, str], str]:
    """Return the site's files by kind and name."""
    return {
        ("Inventory", "inventory.yaml"): site.inventory_text("http://agents", trays),
        ("Assignments", "assignments.yaml"): site.assignments_text(trays),
    } | {
        ("Contract", f"contracts/{tray.contract}.yaml"): site.contract_text(tray) for tray in trays
    }
