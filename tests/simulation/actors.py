"""Who acts: hosts with a collector on each, agents that answer, a sender of the outbox."""

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from gpusla.catalogue.codes import AGENT_UNREACHABLE
from gpusla.errors import ServiceError
from gpusla.identity import NodeName
from gpusla_collector.ports import Cursor, Evidence, InputFile, Lease, Page, Store
from gpusla_collector.usecases.asking import Asking
from gpusla_collector.usecases.book_credits import Booker
from gpusla_collector.usecases.close_periods import Closer
from gpusla_collector.usecases.correct_settled import Corrector
from gpusla_collector.usecases.fetch.journals import Fetched, Fetcher, Foretell, Target, nobody
from gpusla_collector.usecases.judge import Judge, Rules
from gpusla_collector.usecases.reload_inputs import Reloader
from gpusla_collector.usecases.standing import StandingBoard
from gpusla_collector.usecases.turns import Turns
from tests.simulation.facts import HOUR_MS, Facts
from tests.simulation.faults import Port
from tests.simulation.watch import Inside

if TYPE_CHECKING:
    from tests.simulation.site import Site

LEASE_MS = 15_000
LAG_MS = 30_000
PAGE_RECORDS = 8


@dataclass(slots=True)
class HostClock:
    """A host's clock: off by so much, or standing still at an instant."""

    site: "Site"
    off_ms: int = 0
    stands_at_ms: int | None = None

    def wall_ms(self) -> int:
        """Return what this host takes the time to be."""
        return self.site.now_ms + self.off_ms if self.stands_at_ms is None else self.stands_at_ms

    def monotonic_ms(self) -> int:
        """Return true time, which a wrong wall clock does not change."""
        return self.site.now_ms

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
        self.site.now_ms += round(seconds * 1000)


@dataclass(slots=True)
class Files:
    """The files as they stand now."""

    site: "Site"

    def read(self) -> tuple[InputFile, ...]:
        """Return all of them."""
        return self.site.files()


@dataclass(slots=True)
class JournalAgents:
    """The agents of all nodes; one that is cut off until an instant does not answer before."""

    facts: Facts
    site: "Site"
    cut_off_until_ms: dict[NodeName, int] = field(default_factory=dict)

    def fetch(self, node: NodeName, address: str, after: int) -> Page:  # noqa: ARG002
        """Answer with what the node has written by now."""
        now_ms = self.site.now_ms
        if self.cut_off_until_ms.get(node, 0) > now_ms:
            raise ServiceError(AGENT_UNREACHABLE, f"{node} is cut off")
        written = self.facts.journals[node]
        count = written.count(now_ms)
        return Page(written.lines[after : min(count, after + PAGE_RECORDS)], written.head(count))


class OneByOne(Fetcher):
    """The real fetcher without its threads: which node comes first must not be left to chance."""

    def fetch_all(
        self, lease: Lease, targets: Sequence[Target], foretell: Foretell = nobody
    ) -> tuple[Fetched, ...]:
        """Take in what all nodes have, one after another."""
        here = self.store.cursors()
        return tuple(
            self.fetch(lease, one, here.get(one.node, Cursor(one.node)), foretell=foretell)
            for one in targets
        )


@dataclass(slots=True)
class Host:
    """A machine on which a collector's process lives, dies and is started again."""

    name: str
    site: "Site"
    store: Store
    agents: JournalAgents
    evidence: Evidence
    clock: HostClock
    lives: int = 0
    turns: Turns | None = None

    def start(self) -> Turns:
        """Start a process, with nothing that the one before it knew."""
        self.lives += 1
        store: Store = Port("store", self.store, self)
        evidence: Evidence = Port("evidence", self.evidence, self)
        judge, booker = Judge(store, self.clock, Rules(LAG_MS)), Booker(store, self.clock)
        self.turns = Turns(
            store=store,
            clock=self.clock,
            board=StandingBoard(),
            reloader=Reloader(Files(self.site), store, self.clock),
            fetcher=OneByOne(Port("agents", self.agents, self), evidence, store, self.clock, 1),
            judge=judge,
            booker=booker,
            closer=Closer(store, judge, booker, Asking(HOUR_MS), HOUR_MS),
            corrector=Corrector(store, evidence, self.clock, booker),
            reconciler=None,
            holder=f"{self.name}-{self.lives}",
            lease_ms=LEASE_MS,
        )
        return self.turns

    def die(self) -> None:
        """Lose the process and all that it knew."""
        self.turns = None


@dataclass(slots=True)
class Sender:
    """
    Sends what the outbox announces, at least once and in order; whoever receives it knows keys.

    sent: how many the sender remembers to have sent; it may forget, and sends again.
    """

    inside: Inside
    sent: int = 0
    received: list[str] = field(default_factory=list)

    def send(self, dice: random.Random, *, is_calm: bool) -> None:
        """Send some announcements, or all on a calm day."""
        waiting = (self.inside.announced() or [])[self.sent :]
        count = len(waiting) if is_calm else dice.randint(0, len(waiting))
        for key in waiting[:count]:
            if key not in self.received:
                self.received.append(key)
        self.sent += count
        if not is_calm and dice.random() < 0.2:
            self.sent = dice.randint(0, self.sent)
