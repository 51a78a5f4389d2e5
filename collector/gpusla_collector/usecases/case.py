"""One period of one contract, and all that must be known to judge it."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from functools import cached_property

from gpusla.contracts.model import ContractVersion
from gpusla.contracts.promises import Objective, WindowKind
from gpusla.evidence.keyring import NO_KEYS
from gpusla.identity import NodeName, Slot
from gpusla.instants import Interval
from gpusla.sla.digest import canonical
from gpusla.sla.evaluate import evaluate
from gpusla.sla.evaluation import Evaluation
from gpusla.sla.facts import Facts, Holding
from gpusla.sla.periods import Period, period_before, segments, windows
from gpusla.sla.reach import reach_of
from gpusla.timeline.build import build
from gpusla.timeline.model import StateSpan
from gpusla_collector.ports import Account
from gpusla_collector.usecases.world import RECORDS, World


@dataclass(frozen=True)
class Case:
    """
    A period that is to be judged under a contract version.  Pure.

    known_until_ms: beyond it nobody was asked, so what lies there is not missing.
    """

    world: World
    contract: ContractVersion
    period: Period
    known_until_ms: int

    @property
    def versions(self) -> Sequence[ContractVersion]:
        """All versions of the contract that are known."""
        return self.world.versions[self.contract.id]

    @property
    def until_ms(self) -> int:
        """How far the period is judged."""
        interval = self.period.interval
        return max(interval.start_ms, min(self.known_until_ms, interval.end_ms))

    @cached_property
    def reach(self) -> Interval:
        """The time that facts are needed of."""
        return reach_of(self.versions, self.contract, self.period, self.known_until_ms)

    @cached_property
    def holdings(self) -> Mapping[Slot, Sequence[Holding]]:
        """The slots that served the contract within reach."""
        return self.world.holdings(self.contract.id, self.reach)

    @property
    def slots(self) -> tuple[Slot, ...]:
        """The same, without when."""
        return tuple(self.holdings)

    @cached_property
    def overlapping(self) -> Mapping[str, frozenset[str]]:
        """By objective: keys of earlier periods whose credits its window may give once more."""
        return {
            objective.id: frozenset(self._overlapped(objective))
            for objective in self.contract.objectives
            if objective.window.kind is WindowKind.ROLLING_DAYS
            and not objective.window.grants_again
        }

    @property
    def claimed_ms(self) -> int | None:
        """When the tenant first asked for the credit of the billing period; None if it did not."""
        return self.world.claims.first_ms(self.contract.id, self.period.key[:7])

    def weigh(self, spans: Iterable[StateSpan], granted: Mapping[str, int]) -> Evaluation:
        """
        Judge the period from spans of any slots.

        Spans of nodes that the inventory does not have the slot on are left out.
        """
        return self.judged(self.facts(spans, granted))

    def judged(self, facts: Facts) -> Evaluation:
        """Judge the period from facts; see `facts`."""
        return evaluate(self.contract, self.period, self.until_ms, facts, versions=self.versions)

    def facts(self, spans: Iterable[StateSpan], granted: Mapping[str, int]) -> Facts:
        """Return everything that the judgement is given beside the contract."""
        return Facts(
            build(filter(self.world.may_speak, spans), self.holdings, self.reach),
            self.holdings,
            self.world.exclusion_records(self.contract.id),
            claimed_ms=self.claimed_ms,
            granted_minor_units=granted,
        )

    def inputs(self, account: Account, granted: Mapping[str, int]) -> str:
        """
        Name what goes into the judgement: files and versions by digest, journals by record.

        Beside it stands how far keys of the inventory signed each journal: no figure hangs on that,
        and a statement tells by it what its evidence is worth.
        """
        world = self.world
        nodes = {node for slot in self.holdings for node in world.nodes_of.get(slot, ())}
        return canonical(
            {
                "journals": {
                    node: [head.sequence, head.digest]
                    for node, head in account.heads.items()
                    if node in nodes
                },
                "signed": dict(self._signed(account, nodes)),
                "files": {kind: world.digest(kind) for kind in RECORDS},
                "contracts": sorted(version.digest for version in self.versions),
                "known_until_ms": self.known_until_ms,
                "granted_minor_units": dict(granted),
            }
        ).decode("ascii")

    def _signed(
        self, account: Account, nodes: AbstractSet[NodeName]
    ) -> Iterator[tuple[NodeName, int]]:
        for node in nodes:
            keyring = account.keyrings.get(node, NO_KEYS)
            enrolled = self.world.keys_of.get(node, frozenset())
            if keyring.is_enrolled(keyring.signed_by, enrolled):
                yield node, keyring.signed

    def _overlapped(self, objective: Objective) -> Iterator[str]:
        window = windows(self.versions, self.period, objective)
        before = self.period
        while window is not None:
            before = period_before(self.contract, before)
            parts = segments(self.versions, before)
            if not parts or before.interval.end_ms <= window.start_ms:
                return
            yield from (part.key for _, part in parts)
