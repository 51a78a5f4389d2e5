"""
Makes signed statements, and the bundles by which a tenant checks them without us.

Everything comes from what is on record, so the same records give the same bytes.
Source: docs/reference/bundle.md.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import BinaryIO
from urllib.parse import quote

import gpusla
from gpusla.catalogue.codes import SHARED_NODE
from gpusla.errors import InputError
from gpusla.evidence.bundle import (
    About,
    Listed,
    Member,
    as_lines,
    manifest_of,
    nodes_of,
    write_bundle,
)
from gpusla.evidence.ed25519 import public_of
from gpusla.evidence.envelope import BUNDLE_TYPE, STATEMENT_TYPE
from gpusla.evidence.keys import to_text
from gpusla.evidence.sealed import seal
from gpusla.identity import ContractId, NodeName, Slot
from gpusla.instants import Interval
from gpusla.ledger.entries import Entry, Status
from gpusla.sla.facts_file import to_json as facts_to_json
from gpusla.statement import Statement, to_json
from gpusla_collector.ports import OPERATOR, Evidence, HourLine, Milestones, Scope, Store
from gpusla_collector.usecases.case import Case
from gpusla_collector.usecases.show_statement import Statements, Whole
from gpusla_collector.usecases.tail import Tails, Told


@dataclass(slots=True)
class Made:
    """What was written: how many nodes it is of, and those whose hours leave some of it out."""

    nodes: int = 0
    lacking: list[NodeName] = field(default_factory=list)


Draw = Callable[[Statement, bytes], bytes]
"""Draws a statement as PDF, with its signed envelope attached."""


@dataclass(frozen=True, slots=True)
class Bundles:
    """
    What making bundles needs.

    private: the operator's key, 32 bytes.  draw: None where nothing draws pages.
    """

    store: Store
    evidence: Evidence
    private: bytes
    draw: Draw | None = None

    def statement(self, scope: Scope, contract: ContractId, period: str) -> bytes:
        """Return the signed statement of a period; raises as `Statements.show` does."""
        return self._sealed(self._statements().whole(scope, contract, period))

    def write(
        self,
        stream: BinaryIO,
        scope: Scope,
        contract: ContractId,
        period: str,
        *,
        with_journals: bool = False,
        with_shared_nodes: bool = False,
    ) -> Made:
        """
        Write the bundle of a period into an empty file.

        with_journals: the records behind the hours too.  with_shared_nodes: also where others see
        that their nodes did something for other contracts.
        Raises as `Statements.show` does, and InputError `shared_node`.
        """
        whole = self._statements().whole(scope, contract, period)
        nodes = slots_of(whole.case)
        if not with_shared_nodes:
            require_unshared(whole.case, nodes, whole.case.reach)
        made = Made(len(nodes))
        about = About(
            contract,
            period,
            revision_of(whole.entries),
            f"gpusla {gpusla.__version__}",
            to_text(public_of(self.private)),
        )

        def sign(files: Mapping[str, Listed]) -> bytes:
            return seal(BUNDLE_TYPE, manifest_of(about, files), self.private)

        with_what = {"with_journals": with_journals, "with_shared_nodes": with_shared_nodes}
        write_bundle(stream, self._members(whole, nodes, made, **with_what), sign)
        return made

    def _members(
        self,
        whole: Whole,
        nodes: Mapping[NodeName, Sequence[Slot]],
        made: Made,
        *,
        with_journals: bool,
        with_shared_nodes: bool,
    ) -> Iterator[Member]:
        """Yield what the manifest lists, in the order of its names."""
        case, keys = whole.case, whole.case.world.keys_of
        yield from self._versions(whole)
        yield "facts.json", [facts_to_json(whole.facts)]
        by_name = sorted((_member(node), node) for node in nodes)
        for name, node in by_name:
            told = self._told(whole, node)
            for time in () if with_shared_nodes else times_of(told, case.reach):
                require_unshared(case, {node: nodes[node]}, time)
            if not covers(told, case.reach):
                made.lacking.append(node)
            yield f"hours/{name}", as_lines(told.lines())
        for name, node in by_name if with_journals else ():
            told = self._told(whole, node)
            yield f"journals/{name}", as_lines(self._records(node, told, _cited(whole, node)))
        yield (
            "nodes.json",
            [
                nodes_of(
                    {node: (map(str, nodes[node]), keys.get(node, frozenset())) for node in nodes}
                )
            ],
        )
        envelope = self._sealed(whole)
        yield "statement.json", [envelope]
        if self.draw is not None:
            yield "statement.pdf", [self.draw(whole.statement, envelope)]

    def _told(self, whole: Whole, node: NodeName) -> Told:
        """Return what the judgement knew of a node's hours; one that knew nothing leaves all in."""
        found, cited = self.store.milestones(node, whole.case.reach), _cited(whole, node)
        hours = known_then(found.hours, whole.case.reach, cited) if cited else found.hours
        keys = (key for key in found.keys if key.sequence < hours[-1].sequence)
        known = Milestones(hours, tuple(keys))
        return self._tails().told(whole.case, node, known, cited)

    def _versions(self, whole: Whole) -> Iterator[Member]:
        known = set(whole.inputs["contracts"])
        versions = {
            f"contract/{one.version}.yaml": one.file.content
            for one in self.store.contracts(OPERATOR)
            if one.contract == whole.case.contract.id and one.file.digest in known
        }
        for name in sorted(versions):
            yield name, [versions[name]]

    def _records(self, node: NodeName, told: Told, cited: int) -> Iterator[bytes]:
        """
        Yield the records that hours stand for, and those of a tail.

        cited: the last one that the judgement knew; a journal without hours is given up to it.
        """
        first, last = 1, cited
        if told.hours:
            first = told.hours[0].first_sequence
            last = told.last_sequence or told.hours[-1].last_sequence
        return (line for _, line in self._tails().lines(node, first, last))

    def _sealed(self, whole: Whole) -> bytes:
        return seal(STATEMENT_TYPE, to_json(whole.statement), self.private)

    def _statements(self) -> Statements:
        return Statements(self.store, self.evidence)

    def _tails(self) -> Tails:
        return Tails(self.store, self.evidence)


def slots_of(case: Case) -> Mapping[NodeName, Sequence[Slot]]:
    """Return the nodes that may speak for the slots of a contract, each with those slots."""
    found: dict[NodeName, list[Slot]] = {}
    for slot in case.holdings:
        for node in case.world.nodes_of.get(slot, ()):
            found.setdefault(node, []).append(slot)
    return {node: sorted(found[node]) for node in sorted(found)}


def require_unshared(case: Case, nodes: Mapping[NodeName, Sequence[Slot]], told: Interval) -> None:
    """
    See that the nodes of a contract served no other one in the time that is told of.

    A node's hours are signed whole, so nothing can be taken out of them; and what a slot was like
    before it was handed over decides how sure the first instants after are.
    Raises InputError `shared_node` for the first that did.
    """
    world = case.world
    node_of = {slot: node for slot, found in world.nodes_of.items() for node in found & set(nodes)}
    for contract in world.assignments.contracts():
        if contract == case.contract.id:
            continue
        for slot in world.assignments.held(contract, told):
            if slot in node_of:
                raise InputError(
                    SHARED_NODE,
                    f"{node_of[slot]} served {contract} as well: its hours and facts tell of both",
                )


def known_then(hours: tuple[HourLine, ...], reach: Interval, cited: int) -> tuple[HourLine, ...]:
    """
    Return the hours that tell of an interval by what was on record at a judgement.

    A clock that was behind lets a block of long after say that it is of that time; it had no part
    in the judgement, and may tell of whoever the node served then.
    cited: the last record that the judgement knew.  The first block that ends with the interval or
    later is there however late it was closed.
    """
    last = 0
    for place, hour in enumerate(hours):
        is_told = hour.from_ms < reach.end_ms and hour.until_ms > reach.start_ms
        last = place if is_told and hour.first_sequence <= cited else last
    closing = (place for place, hour in enumerate(hours) if hour.until_ms >= reach.end_ms)
    return hours[: next((place for place in closing if place >= last), last) + 1]


def told_of(hours: Sequence[HourLine], reach: Interval) -> Interval:
    """
    Return the time that a chain of blocks is of: longer than reach where a clock was wrong.

    A block counts from its better end, as it may begin or end at an instant that never was; what
    lies in the one that closes the interval is of the same hour.
    """
    first_ms = min((hour.until_ms for hour in hours), default=reach.start_ms)
    last_ms = max((hour.from_ms for hour in hours[:-1]), default=reach.end_ms)
    return Interval(min(first_ms, reach.start_ms), max(last_ms, reach.end_ms))


def revision_of(entries: Iterable[Entry]) -> int:
    """Return how many judgements were posted one after the other; entries: as they were booked."""
    digests = (
        entry.evaluation_digest
        for entry in entries
        if entry.status is Status.POSTED and entry.reverses is None
    )
    # One that came back after a correction is a revision of its own.
    return max(1, sum(1 for _ in groupby(digests)))


def times_of(told: Told, reach: Interval) -> Iterator[Interval]:
    """Yield the time that a node is told of beyond an interval: blocks, and a tail behind them."""
    time = told_of(told.hours, reach)
    for other in told.times[:1]:  # the tail's, which follows the blocks
        time = Interval(min(time.start_ms, other.start_ms), max(time.end_ms, other.end_ms))
    yield from (one for one in (time, *told.times[1:]) if one != reach)


def covers(told: Told, reach: Interval) -> bool:
    """Tell whether hours and a tail leave nothing out of an interval that a journal has of it."""
    hours, has_tail = told.hours, told.last_sequence > 0
    if not hours:
        return has_tail
    is_from_start = hours[0].number == 1 or hours[0].from_ms <= reach.start_ms
    return is_from_start and (has_tail or hours[-1].until_ms >= reach.end_ms)


def _cited(whole: Whole, node: NodeName) -> int:
    """Return the last record of a node that the judgement knew, 0 if it knew none."""
    cited: int = whole.inputs["journals"].get(node, [0])[0]
    return cited


def _member(node: NodeName) -> str:
    """Return a member's name in its folder, which sorts otherwise than the node's own does."""
    return quote(node, safe="").replace(".", "%2E") + ".jsonl"
