"""What is in force: contracts and the records that people write, parsed and held together."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from gpusla.catalogue.codes import MISSING_KEY, UNKNOWN_REFERENCE
from gpusla.contracts.calendar import local_date
from gpusla.contracts.load import check_all, load_contract
from gpusla.contracts.model import ContractVersion
from gpusla.documents import Document, parse
from gpusla.errors import InventoryError, Position
from gpusla.identity import ContractId, NodeName, Slot
from gpusla.instants import Interval
from gpusla.inventory.load import (
    read_assignments,
    read_claims,
    read_exclusions,
    read_inventory,
)
from gpusla.inventory.model import ExclusionRecord, NodeRecord
from gpusla.inventory.registry import Assignments, Claims, Exclusions, Inventory, as_of
from gpusla.sla.claimable import require_claimable
from gpusla.sla.facts import Holding
from gpusla.sla.periods import version_on
from gpusla.timeline.model import StateSpan
from gpusla_collector.ports import InputFile

INVENTORY, ASSIGNMENTS, EXCLUSIONS, CLAIMS = "Inventory", "Assignments", "Exclusions", "Claims"
CONTRACT = "Contract"

RECORDS = (INVENTORY, ASSIGNMENTS, EXCLUSIONS, CLAIMS)
"""Kinds of files that hold records; of each there is one file, or none of the last two."""


@dataclass(frozen=True)
class World:
    """
    Everything that a judgement is given beside journals.

    versions: of every contract, all that were ever taken in.  files: the bytes that all of it was
    read from, contracts included.
    """

    versions: Mapping[ContractId, Sequence[ContractVersion]]
    inventory: Inventory
    assignments: Assignments
    exclusions: Exclusions
    claims: Claims
    files: tuple[InputFile, ...] = field(repr=False)

    @cached_property
    def nodes_of(self) -> Mapping[Slot, frozenset[NodeName]]:
        """The nodes that may speak for each slot, whatever a journal claims."""
        found: dict[Slot, set[NodeName]] = {}
        for record in as_of(self.inventory.node_records):
            for slot in record.slots:
                found.setdefault(slot, set()).add(record.node)
        return {slot: frozenset(nodes) for slot, nodes in found.items()}

    @cached_property
    def keys_of(self) -> Mapping[NodeName, frozenset[str]]:
        """The public keys that may sign each node's journal, in base64; none is no entry."""
        found: dict[NodeName, set[str]] = {}
        for record in as_of(self.inventory.node_records):
            if record.keys:
                found.setdefault(record.node, set()).update(record.keys)
        return {node: frozenset(keys) for node, keys in found.items()}

    @cached_property
    def _nodes_by_slot(self) -> Mapping[Slot, Sequence[NodeRecord]]:
        found: dict[Slot, list[NodeRecord]] = {}
        for record in sorted(as_of(self.inventory.node_records), key=lambda r: r.from_ms):
            for slot in record.slots:
                found.setdefault(slot, []).append(record)
        return found

    def holdings(self, contract: ContractId, reach: Interval) -> dict[Slot, tuple[Holding, ...]]:
        """Return when within reach each slot served a contract, and with which kind of GPU."""
        held = self.assignments.held(contract, reach)
        return {slot: tuple(self._of_kinds(slot, parts)) for slot, parts in held.items()}

    def _of_kinds(self, slot: Slot, parts: Iterable[Interval]) -> Iterator[Holding]:
        """Cut a slot's time where the inventory has another kind of GPU in it, or none."""
        records = self._nodes_by_slot.get(slot, ())
        for part in parts:
            at_ms = part.start_ms
            for record in records:
                known = record.within(part)
                if known is None or known.end_ms <= at_ms:
                    continue
                if at_ms < known.start_ms:
                    yield Holding(Interval(at_ms, known.start_ms), "")
                yield Holding(Interval(max(at_ms, known.start_ms), known.end_ms), record.sku)
                at_ms = known.end_ms
            if at_ms < part.end_ms:
                yield Holding(Interval(at_ms, part.end_ms), "")

    def exclusion_records(self, contract: ContractId) -> tuple[ExclusionRecord, ...]:
        """Return the exclusion records in force that name a contract."""
        records = as_of(self.exclusions.records)
        return tuple(record for record in records if record.contract == contract)

    def digest(self, kind: str) -> str:
        """Return the digest of the one file of a kind, empty if there is none."""
        return next((file.digest for file in self.files if file.kind == kind), "")

    def may_speak(self, span: StateSpan) -> bool:
        """Tell whether a span comes from a node that the inventory has the slot on."""
        nodes = self.nodes_of.get(span.slot, frozenset())
        return span.evidence is not None and span.evidence.node in nodes

    def first_assigned_ms(self, contract: ContractId) -> int | None:
        """Return when a contract was first given a slot; None if it never was."""
        records = as_of(self.assignments.records)
        return min((r.from_ms for r in records if r.contract == contract), default=None)

    def served(self, at_ms: int) -> Iterator[ContractVersion]:
        """Yield the version in force of each contract that holds slots at an instant."""
        moment = Interval(at_ms, at_ms + 1)
        for contract, versions in self.versions.items():
            version = version_on(versions, local_date(at_ms, versions[0].term.timezone))
            if version is not None and self.assignments.held(contract, moment):
                yield version


def read_world(files: Iterable[InputFile]) -> World:
    """
    Parse files: one inventory, one of assignments, at most one each of exclusions and of claims,
    any of contracts.

    Raises InputError for the first thing that is wrong in them, each by itself or together.
    """
    files = tuple(files)
    inventory = read_inventory(_only(files, INVENTORY))
    assignments = read_assignments(_only(files, ASSIGNMENTS), inventory)
    kinds = {file.kind for file in files}
    exclusions = (
        read_exclusions(_only(files, EXCLUSIONS), inventory)
        if EXCLUSIONS in kinds
        else Exclusions()
    )
    claims = read_claims(_only(files, CLAIMS)) if CLAIMS in kinds else Claims()
    world = World(_versions(files), inventory, assignments, exclusions, claims, files)
    _require_contracts(world)
    return world


def require_claims(world: World) -> None:
    """
    Raise InventoryError for the first claim on a contract or a period that is not known.

    Asked when a file is taken in, and not again: a period that was known may be judged anew from
    versions in which the term ended earlier.
    """
    if world.claims.records:
        require_claimable(world.claims, _only(world.files, CLAIMS), world.versions)


def _only(files: Iterable[InputFile], kind: str) -> Document:
    for file in files:
        if file.kind == kind:
            return parse(file.content, file.name)
    raise InventoryError(MISSING_KEY, f"there is no file of kind {kind}")


def _versions(files: Iterable[InputFile]) -> dict[ContractId, list[ContractVersion]]:
    contracts = [load_contract(file.content, file.name) for file in files if file.kind == CONTRACT]
    check_all(contracts)
    by_id: dict[ContractId, list[ContractVersion]] = {}
    for contract in sorted(contracts, key=lambda c: (c.id, c.version)):
        by_id.setdefault(contract.id, []).append(contract)
    return by_id


def _require_contracts(world: World) -> None:
    """A contract that holds slots and has no file would be served and never judged."""
    for contract in world.assignments.contracts():
        if contract not in world.versions:
            name = next(file.name for file in world.files if file.kind == ASSIGNMENTS)
            raise InventoryError(
                UNKNOWN_REFERENCE,
                f"the contract {contract!r} is assigned slots and no contract file defines it",
                position=Position(name),
            )
