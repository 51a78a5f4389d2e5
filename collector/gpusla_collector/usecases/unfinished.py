"""
What is amiss now and nobody reported: nodes that are silent, months that are over and not posted.

Read from what the store knows, each time anew; nothing of it is kept.  A finding is of something
that happened; that nothing happens is seen only by whoever looks.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from gpusla.contracts.model import ContractVersion
from gpusla.contracts.money import format_amount
from gpusla.contracts.words import duration
from gpusla.identity import ContractId, NodeName, Slot
from gpusla.instants import format_instant
from gpusla.ledger.booking import pending_minor_units
from gpusla.ledger.release import Policy
from gpusla.sla.periods import Period
from gpusla_collector.ports import OPERATOR, Cursor, Finding, Store
from gpusla_collector.usecases.due_months import DueMonths
from gpusla_collector.usecases.release import Releaser
from gpusla_collector.usecases.world import World

SILENT_MS = 300_000
"""Older evidence is worth a look.  Source: alerts/node.rules.yml, on stale evidence."""

NODE_SILENT, MONTH_WAITS = "node_silent", "month_waits"
"""Kinds of findings."""

NAMED_MAX = 3
"""How many nodes of a month are named; the others are counted, and have rows of their own."""


@dataclass(frozen=True, slots=True)
class Unfinished:
    """
    What looking needs.

    world: what was taken in last.  patience_ms: as of `Closer`.
    """

    store: Store
    world: World
    due: DueMonths
    policy: Policy
    patience_ms: int

    def silent(self, now_ms: int) -> Iterator[Finding]:
        """Yield a row for each node in force that was never reached, or not for long."""
        cursors = self.store.cursors()
        for record in self.world.inventory.nodes(now_ms):
            cursor = cursors.get(record.node)
            if cursor is None or cursor.evidence_until_ms < now_ms - SILENT_MS:
                words = f"{heard(cursor)}; what came after it is unknown until it can be read"
                yield Finding("", NODE_SILENT, record.node, now_ms, words)

    def months(self, now_ms: int) -> Iterator[tuple[str, Finding]]:
        """
        Yield period and row of each month that may be settled by now and is not.

        Those that only people hold back are not among them: `Releaser.waiting` returns them.
        """
        cursors, modes = self.store.cursors(), self.store.modes()
        held = {
            (one.proposal.contract, one.proposal.period)
            for one in Releaser(self.store, self.policy).waiting()
        }
        for contract in sorted(self.world.versions):
            is_shadow = self.policy.is_shadow(modes.get(contract))
            for version, period in self.due.of(self.world, contract, now_ms):
                if (contract, period.key) not in held:
                    words = self._told(version, period, cursors, is_shadow=is_shadow)
                    yield period.key, Finding("", MONTH_WAITS, contract, now_ms, words)

    def _told(
        self,
        version: ContractVersion,
        period: Period,
        cursors: Mapping[NodeName, Cursor],
        *,
        is_shadow: bool,
    ) -> str:
        lacking = dict(self.due.lacking(self.world, version, period, cursors))
        if lacking:
            until = format_instant(self.due.known_ms(version, period))
            what = f"evidence up to {until} {named(lacking, cursors)}; only a collector that asked "
            what += f"for it for {duration(self.patience_ms)} without a break goes without"
        elif self.due.comes_too_early(self.world, version, period):
            what = "the posting of earlier months, whose credits are taken off it"
        else:
            what = "the collector's next turn"
        then = f", and then for `gpusla collector automatic {version.id}`" if is_shadow else ""
        since = format_instant(self.due.final_ms(version, period))
        pending = self._pending(version.id, period.key, version.fees.currency)
        return (
            f"{period.key}: {pending} pending, to be settled since {since}, waits for {what}{then}"
        )

    def _pending(self, contract: ContractId, period: str, currency: str) -> str:
        entries = self.store.entries(OPERATOR, contract, period)
        return format_amount(pending_minor_units(entries), currency)


def heard(cursor: Cursor | None) -> str:
    """Say up to when there is evidence of a node."""
    if cursor is None:
        return "never reached"
    if not cursor.evidence_until_ms:
        return "reached, and without a sample so far"
    return f"last evidence of {format_instant(cursor.evidence_until_ms)}"


def named(lacking: Mapping[Slot, frozenset[NodeName]], cursors: Mapping[NodeName, Cursor]) -> str:
    """Say which nodes are to bring evidence, and how much they brought."""
    nodes = sorted(frozenset().union(*lacking.values()))
    told = [f"{node} ({heard(cursors.get(node))})" for node in nodes[:NAMED_MAX]]
    more = len(nodes) - len(told)
    bare = sum(not of for of in lacking.values())
    parts = [
        *(["of " + ", ".join(told) + (f" and {more} more" if more else "")] if told else []),
        *([f"of {bare} slots for which the inventory has no node"] if bare else []),
    ]
    return " and ".join(parts)
