"""
What the collector knows now, for its pages: written by the jobs, read by the web.

Counters count from the start of this process, as Prometheus expects of them.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from threading import Lock

from gpusla.errors import GpuslaError
from gpusla.identity import ContractId, NodeName
from gpusla.ledger.entries import Status
from gpusla_collector.ports import Cursor, Waiting
from gpusla_collector.usecases.audit import Audited
from gpusla_collector.usecases.claims import Claimable
from gpusla_collector.usecases.fetch.journals import Fetched
from gpusla_collector.usecases.judge import Judgement
from gpusla_collector.usecases.prospect import Prospect
from gpusla_collector.usecases.reconcile import Difference
from gpusla_collector.usecases.signing import Signing
from gpusla_collector.usecases.world import World


@dataclass(frozen=True, slots=True)
class Standing:
    """
    One consistent view.

    judgements: of each contract's open month, with the instant at which it was last found right.
    prospects: what is still to come of those, where it could be said.  claims: of every contract,
    also of one whose last month is over, what there is to claim.  unsigned: nodes that have keys
    and do not sign.  signing: of each contract, its nodes by what stands behind their records.
    worked_ms: when each job last went through, on the monotonic clock.  asked_ms: when all agents
    were last asked, on the wall clock; None if they never were.
    """

    is_leader: bool = False
    world: World | None = None
    cursors: Mapping[NodeName, Cursor] = field(default_factory=dict)
    asked_ms: int | None = None
    judgements: Mapping[ContractId, tuple[Judgement, int]] = field(default_factory=dict)
    prospects: Mapping[ContractId, Prospect] = field(default_factory=dict)
    claims: Mapping[ContractId, Sequence[Claimable]] = field(default_factory=dict)
    entries: Mapping[tuple[ContractId, Status], int] = field(default_factory=dict)
    differences: Sequence[Difference] = ()
    reconciled_ms: int | None = None
    audited: Audited | None = None
    waiting: Mapping[str, Waiting] = field(default_factory=dict)
    unsigned: frozenset[NodeName] = frozenset()
    signing: Mapping[ContractId, Mapping[Signing, int]] = field(default_factory=dict)
    records: int = 0
    fetch_failures: Mapping[tuple[NodeName, str], int] = field(default_factory=dict)
    job_failures: Mapping[tuple[str, str], int] = field(default_factory=dict)
    worked_ms: Mapping[str, int] = field(default_factory=dict)


class StandingBoard:
    """Holds the newest standing; each change replaces it whole, so a reader needs no lock."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._now = Standing()

    def read(self) -> Standing:
        """Return the standing as it is now."""
        return self._now

    def set_leader(self, *, is_leader: bool) -> None:
        """Who does not lead shows no figures: they would be stale, and the leader shows them."""
        with self._lock:
            if is_leader:
                self._now = replace(self._now, is_leader=True)
            else:
                self._now = replace(
                    self._now,
                    is_leader=False,
                    judgements={},
                    prospects={},
                    claims={},
                    signing={},
                    cursors={},
                    asked_ms=None,
                    entries={},
                    audited=None,
                    waiting={},
                )

    def set_world(self, world: World | None) -> None:
        """Files were taken in; None for whoever leads anew and read none yet."""
        with self._lock:
            self._now = replace(self._now, world=world)

    def add_fetched(
        self, fetched: Iterable[Fetched], cursors: Mapping[NodeName, Cursor], asked_ms: int
    ) -> None:
        """Journals were fetched, by a turn that began at asked_ms."""
        fetched = tuple(fetched)
        with self._lock:
            failures = Counter(self._now.fetch_failures)
            failures.update(
                (f.node, f.error.code.name) for f in fetched if f.error is not None and f.is_asked
            )
            records = self._now.records + sum(f.records for f in fetched)
            self._now = replace(
                self._now,
                cursors=cursors,
                asked_ms=asked_ms,
                records=records,
                fetch_failures=failures,
            )

    def set_judged(
        self,
        contract: ContractId,
        judgements: Iterable[Judgement],
        now_ms: int,
        prospect: Prospect | None = None,
        claims: Sequence[Claimable] = (),
    ) -> None:
        """A contract was judged; without an open month it has no figures but its claims."""
        with self._lock:
            figures, prospects = dict(self._now.judgements), dict(self._now.prospects)
            figures.pop(contract, None)
            prospects.pop(contract, None)
            for judgement in judgements:
                if judgement.is_open:
                    figures[contract] = judgement, now_ms
            if prospect is not None:
                prospects[contract] = prospect
            self._now = replace(
                self._now,
                judgements=figures,
                prospects=prospects,
                claims={**self._now.claims, contract: claims},
            )

    def set_unsigned(self, nodes: frozenset[NodeName]) -> None:
        """It was seen who records and does not sign."""
        with self._lock:
            self._now = replace(self._now, unsigned=nodes)

    def set_signing(self, contract: ContractId, nodes: Mapping[Signing, int]) -> None:
        """The nodes that serve a contract were counted by what stands behind their records."""
        with self._lock:
            self._now = replace(self._now, signing={**self._now.signing, contract: nodes})

    def set_entries(self, entries: Mapping[tuple[ContractId, Status], int]) -> None:
        """The ledger was counted."""
        with self._lock:
            self._now = replace(self._now, entries=entries)

    def set_reconciled(self, differences: Sequence[Difference], now_ms: int) -> None:
        """Journals and Prometheus were compared."""
        with self._lock:
            self._now = replace(self._now, differences=differences, reconciled_ms=now_ms)

    def set_audited(self, audited: Audited) -> None:
        """The ledger was asked whether it balances."""
        with self._lock:
            self._now = replace(self._now, audited=audited)

    def set_waiting(self, receiver: str, waiting: Waiting) -> None:
        """What a receiver has not taken was counted."""
        with self._lock:
            self._now = replace(self._now, waiting={**self._now.waiting, receiver: waiting})

    def add_worked(self, job: str, mono_ms: int) -> None:
        """A job went through."""
        with self._lock:
            self._now = replace(self._now, worked_ms={**self._now.worked_ms, job: mono_ms})

    def add_failed(self, job: str, code: str) -> None:
        """A job failed."""
        with self._lock:
            failures = Counter(self._now.job_failures)
            failures[job, code] += 1
            self._now = replace(self._now, job_failures=failures)


def code_of(error: Exception) -> str:
    """Return the name by which an error is counted; `unexpected` for a defect of ours."""
    return error.code.name if isinstance(error, GpuslaError) else "unexpected"
